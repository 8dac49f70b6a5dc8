"""The election definition: what is voted on, on which sheets, and where.

A definition is data that all sides must share before a byte is exchanged. Objects of this module
are valid or do not exist: every constructor checks its own fields, `Election` the references.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import cached_property
from typing import Final

from ballotbox_protocol.election.identifiers import (
    Mode,
    PrecinctId,
    require,
    require_bytes,
    require_count,
)

OPTIONS_MAX: Final = 512
PREFERENCES_MAX: Final = 512
CONTESTS_MAX: Final = 64
STYLES_MAX: Final = 1_024
SHEETS_MAX: Final = 8
PRECINCTS_MAX: Final = 200_000
NAME_MAX: Final = 200
REGISTER_SIGNERS_MAX: Final = 16
PERCENT: Final = 100
#: Counts in a row of votes: with each count at its largest, a final still fits 16 KiB and 4,096
#: items (`wire.cbor.REPORT_LIMITS`), so no box can count what it cannot report.
ROW_MAX: Final = 3_000


class ContestKind(IntEnum):
    """How a contest is marked."""

    CHOOSE_ONE = 1
    CHOOSE_UP_TO = 2
    PARTY_LIST = 3


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a contest; `preferences` counts the candidates of an open party list."""

    name: str
    preferences: int = 0

    def __post_init__(self) -> None:
        require_name(self.name, "option.name")
        require_count(self.preferences, "option.preferences", PREFERENCES_MAX)


@dataclass(frozen=True, slots=True)
class Contest:
    """A question on the ballot: its options and how many of them a voter may mark."""

    name: str
    kind: ContestKind
    votes_allowed: int
    options: tuple[Option, ...]

    def __post_init__(self) -> None:
        require_name(self.name, "contest.name")
        sized = 1 <= len(self.options) <= OPTIONS_MAX
        require(sized, "contest.options", f"needs 1 to {OPTIONS_MAX}")
        _require_unique((option.name for option in self.options), "contest.options", "name")
        require_count(self.votes_allowed, "contest.votes_allowed", len(self.options))
        require(self.votes_allowed >= 1, "contest.votes_allowed", "must be at least 1")
        if self.kind is not ContestKind.CHOOSE_UP_TO:
            problem = f"must be 1 for {self.kind.name}"
            require(self.votes_allowed == 1, "contest.votes_allowed", problem)
        if self.kind is not ContestKind.PARTY_LIST:
            plain = all(option.preferences == 0 for option in self.options)
            require(plain, "contest.options.preferences", "only a PARTY_LIST has preferences")

    @property
    def preference_count(self) -> int:
        """The number of candidates over all lists."""
        return sum(option.preferences for option in self.options)

    @property
    def row_size(self) -> int:
        """The number of counts that a tally of this contest takes in a row (`election.tally`)."""
        return 4 + len(self.options) + self.preference_count


@dataclass(frozen=True, slots=True)
class BallotStyle:
    """The sheets that one group of voters receives: per sheet, the indexes of its contests."""

    code: str
    sheets: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        require_name(self.code, "style.code")
        require(1 <= len(self.sheets) <= SHEETS_MAX, "style.sheets", f"needs 1 to {SHEETS_MAX}")
        require(all(self.sheets), "style.sheets", "a sheet carries no contest")
        contests = [contest for sheet in self.sheets for contest in sheet]
        require(len(set(contests)) == len(contests), "style.sheets", "a contest appears twice")

    @property
    def contests(self) -> tuple[int, ...]:
        """The indexes of all contests of the style, in reading order."""
        return tuple(contest for sheet in self.sheets for contest in sheet)


@dataclass(frozen=True, slots=True)
class Precinct:
    """A polling place: its number, name, registered voters and the styles issued there."""

    number: PrecinctId
    name: str
    registered: int
    styles: tuple[int, ...]

    def __post_init__(self) -> None:
        require_count(self.number, "precinct.number")
        require_name(self.name, "precinct.name")
        require_count(self.registered, "precinct.registered")
        require(len(self.styles) >= 1, "precinct.styles", "needs at least one ballot style")
        require(len(set(self.styles)) == len(self.styles), "precinct.styles", "names a style twice")


class Handling(IntEnum):
    """What becomes of a sheet that can be read but says too much, too little or unclearly.

    ACCEPT: it goes into the box and counts for what it says, which may be nothing. SECOND_CHANCE:
    the voter is told and may insist. RETURN: it goes back.
    """

    ACCEPT = 0
    SECOND_CHANCE = 1
    RETURN = 2


