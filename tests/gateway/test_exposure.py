"""Is a log that its own signed checkpoint contradicts convicted by it, and by nothing less?"""

from copy import deepcopy

import pytest

from ballotbox_gateway.cli.status import _lines
from ballotbox_gateway.core.correspondence import Correspondence, Route
from ballotbox_gateway.core.exposure import CONTRADICTIONS_MAX
from ballotbox_gateway.core.intake import HelloResult, Road, RoadKind
from ballotbox_gateway.core.ports import LedgerFailure, Tally
from ballotbox_gateway.service.inspection import overview
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.merkle import EMPTY_ROOT
from ballotbox_protocol.wire.message import HeldWanted, Message, MessageKind
from ballotbox_protocol.wire.report import HeldCheckpoint, ReportKind
from ballotbox_protocol.wire.statements import Hello, sign_statement
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.gateway.failing import FailingLedger, Fault
from tests.gateway.scene import Scene
from tests.gateway.scripted import NOW, ORIGIN, OTHER, ScriptedBox, intake

K = ReportKind
NEWEST = HeldWanted(origin_id(ORIGIN)).message()


class Restored:
    """A gateway over an older copy of its ledger, before a box that holds the newest checkpoint."""

    def __init__(self, lost: int = 2) -> None:
        self.scene = Scene().until(K.OPEN)
        copy = deepcopy(self.scene.ledger)
        for _ in range(lost):
            self.scene.send(K.TURNOUT)
        self.size, self.root = self.scene.ledger.log_head()
        self.note = self.scene.ledger.checkpoint_at(self.size).note
        self.scene.ledger, self.scene.intake = copy, intake(self.scene.given, copy)
        self.scene.admit(*self.scene.box.said[-lost:])

    @property
    def wanted(self) -> Message:
        return HeldWanted(origin_id(ORIGIN), self.size).message()

    def echo(self) -> list[Message]:
        """Let the box report with its echo, and return what is asked of it besides."""
        held = HeldCheckpoint(origin_id(ORIGIN), self.size, self.root)
        message = self.scene.box.report(K.TURNOUT, held=held)
        admission = self.scene.admit(message)
        assert self.scene.row(message).verdict is Verdict.QUARANTINED
        return [each for _, each in admission.also]

    def confront(self, note: bytes | None = None) -> Checkpoint | None:
        return self.scene.intake.confront(self.note if note is None else note, self.scene.now)

    def signed(self, size: int, root: bytes = b"\x07" * 32, origin: str = ORIGIN) -> bytes:
        key = self.scene.given.gateway_keys[origin]
        return sign_checkpoint(Checkpoint(origin, size, root), key.public, key.sign)


@pytest.mark.parametrize("lost", [1, 2, 5])
def test_the_box_is_asked_and_its_note_convicts(lost: int) -> None:
    restored = Restored(lost)
    assert restored.echo() == [restored.wanted]
    assert restored.confront() == Checkpoint(ORIGIN, restored.size, restored.root)
    assert restored.scene.ledger.contradictions() == [restored.note]


def test_a_log_of_the_same_length_or_a_longer_one_is_convicted_as_well() -> None:
    restored = Restored()
    for _ in range(4):
        restored.scene.send(K.INCIDENT)
    assert restored.echo() == [restored.wanted]
    assert restored.confront() is not None


def test_the_conviction_makes_no_leaf_and_accepts_nothing() -> None:
    restored = Restored()
    restored.echo()
    head = restored.scene.ledger.log_head()
    restored.confront()
    assert restored.scene.ledger.log_head() == head
    rows = restored.scene.ledger.reports_of(restored.scene.box.box, 0, None)
    assert rows[-1].verdict is Verdict.QUARANTINED
    assert rows[-1].reason is Reason.HELD_FORK


def test_without_the_note_nothing_is_convicted() -> None:
    restored = Restored()
    restored.echo()
    assert restored.scene.ledger.contradictions() == []


def test_a_box_is_asked_once_in_a_while_and_not_at_all_when_it_is_proved() -> None:
    restored = Restored()
    assert restored.echo() == [restored.wanted]
    assert restored.echo() == []
    restored.scene.now += 10
    assert restored.echo() == [restored.wanted]
    restored.scene.now += 10
    restored.confront()
    assert restored.echo() == []
    restored.scene.intake = intake(restored.scene.given, restored.scene.ledger)
    assert restored.echo() == []


def test_with_every_later_report_the_box_is_reminded_until_it_is_proved() -> None:
    restored = Restored()
    restored.echo()
    asked = restored.scene.now
    for later, again in ((9, []), (10, [restored.wanted]), (20, [restored.wanted])):
        restored.scene.now = asked + later - 1
        admission = restored.scene.admit(restored.scene.box.report(K.TURNOUT))
        assert [each for _, each in admission.also] == again
    restored.confront()
    restored.scene.now += 20
    assert restored.scene.admit(restored.scene.box.report(K.TURNOUT)).also == []


def test_another_box_is_asked_for_its_newest_and_only_when_it_comes_back() -> None:
    restored = Restored()
    restored.echo()
    other = ScriptedBox(restored.scene.given, 2)
    assert _hello(restored, other) == (HelloResult.FRESH, NEWEST)
    assert restored.scene.admit(other.report(K.BOOT)).also == []


def test_who_waits_for_a_gap_exposes_the_log_when_it_closes() -> None:
    restored = Restored()
    scene = restored.scene
    missing = scene.box.report(K.TURNOUT)
    restored.size += 9
    held = HeldCheckpoint(origin_id(ORIGIN), restored.size, restored.root)
    scene.admit(scene.box.report(K.TURNOUT, held=held))
    assert restored.wanted in [each for _, each in scene.admit(missing).also]


