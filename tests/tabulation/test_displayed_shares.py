"""Do the shares that people read make 100 % of the base they name, and no more?"""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_tabulation.core.displayed import misdisplays
from ballotbox_tabulation.core.gates import Gate, broken_gates
from ballotbox_tabulation.core.log import read_leaves
from ballotbox_tabulation.core.outcome import read_standings
from ballotbox_tabulation.core.totals import share_percent
from tests.tabulation.counted_twice import opened, result_of


def contest(votes, beside=(0, 0)):
    """A contest as a result shows it: votes by option, undervotes and overvotes."""
    base = sum(votes) + sum(beside)
    return {
        "name": "Seat",
        "undervotes": beside[0],
        "overvotes": beside[1],
        "base": {"name": "ballots", "value": base},
        "options": [
            {"name": f"Option {at}", "votes": each, "share_percent": share_percent(each, base)}
            for at, each in enumerate(votes)
        ],
    }


def decision(votes, base="valid votes", beside=0):
    """A decision as a result shows it."""
    shown = contest(votes, (beside, 0))
    return {"contest": "Seat", "base": shown["base"] | {"name": base}, "options": shown["options"]}


def result(contests=(), decisions=()):
    return {"nation": {"contests": list(contests)}, "decisions": list(decisions)}


counts = st.integers(0, 2**40)


@given(st.lists(counts, min_size=1, max_size=60), st.tuples(counts, counts))
def test_cut_shares_of_any_votes_pass(votes, beside):
    shown = result(
        [contest(votes, beside)], [decision(votes), decision(votes, "all ballots", beside[0])]
    )
    assert list(misdisplays(shown)) == []


@given(st.lists(counts, min_size=1, max_size=60).filter(any), st.data())
def test_a_share_that_is_shown_half_again_as_large_never_passes(votes, data):
    shown = result([contest(votes)])
    options = shown["nation"]["contests"][0]["options"]
    largest = max(range(len(votes)), key=lambda at: votes[at])
    options[largest]["share_percent"] = share_percent(3 * votes[largest] + 2, 2 * sum(votes))
    found = [each.where for each in misdisplays(shown)]
    assert found == ["the whole election, Seat, of ballots"] or len(votes) > 50


def test_no_result_and_a_decision_without_a_base_have_no_shares():
    shown = {"nation": {"contests": None}, "decisions": [{"contest": "Seat", "options": []}]}
    assert list(misdisplays(shown)) == []


def test_shares_of_nothing_are_shown_as_nothing():
    shown = result([contest([0, 0])])
    assert list(misdisplays(shown)) == []
    shown["nation"]["contests"][0]["options"][0]["share_percent"] = "0.00"
    (found,) = misdisplays(shown)
    assert found.shown == "0.00"


@pytest.mark.parametrize("share", ["", "50", "50.0", "050.00", "\uff150.00", "-1.00", None])
def test_a_share_that_is_no_number_with_two_decimals_is_named(share):
    shown = result([contest([5, 5])])
    shown["nation"]["contests"][0]["options"][1]["share_percent"] = share
    assert next(each.shown for each in misdisplays(shown)) == share


@pytest.mark.parametrize(("base", "problem"), [(9, 10), (11, 10)])
def test_votes_that_are_not_their_base_are_named(base, problem):
    shown = result([], [decision([4, 6])])
    shown["decisions"][0]["base"]["value"] = base
    (found,) = misdisplays(shown)
    assert (found.shown, found.wanted, found.where) == (
        problem, base, "the decision, Seat, of valid votes"
    )  # fmt: skip


def test_more_votes_than_all_ballots_are_named():
    shown = result([], [decision([4, 6], "all ballots", 5)])
    shown["decisions"][0]["options"][0]["votes"] = 40
    (found,) = misdisplays(shown)
    assert (found.shown, found.wanted) == (46, 15)


def test_every_gate_is_asked_of_a_result(night_gates):
    gates, shown = night_gates
    shown["nation"]["contests"][0]["options"][0]["share_percent"] = "150.00"
    found = [each for each in gates(shown) if "as displayed" in each.law]
    assert [each.gate for each in found] == [Gate.SHARES]


@pytest.fixture
def night_gates(day):
    log = opened(day)
    standings = read_standings(log, read_leaves(log))
    trusted = log.trusted

    def gates(shown):
        return broken_gates(standings, shown, trusted.election, trusted.register.entries_of)

    return gates, deepcopy(result_of(day))
