"""Does a profile refuse what no box can be, and does it leave of the poll what its box knows?"""

import itertools
from dataclasses import FrozenInstanceError, replace

import pytest

from ballotbox_device.core.poll import TRANSITIONS, Action
from ballotbox_device.core.profile import (
    CAPACITY_MAX,
    COPIES_MAX,
    FEEDS_MAX,
    NEEDED_ACTIONS,
    SOURCED_FIELDS,
    TURNOUT_MINUTES_MAX,
    Connects,
    DropTimeout,
    Profile,
    Road,
    SecondChance,
    SheetClass,
    Source,
    transitions,
)
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_protocol.election.identifiers import InvalidField, PollState

LEAST = frozenset(NEEDED_ACTIONS)
PAIRS = ({Action.PAUSE, Action.RESUME}, {Action.ADMIT_PORTABLE, Action.END_PORTABLE})
ALONE = ({Action.REOPEN}, {Action.SEAL})
WORDS = {each: each.value for each in SheetClass}
SOURCES = {field: Source("own choice", known=False) for field in SOURCED_FIELDS}
PROFILE = Profile(
    name="mine",
    title="Mine",
    about="A box of mine.",
    actions=frozenset(Action),
    drop_timeout=DropTimeout.ASK,
    second_chance=SecondChance.RETURN,
    feeds_max=3,
    capacity=500,
    capacity_warning=450,
    returned=frozenset(ReturnReason),
    class_names=WORDS,
    stamp_required=False,
    paper_width_mm=58,
    zero_copies=1,
    result_copies=2,
    turnout_minutes=60,
    connects=Connects.ALWAYS,
    roads=frozenset(Road),
    cover_open_stops=True,
    battery=True,
    sources=SOURCES,
)


def sets_of_actions():
    """Every set of actions that a profile may have."""
    for many in itertools.product((False, True), repeat=len(PAIRS) + len(ALONE)):
        chosen = zip(many, (*PAIRS, *ALONE), strict=True)
        yield LEAST.union(*(group for taken, group in chosen if taken))


def test_there_are_sixteen_sets_of_actions():
    assert len(set(sets_of_actions())) == 16


@pytest.mark.parametrize("actions", [*sets_of_actions()], ids=len)
def test_a_transition_is_there_exactly_when_its_action_is_known(actions):
    left = transitions(replace(PROFILE, actions=actions))
    for state, action in itertools.product(PollState, Action):
        cell = (state, action)
        expected = TRANSITIONS.get(cell) if action in actions else None
        assert left.get(cell) is expected, cell


@pytest.mark.parametrize("actions", [*sets_of_actions()], ids=len)
def test_from_every_state_that_can_be_reached_a_final_can_be(actions):
    left = transitions(replace(PROFILE, actions=actions))
    for state in reached(left, PollState.SETUP):
        assert PollState.FINAL in reached(left, state) or state is PollState.SEALED


def reached(left, start):
    found, open_ends = {start}, [start]
    while open_ends:
        here = open_ends.pop()
        for (state, _), each in left.items():
            if state is here and each.target not in found:
                found.add(each.target)
                open_ends.append(each.target)
    return found


def test_what_transitions_gives_cannot_be_changed():
    with pytest.raises(TypeError):
        transitions(PROFILE)[PollState.OPEN, Action.CLOSE] = None


