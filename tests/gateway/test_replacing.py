"""Does a log that cannot go on give way to another one, and is everything at the centre once?"""

from dataclasses import replace

import pytest

from ballotbox_gateway.core.intake import RulingResult
from ballotbox_gateway.core.upward import UpwardBatch, UpwardFault, UpwardReply
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.register import Register, origin_id
from ballotbox_protocol.wire.leaf import LeafType, decode_leaf
from ballotbox_protocol.wire.message import MessageKind
from ballotbox_protocol.wire.replacement import decode_replacement
from ballotbox_protocol.wire.report import HeldCheckpoint, ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import with_register
from tests.gateway.below import Levels, LowerLog
from tests.gateway.proofs import resend_of
from tests.gateway.replacements import NEXT, entry, of_three_logs, statement, verdict_above
from tests.gateway.scene import Scene
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, OTHER, counted, intake, report_id, ruling
from tests.gateway.test_replay import again, known

K = ReportKind


def opened(given=None) -> Scene:
    scene = Scene(given, OTHER)
    scene.intake.open_replacing(statement(scene.given), NOW)
    return scene


def test_the_first_leaf_says_which_log_is_replaced() -> None:
    scene = opened()
    (entry,) = scene.ledger.entries(0, 1)
    leaf = decode_leaf(entry.leaf)
    assert leaf.type is LeafType.REPLACEMENT
    assert (leaf.verdict, leaf.reason) == (Verdict.ACCEPTED, Reason.REPLACES)
    assert (entry.report, entry.ruling) == (None, statement(scene.given))
    assert scene.ledger.log_head().size == 1
    assert scene.until(K.FINAL).ledger.log_head().size == 7


