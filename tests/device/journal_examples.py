"""The hex examples of device/JOURNAL.md: `python -m tests.device.journal_examples` prints them."""

from collections.abc import Iterator

from ballotbox_device.core import units
from ballotbox_device.core.delivery import REFUSED
from ballotbox_device.core.records import (
    CLEARED,
    CONTAINER,
    DOUBT,
    DROPPED,
    FED,
    PREPARED,
    RELEASE,
    RETURNED,
    VOID,
    Genesis,
    Receipted,
    Record,
    SendAgain,
    answer_record,
    held_record,
    report_record,
    reprint_record,
    state_record,
)
from ballotbox_device.core.sheet import Sheet
from ballotbox_device.core.slot_format import COUNTED_STATE
from ballotbox_protocol.election.identifiers import BoxId, ElectionDigest, OriginId, PollState
from ballotbox_protocol.wire.report import HeldCheckpoint, ReportKind
from ballotbox_protocol.wire.verdict import Verdict
from tests.device.polling_place import marks, rules

ELECTION = ElectionDigest(bytes(range(0xE0, 0x100)))
BOX = BoxId((7).to_bytes(16))
LOG = OriginId(bytes(range(0x10, 0x20)))
HELD = HeldCheckpoint(LOG, 1_000, bytes(range(0xC0, 0xE0)))
RECORDS = (
    Genesis(ELECTION, BOX, 1_234, 5, 12, 2_200).record(),
    PREPARED,
    state_record(PollState.OPEN),
    RETURNED,
    RELEASE,
    DROPPED,
    VOID,
    answer_record(dropped=True),
    report_record(ReportKind.TURNOUT, b"\xd2\x84..."),
    Receipted(LOG, 3, Verdict.HELD).record(),
    held_record(HELD),
    SendAgain(LOG, 3).record(),
    reprint_record(3),
    CLEARED,
    FED,
    DOUBT,
    CONTAINER,
)
#: On the first sheet of the home style: North with its second candidate, and seat B.
SHEET = Sheet(0, 0, (marks(0, prefer=((0, 1),)), marks(1)))


def record_lines() -> Iterator[str]:
    for record in RECORDS:
        yield f"{record.type.name:9} {spaced(record)}"
    refused = Receipted(LOG, 4, REFUSED).record()
    yield f"{refused.type.name:9} {spaced(refused)}   (a refusal)"


def spaced(record: Record) -> str:
    data = record.to_bytes()
    return f"{data[:1].hex()} {data[1:3].hex()} {data[3:].hex()}".rstrip()


def unit_lines() -> Iterator[str]:
    for name, records in {
        "a drop": (DROPPED,),
        "to paused": (state_record(PollState.PAUSED),),
        "a receipt": (Receipted(LOG, 3, Verdict.ACCEPTED).record(), held_record(HELD)),
    }.items():
        data = units.frame(b"".join(record.to_bytes() for record in records))
        yield f"{name:10} {data[:1].hex()} {data[1:3].hex()} {data[3:-4].hex()} {data[-4:].hex()}"


def slot_lines() -> Iterator[str]:
    reserved = rules().slots.encode(SHEET)
    for name, slot in {
        "empty": rules().slots.empty,
        "reserved": reserved,
        "counted": COUNTED_STATE + reserved[1:],
    }.items():
        parts = (slot[:1], slot[1:3], slot[3:4], slot[4:-4], slot[-4:])
        yield f"{name:9} {' '.join(part.hex() for part in parts)}"


def examples() -> dict[str, str]:
    """Return the blocks by the names under which the document marks them."""
    return {
        "records": "\n".join(record_lines()),
        "units": "\n".join(unit_lines()),
        "slots": "\n".join(slot_lines()),
    }


if __name__ == "__main__":
    for name, block in examples().items():
        print(f"<!-- example: {name} -->\n```\n{block}\n```\n")  # noqa: T201
