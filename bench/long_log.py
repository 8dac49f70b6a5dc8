"""An exported log of as many stations as wanted: the reports of a few boxes under other names.

Every signature in it is good, of boxes, officers and gateway, and every report is what the firmware
made, but for its box, its station and the report before it. No gateway judged them: each is
accepted in order, as it would be.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from night import ORIGIN, authority_of, close_and_finish, crew_at_close

from ballotbox_device.core.rules import ElectionRules
from ballotbox_gateway.adapters.log_directory import LoggedEntry, write_log
from ballotbox_protocol.election.identifiers import NO_REPORT, BoxId, ReportId
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.report import Report, consent_payload, decode_report, encode_report
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import Authority

#: At most so many boxes, each with other votes, are played by the firmware.
_PLAYED: Final = 165
_TIME: Final = 1_795_950_000


def write_long_log(directory: Path, stations: int) -> int:
    """Write `log`, `election.cose`, `register.cose` and `root.txt`; return the number of leaves.

    stations: each with one box, which reports five times.
    """
    authority = authority_of(stations)
    authority.write(directory)
    (directory / "root.txt").write_text(str(authority.root))
    reports = list(_reports(authority))
    leaves = [
        encode_leaf(
            Leaf(LeafType.REPORT, each, Verdict.ACCEPTED, Reason.IN_ORDER, None, _TIME + at)
        )
        for at, (each, _) in enumerate(reports)
    ]
    tree = Tree([leaf_hash(leaf) for leaf in leaves])
    key = authority.gateway_keys[ORIGIN]
    note = sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root()), key.public, key.sign)
    entries = (
        LoggedEntry(leaf, data, None, None) for leaf, (_, data) in zip(leaves, reports, strict=True)
    )
    write_log(directory / "log", note, entries)
    return tree.size


def _reports(authority: Authority) -> Iterator[tuple[ReportId, bytes]]:
    played = _played(min(_PLAYED, len(authority.boxes)))
    for number, box in enumerate(authority.boxes):
        yield from _renamed(authority, box, played[number % len(played)])


def _played(boxes: int) -> list[list[Report]]:
    authority = authority_of(boxes)
    rules = ElectionRules.of(authority.trusted)
    crews = [crew_at_close(authority, rules, number) for number in range(boxes)]
    close_and_finish(crews)
    return [[decode_report(cose.parse(made.data).payload) for made in crew.made] for crew in crews]


def _renamed(
    authority: Authority, box: BoxId, reports: Sequence[Report]
) -> Iterator[tuple[ReportId, bytes]]:
    key, (entry,) = authority.box_keys[box], authority.trusted.register.entries_of[box]
    named = partial(replace, election=authority.trusted.digest, precinct=entry.precinct, box=box)
    before = NO_REPORT
    for each in reports:
        plain = named(each, previous=before, signatures=())
        if each.signatures:
            consent = authority.consent(consent_payload(encode_report(plain), 0))
            plain = replace(plain, signatures=consent)
        data = cose.sign(key.public, key.sign, MessageType.REPORT, encode_report(plain))
        before = ReportId(cose.statement_id(cose.parse(data).statement))
        yield before, data
