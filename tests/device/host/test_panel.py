"""Does the panel do exactly what it is asked, say it by names that stay, and refuse the rest?"""

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.core.device import Device
from ballotbox_device.core.habits import PLAIN, DropTimeout, Habits, SecondChance
from ballotbox_device.core.identity import Firmware, Identity
from ballotbox_device.core.poll import Action
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.signals import MEANINGS, Signal
from ballotbox_device.host.keys import new_key, store_key
from ballotbox_device.host.line_fields import LINE_MAX
from ballotbox_device.host.panel import Panel
from ballotbox_device.host.panel_input import WORDS, parse_line
from ballotbox_device.host.panel_output import line_of
from ballotbox_device.host.system import SystemEntropy
from ballotbox_protocol.election.definition import Handling, MarkPolicy
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import decode_report
from ballotbox_simulator.authority import FIRMWARE, with_register
from ballotbox_simulator.disk import BoxDisk
from tests.device.host.box_on_a_road import authority, instant
from tests.device.host.box_process import find, tokens

ELECTION = authority().trusted.election
FIRST = {"style": "HOME", "sheet": 0, "marks": [[0], [1]]}


class Box:
    """A box in memory behind a panel."""

    def __init__(self, keys, policy=None, habits=PLAIN):
        # A second key is registered beside the one that signs, as `new-key` has it prepared.
        self.second = new_key()
        register = authority().trusted.register
        entry = replace(register.boxes[0], key=self.second.public, epoch=2)
        boxes = (*register.boxes, entry)
        vested = with_register(authority(), replace(register, boxes=boxes))
        box = vested.boxes[0]
        self.disk = BoxDisk()
        identity = Identity(box, vested.box_keys[box], Firmware(FIRMWARE, 1), debug=True)
        rules = ElectionRules.of(vested.trusted)
        if policy is not None:
            election = replace(vested.trusted.election, policy=policy)
            rules = replace(rules, trusted=replace(vested.trusted, election=election))
        self.device = Device(identity, rules, self.disk.memory, SystemEntropy(), habits)
        self.panel = Panel(self.device, vested.trusted, keys)
        self.panel.told(self.device.start(instant()))

    def send(self, line):
        said = self.panel.line(line, instant())
        # What is said must survive the wire to the panel.
        return [json.loads(line_of(each)) for each in said]

    def do(self, **fields):
        return self.send(json.dumps(fields).encode())

    def act(self, *words):
        for word in words:
            said = self.do(do=word)
            if needed := find(said, "consent_needed"):
                said = self.do(do="consent", signatures=tokens(authority(), needed))
        return said

    def feed(self, **sheet):
        self.do(do="insert", **(FIRST | sheet))
        return self.do(do="dropped")


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


def ready(state, allowed, accepted=0, pending=0):
    return {
        "says": "ready", "state": state, "allowed": allowed,
        "accepted": accepted, "pending": pending,
    }  # fmt: skip


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


