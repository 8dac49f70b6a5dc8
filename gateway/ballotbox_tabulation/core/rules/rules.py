"""The rules of one election as data: objects of this module are valid or do not exist."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Final

from ballotbox_protocol.election.definition import PERCENT
from ballotbox_protocol.election.identifiers import require, require_count

#: More seats than any parliament has; a method's cost grows with them.
SEATS_MAX: Final = 10_000
#: What the modified method divides by for the second seat, as the unmodified one does.
_SECOND_DIVISOR: Final = 3
_DECIMAL: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,6})?", re.ASCII)


class Method(Enum):
    """How the votes of lists become seats; the value is the word of rules files and results."""

    LARGEST_REMAINDER = "largest_remainder"
    D_HONDT = "d_hondt"
    SAINTE_LAGUE = "sainte_lague"
    MODIFIED_SAINTE_LAGUE = "modified_sainte_lague"


class Base(Enum):
    """What shares and thresholds are parts of; the value says it in files and on pages."""

    VALID = "valid votes"
    VALID_AND_AGAINST = "valid votes and votes against all"
    BALLOTS = "all ballots"

    def of(self, ballots: int, votes: Iterable[int], against_all: int | None) -> int:
        """Return the base's value for one tally; `against_all` is the option's index, if any."""
        if self is Base.BALLOTS:
            return ballots
        counted = list(votes)
        outside = self is Base.VALID and against_all is not None
        return sum(each for at, each in enumerate(counted) if not (outside and at == against_all))

    def holds(self, option: int, against_all: int | None) -> bool:
        """Tell whether the votes of an option are part of this base, so that they have a share."""
        return self is not Base.VALID or option != against_all


@dataclass(frozen=True, slots=True)
class Decimal:
    """A number as the law writes it, such as 0.5, and its exact value."""

    text: str

    def __post_init__(self) -> None:
        written = _DECIMAL.fullmatch(self.text)
        require(written, "number", 'must be digits such as "5" or "0.5", in quotes')

    @property
    def value(self) -> Fraction:
        """The exact value."""
        return Fraction(self.text)

    def reached(self, part: int, base: int) -> bool:
        """Tell whether `part` is at least this many percent of `base`."""
        return part * PERCENT >= self.value * base

    def passed(self, part: int, base: int) -> bool:
        """Tell whether `part` is more than this many percent of `base`."""
        return part * PERCENT > self.value * base


@dataclass(frozen=True, slots=True)
class Region:
    """A named part of the country: runs of precinct numbers, both ends included."""

    name: str
    precincts: tuple[range, ...]

    def __post_init__(self) -> None:
        require(self.name, "region.name", "must not be empty")
        require(self.precincts, "region.precincts", "needs at least one number")
        filled = all(self.precincts)
        require(filled, "region.precincts", "a run goes from the lower number to the higher")

    def __contains__(self, precinct: int) -> bool:
        return any(precinct in run for run in self.precincts)


@dataclass(frozen=True, slots=True)
class ListContest:
    """Seats for lists that pass the thresholds, by an apportionment method.

    `regional` must be reached in every one of `regions`; `first_divisor` belongs to the modified
    method alone.
    """

    contest: str
    base: Base
    seats: int
    method: Method
    national: Decimal | None = None
    regional: Decimal | None = None
    regions: tuple[Region, ...] = ()
    against_all: str | None = None
    first_divisor: Decimal | None = None

    def __post_init__(self) -> None:
        _require_base(self.base, self.against_all)
        require_count(self.seats, "contest.seats", SEATS_MAX)
        require(self.seats >= 1, "contest.seats", "must be at least 1")
        for field, percent in (("national", self.national), ("regional", self.regional)):
            _require_percent(percent, f"contest.{field}_percent")
        both = (self.regional is None) == (not self.regions)
        needs = "needs regions and regional_percent together; write both or neither"
        require(both, "contest.regions", needs)
        self._require_divisor()

    def _require_divisor(self) -> None:
        divisor, field = self.first_divisor, "contest.first_divisor"
        modified = self.method is Method.MODIFIED_SAINTE_LAGUE
        require(modified or divisor is None, field, "only modified_sainte_lague has one; remove it")
        if modified:
            require(divisor is not None, field, 'is missing; the law names it, such as "1.4"')
            # From 3 on the quotients of a list would not fall, and its second seat come first.
            falls = divisor is not None and 1 <= divisor.value < _SECOND_DIVISOR
            require(falls, field, f"must be at least 1 and less than {_SECOND_DIVISOR}")


@dataclass(frozen=True, slots=True)
class Plurality:
    """A single mandate: whoever has the most votes is elected, and a tie stays one."""

    contest: str
    base: Base
    against_all: str | None = None

    def __post_init__(self) -> None:
        _require_base(self.base, self.against_all)


@dataclass(frozen=True, slots=True)
class Referendum:
    """A question: accepted when enough of the registered took part and `accept` has a majority.

    The quorum must be reached; the majority is more than `majority` percent of the base.
    """

    contest: str
    base: Base
    quorum: Decimal
    accept: str
    majority: Decimal

    def __post_init__(self) -> None:
        _require_base(self.base, None)
        _require_percent(self.quorum, "contest.quorum_percent")
        _require_percent(self.majority, "contest.majority_percent")


ContestRule = ListContest | Plurality | Referendum


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one election, and the file that states them with its digest.

    `provisional`: whether seats are shown while boxes are missing. `file`: what a second reader
    reads instead of these objects.
    """

    name: str
    source: str
    digest: str
    contests: tuple[ContestRule, ...]
    regions: tuple[Region, ...] = ()
    provisional: bool = True
    file: bytes = b""

    def __post_init__(self) -> None:
        require(self.name, "name", "must not be empty")
        require(self.source, "source", "must say which law this is, and where it can be read")
        require(self.contests, "contest", "is missing; write at least one [[contest]]")
        _require_once([each.contest for each in self.contests], "contest", "has rules already")
        _require_once([each.name for each in self.regions], "region", "is a region already")


def _require_base(base: Base, against_all: str | None) -> None:
    needs = base is not Base.VALID_AND_AGAINST or against_all is not None
    problem = 'counts votes against all: name the option by against_all, or take "valid votes"'
    require(needs, "contest.base", problem)


def _require_percent(percent: Decimal | None, field: str) -> None:
    fits = percent is None or percent.value <= PERCENT
    require(fits, field, "must be at most 100")


def _require_once(names: list[str], field: str, problem: str) -> None:
    for name in names:
        require(names.count(name) == 1, field, f"{name!r} {problem}; write it once")
