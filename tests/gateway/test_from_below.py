"""The centre: what precinct gateways decided, judged again, never more mildly."""

from collections.abc import Callable

import pytest

from ballotbox_gateway.core.intake import Outcome, RulingResult
from ballotbox_gateway.core.upward import UpwardReply
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind, decode_ruling
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.gateway.below import Levels, LowerLog, UpwardEntry, entry_of
from tests.gateway.proofs import proved
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, OTHER, ScriptedBox, report_id, ruling

K = ReportKind
RELEASE, NAME = RulingKind.RELEASE, RulingKind.NAME


def judged(levels: Levels, message: bytes) -> tuple[Verdict, Reason]:
    row = levels.centre.row(message)
    return row.verdict, row.reason


def test_everything_with_a_leaf_travels_in_leaf_order_and_is_receipted() -> None:
    levels = Levels()
    box = levels.box
    messages = box.day()
    levels.lower.admit(messages[0], messages[2], messages[3])
    levels.lower.admit(*messages)
    other = ScriptedBox(levels.given, 2)
    levels.lower.admit(other.report(K.BOOT, firmware=bytes(32)))
    replies = levels.carry(levels.lower, limit=3)
    assert levels.lower.intake.next_upward(CENTRE, 3) is None
    size = levels.lower.ledger.log_head().size
    assert sum(len(reply.receipts) for reply in replies) == size
    for position, entry in enumerate(levels.lower.ledger.entries(0, size)):
        stored = levels.lower.ledger.upper_receipt(CENTRE, position)
        verified, leaf = proved(levels.given, stored)
        assert verified.origin == CENTRE
        assert leaf.report == report_id(entry.report)
    for message in (*messages, *other.said):
        assert levels.centre.row(message).verdict is levels.lower.row(message).verdict


def test_lower_checkpoint_stands_beside_each_leaf_it_came_with() -> None:
    levels = Levels()
    levels.lower.admit(*levels.box.open_poll())
    levels.carry(levels.lower, limit=2)
    notes = [entry.note for entry in levels.centre.ledger.entries(0, 3)]
    assert notes[0] == notes[1] != notes[2]
    assert notes[2] == levels.centre.ledger.lower_log(ORIGIN).note


def test_same_box_over_two_roads_counts_once() -> None:
    levels = Levels()
    messages = levels.box.day()
    for scene in (levels.lower, levels.other):
        scene.admit(*messages)
        levels.carry(scene)
    assert levels.centre.ledger.log_head().size == len(messages)
    at_home = [each.message.payload for each in levels.centre.admit(*messages).answers]
    for origin_scene in (levels.lower, levels.other):
        ledger = origin_scene.ledger
        assert [ledger.upper_receipt(CENTRE, at) for at in range(len(messages))] == at_home


def test_two_roads_that_brought_rivals_meet_at_the_centre() -> None:
    levels = Levels()
    shared = levels.box.open_poll()
    rival = levels.box.forge(K.TURNOUT, accept=1)
    first = levels.box.report(K.TURNOUT)
    for scene, message in ((levels.lower, first), (levels.other, rival)):
        answers = scene.admit(*shared, message).answers
        assert {each.outcome for each in answers} == {Outcome.ACCEPTED}
        levels.carry(scene)
    for message in (first, rival):
        assert judged(levels, message) == (Verdict.EVIDENCE, Reason.SAME_SEQUENCE)
    outcome = levels.centre.intake.rule(ruling(levels.given, NAME, report_id(rival)), NOW)
    assert outcome.result is RulingResult.APPLIED
    assert judged(levels, rival) == (Verdict.ACCEPTED, Reason.NAMED)
    assert judged(levels, first) == (Verdict.EVIDENCE, Reason.SAME_SEQUENCE)


def test_dispute_and_its_end_below_are_repeated_above() -> None:
    levels = Levels()
    levels.lower.admit(*levels.box.open_poll())
    rival = levels.box.forge(K.TURNOUT, accept=1)
    first, later = levels.box.report(K.TURNOUT), levels.box.report(K.TURNOUT)
    levels.lower.admit(first, rival, later)
    levels.carry(levels.lower, limit=1)
    assert judged(levels, later) == (Verdict.HELD, Reason.BOX_DISPUTED)
    levels.lower.intake.rule(ruling(levels.given, NAME, report_id(first)), NOW)
    levels.carry(levels.lower, limit=1)
    assert judged(levels, first) == (Verdict.ACCEPTED, Reason.NAMED)
    assert judged(levels, rival)[0] is Verdict.EVIDENCE
    assert judged(levels, later) == (Verdict.ACCEPTED, Reason.GAP_CLOSED)
    assert levels.centre.ledger.box_head(levels.box.box).disputed == 0
    # Nothing was decided twice: as many leaves above as below.
    assert levels.centre.ledger.log_head().size == levels.lower.ledger.log_head().size


