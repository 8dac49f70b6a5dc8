"""Reading scenarios: those that come with the package by name, others by the path of their file.

Every mistake in a file names the file, the field and the way out.
"""

import re
from collections.abc import Iterator
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Final

from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_protocol.election.source_table import (
    Table,
    as_choice,
    as_text,
    as_written,
    read_source,
)
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.plan import Ballots, DayPlan, RoadChoice
from ballotbox_simulator.world.polling_day import HOUR, MINUTE, Hours
from ballotbox_simulator.world.scenario import Found, Imbalance, Issued, PlannedFault, Scenario

_SECOND: Final = 1_000
_CLOCK: Final = re.compile(r"([0-9]{2}):([0-5][0-9])(?::([0-5][0-9]))?")
_DURATION: Final = re.compile(r"(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")
_TOP: Final = ("title", "text", "swarm", "plan", "weather", "fault", "imbalance", "rulings")
_PLAN: Final = (
    "precincts", "boxes", "ballots", "portable", "road", "election", "curve", "service", "hours",
    "by_hand", "rehearsal",
)  # fmt: skip
_HOURS: Final = ("switch_on", "zero", "opening", "closing", "end", "turnout")
_FAULT: Final = ("kind", "at", "jitter", "lasts", "target", "share", "each", "detail", "times")
_IMBALANCE: Final = ("cause", "sign", "found", "issued")
_SUFFIX: Final = ".toml"


class BadScenario(Exception):
    """A scenario cannot be used; the text names the file, the field and the way out."""


def scenario_names() -> list[str]:
    """Return the names of the scenarios that come with the package, in order."""
    folder = files("ballotbox_simulator") / "scenarios"
    names = (entry.name for entry in folder.iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))


def load_scenario(name: str) -> Scenario:
    """Return a scenario of the package, or of a file when `name` ends with .toml."""
    if name.endswith(_SUFFIX):
        return _from_file(Path(name))
    if name not in scenario_names():
        known = ", ".join(scenario_names())
        raise BadScenario(f"scenario {name}: there is none of this name; known: {known}")
    entry = files("ballotbox_simulator") / "scenarios" / f"{name}{_SUFFIX}"
    return read_scenario(name, entry.read_text(encoding="utf-8"), entry.name)


def _from_file(path: Path) -> Scenario:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadScenario(f"{path}: {str(error.strerror).lower()}") from error
    except UnicodeDecodeError as error:
        raise BadScenario(f"{path}: is not UTF-8 text: save it as UTF-8") from error
    return read_scenario(path.name.removesuffix(_SUFFIX), text, str(path))


def read_scenario(name: str, text: str, file: str) -> Scenario:
    """Return the scenario that the text of a file describes; raises BadScenario."""
    try:
        return _scenario(name, read_source(text, _TOP))
    except InvalidField as error:
        raise BadScenario(f"{file}: {error}") from error


def _scenario(name: str, top: Table) -> Scenario:
    plan = _plan(_table(top, "plan", _PLAN)) if "plan" in top else None
    return Scenario(
        name,
        top.text("title"),
        top.text("text").strip(),
        plan,
        top.flag("swarm"),
        dict(_weather(top)),
        tuple(_fault(each) for each in top.tables("fault", _FAULT)),
        _imbalance(_table(top, "imbalance", _IMBALANCE)) if "imbalance" in top else None,
        top.flag("rulings"),
    )


def _table(top: Table, key: str, known: tuple[str, ...]) -> Table:
    return Table(as_written(top.value(key), dict, top.at(key)), top.at(key), known)


def _plan(table: Table) -> DayPlan:
    usual = DayPlan()
    try:
        return DayPlan(
            precincts=table.number("precincts", usual.precincts),
            boxes=table.number("boxes", usual.boxes),
            ballots=table.number("ballots", usual.ballots),
            portable=table.number("portable", usual.portable),
            road=table.choice("road", RoadChoice) if "road" in table else usual.road,
            election=table.choice("election", Ballots) if "election" in table else usual.election,
            hours=_hours(_table(table, "hours", _HOURS)) if "hours" in table else usual.hours,
            curve=table.each("curve", _fraction) if "curve" in table else usual.curve,
            service=table.each("service", _fraction) if "service" in table else usual.service,
            by_hand=table.number("by_hand", usual.by_hand),
            rehearsal=table.number("rehearsal", usual.rehearsal),
        )
    except InvalidField as error:
        raise _standing_in("plan", error) from None


def _standing_in(path: str, error: InvalidField) -> InvalidField:
    """Return the error with its field named from the top of the file."""
    at_home = error.field == path or error.field.startswith((f"{path}.", f"{path}["))
    return error if at_home else InvalidField(f"{path}.{error.field}", error.problem)


def _hours(table: Table) -> Hours:
    usual = Hours()
    clock = {
        key: _clock(table, key) if key in table else getattr(usual, key) for key in _HOURS[:-1]
    }
    turnout = _duration(table, "turnout") if "turnout" in table else usual.turnout
    return Hours(**clock, turnout=turnout)


def _weather(top: Table) -> Iterator[tuple[FaultKind, float]]:
    if "weather" in top:
        entries = as_written(top.value("weather"), dict, "weather")
        for key, value in entries.items():
            path = f"weather.{key}"
            yield as_choice(key, path, FaultKind), _fraction(value, path)


def _fault(table: Table) -> PlannedFault:
    each = table.flag("each")
    require(not (each and "share" in table), table.at("each"), "cannot stand beside share")
    share = _fraction(table.value("share"), table.at("share")) if "share" in table else None
    try:
        return PlannedFault(
            table.choice("kind", FaultKind),
            _clock(table, "at"),
            _duration(table, "jitter") if "jitter" in table else 0,
            _duration(table, "lasts") if "lasts" in table else 0,
            table.number("target") if "target" in table else None,
            1.0 if each else share,
            table.number("detail") if "detail" in table else None,
            table.number("times", 1),
        )
    except InvalidField as error:
        raise _standing_in(table.path, error) from None


def _imbalance(table: Table) -> Imbalance:
    issued = table.value("issued")
    written_down = type(issued) is int
    return Imbalance(
        table.text("cause"),
        table.text("sign"),
        table.choice("found", Found),
        table.number("issued") if written_down else table.choice("issued", Issued),
    )


def _fraction(value: object, path: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return float(value)
    raise InvalidField(path, "must be a number")


def _clock(table: Table, key: str) -> int:
    """Return a time as written, "20:00" or "20:00:30"; hours from 24 are the night after."""
    written = as_text(table.value(key), table.at(key))
    found = _CLOCK.fullmatch(written)
    if found is None:
        raise InvalidField(table.at(key), f'{written!r} is no time: write it as "20:00"')
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * HOUR + minutes * MINUTE + seconds * _SECOND


def _duration(table: Table, key: str) -> int:
    """Return a duration as written, "6h", "20m", "90s" or "1h30m"."""
    written = as_text(table.value(key), table.at(key))
    found = _DURATION.fullmatch(written)
    if found is None or not written:
        raise InvalidField(table.at(key), f'{written!r} is no duration: write it as "20m"')
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * HOUR + minutes * MINUTE + seconds * _SECOND
