"""An exported log into the tables of the second computation, a bundle at a time.

Only the wire's decoders are shared with the first computation. Whether the boxes signed is what the
first asks; here each report must be the one that its leaf names, and the leaves those that the
checkpoint's root commits to, so that a row changed under the log is found on this path as well.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from ballotbox_protocol.election.counters import COUNTER_NAMES, counts_of
from ballotbox_protocol.election.identifiers import Mode
from ballotbox_protocol.election.register import Closure, Role, origin_id
from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.checkpoint import Checkpoint
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.officers import two_officers_signed
from ballotbox_protocol.wire.publication import decode_publication
from ballotbox_protocol.wire.replacement import decode_replacement
from ballotbox_protocol.wire.report import (
    WITH_VOTES,
    Report,
    ReportKind,
    consent_payload,
    decode_report,
)
from ballotbox_protocol.wire.report_final import PlainFinal, plain_final
from ballotbox_protocol.wire.report_plain import plain_report
from ballotbox_protocol.wire.tiles import (
    TILE_WIDTH,
    Bundle,
    TileFault,
    attachments_path,
    bundles_of,
    decode_attachments,
    decode_entries,
    entries_path,
)
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_tabulation.core.attachment import decode_attachment, signed_beside
from ballotbox_tabulation.second.heads import head_of
from ballotbox_tabulation.second.leaf_lines import LeafLine, leaf_line
from ballotbox_tabulation.second.roots import LogRoot
from ballotbox_tabulation.second.tables import COUNTS_IN_A_TABLE, schema, votes_tables

#: Returns the bytes of one file of the log, or None.
Read = Callable[[str], bytes | None]
#: Rows that wait for their tables.
_Rows = dict[str, list[tuple[Any, ...]]]

#: Leaves that decide about a report; the others have none beside them.
_WITH_REPORT: Final = ("report", "ruling")
_NO_REPORT: Final = (None, None, None)
# By their codes: the hash of an enumeration's member is a function of Python.
_KINDS: Final = {int(each): each.name.lower() for each in ReportKind}
_WITH_VOTES: Final = frozenset(map(int, WITH_VOTES))
_TURNOUT: Final = int(ReportKind.TURNOUT)


class Unreadable(Exception):
    """The log cannot be read a second time; the text says where and why."""


class Loader:
    """Fills the tables of one empty database with one log."""

    def __init__(self, database: sqlite3.Connection, trusted: Trusted, origin: str) -> None:
        """Make the tables and fill those of the register; `origin` is the log's."""
        self._database = database
        self._trusted = trusted
        self._origin = origin_id(origin)
        self._width = Layout.of(trusted.election).size
        self._entry_of = {header: at for at, header in enumerate(trusted.reporters)}
        database.executescript(schema(self._width))
        self._inserts = _inserts(self._width)
        self._load_register()

    def load(self, read: Read, checkpoint: Checkpoint) -> None:
        """Take in every leaf that the checkpoint covers; raises Unreadable."""
        root = LogRoot()
        for bundle in bundles_of(checkpoint.size):
            leaves = _items(read, entries_path, decode_entries, bundle)
            beside = _items(read, attachments_path, decode_attachments, bundle)
            root.extend(leaves)
            self._take(bundle.number * TILE_WIDTH, leaves, beside)
        if root.value() != checkpoint.root:
            raise Unreadable("the log: its leaves do not lead to the root that its gateway signed")

    def _load_register(self) -> None:
        election = self._trusted.election
        precincts = enumerate(election.precincts)
        entries = list(enumerate(self._trusted.reporters.values()))
        self._insert(
            {
                "setting": [(self._width, election.mode is Mode.OFFICIAL, _midnight(election.day))],
                "precinct": [
                    (at, each.number, each.name, each.registered) for at, each in precincts
                ],
                "entry": [
                    (at, each.box, each.epoch, each.precinct, *self._closure(each.closed))
                    for at, each in entries
                ],
                "firmware": [(at, digest) for at, each in entries for digest in each.firmware],
            }
        )

    def _closure(self, closed: Closure | None) -> tuple[str | None, int | None]:
        if closed is None:
            return None, None
        return closed.reason.name.lower(), dict(closed.positions).get(self._origin, 0)

    def _take(self, first: int, leaves: Sequence[bytes], beside: Sequence[bytes]) -> None:
        rows: _Rows = {name: [] for name in self._inserts}
        add = rows["leaf"].append
        for number, (leaf, attachment) in enumerate(zip(leaves, beside, strict=True), first):
            try:
                line = leaf_line(leaf)
                report = self._beside(number, line, attachment, rows)
            except ValueError as error:
                raise Unreadable(f"leaf {number}: {error}") from error
            add((number, *line[:5], *report))
        self._insert(rows)

    def _insert(self, rows: _Rows) -> None:
        # Committed bundle by bundle: SQLite looks through all that is not, whenever room runs out.
        self._database.execute("BEGIN")
        for name, values in rows.items():
            self._database.executemany(self._inserts[name], values)
        self._database.execute("COMMIT")

    def _beside(self, number: int, leaf: LeafLine, data: bytes, rows: _Rows) -> tuple[Any, ...]:
        """Return entry, kind and sequence of the report beside a leaf, nothing where none is."""
        usual = signed_beside(data) if leaf.type == "report" else None
        if usual is not None:
            return self._report(number, leaf.about, usual[0], rows)
        beside = decode_attachment(data)
        if leaf.type in _WITH_REPORT and beside.report is not None:
            return self._report(number, leaf.about, cose.take_apart(beside.report), rows)
        if beside.ruling is not None:
            self._before(number, leaf, beside.ruling, rows)
        return _NO_REPORT

    def _before(self, number: int, leaf: LeafLine, data: bytes, rows: _Rows) -> None:
        if leaf.type == "replacement":
            given = decode_replacement(data)
            rows["replaced"].append((number, given.replaced, given.kept, given.origin))
        if leaf.type == "publication":
            rows["published"].append((number, *self._released(leaf, data)))

    def _released(self, leaf: LeafLine, data: bytes) -> tuple[Any, ...]:
        given = decode_publication(data)
        if sha256(data).digest() != leaf.statement:
            raise ValueError("the publication beside it is another than the one it names")
        status, release = given.status.name.lower(), given.release or None
        said = given.id, given.origin, given.version, status, given.size, given.result, release
        return *said, given.is_signed(self._trusted.register)

    def _report(self, number: int, about: bytes, parts: cose.Parts, rows: _Rows) -> tuple[Any, ...]:
        """Return entry, kind and sequence of a report; what else is asked of it goes into rows."""
        protected, body, _, statement = parts
        if sha256(statement).digest() != about:
            raise ValueError("the report beside it is another than the one it decided about")
        entry = self._entry_of.get(protected)
        if entry is None:
            raise ValueError("no box of the register has the key that its report names")
        kind, sequence = head_of(body)
        if kind in _WITH_VOTES:
            self._votes(number, body, rows)
        elif kind == _TURNOUT:
            said = plain_report(body)
            if said is None:
                raise ValueError("the report of turnout beside it is not well formed")
            if said.turnout is not None:
                rows["interim"].append((number, *said.turnout))
        return entry, _KINDS[kind], sequence

    def _votes(self, number: int, body: bytes, rows: _Rows) -> None:
        report = plain_final(body) or decode_report(body)
        votes = report.votes or ()
        self._paper(number, report, body, rows)
        for first in range(0, self._width, COUNTS_IN_A_TABLE):
            rows[f"votes{first}"].append((number, *self._part(votes, first)))

    def _part(self, votes: tuple[int, ...], first: int) -> tuple[int, ...]:
        # What has another width is never counted, but its row must fit the table.
        fitting = votes if len(votes) == self._width else (0,) * self._width
        return fitting[first : first + COUNTS_IN_A_TABLE]

    def _paper(self, number: int, report: Report | PlainFinal, body: bytes, rows: _Rows) -> None:
        rows["paper"].append(
            (
                number,
                report.precinct,
                report.epoch,
                report.firmware,
                report.debug,
                len(report.votes or ()),
                self._consented(report, body),
                report.corrects,
                *counts_of(report.counters),
            )
        )

    def _consented(self, report: Report | PlainFinal, body: bytes) -> bool:
        if report.kind is not ReportKind.CORRECTION:
            return True
        payload = consent_payload(body, len(report.signatures))
        return two_officers_signed(
            self._trusted.register,
            report.signatures,
            MessageType.CONSENT,
            payload,
            Role.ELEVATED,
            report.precinct,
        )


def _midnight(day: str) -> int:
    """Return the Unix seconds at which a day begins in UTC."""
    return int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp())


def _inserts(width: int) -> dict[str, str]:
    widths = {"setting": 3, "precinct": 4, "entry": 6, "firmware": 2, "published": 9}
    widths |= {"leaf": 9, "replaced": 4, "interim": 3, "paper": 8 + len(COUNTER_NAMES)}
    widths |= {name: 1 + len(columns) for name, columns in votes_tables(width)}
    return {
        name: f"INSERT INTO {name} VALUES ({', '.join('?' * columns)})"  # noqa: S608
        for name, columns in widths.items()
    }


def _items(
    read: Read,
    path_of: Callable[[int, int], str],
    decode: Callable[[bytes, int], tuple[bytes, ...] | TileFault],
    bundle: Bundle,
) -> tuple[bytes, ...]:
    path = path_of(bundle.number, bundle.width)
    data = read(path)
    items = None if data is None else decode(data, bundle.width)
    if not isinstance(items, tuple):
        raise Unreadable(f"{path}: {'missing' if items is None else items.name.lower()}")
    return items
