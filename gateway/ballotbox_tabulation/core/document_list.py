"""A list of a JSON document that is made item by item, as often as it is asked: none is kept.

A result lists every box and every precinct of an election; made whole they would take many times
the memory of the numbers in them.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any, overload


class DocumentList(Sequence[Any]):
    """The items that `make` makes of `sources`, in their order; what is changed in one is lost.

    A deep copy is a plain list, whose items may be changed. `text`: returns the canonical JSON of
    an item, where it is known.
    """

    __slots__ = ("_make", "_sources", "_text")

    def __init__(
        self,
        make: Callable[[Any], Any],
        sources: Sequence[Any],
        text: Callable[[Any], str] | None = None,
    ) -> None:
        self._make = make
        self._sources = sources
        self._text = text

    def texts(self) -> Iterator[str] | None:
        """Return the canonical JSON of each item, None where it has to be made."""
        return None if self._text is None else map(self._text, self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def __iter__(self) -> Iterator[Any]:
        return map(self._make, self._sources)

    @overload
    def __getitem__(self, at: int) -> Any: ...  # noqa: ANN401 - whatever JSON can hold

    @overload
    def __getitem__(self, at: slice) -> "DocumentList": ...

    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return DocumentList(self._make, self._sources[at], self._text)
        return self._make(self._sources[at])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list | DocumentList):
            return NotImplemented
        return len(self) == len(other) and all(map(_same, self, other))

    __hash__ = None  # type: ignore[assignment] # equal to a list, which has no hash either

    def __repr__(self) -> str:
        return repr(list(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return [deepcopy(each, memo) for each in self]


def _same(one: object, other: object) -> bool:
    return one == other
