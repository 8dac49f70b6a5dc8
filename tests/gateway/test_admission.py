"""What is said to an arrival: receipts, refusals, requests, and silence."""

import pytest

from ballotbox_gateway.core.intake import (
    HelloResult,
    Identity,
    Intake,
    OlderRegister,
    Outcome,
    Road,
    RoadKind,
)
from ballotbox_gateway.core.ports import UNAUTHENTIC_ROWS_MAX, Binding, LedgerFailure, Tally
from ballotbox_gateway.core.samples import PERIOD_SECONDS, SAMPLES_PER_PERIOD
from ballotbox_gateway.ledger.memory import MemoryLedger
from ballotbox_protocol.election.identifiers import InvalidField, PollState
from ballotbox_protocol.election.register import Register
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.leaf import Leaf, LeafType
from ballotbox_protocol.wire.message import MessageKind
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.report import NewKey, ReportKind, key_proof_statement
from ballotbox_protocol.wire.statements import Hello, sign_statement
from ballotbox_protocol.wire.verdict import ANSWERED, Reason, Verdict
from ballotbox_simulator.authority import with_register
from tests.gateway.proofs import proved, receipted, refusal_of, resend_of
from tests.gateway.scene import Scene, amended, next_epoch
from tests.gateway.scripted import (
    NOW,
    ORIGIN,
    OTHER,
    authority,
    intake,
    memory,
    report_id,
    sign_report,
)

K = ReportKind
CHALLENGE = bytes(range(16))


def test_receipts_of_a_batch_share_one_signature_and_prove_each_decision() -> None:
    scene = Scene()
    messages = scene.box.day()
    answers = scene.admit(*messages).answers
    notes = set()
    for at, (message, answer) in enumerate(zip(messages, answers, strict=True)):
        verified, leaf = proved(scene.given, answer.message.payload)
        assert (verified.index, verified.size) == (at, len(messages))
        assert leaf == Leaf(
            LeafType.REPORT,
            report_id(message),
            Verdict.ACCEPTED,
            Reason.IN_ORDER,
            None,
            scene.now,
        )
        notes.add(Receipt.from_bytes(answer.message.payload).note)
    assert len(notes) == 1


def test_duplicate_gets_the_same_receipt_byte_for_byte_however_the_log_grows() -> None:
    scene = Scene()
    message = scene.box.report(K.BOOT)
    first = scene.answer(message)
    for _ in range(5):
        scene.send(K.INCIDENT)
    again = scene.answer(message)
    assert (again.outcome, again.message) == (Outcome.DUPLICATE, first.message)
    restarted = intake(scene.given, scene.ledger)
    assert restarted.admit([], NOW).answers == []
    scene.intake = restarted
    assert scene.answer(message).message == first.message


def test_two_copies_in_one_batch_make_one_leaf() -> None:
    scene = Scene()
    message = scene.box.report(K.BOOT)
    first, second = scene.admit(message, message).answers
    assert (first.outcome, second.outcome) == (Outcome.ACCEPTED, Outcome.DUPLICATE)
    assert first.message == second.message
    assert scene.ledger.log_head().size == 1


def test_copy_signed_again_is_the_same_report() -> None:
    """Ed25519 signatures of one key over one text may differ; the report is the text."""
    scene = Scene()
    message = scene.box.report(K.BOOT)
    assert scene.answer(message).outcome is Outcome.ACCEPTED
    envelope = cose.parse(message)
    again = cose.assemble(
        envelope.protected, envelope.payload, scene.box.key.sign(envelope.statement)
    )
    assert scene.answer(again).outcome is Outcome.DUPLICATE


def test_followers_of_a_gap_get_new_receipts_once_it_closes() -> None:
    scene = Scene()
    first, *held = [scene.box.report(kind) for kind in (K.BOOT, K.ZERO, K.OPEN)]
    scene.admit(*held)
    also = scene.admit(first).also
    told = [receipted(scene.given, message) for box, message in also if box == scene.box.box]
    assert told == [(report_id(each), Verdict.ACCEPTED) for each in held]


