"""Does the panel do exactly what it is asked, say it by names that stay, and refuse the rest?"""

import json

import pytest

from ballotbox_device.core.habits import DropTimeout, Habits, SecondChance
from ballotbox_device.core.poll import Action
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.signals import MEANINGS, Signal
from ballotbox_device.host.keys import new_key, store_key
from ballotbox_device.host.panel_input import WORDS
from ballotbox_protocol.election.definition import Handling, MarkPolicy
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import decode_report
from tests.device.host.box_on_a_road import authority
from tests.device.host.box_process import find, tokens
from tests.device.host.panel_box import FIRST, Box, ready


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path)


@pytest.fixture
def opened(box):
    box.act("print_zero", "open")
    return box


@pytest.fixture
def asking(tmp_path):
    """A box that asks its voters and has a law that has much to ask."""
    policy = MarkPolicy(blank=Handling.SECOND_CHANCE, marginal=Handling.RETURN, stamp=True)
    habits = Habits(second_chance=SecondChance.ASK_VOTER, drop_timeout=DropTimeout.EJECT)
    box = Box(tmp_path, policy, habits)
    box.act("print_zero", "open")
    return box


def test_every_word_of_the_panel():
    assert WORDS == (
        "print_zero", "open", "pause", "resume", "close", "reopen", "admit_portable",
        "end_portable", "finish", "seal", "insert", "voter_decided", "dropped", "failed",
        "uncertain", "drop_joined", "answer", "sensed", "container_changed", "turnout", "correct",
         "reprint", "consent", "clear", "rotate_key", "switch_off",
    )  # fmt: skip


def test_every_action_of_the_poll_is_a_word():
    assert {action.name.lower() for action in Action} < set(WORDS)


def test_a_sheet_from_the_insertion_to_the_public_counter(opened):
    assert opened.do(do="insert", **FIRST) == [
        {"says": "drop_sheet"},
        ready("open", ["pause", "close"], pending=1),
    ]
    assert opened.do(do="dropped") == [
        {"says": "sheet_accepted", "accepted": 1},
        ready("open", ["pause", "close"], accepted=1),
    ]


def test_a_sheet_given_back_says_why(opened):
    said = opened.do(do="insert", **FIRST, readable=False)
    assert said[0] == {"says": "sheet_returned", "reason": "unreadable"}


def test_a_sheet_that_did_not_fall(opened):
    opened.do(do="insert", **FIRST)
    said = opened.do(do="failed")
    assert said[0] == {"says": "sheet_returned", "reason": "not_dropped"}
    assert find(said, "report")["incident"] == {"code": "sheet_jammed", "detail": 1}


@pytest.mark.parametrize(("dropped", "accepted"), [(True, 1), (False, 0)])
def test_a_person_answers_where_the_sensor_cannot(opened, dropped, accepted):
    opened.do(do="insert", **FIRST)
    assert find(opened.do(do="uncertain"), "ask_dropped") == {"says": "ask_dropped"}
    said = opened.do(do="answer", dropped=dropped)
    assert said[-1]["accepted"] == accepted
    assert said[-1]["pending"] == 0


def test_what_two_officers_must_sign_is_said_with_its_type_and_role(box):
    box.do(do="print_zero")
    needed = find(box.do(do="open"), "consent_needed")
    assert needed["type"] == "consent"
    assert needed["role"] == "poll"
    assert decode_report(bytes.fromhex(needed["payload"])).kind.name == "OPEN"


def test_a_signature_by_one_officer_is_refused(box):
    box.do(do="print_zero")
    needed = find(box.do(do="open"), "consent_needed")
    one, _ = tokens(authority(), needed)
    said = box.do(do="consent", signatures=[one])
    assert said[0] == {
        "says": "refused", "why": "not_two_officers", "state": "zero", "allowed": ["open"],
    }  # fmt: skip


def test_a_report_is_said_with_its_numbers_and_its_signed_bytes(opened):
    opened.feed()
    said = find(opened.do(do="turnout"), "report")
    envelope = cose.parse(bytes.fromhex(said["data"]))
    assert said["kind"] == "turnout"
    assert said["id"] == cose.statement_id(envelope.statement).hex()
    assert said["counters"]["accepted"] == 1
    assert decode_report(envelope.payload).debug
    assert set(said) == {"says", "kind", "sequence", "id", "state", "counters", "data"}


def test_votes_are_said_at_final_and_not_before(opened):
    opened.feed()
    opened.feed()
    before = opened.act("close")
    assert "votes" not in json.dumps(before)
    final = find(opened.act("finish"), "report")
    layout = ElectionRules.of(authority().trusted).layout
    assert layout.read(final["votes"], 0).votes[0] == 2


