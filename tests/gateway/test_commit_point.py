"""Before the commit nothing has happened, after it everything has; others may write in between."""

import pytest

from ballotbox_gateway.core.intake import Identity, Intake, Outcome, Road, RoadKind, RulingResult
from ballotbox_gateway.core.ports import (
    Batch,
    Conflict,
    DiskFull,
    LedgerFailure,
    LogHead,
    SignerAway,
    Tally,
)
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import Hello, RulingKind, sign_statement
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.gateway.failing import FailingLedger, Fault
from tests.gateway.proofs import receipted
from tests.gateway.scene import Scene
from tests.gateway.scripted import (
    NOW,
    ORIGIN,
    ScriptedBox,
    arrivals,
    authority,
    intake,
    memory,
    report_id,
    ruling,
)

K = ReportKind
GIVEN = authority()


def failing() -> tuple[FailingLedger, Intake]:
    ledger = FailingLedger(memory(GIVEN))
    return ledger, intake(GIVEN, ledger)


def leaves(ledger: FailingLedger) -> int:
    return len(list(ledger.leaves(0)))


@pytest.mark.parametrize("fault", Fault)
def test_nothing_is_said_when_the_commit_fails_and_redelivery_makes_one_leaf(fault: Fault) -> None:
    ledger, gateway = failing()
    box = ScriptedBox(GIVEN)
    messages = box.open_poll()
    gateway.admit(arrivals(messages[0]), NOW)
    ledger.fault = fault
    with pytest.raises(LedgerFailure) as raised:
        gateway.admit(arrivals(*messages), NOW)
    assert isinstance(raised.value, DiskFull) == (fault is Fault.DISK_FULL)
    applied = fault is Fault.APPLIED
    assert leaves(ledger) == (3 if applied else 1)
    answers = gateway.admit(arrivals(*messages), NOW + 1).answers
    expected = Outcome.DUPLICATE if applied else Outcome.ACCEPTED
    assert [each.outcome for each in answers] == [Outcome.DUPLICATE, expected, expected]
    told = [receipted(GIVEN, each.message) for each in answers]
    assert told == [(report_id(each), Verdict.ACCEPTED) for each in messages]
    assert leaves(ledger) == 3


@pytest.mark.parametrize("fault", Fault)
def test_hello_after_a_failed_commit_asks_by_what_the_ledger_holds(fault: Fault) -> None:
    ledger, gateway = failing()
    box = ScriptedBox(GIVEN)
    gateway.admit(arrivals(box.report(K.BOOT)), NOW)
    ledger.fault = fault
    with pytest.raises(LedgerFailure):
        gateway.admit(arrivals(box.report(K.ZERO)), NOW)
    hello = Hello(GIVEN.trusted.digest, box.box, bytes(16), 1, 2)
    greeting = sign_statement(hello, box.key.public, box.key.sign)
    outcome = gateway.hello(greeting, bytes(16), Road(RoadKind.SERIAL, "0"))
    assert (outcome.resend is None) == (fault is Fault.APPLIED)


@pytest.mark.parametrize("fault", Fault)
def test_restart_after_a_failed_commit_is_consistent(fault: Fault) -> None:
    ledger, gateway = failing()
    box = ScriptedBox(GIVEN)
    messages = box.day()
    ledger.fault = fault
    with pytest.raises(LedgerFailure):
        gateway.admit(arrivals(*messages), NOW)
    restarted = intake(GIVEN, ledger)
    answers = restarted.admit(arrivals(*messages), NOW).answers
    assert {each.outcome for each in answers} == {
        Outcome.DUPLICATE if fault is Fault.APPLIED else Outcome.ACCEPTED
    }
    assert leaves(ledger) == len(messages)
    assert (
        restarted.admit(arrivals(box.report(K.INCIDENT)), NOW).answers[0].reason is Reason.IN_ORDER
    )


