"""What public pages tell of an election night, read from the data file that names its sources."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from typing import Final

from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_protocol.election.source_table import Table, as_written, read_source

NAME: Final = "kyrgyzstan-2021"

_TOP: Final = ("title", "text", "name", "day", "precincts", "voters", "list", "single", "region")
_PRECINCTS: Final = ("total", "abroad", "reported")
_VOTERS: Final = ("list", "single", "took_part", "morning", "afternoon", "portable")
_LIST: Final = (
    *("name", "base", "candidates", "option"),
    *("seats", "national_percent", "regional_percent"),
)
_OPTION: Final = ("name", "votes", "share")
_SINGLE: Final = ("districts", "candidates", "against_all", "against_all_first")
_REGION: Final = ("name", "districts")


@dataclass(frozen=True, slots=True)
class ListOption:
    """A line of the list contest and what was published of it: votes, or a share in percent."""

    name: str
    votes: int | None
    share: Fraction | None

    def __post_init__(self) -> None:
        one = (self.votes is None) != (self.share is None)
        require(one, "list.option", f"{self.name} needs either votes or share")


@dataclass(frozen=True, slots=True)
class Voters:
    """How many are registered, and how many did what."""

    list: int
    single: int
    took_part: int
    morning: int
    afternoon: int
    portable: int

    def __post_init__(self) -> None:
        ordered = 0 <= self.morning <= self.afternoon
        require(ordered, "voters.morning", "must be from 0 to afternoon, which counts them too")
        inside = self.portable >= 0 and self.afternoon <= self.took_part - self.portable
        require(inside, "voters.afternoon", "must be at most took_part less portable")


@dataclass(frozen=True, slots=True)
class Region:
    """A region and the first and last of the districts in it."""

    name: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Facts:
    """The night as it was published; see the data file for what each figure is."""

    title: str
    text: str
    name: str
    day: str
    precincts: int
    abroad: int
    reported: int
    voters: Voters
    list_name: str
    base: int
    list_candidates: int
    seats: int
    national_percent: str
    regional_percent: str
    options: tuple[ListOption, ...]
    districts: int
    candidates: int
    against_all: str
    against_all_first: frozenset[int]
    regions: tuple[Region, ...]

    def __post_init__(self) -> None:
        fits = 0 < self.reported <= self.precincts and self.abroad < self.precincts
        require(fits, "precincts", "reported and abroad must fit into total")
        known = sum(option.votes or 0 for option in self.options)
        require(known <= self.base <= self.voters.took_part, "list.base", "must hold all votes")
        covered = [n for each in self.regions for n in range(each.first, each.last + 1)]
        every = list(range(1, self.districts + 1))
        require(covered == every, "region.districts", "must name each district once, in order")


def load_facts() -> Facts:
    """Return the facts of the night that comes with the package."""
    entry = files("ballotbox_simulator") / "night" / f"{NAME}.toml"
    return read_facts(entry.read_text(encoding="utf-8"))


def read_facts(text: str) -> Facts:
    """Return the facts that the text of a data file tells; raises InvalidField."""
    top = read_source(text, _TOP)
    precincts, voters = _table(top, "precincts", _PRECINCTS), _table(top, "voters", _VOTERS)
    lists, single = _table(top, "list", _LIST), _table(top, "single", _SINGLE)
    first = single.each("against_all_first", lambda value, path: as_written(value, int, path))
    return Facts(
        title=top.text("title"),
        text=top.text("text").strip(),
        name=top.text("name"),
        day=top.text("day"),
        precincts=precincts.number("total"),
        abroad=precincts.number("abroad"),
        reported=precincts.number("reported"),
        voters=Voters(*(voters.number(key) for key in _VOTERS)),
        list_name=lists.text("name"),
        base=lists.number("base"),
        list_candidates=lists.number("candidates"),
        seats=lists.number("seats"),
        national_percent=lists.text("national_percent"),
        regional_percent=lists.text("regional_percent"),
        options=tuple(map(_option, lists.tables("option", _OPTION))),
        districts=single.number("districts"),
        candidates=single.number("candidates"),
        against_all=single.text("against_all"),
        against_all_first=frozenset(first),
        regions=tuple(_regions(top)),
    )


def _table(top: Table, key: str, known: tuple[str, ...]) -> Table:
    return Table(as_written(top.value(key), dict, key), key, known)


def _option(table: Table) -> ListOption:
    votes = table.number("votes") if "votes" in table else None
    return ListOption(table.text("name"), votes, _share(table) if "share" in table else None)


def _share(table: Table) -> Fraction:
    try:
        return Fraction(table.text("share"))
    except ValueError:
        raise InvalidField(table.at("share"), 'must be percent as text: "0.95"') from None


def _regions(top: Table) -> Iterator[Region]:
    for table in top.tables("region", _REGION):
        ends = table.each("districts", lambda value, path: as_written(value, int, path))
        require(len(ends) == 2, table.at("districts"), "must be the first and the last district")
        yield Region(table.text("name"), *ends)
