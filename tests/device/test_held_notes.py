"""Does a box hand over the signed checkpoint that it holds, after every restart as well?"""

from dataclasses import replace

import pytest

from ballotbox_device.core.courier import SEND_AGAIN_INTERVAL_MS, Reception
from ballotbox_device.core.delivery import Delivery
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import Record, RecordType, held_record, read_held
from ballotbox_protocol.election.identifiers import OriginId
from ballotbox_protocol.wire.checkpoint import (
    Checkpoint,
    NoteSignature,
    SignedCheckpoint,
    parse_note,
    verify_checkpoint,
)
from ballotbox_protocol.wire.message import HeldWanted, Message, MessageKind
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.report import HeldCheckpoint
from ballotbox_protocol.wire.verdict import Verdict
from tests.device.courier_line import Line
from tests.device.log_keeper import LogKeeper
from tests.device.polling_place import authority


def asked(log: LogKeeper, size: int = 0) -> Message:
    return HeldWanted(log.id, size).message()


def shown(line: Line, log: LogKeeper, now_ms: int = 0, size: int = 0) -> list[bytes]:
    """The notes that the box sends when it is asked for that of a log."""
    assert line.receive(asked(log, size), now_ms) is Reception.HELD_WANTED
    assert line.courier.wake_at == 0
    messages = line.courier.messages(now_ms)
    return [each.payload for each in messages if each.kind is MessageKind.HELD]


def believed(log: LogKeeper, note: bytes) -> Checkpoint:
    checkpoint = verify_checkpoint(note, log.origin, log.key.public)
    assert isinstance(checkpoint, Checkpoint)
    return checkpoint


def test_the_note_is_the_one_that_came_with_the_newest_receipt() -> None:
    line = Line()
    line.answer(0, 1)
    log = line.logs[0]
    (note,) = shown(line, log)
    told = believed(log, note)
    assert (told.size, told.root) == (2, log.tree.root())
    assert line.courier.messages(0) == []


def test_the_note_survives_every_restart() -> None:
    line = Line()
    line.answer(0)
    before = shown(line, line.logs[0])
    line.reboot()
    assert shown(line, line.logs[0]) == before


def test_of_each_log_its_own_note_is_shown() -> None:
    line = Line()
    line.answer(0, 1)
    line.answer(0, log=1)
    sizes = []
    for number, log in enumerate(line.logs):
        (note,) = shown(line, log, number * SEND_AGAIN_INTERVAL_MS)
        sizes.append(believed(log, note).size)
    assert sizes == [2, 1]


def test_an_older_checkpoint_does_not_displace_the_evidence() -> None:
    """The gateway was put back to an older copy, and receipts from there."""
    line = Line()
    line.answer(0, 1)
    log = line.logs[0]
    restored = LogKeeper(authority(), 0)
    receipt = restored.receipt(line.id(2), Verdict.QUARANTINED)
    assert line.receive(receipt) is Reception.RECEIPT
    (note,) = shown(line, log)
    assert believed(log, note).size == 2


@pytest.mark.parametrize("rebooted", [False, True])
def test_an_older_one_is_found_however_many_came_since(rebooted: bool) -> None:
    line = Line()
    line.answer(0)
    log = line.logs[0]
    root = log.tree.root()
    line.answer(1)
    line.answer(1, log=1)
    line.answer(2)
    if rebooted:
        line.reboot()
    (note,) = shown(line, log, size=1)
    assert believed(log, note) == Checkpoint(log.origin, 1, root)
    assert line.receive(asked(log, 4), SEND_AGAIN_INTERVAL_MS) is Reception.NOTHING_HELD


def test_a_question_of_another_length_is_none() -> None:
    line = Line()
    line.answer(0)
    for size in (15, 17, 23, 25):
        payload = line.logs[0].id.ljust(size, b"\0")[:size]
        wanted = Message(MessageKind.HELD_WANTED, payload)
        assert line.receive(wanted) is Reception.MALFORMED


def test_who_asks_too_often_gets_nothing() -> None:
    line = Line()
    line.answer(0)
    log = line.logs[0]
    assert len(shown(line, log)) == 1
    early = SEND_AGAIN_INTERVAL_MS - 1
    assert line.receive(asked(log), early) is Reception.TOO_SOON
    assert line.courier.messages(0) == []
    assert len(shown(line, log, SEND_AGAIN_INTERVAL_MS)) == 1


def test_of_a_log_that_never_answered_nothing_is_shown() -> None:
    line = Line()
    line.answer(0)
    wanted = HeldWanted(OriginId(bytes(16))).message()
    assert line.receive(wanted) is Reception.NOTHING_HELD
    assert [each for each in line.courier.messages(0) if each.kind is MessageKind.HELD] == []
    assert line.receive(asked(line.logs[1])) is Reception.NOTHING_HELD


def test_a_link_that_ends_takes_the_answer_with_it() -> None:
    line = Line()
    line.answer(0)
    line.receive(asked(line.logs[0]))
    line.courier.connected(0)
    assert MessageKind.HELD not in {each.kind for each in line.courier.messages(0)}


def test_what_older_firmware_wrote_has_no_note() -> None:
    held = HeldCheckpoint(OriginId(bytes(16)), 3, bytes(32))
    assert read_held(held_record(held).body) == (held, b"")
    assert read_held(held_record(held, bytes(64)).body) == (held, bytes(64))
    delivery = Delivery()
    delivery.hold(held)
    assert list(delivery.signed_at(held.origin)) == []
    line = Line()
    line.outgoing.receipted(0, Verdict.ACCEPTED, replace(held, origin=line.logs[0].id))
    assert line.receive(asked(line.logs[0])) is Reception.NOTHING_HELD


@pytest.mark.parametrize("size", [1, 63, 65])
def test_a_signature_of_another_length_is_damage(size: int) -> None:
    held = HeldCheckpoint(OriginId(bytes(16)), 3, bytes(32))
    with pytest.raises(MemoryFault, match=f"has {size} bytes"):
        read_held(held_record(held, bytes(size)).body)
    with pytest.raises(MemoryFault, match="must have 56"):
        read_held(Record(RecordType.HELD, bytes(20)).body)


def test_cosignatures_stay_behind_and_the_log_s_own_signature_is_kept() -> None:
    line = Line()
    log = line.logs[0]
    receipt = Receipt.from_bytes(log.receipt(line.id(0)).payload)
    signed = parse_note(receipt.note)
    witness = NoteSignature("witness.example", b"abcd", bytes(72))
    cosigned = SignedCheckpoint(signed.checkpoint, (witness, *signed.signatures)).note()
    message = Message(MessageKind.RECEIPT, replace(receipt, note=cosigned).to_bytes())
    assert line.receive(message) is Reception.RECEIPT
    assert shown(line, log) == [receipt.note]


def test_a_log_that_the_register_does_not_name_has_no_note() -> None:
    line = Line()
    log, stranger = line.logs[0], OriginId(b"s" * 16)
    note = Receipt.from_bytes(log.receipt(line.id(0)).payload).note
    line.outgoing.receipted(0, Verdict.ACCEPTED, HeldCheckpoint(stranger, 1, bytes(32)), note)
    assert line.outgoing.held_note(HeldWanted(stranger)) is None
