"""Is each sheet judged as the definition says, and each mark kept as it was read?"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.core import interpret
from ballotbox_device.core.poll import Action, Intake
from ballotbox_device.core.sheet import ReturnReason, Sheet
from ballotbox_device.core.slot_format import SlotCondition, SlotFormat
from ballotbox_protocol.election.definition import Handling, MarkPolicy, Precinct
from ballotbox_protocol.election.tally import Marks
from tests.device.polling_place import (
    AWAY,
    BLANK,
    HOME_1,
    HOME_2,
    OVERVOTED,
    UNREADABLE,
    PollingPlace,
    authority,
    marks,
    rules,
)
from tests.strategies import elections

ELECTION = authority().trusted.election
PRECINCT = Precinct(1, "Here", 30, (0,))
EVERYWHERE = Precinct(2, "Embassy", 30, (0, 1))
LENIENT = MarkPolicy()
STRICT = MarkPolicy(overvoted=Handling.SECOND_CHANCE, blank=Handling.SECOND_CHANCE)


def judge(sheet, policy=LENIENT, precinct=EVERYWHERE, intake=Intake.VOTERS, *, confirmed=False):
    election = replace(ELECTION, policy=policy)
    judged = interpret.judge(sheet, election, precinct, intake)
    return None if judged is None or (judged.may_insist and confirmed) else judged.reason


def home(first, second):
    return Sheet(0, 0, (first, second))


@pytest.mark.parametrize("sheet", [HOME_1, HOME_2, AWAY, OVERVOTED, BLANK])
def test_by_default_every_legible_sheet_is_taken(sheet):
    assert judge(sheet) is None


MISFITS = [
    (Sheet(2, 0, ()), ReturnReason.UNKNOWN_STYLE),
    (Sheet(-1, 0, ()), ReturnReason.UNKNOWN_STYLE),
    (Sheet(0, 2, ()), ReturnReason.UNKNOWN_SHEET),
    (Sheet(0, -1, (marks(0),)), ReturnReason.UNKNOWN_SHEET),
    (UNREADABLE, ReturnReason.UNREADABLE),
    (Sheet(0, 0, (marks(0),)), ReturnReason.UNREADABLE),
    (home(marks(3), marks(0)), ReturnReason.UNREADABLE),
    (home(marks(0), marks(-1)), ReturnReason.UNREADABLE),
    (home(marks(0, prefer=((0, 2),)), marks(0)), ReturnReason.UNREADABLE),
    (home(marks(0, prefer=((0, -1),)), marks(0)), ReturnReason.UNREADABLE),
    (home(marks(0, prefer=((3, 0),)), marks(0)), ReturnReason.UNREADABLE),
    (home(marks(0, prefer=((-1, 0),)), marks(0)), ReturnReason.UNREADABLE),
]


@pytest.mark.parametrize(("sheet", "reason"), MISFITS)
@pytest.mark.parametrize("confirmed", [False, True])
def test_what_does_not_fit_goes_back_even_if_the_voter_insists(sheet, reason, confirmed):
    assert judge(sheet, confirmed=confirmed) is reason


def test_a_sheet_of_another_precinct_goes_back():
    assert judge(AWAY, precinct=PRECINCT) is ReturnReason.OTHER_PRECINCT
    assert judge(HOME_1, precinct=PRECINCT) is None


SECOND_CHANCES = [
    (OVERVOTED, STRICT, ReturnReason.OVERVOTED),
    (home(marks(0), marks(0, 1)), STRICT, ReturnReason.OVERVOTED),
    (BLANK, STRICT, ReturnReason.BLANK),
    (home(marks(), marks()), STRICT, ReturnReason.BLANK),
    (home(marks(), marks(1)), STRICT, None),
    (Sheet(0, 1, (marks(0, 1),)), STRICT, None),
    (Sheet(0, 1, (marks(0, 1, 2),)), STRICT, ReturnReason.OVERVOTED),
    (OVERVOTED, MarkPolicy(blank=Handling.SECOND_CHANCE), None),
    (BLANK, MarkPolicy(overvoted=Handling.SECOND_CHANCE), None),
]


@pytest.mark.parametrize(("sheet", "policy", "reason"), SECOND_CHANCES)
def test_the_second_chance_is_given_once(sheet, policy, reason):
    assert judge(sheet, policy) is reason
    assert judge(sheet, policy, confirmed=True) is None


@st.composite
def sheets_of(draw, election):
    style = draw(st.integers(0, len(election.styles) - 1))
    number = draw(st.integers(0, len(election.styles[style].sheets) - 1))
    contests = [election.contests[index] for index in election.styles[style].sheets[number]]
    return Sheet(style, number, tuple(draw(marks_of(contest)) for contest in contests))


@st.composite
def marks_of(draw, contest):
    options = st.integers(0, len(contest.options) - 1)
    candidates = [
        (option, candidate)
        for option, each in enumerate(contest.options)
        for candidate in range(each.preferences)
    ]
    preferences = st.frozensets(st.sampled_from(candidates)) if candidates else st.just(frozenset())
    return Marks(draw(st.frozensets(options)), draw(preferences))


@given(st.data())
def test_a_slot_gives_back_what_the_sheet_said(data):
    election = data.draw(elections())
    slots = SlotFormat(election)
    sheet = data.draw(sheets_of(election))
    slot = slots.encode(sheet)
    assert len(slot) == slots.size
    assert slots.condition(slot) is SlotCondition.RESERVED
    counted = b"\xff" + slot[1:]
    assert slots.condition(counted) is SlotCondition.COUNTED
    contests = election.styles[sheet.style].sheets[sheet.number]
    assert list(slots.marks(counted)) == list(zip(contests, sheet.marks, strict=True))
    assert slots.is_first_sheet(slot) == (sheet.number == 0)


@given(st.data())
def test_any_flipped_bit_of_a_counted_slot_is_noticed(data):
    slots = rules().slots
    counted = bytearray(b"\xff" + slots.encode(data.draw(sheets_of(ELECTION)))[1:])
    bit = data.draw(st.integers(0, 8 * slots.size - 1))
    counted[bit // 8] ^= 1 << bit % 8
    condition = slots.condition(bytes(counted))
    assert condition in {SlotCondition.ROTTEN, SlotCondition.HALF_MARKED}
    assert condition is SlotCondition.ROTTEN or bit in range(4, 8)


STATES = [
    *((state, SlotCondition.TORN) for state in range(1, 0x0F)),
    (0x00, SlotCondition.TORN),
    (0x0F, SlotCondition.RESERVED),
    *((state, SlotCondition.HALF_MARKED) for state in range(0x1F, 0xFF, 0x10)),
    (0xFF, SlotCondition.COUNTED),
    *((state, SlotCondition.ROTTEN) for state in range(0x10, 0xFF) if state & 0x0F != 0x0F),
]


@pytest.mark.parametrize(("state", "condition"), STATES)
def test_every_state_byte_before_whole_choices(state, condition):
    slots = rules().slots
    slot = slots.encode(HOME_1)
    assert slots.condition(bytes((state,)) + slot[1:]) is condition


def test_all_256_state_bytes_are_decided():
    assert sorted(state for state, _ in STATES) == list(range(256))


@pytest.mark.parametrize("state", range(256))
def test_a_damaged_slot_never_counts(state):
    slots = rules().slots
    slot = bytearray(slots.encode(HOME_1))
    slot[0] = state
    slot[-1] ^= 1
    condition = slots.condition(bytes(slot))
    assert condition in {SlotCondition.TORN, SlotCondition.ROTTEN}
    assert (condition is SlotCondition.TORN) == (state <= 0x0F)


def test_a_slot_of_a_sheet_that_does_not_exist_never_counts():
    slots = rules().slots
    precincts = (Precinct(1, "Here", 30, (0,)),)
    election = replace(ELECTION, styles=ELECTION.styles[:1], precincts=precincts)
    counted = b"\xff" + slots.encode(AWAY)[1:]
    assert slots.condition(counted) is SlotCondition.COUNTED
    assert SlotFormat(election).condition(counted) is SlotCondition.ROTTEN


def test_a_voter_who_insists_gets_the_sheet_into_the_box():
    place = PollingPlace()
    trusted = place.rules.trusted
    election = replace(trusted.election, policy=STRICT)
    place.rules = replace(place.rules, trusted=replace(trusted, election=election))
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    assert not place.feed(OVERVOTED)
    assert place.feed(OVERVOTED, confirmed=True)
    assert (place.device.counters.returned, place.device.counters.accepted) == (1, 1)