def test_gap_is_asked_for_once_in_a_while_and_at_once_when_it_moves() -> None:
    scene = Scene()
    messages = [scene.box.report(kind) for kind in (K.BOOT, K.ZERO, *[K.INCIDENT] * 6)]

    def asked(message: bytes, seconds: int = 0) -> list[int]:
        scene.now += seconds
        also = scene.admit(message).also
        resends = [each for _, each in also if each.kind is MessageKind.RESEND]
        return [resend_of(scene.given, each, ORIGIN).sequence for each in resends]

    assert asked(messages[7]) == [0]
    assert asked(messages[6]) == []
    # Nine seconds after it was asked, and ten.
    assert asked(messages[6], seconds=7) == []
    assert asked(messages[5]) == [0]
    assert asked(messages[0]) == []
    assert asked(messages[4]) == [1]


@pytest.mark.parametrize("reason", sorted(ANSWERED))
def test_refusal_is_signed_durable_and_the_same_for_ever(reason: Reason) -> None:
    scene = Scene()
    key = scene.box.key
    message = {
        Reason.BODY: cose.sign(key.public, key.sign, MessageType.REPORT, b"\xa0"),
        Reason.OTHER_BOX: scene.box.forge(K.BOOT, box=scene.given.boxes[1]),
        Reason.OTHER_ELECTION: scene.box.forge(K.BOOT, election=bytes(32)),
    }[reason]
    twice = scene.admit(message, message).answers
    scene.intake = intake(scene.given, scene.ledger)
    later = scene.answer(message)
    assert {answer.message for answer in twice} == {later.message}
    assert (later.outcome, later.box) == (Outcome.REFUSED, scene.box.box)
    refusal = refusal_of(scene.given, later.message, ORIGIN)
    assert (refusal.origin, refusal.report, refusal.reason) == (ORIGIN, report_id(message), reason)
    (stored,) = scene.ledger.refusals()
    assert (stored.data, stored.box) == (message, scene.box.box)
    assert scene.ledger.counts() == {(Tally.REFUSED, reason): 1}
    assert scene.ledger.log_head().size == 0


def test_header_that_is_no_cbor_is_a_wrong_header() -> None:
    scene = Scene()
    message = cose.assemble(b"\xff", b"", bytes(64))
    assert scene.answer(message).reason is Reason.HEADER


def test_report_of_a_transition_carries_the_state_it_leads_to() -> None:
    scene = Scene().until(K.OPEN)
    assert scene.send(K.CLOSE, state=PollState.OPEN).reason is Reason.STATE


def test_road_fault_is_no_answer_and_no_refusal() -> None:
    scene = Scene()
    message = scene.box.report(K.BOOT)
    road = Road(RoadKind.MQTT, "mqtt", scene.given.boxes[1])
    answer = scene.answer(message, road)
    assert (answer.message, answer.outcome, answer.box) == (None, Outcome.REFUSED, None)
    answer = scene.answer(message)
    assert (answer.outcome, answer.box) == (Outcome.ACCEPTED, scene.box.box)


def test_unauthentic_bytes_are_counted_all_and_kept_in_part() -> None:
    scene = Scene()
    junk = [bytes([number]) * 3_000 for number in range(SAMPLES_PER_PERIOD + 9)]
    scene.admit(*junk, junk[0])
    answers = scene.admit(*junk).answers
    assert {(each.message, each.outcome) for each in answers} == {(None, Outcome.UNAUTHENTIC)}
    kept = scene.ledger.unauthentic()
    assert len(kept) == SAMPLES_PER_PERIOD
    assert {len(each.sample) for each in kept} == {1_024}
    assert kept[0].times == 2  # A copy in the same batch; later batches are past the quota.
    assert scene.ledger.counts() == {(Tally.UNAUTHENTIC, Reason.ENVELOPE): 2 * len(junk) + 1}
    scene.intake.turned_away(Reason.RATE)
    scene.now += PERIOD_SECONDS
    scene.admit(b"another period")
    assert scene.ledger.counts()[Tally.UNAUTHENTIC, Reason.RATE] == 1
    assert len(scene.ledger.unauthentic()) == SAMPLES_PER_PERIOD + 1


