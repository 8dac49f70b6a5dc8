"""Does the auditor's own count see seats that the rules do not give, and only these?"""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_simulator.world.decision_audit import rules_of, wrong_decisions
from ballotbox_tabulation.core.rules.decisions import decide
from tests.tabulation.log_builder import authority_of

ELECTION = authority_of(boxes=2).trusted.election
RULES = rules_of(ELECTION)


def a_result(lists, districts, first):
    """Return the result of these votes; `first` are the list votes of the first precinct."""
    names = [contest.name for contest in ELECTION.contests]
    options = [[option.name for option in contest.options] for contest in ELECTION.contests]
    votes = [lists, districts, [0] * len(options[2])]
    shown = [
        {
            "ballots": sum(each),
            "options": [{"name": n, "votes": v} for n, v in zip(here, each, strict=True)],
        }
        for here, each in zip(options, votes, strict=True)
    ]
    part = [{"ballots": sum(each), "votes": each} for each in (first, *votes[1:])]
    pairs = zip(names, options, strict=True)
    return {
        "contests": [{"name": name, "options": here} for name, here in pairs],
        "nation": {
            "boxes_counted": 1,
            "boxes_expected": 1,
            "registered": 9,
            "counters": {"ballots": 1},
            "contests": shown,
        },
        "boxes": {state: [] for state in ("missing", "held", "quarantined", "disputed")},
        "precincts": [{"number": ELECTION.precincts[0].number, "contests": part}],
    }


counts = st.integers(0, 12)


@given(*[st.lists(counts, min_size=n, max_size=n) for n in (5, 4, 5)])
def test_what_the_rules_give_is_not_objected_to(lists, districts, first):
    result = a_result(lists, districts, first)
    assert [*wrong_decisions(result, decide(result, RULES)["decisions"], RULES)] == []


@pytest.fixture
def decided():
    result = a_result([40, 30, 30, 0, 1], [4, 4, 1, 0], [4, 3, 3, 0, 0])
    return result, decide(result, RULES)["decisions"]


@pytest.mark.parametrize(
    ("decision", "option", "key", "value"),
    [(0, 0, "seats", 4), (0, 4, "seats", 1), (1, 0, "elected", True), (1, 2, "elected", True)],
)
def test_a_seat_too_many_is_seen(decided, decision, option, key, value):
    result, decisions = decided
    wrong = copy.deepcopy(decisions)
    wrong[decision]["options"][option][key] = value
    assert len([*wrong_decisions(result, wrong, RULES)]) == 1


@pytest.mark.parametrize("tie", [None, {"options": ["A. Asanova"], "seats": 1}])
def test_a_tie_that_is_not_told_is_seen(decided, tie):
    result, decisions = decided
    wrong = copy.deepcopy(decisions)
    assert wrong[1]["tie"]["options"] == ["A. Asanova", "B. Bakirov"]
    wrong[1]["tie"] = tie
    assert len([*wrong_decisions(result, wrong, RULES)]) == 1


def test_a_contest_that_is_left_out_is_seen(decided):
    result, decisions = decided
    assert [*wrong_decisions(result, decisions[:1], RULES)]