WRONG = [
    (b"", "line"),
    (b"open", "line"),
    (b"\xff\xfe", "line"),
    (b'"open"', "line"),
    (b"[1]", "line"),
    (b'{"do":"open"} {"do":"open"}', "line"),
    (b'{"do":"open","do":"close"}', "line"),
    (b'{"do":"reprint","sequence":NaN}', "line"),
    (b'{"do":"reprint","sequence":' + b"1" * 5_000 + b"}", "line"),
    (b"[" * 60_000, "line"),
    (b" " * (LINE_MAX + 1), "line"),
    ({}, "do"),
    ({"do": 1}, "do"),
    ({"do": "vote"}, "do"),
    ({"do": "open", "now": True}, "now"),
    ({"do": "insert"} | FIRST | {"style": None}, "style"),
    ({"do": "insert", "sheet": 0, "marks": []}, "style"),
    ({"do": "insert"} | FIRST | {"style": "VILLAGE"}, "style"),
    ({"do": "insert"} | FIRST | {"style": True}, "style"),
    ({"do": "insert", "style": 0, "marks": []}, "sheet"),
    ({"do": "insert"} | FIRST | {"sheet": "first"}, "sheet"),
    ({"do": "insert"} | FIRST | {"sheet": False}, "sheet"),
    ({"do": "insert", "style": 0, "sheet": 0}, "marks"),
    ({"do": "insert"} | FIRST | {"marks": {}}, "marks"),
    ({"do": "insert"} | FIRST | {"marks": [[0], 1]}, "marks[1]"),
    ({"do": "insert"} | FIRST | {"marks": [[0], ["A"]]}, "marks[1]"),
    ({"do": "insert"} | FIRST | {"marks": [[True], []]}, "marks[0]"),
    ({"do": "insert"} | FIRST | {"marks": [[0, 0], []]}, "marks[0]"),
    ({"do": "insert"} | FIRST | {"preferences": [[]]}, "preferences"),
    ({"do": "insert"} | FIRST | {"preferences": [[[0]], []]}, "preferences[0]"),
    ({"do": "insert"} | FIRST | {"preferences": [[], [[0, 0], [0, 0]]]}, "preferences[1]"),
    ({"do": "insert"} | FIRST | {"preferences": [[], [[0, True]]]}, "preferences[1]"),
    ({"do": "insert"} | FIRST | {"portable": 1}, "portable"),
    ({"do": "insert"} | FIRST | {"readable": "yes"}, "readable"),
    ({"do": "insert"} | FIRST | {"confirmed": None}, "confirmed"),
    ({"do": "insert"} | FIRST | {"voter": "A"}, "voter"),
    ({"do": "insert"} | FIRST | {"stamped": 1}, "stamped"),
    ({"do": "insert"} | FIRST | {"marginal": "no"}, "marginal"),
    ({"do": "voter_decided"}, "insists"),
    ({"do": "voter_decided", "insists": 1}, "insists"),
    ({"do": "sensed"}, "signal"),
    ({"do": "sensed", "signal": "rain"}, "signal"),
    ({"do": "sensed", "signal": 1}, "signal"),
    ({"do": "drop_joined", "sheets": 2}, "sheets"),
    ({"do": "answer"}, "dropped"),
    ({"do": "answer", "dropped": 1}, "dropped"),
    ({"do": "correct"}, "votes"),
    ({"do": "correct", "votes": [1, 1.5]}, "votes"),
    ({"do": "correct", "votes": [True]}, "votes"),
    ({"do": "reprint"}, "sequence"),
    ({"do": "reprint", "sequence": "1"}, "sequence"),
    ({"do": "consent"}, "signatures"),
    ({"do": "consent", "signatures": []}, "signatures"),
    ({"do": "consent", "signatures": ["00:00"] * 9}, "signatures"),
    ({"do": "consent", "signatures": ["00:00"]}, "signatures[0]"),
    ({"do": "consent", "signatures": [7]}, "signatures[0]"),
    ({"do": "consent", "signatures": ["zz" * 8 + ":" + "00" * 64]}, "signatures[0]"),
    ({"do": "consent", "signatures": ["00" * 8 + ":" + "00" * 64, "x"]}, "signatures[1]"),
]


@pytest.mark.parametrize(("line", "field"), WRONG)
def test_a_malformed_line_is_named_and_changes_nothing(opened, line, field):
    before = opened.disk.journal.read(), opened.disk.slots.read()
    data = line if isinstance(line, bytes) else json.dumps(line).encode()
    error, after = opened.send(data)
    assert error["says"] == "error"
    assert error["field"] == field
    assert error["problem"]
    assert after == ready("open", ["pause", "close"])
    assert (opened.disk.journal.read(), opened.disk.slots.read()) == before


def test_an_error_never_repeats_what_a_voter_marked(opened):
    line = json.dumps({"do": "insert", "style": "HOME", "sheet": 0, "marks": [[31_337], ["x"]]})
    assert "31337" not in json.dumps(opened.send(line.encode()))


def test_marks_that_no_paper_has_are_the_scanners_fault(opened):
    for sheet in ({"marks": [[99], []]}, {"marks": [[0]]}, {"marks": [[-1], []]}):
        said = opened.do(do="insert", **(FIRST | sheet))
        assert said[0] == {"says": "sheet_returned", "reason": "unreadable"}
    said = opened.do(do="insert", **(FIRST | {"style": 99}))
    assert said[0] == {"says": "sheet_returned", "reason": "unknown_style"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELDS = ("style", "sheet", "marks", "preferences", "portable", "readable", "confirmed", "dropped",
          "stamped", "marginal", "insists", "signal",
          "votes", "sequence", "signatures", "other")  # fmt: skip
lines = st.one_of(
    st.binary(max_size=60),
    json_values.map(json.dumps).map(str.encode),
    st.fixed_dictionaries(
        {"do": st.sampled_from(WORDS)},
        optional=dict.fromkeys(FIELDS, json_values),
    )
    .map(json.dumps)
    .map(str.encode),
)


@given(lines)
def test_any_line_is_either_understood_or_refused(line):
    with suppress(InvalidField):
        parse_line(line, ELECTION)
