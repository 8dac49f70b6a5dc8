"""Turns what a validator says about a profile's file into words: field, fault, what is right."""

import difflib
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

#: So that the first faults are not scrolled off the screen by the last.
_LINES_MAX: Final = 8
_KINDS: Final = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number without quotes",
    "bool_type": "must be true or false",
    "model_type": "must be a table with value, and source or assumed",
}
_WHY: Final = ("value", "source", "assumed")


def explain(error: ValidationError, top: type[BaseModel]) -> str:
    """Return all faults of the file, one line each, the first ones when there are many."""
    faults = [_fault(detail, top) for detail in error.errors(include_url=False)]
    shown = faults[:_LINES_MAX]
    if len(faults) > len(shown):
        shown.append(f"and {len(faults) - len(shown)} more")
    return "\n  ".join(shown)


def _fault(detail: ErrorDetails, top: type[BaseModel]) -> str:
    location = [str(part) for part in detail["loc"]]
    field, kind = ".".join(location), detail["type"]
    if kind == "extra_forbidden":
        known = list(top.model_fields) if len(location) == 1 else list(_WHY)
        return f"{field}: there is no such field{_suggestion(location[-1], known)}"
    if kind == "missing":
        return f"{field}: is missing; it is {_allowed(location, top)}"
    if kind == "value_error":
        return f"{field}: {detail['ctx']['error']}"
    return f"{field}: {_KINDS.get(kind, detail['msg'])}; it is {_allowed(location, top)}"


def _allowed(location: list[str], top: type[BaseModel]) -> str:
    description = top.model_fields[location[0]].description
    if len(location) == 1 and location[0] not in {"name", "title", "about"}:
        return f"a table: value ({description}), and source or assumed"
    return str(description)


def _suggestion(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else f"; there are {', '.join(known)}"