@dataclass(frozen=True, slots=True)
class MarkPolicy:
    """What the law of the place says of marks and of sheets that are not plain.

    definite, faint: from how many percent of a target's area on a mark is a mark, and from how
    many it is a marginal one, which never counts. stamp: a sheet without the stamp goes back.
    """

    overvoted: Handling = Handling.ACCEPT
    blank: Handling = Handling.ACCEPT
    undervoted: Handling = Handling.ACCEPT
    marginal: Handling = Handling.ACCEPT
    definite: int = 25
    faint: int = 10
    stamp: bool = False

    def __post_init__(self) -> None:
        fits = 1 <= self.faint <= self.definite <= PERCENT
        problem = f"faint must be at least 1, definite at least as much and at most {PERCENT}"
        require(fits, "policy.definite", problem)


@dataclass(frozen=True)
class Election:
    """A whole election definition; the references between its parts hold.

    signers_needed: how many of the register's signers must sign each version of it.
    """

    name: str
    mode: Mode
    day: str
    contests: tuple[Contest, ...]
    styles: tuple[BallotStyle, ...]
    precincts: tuple[Precinct, ...]
    register_signers: tuple[bytes, ...]
    policy: MarkPolicy = MarkPolicy()
    signers_needed: int = 1

    def __post_init__(self) -> None:
        require_name(self.name, "name")
        _require_day(self.day)
        self._require_sizes()
        for index, style in enumerate(self.styles):
            field = f"styles[{index}].sheets"
            _require_references(style.contests, len(self.contests), field, "contest")
        for index, precinct in enumerate(self.precincts):
            field = f"precincts[{index}].styles"
            _require_references(precinct.styles, len(self.styles), field, "style")
        _require_unique((contest.name for contest in self.contests), "contests", "name")
        _require_unique((style.code for style in self.styles), "styles", "code")
        _require_unique((precinct.number for precinct in self.precincts), "precincts", "number")
        _require_unique(self.register_signers, "register_signers", "key")
        for index, key in enumerate(self.register_signers):
            require_bytes(key, 32, f"register_signers[{index}]")
        known = len(self.register_signers)
        fits = 1 <= self.signers_needed <= known
        require(fits, "signers_needed", f"must be from 1 to the number of signers, {known}")

    def _require_sizes(self) -> None:
        for field, count, maximum in (
            ("contests", len(self.contests), CONTESTS_MAX),
            ("styles", len(self.styles), STYLES_MAX),
            ("precincts", len(self.precincts), PRECINCTS_MAX),
            ("register_signers", len(self.register_signers), REGISTER_SIGNERS_MAX),
        ):
            require(1 <= count <= maximum, field, f"needs 1 to {maximum} entries, has {count}")
        counts = sum(contest.row_size for contest in self.contests)
        problem = f"need {counts} counts in all, a report holds at most {ROW_MAX}"
        require(counts <= ROW_MAX, "contests", problem)

    @cached_property
    def precinct_by_number(self) -> dict[PrecinctId, Precinct]:
        """The precincts by their numbers."""
        return {precinct.number: precinct for precinct in self.precincts}


def require_name(value: str, field: str) -> None:
    """Raise InvalidField unless `value` can name something on paper and on a screen."""
    require(1 <= len(value) <= NAME_MAX, field, f"must have 1 to {NAME_MAX} characters")
    require(unicodedata.is_normalized("NFC", value), field, "must be in Unicode normal form C")
    clean = all(unicodedata.category(character)[0] != "C" for character in value)
    require(clean, field, "must have no control or unassigned characters")


def _require_day(day: str) -> None:
    try:
        written = date.fromisoformat(day).isoformat()
    except ValueError:
        written = ""
    # Only the one form: `fromisoformat` also reads 20260614 and 2026-W24-7.
    require(written == day, "day", "must be a day of the calendar, written YYYY-MM-DD")


def _require_references(indexes: Iterable[int], count: int, field: str, what: str) -> None:
    for index in indexes:
        require(0 <= index < count, field, f"refers to {what} {index}, which does not exist")


def _require_unique(values: Iterable[object], field: str, what: str) -> None:
    seen: set[object] = set()
    for value in values:
        require(value not in seen, field, f"two entries share the {what} {value}")
        seen.add(value)
