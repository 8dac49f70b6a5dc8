"""A count by hand as a file: TOML that a person fills in, one line for each number."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from typing import Any, Final

from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.count_sheet import (
    HOW_TO_WRITE,
    CountSheet,
    open_sheet,
    read_value,
)
from ballotbox_protocol.election.law.law import Law, Mark, Value
from ballotbox_protocol.wire.trust import Trusted

#: Many times the longest form.
_BYTES_MAX: Final = 262_144
#: What a TOML reader does with a dotted key grows with the square of its length.
_LINE_MAX: Final = 1_000
_TOP: Final = ("precinct", "contest", "law", "lines", "options")


@dataclass(frozen=True)
class FilledForm:
    """A form that was filled in: the sheet, and a value for each of its columns."""

    sheet: CountSheet
    values: tuple[Value, ...]


def form_text(sheet: CountSheet, values: Sequence[Value] | None = None) -> str:
    """Return the form of a sheet, blank or with these values."""
    given = ['""'] * len(sheet.labels) if values is None else [_written(each) for each in values]
    lines = [
        f"# {sheet.precinct.name}",
        f'# In place of a number: "{Mark.NO_DATA.value}" or "{Mark.ILLEGIBLE.value}"',
        f"precinct = {sheet.precinct.number}",
        f"contest = {_quoted(sheet.contest.name)}",
        f"law = {_quoted(sheet.bound.law.name)}",
    ]
    part = ""
    for column, (_, title), value in zip(sheet.bound.columns, sheet.labels, given, strict=True):
        head = f"[options.{column.line}]" if column.option else "[lines]"
        if head != part:
            lines += ["", head]
            part = head
        key = _quoted(column.option or column.line)
        lines.append(f"{key} = {value}" + ("" if column.option else f"  # {title}"))
    return "\n".join(lines) + "\n"


def read_form(path: Path, trusted: Trusted, laws: Mapping[bytes, Law]) -> FilledForm:
    """Return what a form says; raises Problem naming the place in it."""
    top = _parsed(path)
    strange = sorted(set(top) - set(_TOP))
    if strange:
        raise Problem(str(path), f"{strange[0]!r} is unknown", f"It has: {', '.join(_TOP)}")
    precinct = top.get("precinct")
    if type(precinct) is not int:
        raise Problem(f"{path}: precinct", "is no whole number", "Write: precinct = 101")
    words = {name: _word(path, name, top.get(name)) for name in ("contest", "law")}
    sheet = open_sheet(trusted, laws, precinct, words["contest"], words["law"])
    return FilledForm(sheet, _values(path, sheet, top))


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(_BYTES_MAX).decode("utf-8-sig")
        if any(len(line) > _LINE_MAX for line in text.split("\n")):
            raise Problem(str(path), f"has a line of more than {_LINE_MAX} characters", "Wrap it")
        return tomllib.loads(text)
    except OSError as error:
        what = (error.strerror or str(error)).lower()
        remedy = "`ballotbox-gateway hand-count form` writes one"
        raise Problem(str(path), what, remedy) from error
    except (ValueError, RecursionError) as error:
        raise Problem(str(path), f"is no TOML: {error}", HOW_TO_WRITE.capitalize()) from error


def _word(path: Path, name: str, value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise Problem(f"{path}: {name}", "is no text", f'Write: {name} = "…"')


def _values(path: Path, sheet: CountSheet, top: Mapping[str, Any]) -> tuple[Value, ...]:
    groups = dict.fromkeys(column.line for column in sheet.bound.columns if column.option)
    options = _table(path, "options", top.get("options", {}))
    tables = {"": _table(path, "lines", top.get("lines"))}
    tables |= {name: _table(path, f"options.{name}", options.get(name)) for name in groups}
    _require_known(path, "options", options, groups)
    wanted: dict[str, list[str]] = {name: [] for name in tables}
    values: list[Value] = []
    for column in sheet.bound.columns:
        group, key = (column.line, column.option) if column.option else ("", column.line)
        wanted[group].append(key)
        place = f"{path}: {f'options.{group}' if group else 'lines'}.{_quoted(key)}"
        values.append(_value(place, tables[group].get(key)))
    for name, table in tables.items():
        _require_known(path, f"options.{name}" if name else "lines", table, wanted[name])
    return tuple(values)


def _table(path: Path, name: str, value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise Problem(f"{path}: [{name}]", "is missing", "`hand-count form` writes every line")


def _require_known(
    path: Path, name: str, table: Mapping[str, Any], known: Sequence[str] | Mapping[str, None]
) -> None:
    strange = [key for key in table if key not in known]
    if strange:
        what = f"{strange[0]!r} is none of this law and contest"
        raise Problem(f"{path}: [{name}]", what, "Take it out, or correct its name")


def _value(place: str, written: object) -> Value:
    if written is None or written == "":
        raise Problem(place, "is not filled in", HOW_TO_WRITE.capitalize())
    if type(written) is int or isinstance(written, str):
        try:
            return read_value(str(written))
        except ValueError as error:
            raise Problem(place, str(error), "Nothing was changed") from error
    raise Problem(place, "is no count", HOW_TO_WRITE.capitalize())


def _written(value: Value) -> str:
    return _quoted(value.value) if isinstance(value, Mark) else str(value)


def _quoted(text: str) -> str:
    """Return text as TOML has it between quotes; what may be in names needs no more than JSON."""
    return dumps(text, ensure_ascii=False)