def test_samples_never_outgrow_their_table() -> None:
    scene = Scene()
    for number in range(UNAUTHENTIC_ROWS_MAX // SAMPLES_PER_PERIOD + 2):
        scene.now += PERIOD_SECONDS
        scene.admit(*(b"%d %d" % (number, at) for at in range(SAMPLES_PER_PERIOD)))
    assert len(scene.ledger.unauthentic()) == UNAUTHENTIC_ROWS_MAX


def test_received_is_what_has_a_leaf_was_refused_or_was_turned_away() -> None:
    """Law G3."""
    scene = Scene()
    messages = scene.box.day()
    other = scene.box.forge(K.BOOT, election=bytes(32))
    scene.admit(*messages, *messages[:3], b"junk", other, other, messages[0][:-1] + b"\x00")
    reports = {row.id for row in scene.ledger.reports_of(scene.box.box, 0, None)}
    counts = scene.ledger.counts()
    refused = sum(n for (tally, _), n in counts.items() if tally is Tally.REFUSED)
    unauthentic = sum(n for (tally, _), n in counts.items() if tally is Tally.UNAUTHENTIC)
    assert (len(reports), refused, unauthentic) == (len(messages), 1, 2)


def hello(scene: Scene, **changes: object) -> bytes:
    fields = {
        "election": scene.given.trusted.digest,
        "box": scene.box.box,
        "challenge": CHALLENGE,
        "boot": 1,
        "next_sequence": 0,
    } | changes
    return sign_statement(Hello(**fields), scene.box.key.public, scene.box.key.sign)


def test_hello_that_answers_the_challenge_is_fresh() -> None:
    scene = Scene().until(K.BOOT)
    road = Road(RoadKind.MQTT, "mqtt", scene.box.box)
    outcome = scene.intake.hello(hello(scene, next_sequence=1), CHALLENGE, road)
    assert (outcome.result, outcome.box) == (HelloResult.FRESH, scene.box.box)
    assert (outcome.resend, outcome.rolled_back) == (None, False)


def test_hello_of_a_box_that_has_said_more_is_asked_for_the_first_missing() -> None:
    scene = Scene().until(K.ZERO)
    outcome = scene.intake.hello(
        hello(scene, next_sequence=9), CHALLENGE, Road(RoadKind.SERIAL, "0")
    )
    assert resend_of(scene.given, outcome.resend, ORIGIN).sequence == 2


def test_hello_of_a_box_that_has_forgotten_says_so() -> None:
    scene = Scene().until(K.OPEN)
    for next_sequence, forgotten in ((1, True), (2, True), (3, False)):
        greeting = hello(scene, next_sequence=next_sequence)
        outcome = scene.intake.hello(greeting, CHALLENGE, Road(RoadKind.SERIAL, "0"))
        assert (outcome.resend, outcome.rolled_back) == (None, forgotten)


def test_hello_skips_what_is_held_in_a_dispute() -> None:
    scene = Scene().until(K.BOOT)
    rival = scene.box.forge(K.ZERO, journal=scene.box.last.journal)
    scene.admit(scene.box.report(K.ZERO), rival)
    scene.admit(scene.box.report(K.OPEN))
    outcome = scene.intake.hello(
        hello(scene, next_sequence=9), CHALLENGE, Road(RoadKind.SERIAL, "0")
    )
    assert resend_of(scene.given, outcome.resend, ORIGIN).sequence == 3


@pytest.mark.parametrize(
    ("result", "make"),
    [
        (HelloResult.MALFORMED, lambda scene: b""),
        (
            HelloResult.MALFORMED,
            lambda scene: cose.sign(
                scene.box.key.public, scene.box.key.sign, MessageType.HELLO, b"\xa0"
            ),
        ),
        (HelloResult.UNKNOWN_KEY, lambda scene: scene.box.forge(K.BOOT)),
        (HelloResult.SIGNATURE, lambda scene: hello(scene)[:-1] + b"\x00"),
        (HelloResult.OTHER_ELECTION, lambda scene: hello(scene, election=bytes(32))),
        (HelloResult.OTHER_BOX, lambda scene: hello(scene, box=scene.given.boxes[1])),
        (HelloResult.CHALLENGE, lambda scene: hello(scene, challenge=bytes(16))),
    ],
)
def test_hello_that_proves_nothing_says_why(result: HelloResult, make: object) -> None:
    scene = Scene()
    outcome = scene.intake.hello(make(scene), CHALLENGE, Road(RoadKind.SERIAL, "0"))
    assert (outcome.result, outcome.box, outcome.resend) == (result, None, None)


def test_hello_on_the_road_of_another_box_proves_nothing() -> None:
    scene = Scene()
    road = Road(RoadKind.MQTT, "mqtt", scene.given.boxes[1])
    assert scene.intake.hello(hello(scene), CHALLENGE, road).result is HelloResult.OTHER_BOX


def test_rotation_moves_the_box_to_its_next_key() -> None:
    scene = Scene().until(K.OPEN)
    entry, key = next_epoch(scene.box)
    scene.with_entries(entry)
    unproved = NewKey(entry.key, bytes(64))
    bare = scene.box.next_report(K.KEY_ROTATION, new_key=unproved, signatures=())
    new_key = NewKey(entry.key, key.sign(key_proof_statement(bare)))
    assert scene.send(K.KEY_ROTATION, new_key=new_key).reason is Reason.IN_ORDER
    after = scene.box.next_report(K.TURNOUT, epoch=entry.epoch)
    assert scene.answer(sign_report(after, key)).reason is Reason.IN_ORDER
    scene = Scene().until(K.OPEN).with_entries(entry)
    assert scene.send(K.KEY_ROTATION, new_key=new_key).reason is Reason.IN_ORDER
    assert scene.send(K.TURNOUT).reason is Reason.EPOCH


def test_register_replaced_by_a_newer_one_is_remembered() -> None:
    scene = Scene()
    older = scene.given
    newer = amended(older)
    scene.intake.replace_register(newer.trusted)
    assert scene.ledger.binding().register_version == 2
    with pytest.raises(OlderRegister, match="version 1 is older than version 2"):
        scene.intake.replace_register(older.trusted)
    with pytest.raises(OlderRegister):
        intake(older, scene.ledger)


def test_register_may_close_entries_but_never_lose_them() -> None:
    scene = Scene().until(K.BOOT)
    register = scene.given.trusted.register
    for boxes in (register.boxes[1:], register.boxes[:-1]):
        rest = Register(register.election, 2, boxes, register.gateways, register.officers)
        with pytest.raises(InvalidField, match=r"^register: .*closed, never deleted"):
            scene.intake.replace_register(with_register(scene.given, rest).trusted)
    rest = Register(register.election, 2, register.boxes[1:], register.gateways, register.officers)
    with pytest.raises(InvalidField, match="closed, never deleted"):
        intake(with_register(scene.given, rest), scene.ledger)
    assert scene.ledger.binding().register_version == 1
    assert scene.answer(scene.box.said[0]).outcome is Outcome.DUPLICATE


def test_intake_works_only_with_its_own_ledger_and_key() -> None:
    given = authority()
    with pytest.raises(InvalidField, match=r"^ledger: belongs to rehearsal\.example/precinct-2"):
        intake(given, memory(given, OTHER))
    other = MemoryLedger(Binding(ORIGIN, bytes(32), 1))
    with pytest.raises(InvalidField, match=r"^ledger: .*another election"):
        intake(given, other)
    wrong = Identity(ORIGIN, given.gateway_keys[OTHER])
    with pytest.raises(InvalidField, match=r"^register: does not list this key"):
        Intake(given.trusted, wrong, memory(given))


def test_ledger_whose_leaves_do_not_make_its_checkpoint_stops_the_start() -> None:
    scene = Scene().until(K.OPEN)
    scene.ledger._leaves[1] = scene.ledger._leaves[1]._replace(data=b"forged")
    with pytest.raises(LedgerFailure, match="damaged or was tampered with"):
        intake(scene.given, scene.ledger)


@pytest.mark.parametrize("sequence", [1, 2])
def test_ledger_that_lost_a_report_stops_its_box(sequence: int) -> None:
    scene = Scene().until(K.OPEN)
    message = scene.box.said[sequence]
    row = scene.row(message)
    del scene.ledger._reports[row.id]
    scene.ledger._by_box[row.box].remove(row.id)
    with pytest.raises(LedgerFailure, match=f"report {sequence} of box"):
        scene.admit(message)
