"""Reads a profile from its TOML file, whole or not at all; every error names file, field and fix.

Each field is a table: its `value`, and why it is so: `source` or `assumed`.
"""

import tomllib
from collections.abc import Callable
from enum import Enum
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Generic, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ballotbox_device.core.poll import Action
from ballotbox_device.core.profile import (
    CAPACITY_MAX,
    COPIES_MAX,
    FEEDS_MAX,
    NAME_FORM,
    PAPER_WIDTHS_MM,
    SOURCED_FIELDS,
    TURNOUT_MINUTES_MAX,
    Connects,
    DropTimeout,
    Profile,
    Road,
    SecondChance,
    SheetClass,
    Source,
    listed,
)
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_device.host.problem import Problem, reason_of
from ballotbox_device.host.profile_errors import explain
from ballotbox_protocol.election.identifiers import InvalidField

_SUFFIX: Final = ".toml"
#: Many times the longest built-in profile; what is longer is another file.
_SIZE_MAX: Final = 262_144
_REMEDY: Final = "A whole one to start from: ballotbox-device profiles generic --toml"

T = TypeVar("T")


def _member(kind: type[Enum]) -> Callable[[object], object]:
    members = {each.name.lower(): each for each in kind}

    def read(value: object) -> object:
        if isinstance(value, str) and value in members:
            return members[value]
        raise ValueError(f"must be one of {listed(members)}, not {value!r}")

    return read


def _members(kind: type[Enum]) -> Callable[[object], object]:
    read = _member(kind)
    known = listed(each.name.lower() for each in kind)

    def read_all(value: object) -> object:
        if not isinstance(value, list):
            raise ValueError(f"must be a list in brackets, of {known}")  # noqa: TRY004 (pydantic)
        found = [read(each) for each in value]
        if len(frozenset(found)) < len(found):
            raise ValueError("names one twice: leave the second out")
        return frozenset(found)

    return read_all


def _words_by_class(value: object) -> object:
    known = listed(SheetClass)
    if not isinstance(value, dict):
        raise ValueError(f"must be a table with a word for each of {known}")  # noqa: TRY004
    read = _member(SheetClass)
    return {read(key): word for key, word in value.items()}


def _or_none(value: object) -> object:
    return None if value == "none" else value


def _one_of(kind: type[Enum]) -> str:
    return f"one of {listed(each.name.lower() for each in kind)}"


def _list_of(kind: type[Enum]) -> str:
    return f"list of {listed(each.name.lower() for each in kind)}"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Line(_Table, Generic[T]):
    """One field of a profile: its value and why it is so."""

    value: T
    source: str | None = None
    assumed: str | None = None

    @model_validator(mode="after")
    def _why(self) -> Self:
        if (self.source is None) == (self.assumed is None):
            raise ValueError(
                'must say why, once: source = "…" for what is written somewhere public, or '
                'assumed = "…" for what is not known'
            )
        return self

    def why(self) -> Source:
        """Return the source or the assumption."""
        if self.source is not None:
            return Source(self.source.strip(), known=True)
        return Source((self.assumed or "").strip(), known=False)


Actions = Annotated[frozenset[Action], BeforeValidator(_members(Action))]
Reasons = Annotated[frozenset[ReturnReason], BeforeValidator(_members(ReturnReason))]
Roads = Annotated[frozenset[Road], BeforeValidator(_members(Road))]
Timeout = Annotated[DropTimeout, BeforeValidator(_member(DropTimeout))]
Chance = Annotated[SecondChance, BeforeValidator(_member(SecondChance))]
Connection = Annotated[Connects, BeforeValidator(_member(Connects))]
Words = Annotated[dict[SheetClass, str], BeforeValidator(_words_by_class)]
NumberOrNone = Annotated[int | None, BeforeValidator(_or_none)]

_COPIES: Final = f"number from 0 to {COPIES_MAX}"


