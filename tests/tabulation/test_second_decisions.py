"""Do seats and decisions follow from the sums that SQL found, by arithmetic of its own?"""

import json
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_tabulation.core.displayed import misdisplays
from ballotbox_tabulation.core.rules.decisions import decide
from ballotbox_tabulation.second.deciding import decision_differences, seats_of
from tests.tabulation.rules.election_result import (
    list_rules,
    plurality_rules,
    referendum_rules,
    rules,
)


def contest(name, ballots, **votes):
    """One contest as a result shows it in full."""
    options = [{"name": option, "votes": number} for option, number in votes.items()]
    return {"name": name, "ballots": ballots, "options": options}


def result_of(*contests, counted=3, expected=3):
    """A result of contests in one area."""
    named = [
        {"name": each["name"], "options": [option["name"] for option in each["options"]]}
        for each in contests
    ]
    nation = {"registered": 1_000, "boxes_counted": counted, "boxes_expected": expected}
    shown = list(contests) if counted else None
    nation |= {"contests": shown, "counters": {"ballots": 1} if counted else None}
    boxes = {"missing": [{}] * (expected - counted), "held": [], "quarantined": [], "disputed": []}
    return {"contests": named, "nation": nation, "precincts": [], "boxes": boxes}


STATED = rules(
    list_rules(seats=6, method="largest_remainder", national_percent="3", against_all="nobody"),
    plurality_rules(contest="Seat"),
    referendum_rules(contest="Question", quorum_percent="30", accept="yes"),
)
RESULT = result_of(
    contest("Parliament", 110, A=53, B=24, C=3, nobody=20),
    contest("Seat", 90, D=50, E=40),
    contest("Question", 300, yes=200, no=90),
)


def objections(shown):
    """What the second computation and the shares as displayed say of a result's decisions."""
    differ = [str(each) for each in decision_differences(shown, shown["nation"])]
    beside = {"contests": None}
    return differ + [each.where for each in misdisplays(shown | {"nation": beside})]


def found(change=lambda _decisions: None):
    shown = deepcopy(decide(RESULT, STATED))
    change(shown["decisions"])
    return objections(shown)


def test_right_decisions_are_not_objected_to():
    assert found() == []


def test_without_rules_there_is_nothing_to_weigh():
    assert objections(RESULT) == []


METHODS = ("largest_remainder", "d_hondt", "sainte_lague", "modified_sainte_lague")
BASES = ("valid votes", "valid votes and votes against all", "all ballots")
numbers = st.integers(0, 2**30) | st.integers(0, 6)


@st.composite
def stated_rules(draw):
    """Rules for three contests; votes against all are in a base only where they are an option."""
    method, against = draw(st.sampled_from(METHODS)), draw(st.sampled_from((None, "nobody")))
    base = draw(st.sampled_from(BASES if against else BASES[::2]))
    first = {"first_divisor": "1.4"} if method == METHODS[3] else {}
    percent = draw(st.sampled_from((None, "5", "0.5")))
    common = {"base": base, "against_all": against}
    provisional = draw(st.sampled_from(("true", "false")))
    return rules(
        list_rules(seats=7, method=method, national_percent=percent, **first, **common),
        plurality_rules(contest="Seat", **common),
        referendum_rules(contest="Question", base=draw(st.sampled_from(BASES[::2]))),
        head=f"name = 'T'\nsource = 'S'\nprovisional = {provisional}\n",
    )


@given(
    st.lists(numbers, min_size=4, max_size=4),
    st.integers(0, 9),
    stated_rules(),
    st.sampled_from((0, 2, 3)),
)
def test_whatever_the_rules_decide_is_found_again(votes, invalid, stated, counted):
    names = dict(zip(("A", "B", "C", "nobody"), votes, strict=True))
    contests = ("Parliament", "Seat", "Question")
    shown = result_of(
        *(contest(name, sum(votes) + invalid, **names) for name in contests), counted=counted
    )
    assert objections(decide(shown, stated)) == []


NOBODY = {"contests": None, "counters": None}


