"""Does the auditor's truth agree with the protocol's tally, though it shares no code with it?"""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import InvalidField, Mode
from ballotbox_protocol.election.tally import Layout
from ballotbox_simulator.authority import Plan, make_authority
from ballotbox_simulator.workload import Truth, add_truths, voters_of

AUTHORITY = make_authority(Plan(1, 2))
ELECTION = AUTHORITY.trusted.election
PRECINCT = ELECTION.precincts[0]


def fed(seed: int, ballots: int) -> tuple[Truth, list[int]]:
    truth, layout = Truth(), Layout.of(ELECTION)
    row = list(layout.zero())
    voters = voters_of(ELECTION, PRECINCT, AUTHORITY.boxes[0], seed)
    for ballot in islice(voters.ballots(), ballots):
        for sheet in ballot.sheets:
            truth.take(ELECTION, sheet)
            contests = ELECTION.styles[sheet.style].sheets[sheet.number]
            for contest, marks in zip(contests, sheet.marks, strict=True):
                layout.add(row, contest, marks)
    return truth, row


@given(seed=st.integers(0, 10_000), ballots=st.integers(0, 60))
def test_truth_and_tally_agree(seed: int, ballots: int) -> None:
    truth, row = fed(seed, ballots)

    layout = Layout.of(ELECTION)
    for index, span in enumerate(layout.spans):
        tally = layout.read(row, index)
        known = add_truths([truth, Truth()]).contests.get(index)
        if known is None:
            assert tally.ballots == 0
            continue
        allowed = span.contest.votes_allowed
        assert (tally.ballots, tally.blank) == (known.ballots, known.blank)
        assert tally.overvotes == known.overvoted * allowed
        assert tally.votes == tuple(known.marks[n] for n in range(len(span.contest.options)))
        preferences = [
            tuple(known.preferences[option, n] for n in range(each.preferences))
            for option, each in enumerate(span.contest.options)
        ]
        assert tally.preferences == tuple(preferences)


def test_voters_spoil_ballots_in_every_way() -> None:
    truth, _ = fed(seed=1, ballots=600)

    kinds = truth.contests.values()
    assert all(each.blank and each.overvoted and each.marks for each in kinds)
    assert truth.contests[0].preferences
    assert truth.taken > truth.first_sheets


def test_the_same_seed_makes_the_same_election_and_another_seed_another() -> None:
    assert make_authority(Plan(5, 3)).register == make_authority(Plan(5, 3)).register
    assert make_authority(Plan(5, 3)).root != make_authority(Plan(6, 3)).root


def test_seeded_keys_never_make_an_official_election() -> None:
    with pytest.raises(InvalidField, match="official"):
        Plan(1, 1, mode=Mode.OFFICIAL)
