"""A box after a day, drawn or written down: its election, its row of votes, its counters."""

import dataclasses
from typing import Any

from hypothesis import strategies as st

from ballotbox_protocol.election.conservation import Breach, VoteLaws
from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.definition import (
    BallotStyle,
    Contest,
    ContestKind,
    Election,
    Option,
    Precinct,
)
from ballotbox_protocol.election.identifiers import Mode
from ballotbox_protocol.election.tally import Layout, Row
from tests.strategies import KEYS, elections, marks


@dataclasses.dataclass(frozen=True)
class Box:
    """A box after a day: the election, its row of votes, its counters."""

    election: Election
    row: Row
    counters: Counters

    @property
    def laws(self) -> VoteLaws:
        return VoteLaws(self.election)

    def breach(self, row: Any) -> Breach | None:
        return self.laws.breach(row, self.counters)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    """Random voters, each with a style, who may keep later sheets back; some sheets returned."""
    election = draw(elections())
    layout = Layout.of(election)
    row = list(layout.zero())
    accepted = ballots = 0
    for style in draw(st.lists(st.sampled_from(election.styles), max_size=8)):
        handed_in = draw(st.sets(st.integers(0, len(style.sheets) - 1)))
        for number in handed_in:
            accepted += 1
            ballots += number == 0
            for contest in style.sheets[number]:
                layout.add(row, contest, draw(marks(election.contests[contest])))
    returned, pending = draw(st.integers(0, 5)), draw(st.integers(0, 1))
    counters = Counters(
        presented=accepted + returned + pending,
        accepted=accepted,
        returned=returned,
        pending=pending,
        portable=draw(st.integers(0, accepted)),
        box=accepted,
        ballots=ballots,
        lifetime=accepted + draw(st.integers(0, 1_000)),
    )
    return Box(election, tuple(row), counters)


SEAT = Contest("Seat", ContestKind.CHOOSE_ONE, 1, (Option("A"), Option("B")))
COUNCIL = Contest("Council", ContestKind.CHOOSE_UP_TO, 2, (Option("C"), Option("D"), Option("E")))
LIST = Contest("List", ContestKind.PARTY_LIST, 1, (Option("F", 2), Option("G")))
ELECTION = Election(
    name="Laws",
    mode=Mode.TEST,
    day="2026-06-14",
    contests=(SEAT, COUNCIL, LIST),
    styles=(BallotStyle("FULL", ((0, 1), (2,))), BallotStyle("PART", ((0,),))),
    precincts=(Precinct(1, "Hall", 100, (0, 1)),),
    register_signers=(KEYS[0].public,),
)
#: 10 full ballots and 2 of the seat alone: 22 sheets, 12 of them first sheets.
COUNTERS = Counters(23, 22, 1, 0, 3, 22, 12, 122)
SEAT_ROW = [12, 2, 2, 1, 5, 4]
COUNCIL_ROW = [10, 1, 5, 2, 6, 4, 3]
LIST_ROW = [10, 1, 1, 1, 5, 3, 2, 1]
ROW = (*SEAT_ROW, *COUNCIL_ROW, *LIST_ROW)
LAWS = VoteLaws(ELECTION)
