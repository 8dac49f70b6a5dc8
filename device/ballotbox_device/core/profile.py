"""How one kind of ballot box behaves, as data: its steps, its transport, its words, its paper.

A profile chooses among what this firmware can do; it can forbid a step and never add one. What
every box must keep (no sheet counted twice, none that certainly did not fall) is no choice.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ballotbox_device.core.poll import TRANSITIONS, Action, Transition
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_protocol.election.identifiers import PollState, require


class DropTimeout(StrEnum):
    """What the machine does when the drop sensor does not tell."""

    ASK = "ask"
    EJECT = "eject"
    ACCEPT = "accept"


class SecondChance(StrEnum):
    """What happens to a sheet that the election's policy lets the voter reconsider."""

    ASK_VOTER = "ask_voter"
    RETURN = "return"
    ACCEPT = "accept"


class Connects(StrEnum):
    """When the machine may reach its gateway."""

    ALWAYS = "always"
    AFTER_CLOSE = "after_close"


class Road(StrEnum):
    """A way to the gateway."""

    SERIAL = "serial"
    MQTT = "mqtt"


class SheetClass(StrEnum):
    """The neutral classes of sheets that every machine names in its own words."""

    VALID = "valid"
    BLANK = "blank"
    OVERVOTED = "overvoted"
    UNREADABLE = "unreadable"
    WRONG_STYLE = "wrong_style"
    WRONG_STAMP = "wrong_stamp"


@dataclass(frozen=True, slots=True)
class Source:
    """Why a field has its value: a public source that was read, or an assumption that says so."""

    text: str
    known: bool

    def __post_init__(self) -> None:
        require(
            self.text.strip() == self.text != "" and "\n" not in self.text,
            "source.text",
            "must be one line of words: where it is written, or what is assumed and why",
        )


#: Without these there is no poll: a box that lacks one could never come to a final.
NEEDED_ACTIONS: Final = frozenset({Action.PRINT_ZERO, Action.OPEN, Action.CLOSE, Action.FINISH})
#: A step and the way back from it.
PAIRED_ACTIONS: Final = (
    (Action.PAUSE, Action.RESUME),
    (Action.ADMIT_PORTABLE, Action.END_PORTABLE),
)
#: Widths of receipt paper, in millimetres.
PAPER_WIDTHS_MM: Final = (58, 80)
FEEDS_MAX: Final = 100
CAPACITY_MAX: Final = 1_000_000
COPIES_MAX: Final = 20
TURNOUT_MINUTES_MAX: Final = 1_440
NAME_FORM: Final = "1 to 32 lower-case letters, digits or hyphens, the first a letter"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_WORDS_MAX: Final = 60
_ABOUT_MAX: Final = 400
_RECONSIDERED: Final = frozenset({ReturnReason.BLANK, ReturnReason.OVERVOTED})
_IDENTITY: Final = ("name", "title", "about", "sources")


