"""The log in memory follows the ledger, and knows every checkpoint that it ever signed."""

import pytest

from ballotbox_gateway.core import log as log_module
from ballotbox_gateway.core.head import Facts, pack_facts, unpack_facts
from ballotbox_gateway.core.ports import Damaged, LedgerFailure
from ballotbox_gateway.core.roster import Roster
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.register import Register, origin_id
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.report import HeldCheckpoint, ReportKind
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.authority import with_register
from tests.gateway.scene import Scene, next_epoch
from tests.gateway.scripted import ORIGIN, ROAD, intake, report_id, sign_report

K = ReportKind


def echo(scene: Scene, size: int, root: bytes) -> Reason:
    held = HeldCheckpoint(origin_id(ORIGIN), size, root)
    return scene.send(K.TURNOUT, held=held).reason


def test_echo_of_an_old_checkpoint_is_known_after_a_restart() -> None:
    scene = Scene().until(K.OPEN)
    old = scene.ledger.log_head()
    scene.send(K.TURNOUT)
    scene.intake = intake(scene.given, scene.ledger)
    assert [echo(scene, *old), echo(scene, *old)] == [Reason.IN_ORDER] * 2


def test_checkpoints_at_hand_are_bounded_and_the_others_still_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_module, "_ROOTS_KEPT", 2)
    scene = Scene().until(K.OPEN)
    old = scene.ledger.log_head()
    for _ in range(4):
        scene.send(K.TURNOUT)
    assert len(scene.intake._books.log._roots) == 2
    assert echo(scene, *old) is Reason.IN_ORDER


def test_log_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    scene.admit(*scene.box.day(5))
    for part in (1, 3, 10):
        monkeypatch.setattr(log_module, "_READ_AHEAD", part)
        log = intake(scene.given, scene.ledger)._books.log
        assert log.head == scene.ledger.log_head()
        assert log.note_at(10) == scene.ledger.checkpoint_at(10).note


def test_receipt_whose_leaf_is_gone_is_a_failure_of_the_ledger() -> None:
    scene = Scene().until(K.BOOT)
    scene.ledger.checkpoint_of_leaf = lambda _index: None
    with pytest.raises(LedgerFailure, match="leaf 0 or its checkpoint"):
        scene.admit(scene.box.said[0])


def test_facts_of_another_size_are_not_facts() -> None:
    packed = pack_facts(Facts())
    assert unpack_facts(packed) == Facts()
    for wrong in (packed[:-1], packed + b"\x00", b""):
        size = f"facts have {len(wrong)} bytes, not {len(packed)}"
        with pytest.raises(ValueError, match=size):
            unpack_facts(wrong)


def test_stored_report_is_read_again_as_it_arrived() -> None:
    scene = Scene()
    roster = Roster(scene.given.trusted)
    message = scene.box.report(K.BOOT)
    assert roster.reopen(report_id(message), message) == roster.authenticate(message, ROAD)


def test_stored_report_cannot_be_read_by_a_register_without_its_key() -> None:
    scene = Scene()
    entry, key = next_epoch(scene.box)
    scene.with_entries(entry)
    message = sign_report(scene.box.next_report(K.BOOT, epoch=entry.epoch), key)
    register = scene.given.trusted.register
    boxes = tuple(each for each in register.boxes if each != entry)
    rest = Register(register.election, 3, boxes, register.gateways, register.officers)
    roster = Roster(with_register(scene.given, rest).trusted)
    lost = r"^register: has lost the key of a box that has reported$"
    with pytest.raises(InvalidField, match=lost):
        roster.reopen(report_id(message), message)


def test_a_last_checkpoint_that_another_key_signed_stops_the_start() -> None:
    scene = Scene().until(K.BOOT)
    stored = scene.ledger.checkpoint_at(1)
    key = scene.box.key
    forged = sign_checkpoint(Checkpoint(ORIGIN, 1, stored.root), key.public, key.sign)
    scene.ledger._checkpoints[1] = stored._replace(note=forged)
    with pytest.raises(Damaged, match="not one that this gateway signed"):
        intake(scene.given, scene.ledger)


def test_leaves_that_changed_under_the_process_are_not_copied() -> None:
    scene = Scene().until(K.OPEN)
    scene.ledger._leaves[1] = scene.ledger._leaves[1]._replace(data=b"other")
    with pytest.raises(LedgerFailure, match="changed under this process"):
        scene.intake.next_stretch(0, 1)


def test_no_root_is_known_beyond_the_log() -> None:
    scene = Scene().until(K.BOOT)
    log = scene.intake._books.log
    assert log.signed_root(2) is None
    assert log.signed_root(1) == scene.ledger.log_head().root
    assert scene.intake.root_at(2) is None
