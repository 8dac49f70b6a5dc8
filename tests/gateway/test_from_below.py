"""The centre: what precinct gateways decided, judged again, never more mildly."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ballotbox_gateway.core.intake import Outcome, RulingResult
from ballotbox_gateway.core.ports import Place, Tally
from ballotbox_gateway.core.upward import UpwardBatch, UpwardConflict, UpwardFault, UpwardReply
from ballotbox_protocol.election.identifiers import ElectionDigest
from ballotbox_protocol.election.register import GatewayEntry, Register, origin_id
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind, decode_ruling
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import with_register
from tests.gateway.below import Levels, LowerLog, UpwardEntry, entry_of
from tests.gateway.proofs import proved
from tests.gateway.scripted import (
    CENTRE,
    NOW,
    ORIGIN,
    OTHER,
    ScriptedBox,
    arrivals,
    intake,
    report_id,
    ruling,
)

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


def replace_detail(box: ScriptedBox) -> bytes:
    return ScriptedBox(box.given, box.number).report(K.BOOT, firmware_sequence=2)


def test_stretch_sent_again_gets_its_receipts_again_and_changes_nothing() -> None:
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    while (batch := levels.lower.intake.next_upward(CENTRE, 3)) is not None:
        reply = levels.take(batch)
        assert levels.take(batch) == reply
        last = batch
        levels.lower.intake.upward_receipted(batch, reply, CENTRE, NOW)
    assert levels.centre.ledger.log_head().size == 7
    restarted = intake(levels.given, levels.centre.ledger, CENTRE)
    assert restarted.admit_from_below(last, NOW) == reply


def test_late_copy_of_an_older_stretch_changes_nothing_on_either_side() -> None:
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    gateway, ledger = levels.lower.intake, levels.lower.ledger
    older = gateway.next_upward(CENTRE, 3)
    levels.carry(levels.lower, limit=3)
    conflict = levels.take(older)
    assert conflict == UpwardConflict(7)
    # Even a gateway that listens to an answer so late goes on where it was.
    assert gateway.upward_conflict(conflict, CENTRE) is None
    assert gateway.next_upward(CENTRE, 3) is None
    assert (ledger.delivered(CENTRE), levels.centre.ledger.log_head().size) == (7, 7)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_receipts_that_were_lost_come_with_the_stretch_that_ends_where_the_centre_stands(
    limit: int,
) -> None:
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    gateway, ledger = levels.lower.intake, levels.lower.ledger
    assert isinstance(levels.take(gateway.next_upward(CENTRE, 5)), UpwardReply)
    levels.carry(levels.lower, limit)
    assert ledger.delivered(CENTRE) == 7
    assert all(ledger.upper_receipt(CENTRE, at) for at in range(7))


def test_stretch_that_cannot_reach_where_the_centre_stands_gets_its_receipts_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("from_below", "delivery"):
        monkeypatch.setattr(f"ballotbox_gateway.core.{module}.ENTRIES_MAX", 3)
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    for first in (0, 3):
        assert isinstance(levels.take(replace_stretch(levels, first, first + 3)), UpwardReply)
    replies = levels.carry(levels.lower)
    assert [len(reply.receipts) for reply in replies] == [3, 3, 1]


def test_fork_of_the_length_that_was_taken_in_is_refused() -> None:
    levels = Levels()
    message = levels.box.report(K.BOOT)
    log = LowerLog(levels.given)
    levels.take(log.batch(entry_of(message, Verdict.ACCEPTED, Reason.IN_ORDER)))
    fork = LowerLog(levels.given)
    other = fork.batch(entry_of(message, Verdict.QUARANTINED, Reason.HELD_AHEAD))
    fault = levels.take(other)
    problem = "its root is not that of the leaves taken in so far"
    fix = "stop: the lower log was replaced or changed; compare it with this gateway's copy"
    assert fault == UpwardFault("checkpoint", problem, fix, proof=(log.note(), other.checkpoint))
    assert fault.to_json().keys() == {"error", "field", "fix"}


def test_stretch_that_does_not_start_where_the_centre_stands_names_where_it_does() -> None:
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    first = levels.lower.intake.next_upward(CENTRE, 2)
    log = levels.lower.ledger
    assert isinstance(levels.take(first), UpwardReply)
    later = replace_stretch(levels, 3, 5)
    assert levels.take(later) == UpwardConflict(2)
    overlapping = replace_stretch(levels, 0, 5)
    assert levels.take(overlapping) == UpwardConflict(2)
    assert isinstance(levels.take(replace_stretch(levels, 2, log.log_head().size)), UpwardReply)


def replace_stretch(levels: Levels, first: int, stop: int) -> UpwardBatch:
    entries = tuple(
        UpwardEntry(entry.leaf, entry.report, entry.ruling)
        for entry in levels.lower.ledger.entries(first, stop)
    )
    note = levels.lower.intake._books.log.note_at(stop)
    return UpwardBatch(ORIGIN, first, entries, note)


def test_lower_log_that_was_changed_behind_is_not_taken() -> None:
    levels = Levels()
    message = levels.box.report(K.BOOT)
    levels.take(LowerLog(levels.given).batch(entry_of(message, Verdict.ACCEPTED, Reason.IN_ORDER)))
    other = LowerLog(levels.given)
    other.batch(entry_of(message, Verdict.HELD, Reason.GAP_BEFORE))
    fault = levels.take(
        other.batch(entry_of(levels.box.report(K.ZERO), Verdict.ACCEPTED, Reason.IN_ORDER))
    )
    assert isinstance(fault, UpwardFault)
    assert (fault.field, fault.retry) == ("checkpoint", False)
    assert "root does not follow" in fault.problem


def test_taken_stretch_with_another_content_is_answered_from_what_was_taken() -> None:
    levels = Levels()
    messages = [levels.box.report(kind) for kind in (K.BOOT, K.ZERO)]
    taken = LowerLog(levels.given).batch(entry_of(messages[0], Verdict.ACCEPTED, Reason.IN_ORDER))
    levels.take(taken)
    unknown = entry_of(messages[1], Verdict.ACCEPTED, Reason.IN_ORDER)
    nothing = "decides on a report that no earlier leaf brought"
    fault = UpwardFault("entries[0].leaf", nothing, AS_STORED)
    assert levels.take(replace(taken, entries=(unknown,))) == fault
    broken = replace(taken, entries=(UpwardEntry(b"\x00", messages[1], None),))
    no_leaf = "leaf: must be an array of 7 items"
    assert levels.take(broken) == UpwardFault("entries[0].leaf", no_leaf, AS_STORED)


def faulty(levels: Levels) -> dict[str, UpwardBatch]:
    box, key = levels.box, levels.box.key
    good, ordinary = box.report(K.BOOT), (Verdict.ACCEPTED, Reason.IN_ORDER)
    entry = entry_of(good, *ordinary)
    zero = entry_of(box.report(K.ZERO), *ordinary)
    body = cose.sign(key.public, key.sign, MessageType.REPORT, b"\xa0")
    release = ruling(levels.given, RELEASE, report_id(good))
    other_release = ruling(levels.given, NAME, report_id(good))
    whole = LowerLog(levels.given).batch(entry)

    def only(entry: UpwardEntry) -> UpwardBatch:
        return LowerLog(levels.given).batch(entry)

    rule = ruling_entry(release)
    return {
        "origin: own": replace(whole, origin=CENTRE),
        "origin: unknown": replace(whole, origin="example.org/nobody"),
        "checkpoint: of another log": replace(whole, origin=ORIGIN),
        "checkpoint: no note": replace(whole, checkpoint=b"hello"),
        "checkpoint: size": replace(whole, entries=(entry, entry)),
        "checkpoint: root": replace(whole, entries=(zero,)),
        "entries[0].leaf: no leaf": only(replace(entry, leaf=b"\x80")),
        "entries[0].leaf: nothing to rule": only(rule),
        "entries[0].report: missing": only(replace(entry, report=None)),
        "entries[0].report: with a ruling": only(replace(entry, ruling=release)),
        "entries[0].report: unauthentic": only(replace(entry, report=good[:-1] + b"\x00")),
        "entries[0].report: no report": only(entry_of(body, *ordinary)),
        "entries[0].report: another": only(replace(entry, report=zero.report)),
        "entries[0].ruling: missing": only(replace(rule, ruling=None)),
        "entries[0].ruling: with a report": only(replace(rule, report=good)),
        "entries[0].ruling: no ruling": only(replace(rule, ruling=b"\x80")),
        "entries[0].ruling: another": only(replace(rule, ruling=other_release)),
    }


AS_STORED = "send the leaf and what it commits to as the log stores them"
REGISTER = "enter the gateway in the register, or give this gateway the newer register"
KEY = "sign it with the key that the register lists"
#: Per case: what is wrong with the field, and the way out.
TOLD = {
    "origin: own": ("is no other gateway of the register in use", REGISTER),
    "origin: unknown": ("is no other gateway of the register in use", REGISTER),
    "checkpoint: of another log": (f"is not signed by the log {ORIGIN}: OTHER_ORIGIN", KEY),
    "checkpoint: no note": (f"is not signed by the log {OTHER}: NOT_A_NOTE", KEY),
    "checkpoint: size": (
        "has size 1, but the entries end at 2",
        "send the checkpoint that ends with the batch",
    ),
    "checkpoint: root": (
        "its root does not follow from the leaves taken in so far and those sent",
        "stop: the lower log was replaced or changed; compare it with this gateway's copy",
    ),
    "entries[0].leaf: no leaf": ("leaf: must be an array of 7 items", AS_STORED),
    "entries[0].leaf: nothing to rule": (
        "decides on a report that no earlier leaf brought",
        AS_STORED,
    ),
    "entries[0].report: missing": ("must stand beside a report leaf, alone", AS_STORED),
    "entries[0].report: with a ruling": ("must stand beside a report leaf, alone", AS_STORED),
    "entries[0].report: unauthentic": ("cannot be taken: SIGNATURE", AS_STORED),
    "entries[0].report: no report": ("cannot be taken: BODY", AS_STORED),
    "entries[0].report: another": ("is another report than the leaf decides on", AS_STORED),
    "entries[0].ruling: missing": ("must stand beside a ruling leaf, alone", AS_STORED),
    "entries[0].ruling: with a report": ("must stand beside a ruling leaf, alone", AS_STORED),
    "entries[0].ruling: no ruling": (
        "ruling: must be an array of a byte string, an integer, a byte string, an array",
        AS_STORED,
    ),
    "entries[0].ruling: another": ("is another ruling than the leaf commits to", AS_STORED),
}


@pytest.mark.parametrize("case", faulty(Levels()))
def test_faulty_stretch_is_refused_whole_and_names_field_and_way_out(case: str) -> None:
    levels = Levels()
    field, problem, fix = case.partition(": ")[0], *TOLD[case]
    # Only a newer register may make a sender welcome that is not now.
    fault = UpwardFault(field, problem, fix, retry=field == "origin")
    assert levels.take(faulty(levels)[case]) == fault
    assert levels.centre.ledger.log_head().size == 0
    assert levels.centre.ledger.lower_log(OTHER) is None


def test_a_report_of_another_election_in_a_lower_log_is_refused_and_kept() -> None:
    """A gateway below signed for it, and its box as well: both have to answer for it."""
    levels = Levels()
    elsewhere = levels.box.forge(K.BOOT, election=ElectionDigest(b"\x02" * 32))
    batch = LowerLog(levels.given).batch(entry_of(elsewhere, Verdict.ACCEPTED, Reason.IN_ORDER))
    ledger = levels.centre.ledger
    for _ in range(2):
        fault = levels.take(batch)
        assert (fault.field, fault.problem) == (
            "entries[0].report",
            "cannot be taken: OTHER_ELECTION",
        )
        assert (ledger.log_head().size, ledger.lower_log(OTHER)) == (0, None)
        kept = ledger.refusal(report_id(elsewhere))
        assert (kept.reason, kept.data) == (Reason.OTHER_ELECTION, elsewhere)
        assert ledger.counts()[Tally.REFUSED, Reason.OTHER_ELECTION] == 1


def test_gateway_that_the_register_knows_by_another_key_is_not_believed() -> None:
    levels = Levels()
    register = levels.given.trusted.register
    gateways = tuple(
        GatewayEntry(each.origin, PrivateKey.from_seed(bytes(32)).public)
        if each.origin == ORIGIN
        else each
        for each in register.gateways
    )
    newer = Register(register.election, 2, register.boxes, gateways, register.officers)
    levels.centre.intake.replace_register(with_register(levels.given, newer).trusted)
    levels.lower.admit(levels.box.report(K.BOOT))
    fault = levels.take(levels.lower.intake.next_upward(CENTRE, 9))
    assert (fault.field, fault.problem.rpartition(" ")[2]) == ("checkpoint", "NOT_SIGNED")


def test_report_that_came_first_by_a_box_is_known_when_it_comes_from_below() -> None:
    levels = Levels()
    messages = levels.box.open_poll()
    direct = levels.centre.intake.admit(arrivals(*messages), NOW).answers
    levels.lower.admit(*messages)
    (reply,) = levels.carry(levels.lower)
    assert list(reply.receipts) == [each.message.payload for each in direct]
    assert levels.centre.row(messages[0]).place is Place.CHAIN


class Overtaken:
    """A ledger at which another writer takes the same stretch just before the commit."""

    def __init__(self, levels: Levels, batch: UpwardBatch) -> None:
        self._levels = levels
        self._batch: UpwardBatch | None = batch

    def commit(self, *args: object) -> None:
        batch, self._batch = self._batch, None
        if batch is not None:
            assert isinstance(self._levels.take(batch), UpwardReply)
        self._levels.centre.ledger.commit(*args)

    def __getattr__(self, name: str) -> object:
        return getattr(self._levels.centre.ledger, name)


def test_stretch_that_another_writer_took_meanwhile_is_a_conflict() -> None:
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    batch = levels.lower.intake.next_upward(CENTRE, 5)
    late = intake(levels.given, Overtaken(levels, batch), CENTRE)
    assert late.admit_from_below(batch, NOW) == UpwardConflict(5)
    assert late.admit_from_below(batch, NOW) == levels.take(batch)
    assert levels.centre.ledger.log_head().size == 5
