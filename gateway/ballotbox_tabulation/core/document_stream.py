"""A JSON document written piece by piece: a list of it may be longer than memory should hold."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

#: So many items of a list are written at once.
_A_PIECE: Final = 64


@dataclass(frozen=True, slots=True)
class Stream:
    """A list whose items are made when they are written, and only once; each fits memory."""

    items: Iterable[Any]


def pieces(value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever JSON can hold
    """Yield the compact JSON of a value, in which streams may stand below objects and streams."""
    if isinstance(value, Stream):
        yield from _items(value)
        return
    try:
        text = _text(value)
    except _HoldsStream:
        yield from _members(value)
    else:
        yield text


def _items(stream: Stream) -> Iterator[str]:
    # Nearly all that a stream holds is small and holds no other: many are one piece.
    waiting, head = [], "["
    for item in stream.items:
        try:
            waiting.append(head + _text(item))
        except _HoldsStream:
            yield "".join([*waiting, head])
            waiting = []
            yield from pieces(item)
        head = ","
        if len(waiting) == _A_PIECE:
            yield "".join(waiting)
            waiting = []
    yield "".join([*waiting, "]" if head == "," else "[]"])


def _members(value: dict[str, Any]) -> Iterator[str]:
    yield "{"
    for at, (name, each) in enumerate(value.items()):
        yield f"{',' if at else ''}{_text(name)}:"
        yield from pieces(each)
    yield "}"


class _HoldsStream(Exception):
    pass


def _refuse(value: object) -> None:
    if isinstance(value, Stream):
        raise _HoldsStream
    raise TypeError(f"JSON has no {type(value).__name__}")


_text: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_refuse).encode