@dataclass(frozen=True, slots=True)
class Profile:
    """The behaviour of one kind of box. Each field but the first three has a source.

    name: as on the command line. title: machine, country, year. about: what a reader must know.
    actions: the poll steps it knows. feeds_max: feeds of one sheet before an officer is called.
    capacity: sheets its container holds; capacity_warning: from how many it warns. returned:
    the reasons for which it gives a sheet back at all. class_names: its own words. stamp_required:
    it looks for the commission's stamp. turnout_minutes: between interim reports, 0 for none.
    cover_open_stops: it takes in nothing with an open cover. battery: it outlives the mains.
    """

    name: str
    title: str
    about: str
    actions: frozenset[Action]
    drop_timeout: DropTimeout
    second_chance: SecondChance
    feeds_max: int | None
    capacity: int | None
    capacity_warning: int | None
    returned: frozenset[ReturnReason]
    class_names: Mapping[SheetClass, str]
    stamp_required: bool
    paper_width_mm: int
    zero_copies: int
    result_copies: int
    turnout_minutes: int
    connects: Connects
    roads: frozenset[Road]
    cover_open_stops: bool
    battery: bool
    sources: Mapping[str, Source]

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_names", MappingProxyType(dict(self.class_names)))
        object.__setattr__(self, "sources", MappingProxyType(dict(self.sources)))
        self._check_identity()
        self._check_actions()
        self._check_sheets()
        self._check_capacity()
        self._check_paper()
        self._check_roads()
        require(
            self.sources.keys() == frozenset(SOURCED_FIELDS),
            "sources",
            f"must say for each of {listed(SOURCED_FIELDS)} why it is so, and for nothing else",
        )

    def _check_identity(self) -> None:
        require(_NAME.fullmatch(self.name), "name", f"must be {NAME_FORM}")
        _require_words(self.title, "title", _WORDS_MAX)
        _require_words(self.about, "about", _ABOUT_MAX)

    def _check_actions(self) -> None:
        _require_members(self.actions, Action, "actions")
        missing = sorted(NEEDED_ACTIONS - self.actions)
        names = listed(action.name.lower() for action in missing)
        require(not missing, "actions", f"lacks {names}: without it no poll comes to its final")
        for there, back in PAIRED_ACTIONS:
            require(
                (there in self.actions) == (back in self.actions),
                "actions",
                f"must have both or neither of {there.name.lower()} and {back.name.lower()}",
            )

    def _check_sheets(self) -> None:
        _require_members((self.drop_timeout,), DropTimeout, "drop_timeout")
        _require_members((self.second_chance,), SecondChance, "second_chance")
        _require_members(self.returned, ReturnReason, "returned")
        _require_number(self.feeds_max, "feeds_max", 1, FEEDS_MAX, or_none=True)
        require(
            ReturnReason.NOT_DROPPED in self.returned,
            "returned",
            "must have not_dropped: what certainly did not fall is counted by no box",
        )
        back = _RECONSIDERED & self.returned
        if self.second_chance is SecondChance.ACCEPT:
            what = "must have neither blank nor overvoted when second_chance is accept"
            require(not back, "returned", what)
        else:
            what = f"must have blank or overvoted when second_chance is {self.second_chance}"
            require(back, "returned", what)
        _check_class_names(self.class_names)
        _require_truth(self.stamp_required, "stamp_required")

    def _check_capacity(self) -> None:
        _require_number(self.capacity, "capacity", 1, CAPACITY_MAX, or_none=True)
        _require_number(self.capacity_warning, "capacity_warning", 1, CAPACITY_MAX, or_none=True)
        if self.capacity_warning is not None:
            require(
                self.capacity is not None and self.capacity_warning <= self.capacity,
                "capacity_warning",
                f"must be none, or a number up to capacity, which is {self.capacity or 'none'}",
            )

    def _check_paper(self) -> None:
        require(
            type(self.paper_width_mm) is int and self.paper_width_mm in PAPER_WIDTHS_MM,
            "paper_width_mm",
            f"must be {' or '.join(map(str, PAPER_WIDTHS_MM))}",
        )
        _require_number(self.zero_copies, "zero_copies", 0, COPIES_MAX)
        _require_number(self.result_copies, "result_copies", 0, COPIES_MAX)

    def _check_roads(self) -> None:
        _require_number(self.turnout_minutes, "turnout_minutes", 0, TURNOUT_MINUTES_MAX)
        _require_members((self.connects,), Connects, "connects")
        _require_members(self.roads, Road, "roads")
        require(self.roads, "roads", f"must have at least one of {listed(Road)}")
        _require_truth(self.cover_open_stops, "cover_open_stops")
        _require_truth(self.battery, "battery")


#: The states in which a box connects that does so after the close alone.
AFTER_CLOSE: Final = frozenset(
    {PollState.CLOSED, PollState.PORTABLE, PollState.FINAL, PollState.SEALED}
)
#: The fields that have a source, in the order of a profile.
SOURCED_FIELDS: Final = tuple(
    field.name for field in fields(Profile) if field.name not in _IDENTITY
)


def transitions(profile: Profile) -> Mapping[tuple[PollState, Action], Transition]:
    """Return the transitions of the poll whose action the box of `profile` knows."""
    return MappingProxyType(
        {cell: each for cell, each in TRANSITIONS.items() if cell[1] in profile.actions}
    )


def listed(words: Iterable[str]) -> str:
    """Return words as a list for the eye: `a, b, c`."""
    return ", ".join(words)


def _check_class_names(names: Mapping[SheetClass, str]) -> None:
    missing = [each for each in SheetClass if each not in names]
    require(not missing, "class_names", f"lacks a word for {listed(missing)}")
    extra = sorted(str(each) for each in names if each not in frozenset(SheetClass))
    require(not extra, "class_names", f"has {listed(extra)}; the classes are {listed(SheetClass)}")
    for each in SheetClass:
        _require_words(names[each], f"class_names.{each}", _WORDS_MAX)


def _require_words(value: object, field: str, length_max: int) -> None:
    require(
        isinstance(value, str)
        and 0 < len(value) <= length_max
        and value.isprintable()
        and value.strip() == value,
        field,
        f"must be one line of 1 to {length_max} characters without spaces around",
    )


def _require_members(values: Iterable[object], allowed: type, field: str) -> None:
    strange = sorted(repr(value) for value in values if not isinstance(value, allowed))
    require(not strange, field, f"has {listed(strange)}, which is no {allowed.__name__}")


def _require_number(
    value: object, field: str, least: int, most: int, *, or_none: bool = False
) -> None:
    if value is None and or_none:
        return
    otherwise = " or none" if or_none else ""
    require(
        type(value) is int and least <= value <= most,
        field,
        f"must be a whole number from {least} to {most}{otherwise}",
    )


def _require_truth(value: object, field: str) -> None:
    require(type(value) is bool, field, "must be true or false")
