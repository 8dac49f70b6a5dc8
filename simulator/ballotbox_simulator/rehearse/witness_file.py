"""What the boxes of one process have made and hold receipts for, read from their own journals.

A process writes it when all is over; whoever judges reads it. Each report is a line of fixed size:
its id, its box, its sequence number, whether it is a final and whether a receipt accepts it.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ballotbox_device.core.outgoing import Outgoing
from ballotbox_protocol.election.identifiers import OriginId
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import ReportKind, decode_report
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.crew import Crew
from ballotbox_simulator.rehearse.core.ledger_check import Made
from ballotbox_simulator.workload import ContestTruth, Truth

_LINE: Final = struct.Struct(">32s16sI??")


@dataclass(slots=True)
class Counted:
    """Sheets by what the boxes and the receipts in their hands say."""

    counted: int = 0
    receipted: int = 0


def write_made(path: Path, crews: Iterable[Crew], origin: OriginId) -> Counted:
    """Write every report of the boxes; return the sheets that they count."""
    counted = Counted()
    with path.open("wb") as file:
        for crew in crews:
            counted.counted += crew.device.counters.accepted
            for made, sheets in _made(crew.device.outgoing, origin):
                box = bytes.fromhex(made.box)
                row = (made.report, box, made.sequence, made.final, made.receipted)
                file.write(_LINE.pack(*row))
                counted.receipted += sheets
    return counted


def _made(outgoing: Outgoing, origin: OriginId) -> Iterator[tuple[Made, int]]:
    for sequence in range(outgoing.count):
        envelope = cose.parse(outgoing.report(sequence))
        report = decode_report(envelope.payload)
        final = report.kind is ReportKind.FINAL
        receipted = outgoing.answer_of(origin, sequence) == Verdict.ACCEPTED
        name = cose.statement_id(envelope.statement)
        sheets = report.counters.accepted if final and receipted else 0
        yield Made(bytes(name), outgoing.box.hex(), sequence, final, receipted), sheets


def read_made(path: Path) -> Iterator[Made]:
    """Yield the reports of a file that `write_made` has written."""
    for report, box, sequence, final, receipted in _LINE.iter_unpack(path.read_bytes()):
        yield Made(report, box.hex(), sequence, final, receipted)


def truth_document(truth: Truth) -> dict[str, Any]:
    """Return what was fed as JSON-able values."""
    return {
        "fed": truth.fed,
        "taken": truth.taken,
        "given_back": truth.given_back,
        "portable": truth.portable,
        "first_sheets": truth.first_sheets,
        "contests": [
            {
                "index": index,
                "ballots": each.ballots,
                "blank": each.blank,
                "overvoted": each.overvoted,
                "marks": list(each.marks.items()),
            }
            for index, each in truth.contests.items()
        ],
    }


def truth_from(value: dict[str, Any]) -> Truth:
    """Return what `truth_document` has written; preferences are not in it."""
    contests = {}
    for each in value.pop("contests"):
        contest = contests[each["index"]] = ContestTruth()
        contest.ballots, contest.blank = each["ballots"], each["blank"]
        contest.overvoted = each["overvoted"]
        contest.marks.update(dict(each["marks"]))
    return Truth(contests=contests, **value)
