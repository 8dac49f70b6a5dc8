"""A JSON document written piece by piece: a list of it may be longer than memory should hold."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from ballotbox_tabulation.core.document_list import DocumentList

#: So many items of a list are written at once.
_A_PIECE: Final = 64


@dataclass(frozen=True, slots=True)
class Stream:
    """A list whose items are made when they are written, and only once; each fits memory."""

    items: Iterable[Any]


def pieces(value: Any, *, ordered: bool = False) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield the compact JSON of a value, in which streams may stand below objects and streams.

    ordered: with the keys of all objects sorted, as the canonical form has them.
    """
    text_of = ordered_text if ordered else _text
    if isinstance(value, Stream | DocumentList):
        texts = value.texts() if ordered and isinstance(value, DocumentList) else None
        if texts is not None:
            yield from _joined(texts)
        else:
            yield from _items(value.items if isinstance(value, Stream) else value, text_of)
        return
    try:
        text = text_of(value)
    except _HoldsStream:
        yield from _members(value, text_of)
    else:
        yield text


def _joined(texts: Iterable[str]) -> Iterator[str]:
    rest, head = iter(texts), "["
    while some := list(islice(rest, _A_PIECE)):
        yield head + ",".join(some)
        head = ","
    yield "]" if head == "," else "[]"


def _items(items: Iterable[Any], text_of: "_Encode") -> Iterator[str]:
    # Nearly all that a stream holds is small and holds no other: many are encoded as one list.
    rest, head = iter(items), "["
    while some := list(islice(rest, _A_PIECE)):
        try:
            yield head + text_of(some)[1:-1]
        except _HoldsStream:
            yield from _one_by_one(some, head, text_of)
        head = ","
    yield "]" if head == "," else "[]"


def _one_by_one(items: Sequence[Any], head: str, text_of: "_Encode") -> Iterator[str]:
    for item in items:
        yield head
        yield from pieces(item, ordered=text_of is ordered_text)
        head = ","


def _members(value: dict[str, Any], text_of: "_Encode") -> Iterator[str]:
    ordered = text_of is ordered_text
    yield "{"
    for at, (name, each) in enumerate(sorted(value.items()) if ordered else value.items()):
        yield f"{',' if at else ''}{_text(name)}:"
        yield from pieces(each, ordered=ordered)
    yield "}"


class _HoldsStream(Exception):
    pass


def _refuse(value: object) -> None:
    if isinstance(value, Stream | DocumentList):
        raise _HoldsStream
    raise TypeError(f"JSON has no {type(value).__name__}")


_Encode = Callable[[Any], str]
_text: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_refuse).encode
#: Returns the canonical JSON of a value that holds no stream.
ordered_text: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), default=_refuse, sort_keys=True
).encode
