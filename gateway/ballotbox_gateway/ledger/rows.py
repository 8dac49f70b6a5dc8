"""How the values of the ledger port stand in the rows of `schema.sql`, and back."""

from typing import Any, Final
from zlib import crc32

from ballotbox_gateway.core.head import BoxHead, pack_facts, unpack_facts
from ballotbox_gateway.core.ports import (
    Damaged,
    LowerLog,
    Place,
    StoredRefusal,
    StoredReport,
    Unauthentic,
)
from ballotbox_protocol.election.identifiers import COUNT_MAX, BoxId, ReportId
from ballotbox_protocol.wire.merkle import HASH_SIZE
from ballotbox_protocol.wire.verdict import Reason, Verdict

_CHECK_SIZE: Final = 4
#: Beyond every sequence a report can carry.
NO_STOP: Final = COUNT_MAX + 1


def head_row(head: BoxHead) -> tuple[Any, ...]:
    """Return the row of a box head."""
    facts = pack_facts(head.facts)
    return (*head[:-1], facts + _check(head[:-1], facts))


def _check(fields: tuple[Any, ...], facts: bytes) -> bytes:
    box, *numbers, branched = fields
    version, sequence, last, waiting, disputed = numbers
    counted = b"%d %d %d %d %d" % (version, sequence, waiting, disputed, branched)
    return crc32(b"".join((counted, box, last, facts))).to_bytes(_CHECK_SIZE)


def moved_row(row: StoredReport) -> tuple[Any, ...]:
    """Return what changes of a stored report, and where it stands."""
    return (
        row.place,
        row.newest,
        row.verdict,
        row.reason,
        row.own_verdict,
        row.own_reason,
        row.ruled,
        row.below,
        row.first,
    )


def head_of(row: tuple[Any, ...]) -> BoxHead:
    """Return the box head in a row; raises Damaged when it is not as it was written."""
    box, version, sequence, last, waiting, disputed, branched, packed = row
    facts, check = packed[:-_CHECK_SIZE], packed[-_CHECK_SIZE:]
    if check != _check(row[:-1], facts):
        raise Damaged(f"the head of box {box.hex()} has changed")
    return BoxHead(
        BoxId(box),
        version,
        sequence,
        ReportId(last),
        waiting,
        disputed,
        bool(branched),
        unpack_facts(facts),
    )


def report_of(row: tuple[Any, ...]) -> StoredReport:
    """Return the report in a row."""
    report = StoredReport(*row)
    return report._replace(
        place=Place(report.place),
        verdict=Verdict(report.verdict),
        reason=Reason(report.reason),
        own_verdict=Verdict(report.own_verdict),
        own_reason=Reason(report.own_reason),
        ruled=bool(report.ruled),
    )


def refusal_of(row: tuple[Any, ...]) -> StoredRefusal:
    """Return the refusal in a row."""
    refusal = StoredRefusal(*row)
    return refusal._replace(reason=Reason(refusal.reason))


def sample_of(row: tuple[Any, ...]) -> Unauthentic:
    """Return the sample in a row."""
    sample = Unauthentic(*row)
    return sample._replace(reason=Reason(sample.reason))


def lower_row(log: LowerLog) -> tuple[Any, ...]:
    """Return the row of a lower log."""
    return log.origin, log.size, b"".join(log.hashes), log.note


def lower_of(row: tuple[Any, ...]) -> LowerLog:
    """Return the lower log in a row."""
    origin, size, hashes, note = row
    parts = range(0, len(hashes), HASH_SIZE)
    return LowerLog(origin, size, tuple(hashes[at : at + HASH_SIZE] for at in parts), note)


def contradiction_row(note: bytes) -> tuple[int, bytes]:
    """Return size and bytes of a verified note of this log's own key."""
    return int(note.split(b"\n")[1]), note
