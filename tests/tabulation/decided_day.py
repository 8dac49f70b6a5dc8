"""A log of which every rule decides something: a missed region, ties, seats that nobody has."""

from functools import cache

from ballotbox_protocol.election.definition import BallotStyle, Contest, ContestKind, Option
from ballotbox_protocol.election.tally import Marks
from ballotbox_tabulation.core.rules.source import read_rules
from tests.tabulation.log_builder import Ballot, LogBuilder, authority_of

_LISTS = ("Mountain", "River", "Village", "Steppe", "Against all")
_PEOPLE = ("A. Asanova", "B. Bakirov", "Against all")
CONTESTS = (
    Contest("Parliament", ContestKind.PARTY_LIST, 1, tuple(map(Option, _LISTS))),
    Contest("Seat", ContestKind.CHOOSE_ONE, 1, tuple(map(Option, _PEOPLE))),
    Contest("Mayor", ContestKind.CHOOSE_ONE, 1, tuple(map(Option, _PEOPLE))),
    Contest("Question", ContestKind.CHOOSE_ONE, 1, (Option("Yes"), Option("No"))),
)
#: Stations 1 and 2 are the North, 3 and 4 the South; the fifth is in no region and may be missing.
BOXES = 5
AUTHORITY = authority_of(
    boxes=BOXES,
    boxes_per_precinct=1,
    registered=40,
    contests=CONTESTS,
    styles=(BallotStyle("ALL", ((0, 1, 2, 3),)),),
)

RULES = b"""
name = "Everything decided"
source = "tests"
[[region]]
name = "North"
precincts = ["1-2", "2"]
[[region]]
name = "South"
precincts = ["3", "4"]
[[contest]]
kind = "list"
contest = "Parliament"
base = "all ballots"
seats = 5
method = "largest_remainder"
national_percent = "5"
regional_percent = "2"
regions = ["North", "South"]
against_all = "Against all"
[[contest]]
kind = "plurality"
contest = "Seat"
base = "valid votes"
against_all = "Against all"
[[contest]]
kind = "plurality"
contest = "Mayor"
base = "valid votes and votes against all"
against_all = "Against all"
[[contest]]
kind = "referendum"
contest = "Question"
base = "valid votes"
quorum_percent = "46.5"
accept = "Yes"
majority_percent = "60"
"""
STATED = read_rules(RULES)

#: Votes of each list at each station. Village has no vote in the South; Steppe
#: misses five of a hundred; Mountain and River are equal, and five seats are not two halves.
#: Just enough took part in the question, and exactly its majority said yes, which is not more.
_PARLIAMENT = ((8, 8, 6, 0, 1), (8, 7, 8, 0, 1), (7, 8, 0, 1, 1), (7, 7, 0, 1, 1), (0, 0, 0, 0, 0))
#: The first two are equal in one contest, and in the other nobody leads who is a person.
_SEAT = (10, 10, 3)
_MAYOR = (5, 6, 12)
_QUESTION = (12, 8)


def _ballots(station):
    """As many ballots as have a mark, each with the next one of every contest."""
    columns = [
        [option for option, votes in enumerate(row) for _ in range(votes)]
        for row in (_PARLIAMENT[station], _SEAT, _MAYOR, _QUESTION)
    ]
    if station == BOXES - 1:
        columns = [[] for _ in columns]
    return [
        Ballot(
            0,
            {
                at: Marks(frozenset({column[nth]}))
                for at, column in enumerate(columns)
                if nth < len(column)
            },
        )
        for nth in range(max(map(len, columns)))
    ]


@cache
def decided_log(boxes=BOXES):
    """The log after so many of the five boxes reported; the last one was fed nothing."""
    log = LogBuilder(AUTHORITY)
    for number in range(boxes):
        log.day(log.pen(number), _ballots(number))
    return log