def test_where_no_box_is_counted_nobody_has_anything():
    shown = decide(RESULT | {"nation": RESULT["nation"] | NOBODY}, STATED)
    assert objections(shown) == []
    shown["decisions"][1]["options"][0]["elected"] = True
    assert objections(shown) == ["decision, Seat, D, elected: True against nothing"]


def _set(*path_and_value):
    *path, last, value = path_and_value

    def change(decisions):
        at = decisions
        for each in path:
            at = at[each]
        at[last] = value

    return change


ERRORS = {
    "votes of a list": (_set(0, "options", 0, "votes", 54), "Parliament, A, votes: 54 against 53"),
    "a share": (_set(0, "options", 1, "share_percent", "21.82"), "B, share_percent: 21.82"),
    "all ballots": (_set(0, "base", "value", 100), "base all ballots: 100 against 110"),
    "valid votes": (_set(1, "base", "value", 91), "base valid votes: 91 against 90"),
    "a seat moved": (_set(0, "options", 0, "seats", 5), "Parliament, seats: 7 against 6"),
    "more seats": (_set(0, "seats", 7), "Parliament, seats: 6 against 7"),
    "seats left open": (_set(0, "unfilled", 1), "Parliament, seats: 7 against 6"),
    "seats for more": (_set(0, "seats", 8), "Parliament, A, seats: 4 against"),
    "a list below the threshold": (_set(0, "options", 2, "seats", 1), "C, seats: 1 against 0"),
    "a list that passed": (_set(0, "options", 2, "passed", True), "C, passed: True against False"),
    "another threshold": (
        _set(0, "thresholds", "national_percent", "2"),
        "C, failed: national against nothing",
    ),
    "one that fails": (_set(0, "options", 1, "failed", "national"), "B, failed: national against"),
    "the loser": (_set(1, "options", 1, "elected", True), "E, elected with 40 of 50: True"),
    "nobody": (_set(1, "options", 0, "elected", False), "D, elected with 50 of 50: False"),
    "a tie": (_set(1, "tie", {"options": ["D", "E"], "seats": 1}), "Seat, tie: 2 against 0"),
    "who is registered": (_set(2, "quorum", "registered", 999), "registered: 999 against 1000"),
    "who took part": (_set(2, "quorum", "took_part", 301), "took_part: 301 against 300"),
    "a quorum": (_set(2, "quorum", "percent", "30.01"), "quorum, met: True against False"),
    "a majority": (_set(2, "majority_percent", "70"), "accepted: True against False"),
    "an option's name": (_set(1, "options", 1, "name", "F"), "Seat, F, votes: 40 against 0"),
    "an option left out": (_set(1, "options", []), "Seat, options: 0 against 2"),
    "a contest of nobody": (_set(1, "contest", "Nobody"), "Nobody, contest: Nobody against"),
}  # fmt: skip


@pytest.mark.teeth
@pytest.mark.parametrize("error", ERRORS)
def test_a_decision_that_does_not_follow_is_named(error):
    change, where = ERRORS[error]
    assert any(where in each for each in found(change)), found(change)


#: Worked by hand: the tenth seat goes to a quotient of 53 / 11, which is more than 24 / 5.
VOTES = (53, 24, 23)


@pytest.mark.parametrize(
    ("method", "seats", "expected"),
    [
        ("largest_remainder", 10, [5, 3, 2]),
        ("d_hondt", 10, [6, 2, 2]),
        ("sainte_lague", 10, [6, 2, 2]),
        ("sainte_lague", 3, [1, 1, 1]),
    ],
)
def test_seats_by_plain_fractions(method, seats, expected):
    decision = {"method": method, "seats": seats, "first_divisor": None}
    assert seats_of(decision, VOTES) == expected


def test_the_seats_of_2021_are_the_official_ones(shared):
    facts = json.loads((shared / "data" / "kg_2021.json").read_text())
    parties = [each for each in facts["parties"] if each.get("seats")]
    votes = [each["final_votes"] for each in parties]
    decision = {"method": "largest_remainder", "seats": 54, "first_divisor": None}
    assert seats_of(decision, votes) == [each["seats"] for each in parties]