FAULTS = {
    "no statement": (lambda given: b"\xa0", "replacement"),
    "not even CBOR": (lambda given: b"\xff", "replacement"),
    "another origin": (lambda given: statement(given, origin=CENTRE), "replacement.origin"),
    "an unknown log": (lambda given: statement(given, replaced="lost.example"), "replacement"),
    "another election": (lambda given: statement(given, election=bytes(32)), "replacement"),
    "one officer": (lambda given: statement(given, officers=1), "replacement"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_statement_that_does_not_hold_opens_nothing(name: str) -> None:
    make, field = FAULTS[name]
    scene = Scene(origin=OTHER)
    with pytest.raises(InvalidField) as caught:
        scene.intake.open_replacing(make(scene.given), NOW)
    assert caught.value.field == field
    assert scene.ledger.log_head().size == 0


def test_a_log_with_leaves_is_not_opened_again() -> None:
    scene = opened()
    with pytest.raises(InvalidField, match="has leaves already"):
        scene.intake.open_replacing(statement(scene.given), NOW)
    assert scene.ledger.log_head().size == 1


def test_every_box_is_called_until_it_has_spoken() -> None:
    assert Scene().intake.call_again() == []
    assert Scene().until(K.BOOT).intake.call_again() == []
    scene = opened()
    boxes = list(scene.given.trusted.register.expected)
    calls = scene.intake.call_again()
    assert [box for box, _ in calls] == boxes
    for box, message in calls:
        assert message.kind is MessageKind.RESEND
        resend = resend_of(scene.given, message, OTHER)
        assert (resend.box, resend.sequence) == (box, 0)
    scene.send(K.BOOT)
    assert [box for box, _ in scene.intake.call_again()] == boxes[1:]


def test_an_echo_of_the_closed_log_is_normal() -> None:
    scene = opened()
    scene.until(K.OPEN)
    held = HeldCheckpoint(origin_id(ORIGIN), 1_000, bytes(32))
    assert scene.send(K.TURNOUT, held=held).reason is Reason.IN_ORDER


def test_nobody_rules_on_a_replacement() -> None:
    scene = opened()
    row = scene.ledger.entries(0, 1)[0]
    about = decode_leaf(row.leaf).report
    signed = ruling(scene.given, RulingKind.RELEASE, about)
    assert scene.intake.rule(signed, NOW).result is RulingResult.UNKNOWN_REPORT


def test_a_ledger_made_again_knows_that_it_replaces() -> None:
    scene = opened().until(K.TURNOUT)
    new = again(scene.given, scene.ledger, OTHER)
    assert known(new) == known(scene.ledger)
    assert len(intake(scene.given, new, OTHER).call_again()) == 3


class Lost(Levels):
    """Three reports reached the centre, two more were receipted; then the machine was lost."""

    def __init__(self) -> None:
        super().__init__()
        self.day = self.box.day(5)
        self.lower.admit(*self.day[:3])
        self.carry(self.lower)
        self.lower.admit(*self.day[3:5])
        self.other.intake.open_replacing(statement(self.given), NOW)

    def batch(self) -> UpwardBatch:
        return self.other.intake.next_upward(CENTRE, 100)


def test_everything_is_at_the_centre_once() -> None:
    levels = Lost()
    levels.other.admit(*levels.day)
    levels.carry(levels.other)
    ledger = levels.centre.ledger
    leaves = [decode_leaf(leaf) for leaf in ledger.leaves(0)]
    reports = [leaf.report for leaf in leaves if leaf.type is LeafType.REPORT]
    assert sorted(reports) == sorted(map(report_id, levels.day))
    assert [leaf.type for leaf in leaves].count(LeafType.REPLACEMENT) == 1
    assert ledger.box_head(levels.box.box).sequence == len(levels.day) - 1
    levels.other.admit(levels.box.report(K.INCIDENT))
    levels.carry(levels.other)
    assert ledger.log_head().size == len(levels.day) + 2


def test_the_replacement_taken_in_again_gets_its_receipt_again() -> None:
    levels = Lost()
    batch = levels.batch()
    first, second = levels.take(batch), levels.take(batch)
    assert isinstance(first, UpwardReply)
    assert first == second
    new = again(levels.given, levels.centre.ledger, CENTRE)
    levels.centre.ledger = new
    levels.centre.intake = intake(levels.given, new, CENTRE)
    assert isinstance(levels.take(batch), UpwardReply)
    assert new.log_head().size == 4


def test_a_centre_with_an_older_register_asks_for_a_newer_one() -> None:
    levels = Lost()
    register = levels.given.trusted.register
    left = Register(register.election, 2, register.boxes, register.gateways, register.officers[1:])
    levels.centre.intake.replace_register(with_register(levels.given, left).trusted)
    fault = levels.take(levels.batch())
    assert isinstance(fault, UpwardFault)
    assert fault.retry


@pytest.mark.parametrize(
    ("ruling_of", "told"),
    [
        (lambda given: None, "must stand beside a replacement leaf, alone"),
        (lambda given: b"\xa0", "replacement"),
        (lambda given: statement(given, kept=4), "is another replacement than the leaf commits to"),
    ],
)
def test_a_replacement_without_its_statement_is_not_taken_in(ruling_of, told: str) -> None:
    levels = Lost()
    batch = levels.batch()
    entry = replace(batch.entries[0], ruling=ruling_of(levels.given))
    fault = levels.take(replace(batch, entries=(entry,)))
    assert isinstance(fault, UpwardFault)
    assert (fault.field, told in fault.problem) == ("entries[0].ruling", True)


def test_a_replacement_that_one_officer_signed_is_not_taken_in() -> None:
    levels = Lost()
    register = levels.given.trusted.register
    apart = (replace(register.officers[0], roles=register.officers[0].roles & 3),)
    changed = Register(
        register.election, 2, register.boxes, register.gateways, apart + register.officers[1:]
    )
    levels.centre.intake.replace_register(with_register(levels.given, changed).trusted)
    fault = levels.take(levels.batch())
    assert isinstance(fault, UpwardFault)
    assert "two different officers" in fault.problem


def test_a_new_log_brings_what_the_closed_one_never_delivered() -> None:
    levels = of_three_logs()
    what = counted(levels.given)
    closed = LowerLog(levels.given, ORIGIN).batch(entry(what, Verdict.QUARANTINED))
    assert isinstance(levels.take(closed), UpwardReply)
    third = Scene(levels.given, NEXT)
    own = statement(levels.given, replaced=OTHER, origin=NEXT)
    third.intake.open_replacing(own, NOW, statement(levels.given))
    third.intake.count_by_hand(what.to_bytes(), NOW)
    levels.carry(third)
    assert verdict_above(levels, what) is Verdict.ACCEPTED
    told = [decode_leaf(leaf).report for leaf in third.ledger.leaves(0)]
    assert told == [
        decode_replacement(own).id,
        decode_replacement(statement(levels.given)).id,
        what.id,
    ]
    assert len(third.intake.call_again()) == len(levels.given.trusted.register.expected)
    assert known(again(levels.given, third.ledger, NEXT)) == known(third.ledger)


@pytest.mark.parametrize(
    ("before", "field"),
    [
        (lambda given: statement(given, replaced=CENTRE, origin=ORIGIN), "before.origin"),
        (lambda given: statement(given, replaced=NEXT, origin=OTHER), "before.replaced"),
        (lambda given: statement(given, officers=1), "replacement"),
        (lambda given: b"\xa0", "replacement"),
    ],
)
def test_what_does_not_lead_to_the_closed_log_opens_nothing(before, field: str) -> None:
    given = of_three_logs().given
    third = Scene(given, NEXT)
    own = statement(given, replaced=OTHER, origin=NEXT)
    with pytest.raises(InvalidField) as caught:
        third.intake.open_replacing(own, NOW, before(given))
    assert caught.value.field == field
    assert third.ledger.log_head().size == 0


def test_a_log_is_named_once_among_those_that_were_closed() -> None:
    given = of_three_logs().given
    third = Scene(given, NEXT)
    own = statement(given, replaced=OTHER, origin=NEXT)
    back = statement(given), statement(given, replaced=OTHER, origin=ORIGIN)
    with pytest.raises(InvalidField, match=f"before.replaced: is {OTHER} twice"):
        third.intake.open_replacing(own, NOW, *back)
    assert third.ledger.log_head().size == 0
