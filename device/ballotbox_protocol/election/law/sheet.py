"""The sheet of a count by hand: a law bound to one contest, every line of the law in its order."""

from collections.abc import Iterable
from typing import Final

from ballotbox_protocol.election.definition import Contest
from ballotbox_protocol.election.law.binding import BoundLaw, bind
from ballotbox_protocol.election.law.law import Law

#: The parameter of a law that the contest itself decides: the marks allowed on a ballot.
MARKS_ALLOWED: Final = "M"


def bind_sheet(law: Law, contest: Contest, groups: Iterable[str]) -> BoundLaw:
    """Return the law over all its lines and, in each of these groups, the contest's options.

    The columns stand in this order. Raises InvalidField when the law does not fit the contest.
    """
    names = [option.name for option in contest.options]
    asked = law.vocabulary.parameters & {MARKS_ALLOWED}
    return bind(
        law,
        (line.number for line in law.lines),
        dict.fromkeys(groups, names),
        dict.fromkeys(asked, contest.votes_allowed),
    )