REFUSED = [
    ("name", "", "lower-case"),
    ("name", "Mine", "lower-case"),
    ("name", "1st", "lower-case"),
    ("name", "a" * 33, "1 to 32"),
    ("name", "mine\n", "lower-case"),
    ("title", "", "1 to 60"),
    ("title", "t" * 61, "1 to 60"),
    ("title", " Mine", "without spaces"),
    ("title", "Mi\nne", "one line"),
    ("title", 5, "one line"),
    ("about", "a" * 401, "1 to 400"),
    ("actions", LEAST - {Action.FINISH}, "lacks finish"),
    ("actions", LEAST - {Action.PRINT_ZERO}, "lacks print_zero"),
    ("actions", LEAST - {Action.OPEN, Action.CLOSE}, "lacks open, close"),
    ("actions", LEAST | {Action.PAUSE}, "pause and resume"),
    ("actions", LEAST | {Action.RESUME}, "pause and resume"),
    ("actions", LEAST | {Action.ADMIT_PORTABLE}, "admit_portable and end_portable"),
    ("actions", LEAST | {99}, "99, which is no Action"),
    ("drop_timeout", "ask", "'ask', which is no DropTimeout"),
    ("second_chance", "return", "no SecondChance"),
    ("second_chance", SecondChance.ACCEPT, "returned: must have neither blank nor overvoted"),
    ("returned", frozenset({ReturnReason.NOT_DROPPED}), "blank or overvoted when second_chance"),
    ("returned", frozenset(ReturnReason) - {ReturnReason.NOT_DROPPED}, "must have not_dropped"),
    ("returned", frozenset({8}), "8, which is no ReturnReason"),
    ("feeds_max", 0, f"from 1 to {FEEDS_MAX} or none"),
    ("feeds_max", FEEDS_MAX + 1, f"to {FEEDS_MAX}"),
    ("feeds_max", True, "whole number"),
    ("capacity", 0, f"from 1 to {CAPACITY_MAX}"),
    ("capacity", CAPACITY_MAX + 1, f"to {CAPACITY_MAX}"),
    ("capacity", 449, "capacity_warning: must be none, or a number up to capacity, which is 449"),
    ("capacity", None, "capacity_warning: must be none, or a number up to capacity, which is none"),
    ("capacity_warning", 501, "up to capacity, which is 500"),
    ("capacity_warning", 0, "from 1"),
    ("class_names", {**WORDS} | {SheetClass.BLANK: ""}, "class_names.blank: must be one line"),
    ("class_names", {SheetClass.VALID: "valid"}, "lacks a word for blank, overvoted"),
    ("class_names", WORDS | {"odd": "odd"}, "has odd; the classes are valid"),
    ("stamp_required", 1, "true or false"),
    ("paper_width_mm", 57, "58 or 80"),
    ("paper_width_mm", 80.0, "58 or 80"),
    ("zero_copies", -1, f"from 0 to {COPIES_MAX}"),
    ("zero_copies", None, "whole number"),
    ("result_copies", COPIES_MAX + 1, f"to {COPIES_MAX}"),
    ("turnout_minutes", TURNOUT_MINUTES_MAX + 1, f"to {TURNOUT_MINUTES_MAX}"),
    ("connects", "always", "no Connects"),
    ("roads", frozenset(), "at least one of serial, mqtt"),
    ("roads", frozenset({"mqtt"}), "no Road"),
    ("cover_open_stops", None, "true or false"),
    ("battery", "yes", "true or false"),
    ("sources", {}, "must say for each of actions"),
    ("sources", SOURCES | {"name": Source("own choice", known=False)}, "and for nothing else"),
]


@pytest.mark.parametrize(("field", "value", "said"), REFUSED)
def test_what_no_box_can_be_is_refused_by_its_name(field, value, said):
    with pytest.raises(InvalidField) as caught:
        replace(PROFILE, **{field: value})
    assert said in str(caught.value)
    assert field in str(caught.value)


KEPT = [
    ("feeds_max", None),
    ("feeds_max", 1),
    ("feeds_max", FEEDS_MAX),
    ("capacity", 450),
    ("capacity", CAPACITY_MAX),
    ("capacity_warning", None),
    ("capacity_warning", 500),
    ("zero_copies", 0),
    ("result_copies", COPIES_MAX),
    ("turnout_minutes", 0),
    ("turnout_minutes", TURNOUT_MINUTES_MAX),
    ("returned", frozenset({ReturnReason.NOT_DROPPED, ReturnReason.BLANK})),
    ("roads", frozenset({Road.MQTT})),
    ("name", "a" * 32),
]


@pytest.mark.parametrize(("field", "value"), KEPT)
def test_what_a_box_can_be_is_kept(field, value):
    assert getattr(replace(PROFILE, **{field: value}), field) == value


def test_a_box_that_accepts_without_a_question_gives_neither_blank_nor_overvoted_back():
    returned = frozenset(ReturnReason) - {ReturnReason.BLANK, ReturnReason.OVERVOTED}
    profile = replace(PROFILE, second_chance=SecondChance.ACCEPT, returned=returned)
    assert profile.returned == returned


@pytest.mark.parametrize("text", ["", "  ", " spaced", "two\nlines"])
def test_a_source_without_words_is_none(text):
    with pytest.raises(InvalidField, match="one line of words"):
        Source(text, known=True)


def test_a_profile_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        PROFILE.capacity = 1
    with pytest.raises(TypeError):
        PROFILE.class_names[SheetClass.BLANK] = "other"
    with pytest.raises(TypeError):
        PROFILE.sources["battery"] = Source("other", known=True)


def test_what_a_profile_was_made_from_may_change_without_it():
    words = dict(WORDS)
    profile = replace(PROFILE, class_names=words)
    words[SheetClass.BLANK] = "other"
    assert profile == PROFILE