class _File(_Table):
    name: str = Field(description=NAME_FORM)
    title: str = Field(description="machine, country, year")
    about: str = Field(description="what a reader must know, in a line or two")
    actions: _Line[Actions] = Field(description=_list_of(Action))
    drop_timeout: _Line[Timeout] = Field(description=_one_of(DropTimeout))
    second_chance: _Line[Chance] = Field(description=_one_of(SecondChance))
    feeds_max: _Line[NumberOrNone] = Field(description=f'number from 1 to {FEEDS_MAX}, or "none"')
    capacity: _Line[NumberOrNone] = Field(description=f'number from 1 to {CAPACITY_MAX}, or "none"')
    capacity_warning: _Line[NumberOrNone] = Field(description='number up to capacity, or "none"')
    returned: _Line[Reasons] = Field(description=_list_of(ReturnReason))
    class_names: _Line[Words] = Field(description=f"table with a word for {listed(SheetClass)}")
    stamp_required: _Line[bool] = Field(description="true or false")
    paper_width_mm: _Line[int] = Field(description=" or ".join(map(str, PAPER_WIDTHS_MM)))
    zero_copies: _Line[int] = Field(description=_COPIES)
    result_copies: _Line[int] = Field(description=_COPIES)
    turnout_minutes: _Line[int] = Field(
        description=f"number from 0 to {TURNOUT_MINUTES_MAX}; 0 for no interim reports"
    )
    connects: _Line[Connection] = Field(description=_one_of(Connects))
    roads: _Line[Roads] = Field(description=_list_of(Road))
    cover_open_stops: _Line[bool] = Field(description="true or false")
    battery: _Line[bool] = Field(description="true or false")

    def profile(self) -> Profile:
        """Return the profile; raises InvalidField for what does not fit together."""
        lines: dict[str, _Line[Any]] = {each: getattr(self, each) for each in SOURCED_FIELDS}
        values = {each: line.value for each, line in lines.items()}
        sources = {each: _why(each, line) for each, line in lines.items()}
        about = " ".join(self.about.split())
        return Profile(self.name, self.title, about, **values, sources=sources)


def _why(field: str, line: _Line[Any]) -> Source:
    try:
        return line.why()
    except InvalidField as error:
        kind = "source" if line.source is not None else "assumed"
        raise InvalidField(f"{field}.{kind}", error.problem) from None


def profile_names() -> list[str]:
    """Return the names of the profiles that come with the package, in order."""
    folder = files("ballotbox_device") / "profiles"
    names = (entry.name for entry in folder.iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))


def load_profile(name: str) -> Profile:
    """Return a built-in profile, or that of a file when `name` ends with .toml; raises Problem."""
    where, text = _text_of(name)
    return read_profile(where, text)


def profile_text(name: str) -> str:
    """Return the TOML text of a profile that loads, as it stands in its file; raises Problem."""
    where, text = _text_of(name)
    read_profile(where, text)
    return text


def read_profile(where: str, text: str) -> Profile:
    """Return the profile that the text of a file describes; raises Problem naming `where`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Problem(where, f"is not TOML: {error}", "Correct that line") from error
    except RecursionError as error:
        raise Problem(where, "is nested too deeply for a profile", _REMEDY) from error
    try:
        return _File.model_validate(data).profile()
    except ValidationError as error:
        raise Problem(where, explain(error, _File), _REMEDY) from error
    except InvalidField as error:
        raise Problem(where, str(error), _REMEDY) from error


def _text_of(name: str) -> tuple[str, str]:
    if name.endswith(_SUFFIX):
        return name, _read(Path(name))
    if name not in profile_names():
        known = listed(profile_names())
        remedy = f"The built-in ones are {known}; the name of a file ends with {_SUFFIX}"
        raise Problem(f"profile {name}", "there is none of this name", remedy)
    entry = files("ballotbox_device") / "profiles" / f"{name}{_SUFFIX}"
    return entry.name, entry.read_text(encoding="utf-8")


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_SIZE_MAX + 1)
    except OSError as error:
        remedy = "Give the path of a profile's TOML file, or the name of a built-in one"
        raise Problem(str(path), reason_of(error).lower(), remedy) from error
    if len(data) > _SIZE_MAX:
        raise Problem(str(path), f"is longer than {_SIZE_MAX} bytes, so no profile", _REMEDY)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(str(path), "is not UTF-8 text", "Save it as UTF-8") from error
