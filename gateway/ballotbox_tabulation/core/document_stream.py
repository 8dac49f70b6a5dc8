"""A JSON document written piece by piece: a list of it may be longer than memory should hold."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Stream:
    """A list whose items are made when they are written, and only once; each fits memory."""

    items: Iterable[Any]


def pieces(value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever JSON can hold
    """Yield the compact JSON of a value, in which streams may stand below objects and streams."""
    if isinstance(value, dict):
        yield from _members(value)
    elif isinstance(value, Stream):
        yield "["
        for at, item in enumerate(value.items):
            if at:
                yield ","
            yield from pieces(item)
        yield "]"
    else:
        yield _text(value)


def _members(value: dict[str, Any]) -> Iterator[str]:
    if not any(isinstance(each, Stream | dict) for each in value.values()):
        yield _text(value)
        return
    yield "{"
    for at, (name, each) in enumerate(value.items()):
        yield f"{',' if at else ''}{_text(name)}:"
        yield from pieces(each)
    yield "}"


def _text(value: Any) -> str:  # noqa: ANN401 - same
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