def test_a_correction_and_a_copy(opened):
    opened.feed()
    final = find(opened.act("close", "finish"), "report")
    votes = final["votes"]
    votes[4], votes[5] = votes[5], votes[4]
    needed = find(opened.do(do="correct", votes=votes), "consent_needed")
    assert needed["role"] == "elevated"
    said = opened.do(do="consent", signatures=tokens(authority(), needed))
    corrected = find(said, "report")
    assert corrected["votes"] == votes
    for number in (2, 3):
        needed = find(opened.do(do="reprint", sequence=corrected["sequence"]), "consent_needed")
        assert (needed["type"], needed["role"]) == ("reprint", "poll")
        said = opened.do(do="consent", signatures=tokens(authority(), needed))
        assert find(said, "copy") == corrected | {"says": "copy", "copy": number}


def test_a_voter_is_asked_and_decides(asking):
    held = {"says": "ask_voter", "reason": "blank"}
    blank = FIRST | {"marks": [[], []]}
    assert asking.do(do="insert", **blank)[0] == held
    assert asking.do(do="voter_decided", insists=False) == [
        {"says": "sheet_returned", "reason": "voter_wants_it_back"},
        ready("open", ["pause", "close"]),
    ]
    assert asking.do(do="insert", **blank)[0] == held
    assert asking.do(do="voter_decided", insists=True)[0] == {"says": "drop_sheet"}
    refused, _ = asking.do(do="voter_decided", insists=True)
    assert refused["why"] == "no_voter_asked"


def test_a_sheet_that_may_have_stuck_is_run_back(asking):
    asking.do(do="insert", **FIRST)
    assert asking.do(do="uncertain")[0] == {"says": "eject_sheet"}


@pytest.mark.parametrize(
    ("flags", "reason"),
    [({"stamped": False}, "no_stamp"), ({"marginal": True}, "marginal")],
)
def test_what_the_reader_saw_beside_the_marks_reaches_the_box(asking, flags, reason):
    assert asking.do(do="insert", **FIRST, **flags)[0] == {
        "says": "sheet_returned", "reason": reason,
    }  # fmt: skip


def test_two_sheets_that_fell_together_are_told_and_asked_about(opened):
    opened.do(do="insert", **FIRST)
    said = opened.do(do="drop_joined")
    assert find(said, "report")["incident"] == {"code": "sheets_joined", "detail": 1}
    assert find(said, "ask_dropped")


def test_every_signal_is_a_word_of_the_panel(opened):
    for signal in Signal:
        said = opened.do(do="sensed", signal=signal.name.lower())
        code = MEANINGS[signal].code
        told = find(said, "report")
        assert (told and told["incident"]["code"]) == (code and code.name.lower())
        if MEANINGS[signal].in_order:
            continue
        opened.do(do="sensed", signal=next(
            each.name.lower() for each in Signal
            if MEANINGS[each].part is MEANINGS[signal].part and MEANINGS[each].in_order
        ))  # fmt: skip


def test_a_changed_container_is_told(opened):
    opened.feed()
    report = find(opened.do(do="container_changed"), "report")
    assert report["incident"] == {"code": "container_changed", "detail": 1}


def test_a_box_is_cleared_by_two_officers_and_then_over(opened):
    opened.act("close", "finish", "seal")
    needed = find(opened.do(do="clear"), "consent_needed")
    assert needed["type"] == "clearance"
    said = opened.do(do="consent", signatures=tokens(authority(), needed))
    assert said == [{"says": "cleared"}]
    assert opened.panel.is_over


def test_a_key_that_is_registered_for_the_next_epoch_takes_over(box, tmp_path):
    store_key(tmp_path, box.second)
    needed = find(box.do(do="rotate_key"), "consent_needed")
    assert decode_report(bytes.fromhex(needed["payload"])).new_key.key == box.second.public
    said = box.do(do="consent", signatures=tokens(authority(), needed))
    assert find(said, "report")["kind"] == "key_rotation"
    zero = find(box.do(do="print_zero"), "report")
    envelope = cose.parse(bytes.fromhex(zero["data"]))
    assert cose.verify(envelope.statement, envelope.signature, box.second.public)
    error, _ = box.do(do="rotate_key")
    assert "no key of epoch 3" in error["problem"]


def test_without_a_stored_and_registered_key_there_is_no_rotation(box, tmp_path):
    store_key(tmp_path, new_key())
    error, after = box.do(do="rotate_key")
    assert error["says"] == "error"
    assert "no key of epoch 2" in error["problem"]
    assert "ballotbox-device new-key" in error["problem"]
    assert after == ready("setup", ["print_zero"])


def test_switched_off_it_says_nothing_more(box):
    assert box.do(do="switch_off") == []
    assert box.panel.is_over


def test_an_empty_final_line_says_what_may_be_done(box):
    assert box.do(do="open") == [
        {"says": "refused", "why": "not_in_this_state", "state": "setup",
         "allowed": ["print_zero"]},
        ready("setup", ["print_zero"]),
    ]  # fmt: skip
