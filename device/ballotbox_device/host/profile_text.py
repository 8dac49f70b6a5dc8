"""A profile in words: for the screen of `ballotbox-device profiles`, and for docs/profiles."""

import textwrap
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from ballotbox_device.core.interpret import CHOSEN
from ballotbox_device.core.poll import Action
from ballotbox_device.core.profile import (
    SOURCED_FIELDS,
    Connects,
    DropTimeout,
    Profile,
    SecondChance,
    SheetClass,
    listed,
)
from ballotbox_device.core.sheet import ReturnReason

_WIDTH: Final = 100
_INDENT: Final = " " * 4

DROP_TIMEOUTS: Final = MappingProxyType(
    {
        DropTimeout.ASK: "asks a person whether the sheet is in the box",
        DropTimeout.EJECT: "runs the sheet back; a person looks when it does not come",
        DropTimeout.ACCEPT: "takes the sheet for fallen, and counts it",
    }
)
SECOND_CHANCES: Final = MappingProxyType(
    {
        SecondChance.ASK_VOTER: "holds the sheet and asks the voter",
        SecondChance.RETURN: "gives the sheet back; the voter may insert it again",
        SecondChance.ACCEPT: "takes the sheet in without a question",
    }
)
CONNECTIONS: Final = MappingProxyType(
    {
        Connects.ALWAYS: "sends each report at once",
        Connects.AFTER_CLOSE: "keeps its reports until the poll is closed",
    }
)


def value(profile: Profile, field: str) -> str:
    """Return the value of a field as a data file writes it, without its quotes."""
    held = getattr(profile, field)
    if held is None:
        return "none"
    if isinstance(held, bool):
        return str(held).lower()
    if isinstance(held, frozenset):
        return listed(each.name.lower() for each in sorted(held))
    if isinstance(held, Mapping):
        return listed(f"{each} = {held[each]}" for each in SheetClass)
    return str(held)


def meaning(profile: Profile, field: str) -> str:
    """Return what the value of a field means, in words."""
    return _MEANINGS[field](profile)


def origin(profile: Profile, field: str) -> str:
    """Return why the field is so: the source, or the assumption marked as one."""
    why = profile.sources[field]
    return why.text if why.known else f"Assumed; {why.text}"


def assumed_fields(profile: Profile) -> list[str]:
    """Return the fields that no source vouches for, in order."""
    return [field for field in SOURCED_FIELDS if not profile.sources[field].known]


def overview(profiles: list[Profile]) -> Iterator[str]:
    """Yield one line for each profile: its name, what it is, how much of it is known."""
    width = max(len(profile.name) for profile in profiles)
    for profile in profiles:
        known = len(SOURCED_FIELDS) - len(assumed_fields(profile))
        told = f"{known} of {len(SOURCED_FIELDS)} fields from a source"
        yield f"{profile.name:<{width}}  {profile.title}; {told}"


def profile_lines(profile: Profile) -> Iterator[str]:
    """Yield the lines that show a whole profile with its sources."""
    yield f"{profile.name}: {profile.title}"
    yield from textwrap.wrap(profile.about, _WIDTH)
    for field in SOURCED_FIELDS:
        yield ""
        yield from _wrapped(f"{field} = {value(profile, field)}", "")
        yield from _wrapped(meaning(profile, field), _INDENT)
        kind = "source: " if profile.sources[field].known else "assumed: "
        yield from _wrapped(kind + profile.sources[field].text, _INDENT)


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent or _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _actions(profile: Profile) -> str:
    missing = listed(a.name.lower() for a in Action if a not in profile.actions)
    return f"knows no {missing}" if missing else "knows every step of the poll"


def _returned(profile: Profile) -> str:
    kept = listed(r.name.lower() for r in ReturnReason if r in CHOSEN - profile.returned)
    return f"takes in and counts what is {kept}" if kept else "gives back for every reason"


def _feeds(profile: Profile) -> str:
    if profile.feeds_max is None:
        return "a sheet may be fed as often as one likes"
    return f"after {profile.feeds_max} feeds an officer is called"


def _capacity(profile: Profile) -> str:
    if profile.capacity is None:
        return "does not know when its container is full"
    return f"takes in no more than {profile.capacity} sheets before it is emptied"


def _capacity_warning(profile: Profile) -> str:
    if profile.capacity_warning is None:
        return "gives no warning before it is full"
    return f"warns from {profile.capacity_warning} sheets on"


def _turnout(profile: Profile) -> str:
    if not profile.turnout_minutes:
        return "makes no interim report by itself"
    return f"makes an interim report every {profile.turnout_minutes} minutes"


def _copies(count: int, what: str) -> str:
    return f"prints {what} in {count} {'copy' if count == 1 else 'copies'}" if count else (
        f"prints no {what.removeprefix('the ')}"
    )  # fmt: skip


_MEANINGS: Final[Mapping[str, Callable[[Profile], str]]] = MappingProxyType(
    {
        "actions": _actions,
        "drop_timeout": lambda p: f"when the sensor does not tell, {DROP_TIMEOUTS[p.drop_timeout]}",
        "second_chance": lambda p: (
            f"when the voter may think again, {SECOND_CHANCES[p.second_chance]}"
        ),
        "feeds_max": _feeds,
        "capacity": _capacity,
        "capacity_warning": _capacity_warning,
        "returned": _returned,
        "class_names": lambda _: "what the machine calls the classes of sheets",
        "stamp_required": lambda p: (
            "takes no sheet without the commission's stamp"
            if p.stamp_required
            else "looks for no stamp"
        ),
        "paper_width_mm": lambda p: f"prints on paper {p.paper_width_mm} mm wide",
        "zero_copies": lambda p: _copies(p.zero_copies, "the zero report"),
        "result_copies": lambda p: _copies(p.result_copies, "the result"),
        "turnout_minutes": _turnout,
        "connects": lambda p: CONNECTIONS[p.connects],
        "roads": lambda p: f"can reach its gateway by {listed(sorted(p.roads))}",
        "cover_open_stops": lambda p: (
            "takes in nothing while its cover is open"
            if p.cover_open_stops
            else "an open cover does not stop it"
        ),
        "battery": lambda p: (
            "goes on when the mains fail" if p.battery else "stops when the mains fail"
        ),
    }
)