@pytest.mark.parametrize("fault", Fault)
def test_ruling_that_failed_can_be_given_again(fault: Fault) -> None:
    ledger, gateway = failing()
    message = ScriptedBox(GIVEN).report(K.BOOT, firmware=bytes(32))
    gateway.admit(arrivals(message), NOW)
    release = ruling(GIVEN, RulingKind.RELEASE, report_id(message))
    ledger.fault = fault
    with pytest.raises(LedgerFailure):
        gateway.rule(release, NOW)
    result = gateway.rule(release, NOW).result
    applied = fault is Fault.APPLIED
    assert result is (RulingResult.ALREADY if applied else RulingResult.APPLIED)
    assert leaves(ledger) == 2


@pytest.mark.parametrize("fault", Fault)
def test_refusal_that_failed_is_made_once(fault: Fault) -> None:
    ledger, gateway = failing()
    key = ScriptedBox(GIVEN).key
    message = cose.sign(key.public, key.sign, MessageType.REPORT, b"\xa0")
    ledger.fault = fault
    with pytest.raises(LedgerFailure):
        gateway.admit(arrivals(message), NOW)
    assert gateway.admit(arrivals(message), NOW + 1).answers[0].outcome is Outcome.REFUSED
    assert ledger.counts()[Tally.REFUSED, Reason.BODY] == 1


def test_full_disk_keeps_nobody_from_what_is_stored() -> None:
    ledger, gateway = failing()
    box = ScriptedBox(GIVEN)
    first = gateway.admit(arrivals(box.report(K.BOOT)), NOW).answers[0]
    ledger.fault = Fault.DISK_FULL
    with pytest.raises(DiskFull):
        gateway.admit(arrivals(box.report(K.ZERO)), NOW)
    ledger.fault = Fault.DISK_FULL
    again = gateway.admit(arrivals(box.said[0]), NOW).answers[0]
    assert again.message == first.message


def test_batch_is_one_commit() -> None:
    ledger, gateway = failing()
    boxes = [ScriptedBox(GIVEN, number) for number in (1, 2)]
    gateway.admit(arrivals(*boxes[0].day(), *boxes[1].day(), b"junk"), NOW)
    assert ledger.commits == 1
    gateway.admit(arrivals(*boxes[0].said), NOW)
    assert ledger.commits == 1, "duplicates alone need no commit"


def test_two_intakes_on_one_ledger_never_admit_twice() -> None:
    ledger = memory(GIVEN)
    first, second = intake(GIVEN, ledger), intake(GIVEN, ledger)
    box, other = ScriptedBox(GIVEN), ScriptedBox(GIVEN, 2)
    messages, others = box.day(), other.day()
    receipts = [each.message for each in first.admit(arrivals(*messages[:4]), NOW).answers]
    answers = second.admit(arrivals(*messages), NOW).answers
    assert [each.outcome.name for each in answers] == ["DUPLICATE"] * 4 + ["ACCEPTED"] * 3
    assert [each.message for each in answers[:4]] == receipts
    first.admit(arrivals(*others), NOW)
    again = first.admit(arrivals(*messages), NOW).answers
    assert [each.message for each in again] == [each.message for each in answers]
    assert ledger.log_head().size == len(messages) + len(others)


def test_duplicate_of_another_writers_leaf_is_receipted() -> None:
    """No commit runs into a conflict here: the first intake must notice by itself."""
    ledger = memory(GIVEN)
    first, second = intake(GIVEN, ledger), intake(GIVEN, ledger)
    box = ScriptedBox(GIVEN)
    first.admit(arrivals(*box.open_poll()), NOW)
    late = box.report(K.TURNOUT)
    first.admit(arrivals(box.report(K.TURNOUT)), NOW)
    second.admit(arrivals(late), NOW)
    answer = first.admit(arrivals(late), NOW).answers[0]
    assert answer.outcome is Outcome.DUPLICATE
    assert receipted(GIVEN, answer.message) == (report_id(late), Verdict.ACCEPTED)