@pytest.mark.parametrize("case", ["none", "another log's", "another key's", "altered"])
def test_what_this_log_s_key_did_not_sign_is_counted_and_nothing_more(case: str) -> None:
    restored = Restored()
    key = restored.scene.given.gateway_keys[OTHER]
    forged = sign_checkpoint(Checkpoint(ORIGIN, 99, b"\x07" * 32), key.public, key.sign)
    note = {
        "none": b"",
        "another log's": restored.signed(99, origin=OTHER),
        "another key's": forged,
        "altered": restored.note.replace(b"\n5\n", b"\n9\n"),
    }[case]
    assert restored.confront(note) is None
    restored.scene.send(K.INCIDENT)
    assert restored.scene.ledger.contradictions() == []
    assert restored.scene.ledger.counts()[Tally.UNAUTHENTIC, Reason.SIGNATURE] == 1


def test_a_checkpoint_of_this_very_log_convicts_nobody() -> None:
    scene = Scene().until(K.FINAL)
    size, _ = scene.ledger.log_head()
    notes = [scene.ledger.checkpoint_at(each).note for each in range(1, size + 1)]
    notes.append(Restored().signed(0, EMPTY_ROOT))
    assert [scene.intake.confront(note, NOW) for note in notes] == [None] * len(notes)
    assert scene.ledger.contradictions() == []


def test_one_note_is_kept_once_and_no_flood_of_them_fills_the_disk() -> None:
    restored = Restored()
    assert restored.confront() is not None
    assert restored.confront() is None
    for size in range(100, 100 + 2 * CONTRADICTIONS_MAX):
        restored.confront(restored.signed(size))
    kept = restored.scene.ledger.contradictions()
    assert len(kept) == CONTRADICTIONS_MAX
    assert kept[0] == restored.note


def test_a_disk_that_fails_keeps_the_proof_for_the_next_time() -> None:
    restored = Restored()
    failing = FailingLedger(restored.scene.ledger)
    restored.scene.intake = intake(restored.scene.given, failing)
    failing.fault = Fault.NOT_APPLIED
    with pytest.raises(LedgerFailure):
        restored.confront()
    assert restored.scene.ledger.contradictions() == []
    assert restored.confront() is not None


class _Letter:
    def __init__(self, message: Message, route: Route) -> None:
        self.data, self.route = message.to_bytes(), route


def _hello(restored: Restored, box: ScriptedBox | None = None) -> tuple[object, Message | None]:
    box = box or restored.scene.box
    key, digest = box.key, restored.scene.given.trusted.digest
    hello = Hello(digest, box.box, bytes(16), 1, 0)
    data = sign_statement(hello, key.public, key.sign)
    outcome = restored.scene.intake.hello(data, bytes(16), Road(RoadKind.SERIAL, "line"))
    return outcome.result, outcome.wanted


def test_a_box_that_comes_back_is_asked_again_until_it_has_answered() -> None:
    restored = Restored()
    assert _hello(restored) == (HelloResult.FRESH, None)
    restored.echo()
    assert _hello(restored) == (HelloResult.FRESH, restored.wanted)
    restored.scene.intake = intake(restored.scene.given, restored.scene.ledger)
    assert _hello(restored) == (HelloResult.FRESH, restored.wanted)
    restored.confront()
    assert _hello(restored) == (HelloResult.FRESH, None)


def test_the_correspondence_carries_question_answer_and_alarm() -> None:
    restored, said, alarms = Restored(), [], []
    words = Correspondence(restored.scene.intake, lambda: bytes(16), lambda *_: None)
    words.convicted = lambda road, told: alarms.append((road.name, told.size))
    route = Route(Road(RoadKind.SERIAL, "line"), said.append)
    held = HeldCheckpoint(origin_id(ORIGIN), restored.size, restored.root)
    report = Message(MessageKind.REPORT, restored.scene.box.report(K.TURNOUT, held=held))
    words.settle([_Letter(report, route)], NOW)
    assert {each.kind for each in said} == {MessageKind.HELD_WANTED, MessageKind.RECEIPT}
    for _ in range(2):
        words.settle([_Letter(Message(MessageKind.HELD, restored.note), route)], NOW)
    assert alarms == [("line", restored.size)]
    del said[:]
    restored.scene.intake = intake(restored.scene.given, restored.scene.ledger)
    key, digest = restored.scene.box.key, restored.scene.given.trusted.digest
    words.settle([_Letter(Message(MessageKind.HELLO_WANTED), route)], NOW)
    hello = sign_statement(
        Hello(digest, restored.scene.box.box, bytes(16), 1, 99), key.public, key.sign
    )
    words.settle([_Letter(Message(MessageKind.HELLO, hello), route)], NOW)
    assert [each.kind for each in said] == [MessageKind.CHALLENGE, MessageKind.RESEND]


def test_status_says_what_convicts_the_log_and_what_to_do() -> None:
    restored = Restored()
    trusted = restored.scene.given.trusted
    assert overview(restored.scene.ledger, trusted)["convicted_by"] == []
    restored.confront()
    state = overview(restored.scene.ledger, trusted)
    assert state["convicted_by"] == [
        {"size": restored.size, "root": restored.root.hex(), "note": restored.note.decode()}
    ]
    shown = "\n".join(_lines(state))
    assert f"CONVICTED a box holds this log's checkpoint of {restored.size} leaves" in shown
    assert "put the newest ledger in its place" in shown
