"""Do seats and decisions follow from the sums that SQL found, by arithmetic of its own?"""

import json
from copy import deepcopy

import pytest

from ballotbox_tabulation.second.deciding import decision_differences, seats_of


def options(**votes):
    """Options as a result shows them."""
    return [{"name": name, "votes": number} for name, number in votes.items()]


NATION = {
    "registered": 1_000,
    "contests": [
        {"name": "Parliament", "ballots": 110, "options": options(A=53, B=24, C=3, nobody=20)},
        {"name": "Seat", "ballots": 90, "options": options(D=50, E=40)},
        {"name": "Question", "ballots": 300, "options": options(yes=200, no=90)},
    ],
}


def party(name, votes, share, seats, *, passed=True, against_all=False):
    """One list of a decision."""
    return {
        "name": name,
        "votes": votes,
        "share_percent": share,
        "seats": seats,
        "passed": passed,
        "against_all": against_all,
    }


def person(name, votes, share, *, elected):
    """One candidate of a decision."""
    shown = {"name": name, "votes": votes, "share_percent": share}
    return shown | {"elected": elected, "against_all": False}


DECISIONS = [
    {
        "contest": "Parliament",
        "kind": "list",
        "seats": 6,
        "method": "hamilton",
        "tie": None,
        "base": {"name": "all ballots", "value": 110},
        "options": [
            party("A", 53, "48.18", 4),
            party("B", 24, "21.81", 2),
            party("C", 3, "2.72", 0, passed=False),
            party("nobody", 20, "18.18", 0, against_all=True),
        ],
    },
    {
        "contest": "Seat",
        "kind": "plurality",
        "seats": 1,
        "tie": None,
        "base": {"name": "valid votes", "value": 90},
        "options": [
            person("D", 50, "55.55", elected=True),
            person("E", 40, "44.44", elected=False),
        ],
    },
    {
        "contest": "Question",
        "kind": "referendum",
        "accepted": True,
        "quorum": {"percent": "30", "registered": 1_000, "took_part": 300, "met": True},
        "options": options(yes=200, no=90),
    },
]


def found(change=lambda _decisions: None):
    decisions = deepcopy(DECISIONS)
    change(decisions)
    shown = {"decisions": decisions}
    return [str(each) for each in decision_differences(shown, NATION)]


def test_right_decisions_are_not_objected_to():
    assert found() == []


def test_decisions_about_no_contest_and_none_at_all_are_not_weighed():
    assert list(decision_differences({}, NATION)) == []
    assert list(decision_differences({"decisions": DECISIONS}, NATION | {"contests": None})) == []


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
    "another method": (_set(0, "seats", 8), "Parliament, A, seats: 4 against"),
    "a list below the threshold": (_set(0, "options", 2, "seats", 1), "C, seats: 1 against 0"),
    "the loser": (_set(1, "options", 1, "elected", True), "E, elected with: 40 against 50"),
    "two elected": (_set(1, "options", 1, "elected", True), "Seat, elected: 2 against 1"),
    "who is registered": (_set(2, "quorum", "registered", 999), "registered: 999 against 1000"),
    "who took part": (_set(2, "quorum", "took_part", 301), "took_part: 301 against 300"),
    "a quorum": (_set(2, "quorum", "percent", "30.01"), "quorum, met: True against False"),
    "an option's name": (_set(1, "options", 1, "name", "F"), "Seat, F, votes: 40 against 0"),
    "an option left out": (_set(1, "options", []), "Seat, options: 0 against 2"),
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
        ("hamilton", 10, [5, 3, 2]),
        ("dhondt", 10, [6, 2, 2]),
        ("saintelague", 10, [6, 2, 2]),
        ("webster", 3, [1, 1, 1]),
        ("a method of nobody", 10, None),
    ],
)
def test_seats_by_plain_fractions(method, seats, expected):
    assert seats_of(method, VOTES, seats) == expected


def test_nobody_voted_and_nobody_has_seats():
    assert seats_of("hamilton", (0, 0), 5) is None


def test_the_seats_of_2021_are_the_official_ones(shared):
    facts = json.loads((shared / "data" / "kg_2021.json").read_text())
    parties = [each for each in facts["parties"] if each.get("seats")]
    votes = [each["final_votes"] for each in parties]
    assert seats_of("hamilton", votes, 54) == [each["seats"] for each in parties]
