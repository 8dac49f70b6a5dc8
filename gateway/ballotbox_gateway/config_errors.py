"""Turns what a validator says about the settings file into words: file, field, fault and fix."""

import difflib
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ballotbox_gateway.problem import Problem

_REMEDY: Final = "`ballotbox-gateway settings` lists every field"
#: So that the first faults are not scrolled off the screen by the last.
_LINES_MAX: Final = 10

_KINDS: Final = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number without quotes",
    "bool_type": "must be true or false",
    "tuple_type": "must be a repeated table, written [[{name}]]",
    "model_type": "must be a table, written [{name}]",
    "model_attributes_type": "must be a table, written [{name}]",
    "path_type": "must be a path in quotes",
}


def explain(
    where: str, error: ValidationError, top: type[BaseModel], remedy: str = _REMEDY
) -> Problem:
    """Return the problem that stands for all faults of the file, one line each.

    remedy: where a person finds every field.
    """
    faults = [_fault(detail, top) for detail in error.errors(include_url=False)]
    first, *rest = [f"{field}: {what}" if field else what for field, what in faults]
    shown = rest[: _LINES_MAX - 1]
    if len(rest) > len(shown):
        shown.append(f"and {len(rest) - len(shown)} more")
    what = "\n  ".join((first, *shown))
    return Problem(where, what, remedy)


def _fault(detail: ErrorDetails, top: type[BaseModel]) -> tuple[str, str]:
    location = [part for part in detail["loc"] if isinstance(part, int) or part.isidentifier()]
    name = _written(location)
    kind = detail["type"]
    if kind == "extra_forbidden":
        return name, f"there is no such setting{_suggestion(location, top)}"
    field = _field(location, top)
    meaning = f" ({field.description})" if field and field.description else ""
    if kind == "missing":
        return name, f"is missing{meaning}"
    if kind == "value_error":
        return name, str(detail["ctx"]["error"])
    if kind in _KINDS:
        return name, _KINDS[kind].format(name=name) + meaning
    return name, f"{_lowered(detail['msg'])}, not {_shown(detail['input'])}{meaning}"


def _written(location: list[Any]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _table(location: list[Any], top: type[BaseModel]) -> type[BaseModel] | None:
    table: type[BaseModel] | None = top
    for part in location[:-1]:
        if table is None or isinstance(part, int):
            continue
        field = table.model_fields.get(part)
        table = _model_in(field.annotation) if field else None
    return table


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        if found := _model_in(part):
            return found
    return None


def _field(location: list[Any], top: type[BaseModel]) -> FieldInfo | None:
    table = _table(location, top)
    return table.model_fields.get(str(location[-1])) if table and location else None


def _suggestion(location: list[Any], top: type[BaseModel]) -> str:
    table = _table(location, top)
    names = list(table.model_fields) if table else []
    word = str(location[-1])
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    close += [name for name in names if name.startswith(word)]
    return f"; did you mean `{close[0]}`?" if close else ""


def _lowered(message: str) -> str:
    return message.replace("Input should", "must").replace("String should", "must")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