def test_what_one_precinct_waits_for_and_another_one_has_counts_above() -> None:
    levels = Levels()
    messages = [levels.box.report(kind) for kind in (K.BOOT, K.ZERO, K.OPEN)]
    levels.lower.admit(messages[0], messages[2])
    levels.carry(levels.lower)
    levels.other.admit(*messages)
    levels.carry(levels.other)
    # One precinct gateway still waits for a report, but the centre has the whole chain.
    assert levels.lower.row(messages[2]).verdict is Verdict.HELD
    assert judged(levels, messages[2]) == (Verdict.ACCEPTED, Reason.GAP_CLOSED)


def test_a_report_played_to_a_second_precinct_counts_above_as_before() -> None:
    levels = Levels()
    messages = [levels.box.report(kind) for kind in (K.BOOT, K.ZERO, K.OPEN)]
    levels.lower.admit(*messages)
    levels.carry(levels.lower)
    levels.other.admit(messages[2])
    levels.carry(levels.other)
    assert levels.other.row(messages[2]).verdict is Verdict.HELD
    assert judged(levels, messages[2]) == (Verdict.ACCEPTED, Reason.IN_ORDER)


def test_accepted_report_goes_into_quarantine_when_a_second_gateway_quarantines_it() -> None:
    levels = Levels()
    message = levels.box.report(K.BOOT)
    levels.lower.admit(message)
    levels.carry(levels.lower)
    entry = entry_of(message, Verdict.QUARANTINED, Reason.FIRMWARE)
    reply = levels.take(LowerLog(levels.given).batch(entry))
    assert judged(levels, message) == (Verdict.QUARANTINED, Reason.QUARANTINED_BELOW)
    _, leaf = proved(levels.given, reply.receipts[0])
    assert leaf.verdict is Verdict.QUARANTINED
    assert levels.centre.ledger.log_head().size == 2


def test_what_the_centre_quarantines_itself_no_lower_verdict_lifts() -> None:
    levels = Levels()
    message = levels.box.report(K.BOOT, firmware=bytes(32))
    log = LowerLog(levels.given)
    levels.take(log.batch(entry_of(message, Verdict.ACCEPTED, Reason.IN_ORDER)))
    assert judged(levels, message) == (Verdict.QUARANTINED, Reason.FIRMWARE)
    levels.take(log.batch(entry_of(message, Verdict.ACCEPTED, Reason.GAP_CLOSED)))
    assert judged(levels, message) == (Verdict.QUARANTINED, Reason.FIRMWARE)
    assert levels.centre.ledger.log_head().size == 1


def test_release_below_is_verified_and_repeated_above() -> None:
    levels = Levels()
    message = levels.box.report(K.BOOT, firmware=bytes(32))
    levels.lower.admit(message)
    levels.carry(levels.lower)
    levels.lower.intake.rule(ruling(levels.given, RELEASE, report_id(message)), NOW)
    levels.carry(levels.lower)
    assert judged(levels, message) == (Verdict.ACCEPTED, Reason.RELEASED)
    assert levels.centre.row(message).below == b""
    (entry,) = levels.centre.ledger.entries(1, 2)
    assert entry.ruling is not None
    again = levels.other
    again.admit(message)
    levels.carry(again)
    assert judged(levels, message) == (Verdict.ACCEPTED, Reason.RELEASED)
    assert levels.centre.ledger.log_head().size == 2


def test_report_and_its_release_in_one_stretch() -> None:
    levels = Levels()
    message = levels.box.report(K.BOOT, firmware=bytes(32))
    levels.lower.admit(message)
    levels.lower.intake.rule(ruling(levels.given, RELEASE, report_id(message)), NOW)
    levels.carry(levels.lower)
    assert judged(levels, message) == (Verdict.ACCEPTED, Reason.RELEASED)
    assert levels.centre.ledger.log_head().size == 2


def test_release_that_two_officers_did_not_sign_lifts_nothing_above() -> None:
    levels = Levels()
    message = levels.box.report(K.BOOT)
    log = LowerLog(levels.given)
    levels.take(log.batch(entry_of(message, Verdict.QUARANTINED, Reason.FIRMWARE)))
    forged = ruling(levels.given, RELEASE, report_id(message), (0, 0))
    reply = levels.take(log.batch(ruling_entry(forged)))
    assert isinstance(reply, UpwardReply)
    assert judged(levels, message) == (Verdict.QUARANTINED, Reason.QUARANTINED_BELOW)
    true = ruling(levels.given, RELEASE, report_id(message))
    levels.take(log.batch(ruling_entry(true)))
    assert judged(levels, message) == (Verdict.ACCEPTED, Reason.RELEASED)