class Contended(FailingLedger):
    """Lets another writer in before each of the next commits."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene.ledger)
        self._scene = scene
        self.intrusions = 0

    def commit(self, batch: Batch, expected: LogHead) -> None:
        if self.intrusions:
            self.intrusions -= 1
            self._scene.send(K.INCIDENT)
        super().commit(batch, expected)


def test_ruling_is_judged_by_what_another_writer_stored_meanwhile() -> None:
    """A ruling that is refused makes no commit, so no conflict would show that the books moved."""
    scene = Scene().until(K.OPEN)
    rival = scene.box.forge(K.TURNOUT, accept=1)
    named = scene.box.report(K.TURNOUT)
    scene.admit(named, rival)
    scene.box.report(K.TURNOUT)
    held = scene.box.report(K.TURNOUT)
    other = intake(scene.given, scene.ledger)
    other.admit(arrivals(held), NOW)
    for gateway, kind, message in (
        (scene.intake, RulingKind.NAME, named),
        (other, RulingKind.RELEASE, held),
    ):
        outcome = gateway.rule(ruling(scene.given, kind, report_id(message)), NOW)
        assert outcome.result is RulingResult.APPLIED


def test_conflict_is_judged_again_on_what_is_there_now() -> None:
    scene = Scene().until(K.BOOT)
    contended = Contended(scene)
    gateway = intake(GIVEN, contended)
    rival = scene.box.forge(K.ZERO)
    contended.intrusions = 1
    answer = gateway.admit(arrivals(rival), NOW).answers[0]
    assert answer.reason is Reason.SAME_SEQUENCE, "what was free when judged is taken now"
    contended.intrusions = 5
    other = ScriptedBox(GIVEN, 2).report(K.BOOT)
    assert gateway.admit(arrivals(other), NOW).answers[0].reason is Reason.IN_ORDER


def test_endless_conflict_is_a_failure_and_says_nothing() -> None:
    scene = Scene()
    contended = Contended(scene)
    gateway = intake(GIVEN, contended)
    contended.intrusions = 10_000
    message = ScriptedBox(GIVEN, 2).report(K.BOOT)
    with pytest.raises(LedgerFailure, match=r"^64 times in a row another writer"):
        gateway.admit(arrivals(message), NOW)
    assert contended.intrusions == 10_000 - 64
    assert scene.ledger.report(report_id(message)) is None


def test_conflict_is_no_ledger_failure() -> None:
    assert not issubclass(Conflict, LedgerFailure)


class FailingKey:
    """The gateway's key, which is away for the signatures of these numbers."""

    def __init__(self, real, *away):
        self.public, self._real, self._away, self._asked = real.public, real, away, 0

    def sign(self, data):
        self._asked += 1
        if self._asked in self._away:
            raise SignerAway("away")
        return self._real.sign(data)


@pytest.mark.parametrize(("away", "is_asked"), [((), True), ((2,), False)])
def test_a_key_that_goes_away_after_the_commit_takes_back_nothing(away, is_asked):
    scene = Scene().until(ReportKind.TURNOUT)
    key = FailingKey(scene.given.gateway_keys[ORIGIN], *away)
    scene.intake = Intake(scene.given.trusted, Identity(ORIGIN, key), scene.ledger)
    _, later, last = (scene.box.report(ReportKind.TURNOUT) for _ in range(3))
    admitted = scene.admit(later)
    assert [each.outcome for each in admitted.answers] == [Outcome.HELD]
    assert bool(admitted.also) == is_asked
    assert bool(scene.admit(last).also) != is_asked


def test_a_key_that_is_away_is_no_full_disk():
    scene = Scene()
    key = FailingKey(scene.given.gateway_keys[ORIGIN], 1)
    scene.intake = Intake(scene.given.trusted, Identity(ORIGIN, key), scene.ledger)
    message = scene.box.report(ReportKind.BOOT)
    with pytest.raises(SignerAway):
        scene.admit(message)
    scene.admit(message)
    assert (Tally.UNAUTHENTIC, Reason.DISK) not in scene.ledger.counts()
