"""Every ledger, each as what can be opened again, and what tests commit to it and read back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ballotbox_gateway.config_postgresql import Postgresql
from ballotbox_gateway.core.head import BoxHead
from ballotbox_gateway.core.ports import (
    Batch,
    Binding,
    Ledger,
    LogHead,
    NewLeaf,
    Place,
    StoredCheckpoint,
    StoredReport,
)
from ballotbox_gateway.ledger import postgresql_opening
from ballotbox_gateway.ledger.memory import MemoryLedger
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_protocol.election.identifiers import BoxId, ReportId
from ballotbox_protocol.wire.merkle import EMPTY_ROOT, Frontier, leaf_hash
from ballotbox_protocol.wire.verdict import Reason, Verdict

BINDING = Binding("example.org/log", bytes(range(32)), 3)
EMPTY = LogHead(0, EMPTY_ROOT)
BOX, OTHER_BOX = BoxId(b"\x01" * 16), BoxId(b"\x02" * 16)


class OnMemory:
    """Keeps its promise as long as the process lives."""

    def __init__(self, _folder: Path) -> None:
        self.ledger: Ledger = MemoryLedger(BINDING)

    def again(self) -> Ledger:
        return self.ledger


class OnSqlite:
    """Every look at it goes through a new connection to the file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ledger"
        create(self._path, BINDING)
        self.ledger: Ledger = open_ledger(self._path)

    def again(self) -> Ledger:
        self.ledger.close()
        self.ledger = open_ledger(self._path)
        return self.ledger


class OnPostgresql:
    """Every look at it goes through a new connection to the server."""

    def __init__(self, settings: Postgresql) -> None:
        self._settings = settings
        postgresql_opening.create(settings, BINDING)
        self.ledger: Ledger = postgresql_opening.open_ledger(settings)

    def again(self) -> Ledger:
        self.ledger.close()
        self.ledger = postgresql_opening.open_ledger(self._settings)
        return self.ledger


Medium = OnMemory | OnSqlite | OnPostgresql
MEDIA = [OnMemory, OnSqlite, OnPostgresql]


def medium_of(request: pytest.FixtureRequest, folder: Path) -> Iterator[Medium]:
    """The medium that a fixture is asked for, closed in the end."""
    if request.param is OnPostgresql:
        medium = OnPostgresql(request.getfixturevalue("new_schema")())
    else:
        medium = request.param(folder)
    yield medium
    medium.ledger.close()


def report_id(number: int) -> ReportId:
    return ReportId(number.to_bytes(32))


def row(first: int, sequence: int = 0, box: BoxId = BOX, **changes: object) -> StoredReport:
    fields = {
        "id": report_id(first),
        "box": box,
        "sequence": sequence,
        "place": Place.CHAIN,
        "first": first,
        "newest": first,
        "verdict": Verdict.ACCEPTED,
        "reason": Reason.IN_ORDER,
        "own_verdict": Verdict.ACCEPTED,
        "own_reason": Reason.IN_ORDER,
        "ruled": False,
        "below": b"",
        "data": b"report %d" % first,
    } | changes
    return StoredReport(**fields)


def leaf(position: int, report_first: int | None = None, **changes: object) -> NewLeaf:
    first = position if report_first is None else report_first
    return NewLeaf(position, b"leaf %d" % position, first, None, None)._replace(**changes)


def checkpoint(size: int) -> StoredCheckpoint:
    """The checkpoint of `leaf 0` and so on: a ledger may hold what is signed against it."""
    frontier = Frontier()
    frontier.extend(leaf_hash(b"leaf %d" % at) for at in range(size))
    return StoredCheckpoint(size, frontier.root(), b"note %d" % size)


def head_at(size: int) -> LogHead:
    return LogHead(size, checkpoint(size).root) if size else EMPTY


def append(ledger: Ledger, first: int, count: int, **more: object) -> None:
    """Commit `count` accepted reports of BOX, one leaf each, in one batch."""
    positions = range(first, first + count)
    batch = Batch(
        leaves=[leaf(at) for at in positions],
        reports=[row(at, sequence=at) for at in positions],
        heads=[BoxHead(BOX, version=ledger.box_head(BOX).version + 1, sequence=positions[-1])],
        checkpoint=checkpoint(first + count),
    )
    ledger.commit(replace(batch, **more), head_at(first))


def snapshot(ledger: Ledger) -> object:
    """Everything that can be read."""
    return (
        ledger.binding(),
        ledger.log_head(),
        list(ledger.leaves(0)),
        ledger.entries(0, 100),
        ledger.box_heads(),
        [ledger.reports_of(box, 0, None) for box in (BOX, OTHER_BOX)],
        ledger.refusals(),
        ledger.unauthentic(),
        ledger.counts(),
        [ledger.checkpoint_at(size) for size in range(12)],
        ledger.lower_log("below"),
        ledger.next_note(),
        ledger.contradictions(),
        ledger.delivered("above"),
        [ledger.upper_receipt("above", at) for at in range(12)],
    )