def ruling_entry(data: bytes) -> UpwardEntry:
    given = decode_ruling(data)
    leaf = Leaf(LeafType.RULING, given.report, Verdict.ACCEPTED, Reason.RELEASED, given.digest, NOW)
    return UpwardEntry(encode_leaf(leaf), None, data)


def _in_order(levels: Levels) -> bytes:
    return levels.box.report(K.BOOT)


def _beyond_a_gap(levels: Levels) -> bytes:
    levels.box.report(K.BOOT)
    return levels.box.report(K.ZERO)


def _closing_a_gap(levels: Levels) -> bytes:
    first, second = levels.box.report(K.BOOT), levels.box.report(K.ZERO)
    levels.centre.admit(second)
    return first


def replace_detail(box: ScriptedBox) -> bytes:
    return ScriptedBox(box.given, box.number).report(K.BOOT, firmware_sequence=2)


def _rival(levels: Levels) -> bytes:
    levels.centre.admit(levels.box.report(K.BOOT))
    return replace_detail(levels.box)


def _after_rivals(levels: Levels) -> bytes:
    levels.centre.admit(_rival(levels))
    return levels.box.report(K.ZERO)


def _bad(levels: Levels) -> bytes:
    return levels.box.report(K.BOOT, firmware=bytes(32))


def _known(levels: Levels) -> bytes:
    message = levels.box.report(K.BOOT)
    levels.centre.admit(message)
    return message


@pytest.mark.parametrize(
    "place", [_in_order, _beyond_a_gap, _closing_a_gap, _rival, _after_rivals, _bad, _known]
)
def test_word_of_the_gateway_that_brings_a_report_is_kept_wherever_it_goes(
    place: Callable[[Levels], bytes],
) -> None:
    levels = Levels()
    message = place(levels)
    entry = entry_of(message, Verdict.QUARANTINED, Reason.FIRMWARE)
    levels.take(LowerLog(levels.given).batch(entry))
    assert levels.centre.row(message).below == origin_id(OTHER) + bytes((Verdict.QUARANTINED,))


def test_that_a_gateway_waits_is_not_kept_and_that_it_waits_now_takes_its_objection_back() -> None:
    levels = Levels()
    message = levels.box.report(K.BOOT)
    log = LowerLog(levels.given)
    levels.take(log.batch(entry_of(message, Verdict.QUARANTINED, Reason.FIRMWARE)))
    levels.take(log.batch(entry_of(message, Verdict.HELD, Reason.GAP_BEFORE)))
    assert levels.centre.row(message).below == b""
    assert judged(levels, message) == (Verdict.ACCEPTED, Reason.IN_ORDER)


def test_officers_at_the_centre_release_what_only_a_lower_gateway_set_aside() -> None:
    levels = Levels()
    message = levels.box.report(K.BOOT)
    entry = entry_of(message, Verdict.QUARANTINED, Reason.FIRMWARE)
    levels.take(LowerLog(levels.given).batch(entry))
    assert judged(levels, message) == (Verdict.QUARANTINED, Reason.QUARANTINED_BELOW)
    levels.centre.intake.rule(ruling(levels.given, RELEASE, report_id(message)), NOW)
    assert judged(levels, message) == (Verdict.ACCEPTED, Reason.RELEASED)


def test_rivals_below_outweigh_a_release_but_not_a_naming() -> None:
    levels = Levels()
    message = levels.box.report(K.BOOT, firmware=bytes(32))
    rival = replace_detail(levels.box)
    log = LowerLog(levels.given)
    levels.take(log.batch(entry_of(message, Verdict.QUARANTINED, Reason.FIRMWARE)))
    levels.centre.intake.rule(ruling(levels.given, RELEASE, report_id(message)), NOW)
    levels.take(log.batch(entry_of(message, Verdict.EVIDENCE, Reason.SAME_SEQUENCE)))
    assert judged(levels, message) == (Verdict.EVIDENCE, Reason.EVIDENCE_BELOW)
    levels.take(log.batch(entry_of(rival, Verdict.EVIDENCE, Reason.SAME_SEQUENCE)))
    levels.centre.intake.rule(ruling(levels.given, NAME, report_id(message)), NOW)
    assert judged(levels, message) == (Verdict.ACCEPTED, Reason.NAMED)
    other = LowerLog(levels.given, ORIGIN)
    levels.take(other.batch(entry_of(message, Verdict.EVIDENCE, Reason.SAME_SEQUENCE)))
    assert judged(levels, message) == (Verdict.ACCEPTED, Reason.NAMED)
