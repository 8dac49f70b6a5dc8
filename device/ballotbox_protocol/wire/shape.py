"""Reading decoded CBOR into domain objects: every misfit names its field.

A `Fields` wraps the map that is a document; each `take` consumes a key, and `done` refuses what is
left over, so no key is ignored silently.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import TypeVar

from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_protocol.wire.cbor import Value

E = TypeVar("E", bound=IntEnum)
T = TypeVar("T")


class Fields:
    """The not yet consumed entries of a document's map; `document` is what errors call it."""

    def __init__(self, value: object, document: str) -> None:
        require(type(value) is dict, document, "must be a map")
        self._entries: dict[int, Value] = dict(value)  # type: ignore[call-overload]
        self._document = document

    def has(self, key: int) -> bool:
        """Tell whether `key` is there to be taken."""
        return key in self._entries

    def take(self, key: int, field: str, kind: type[T]) -> T:
        """Consume `key`, which must be present and of exactly this type."""
        require(key in self._entries, field, "is missing")
        return as_type(self._entries.pop(key), kind, field)

    def take_version(self, supported: int) -> None:
        """Consume key 0, the version of the format, which must be the supported one."""
        version = self.take(0, "format", int)
        require(version == supported, "format", f"{version} is not supported, {supported} is")

    def take_enum(self, key: int, field: str, kind: type[E]) -> E:
        """Consume `key` as a member of a closed set of codes."""
        return as_enum(self.take(key, field, int), kind, field)

    def take_each(self, key: int, field: str, build: Callable[[Value, str], T]) -> tuple[T, ...]:
        """Consume `key` as an array, building each item with its own error path."""
        items = self.take(key, field, list)
        return tuple(build(item, f"{field}[{index}]") for index, item in enumerate(items))

    def done(self) -> None:
        """Raise InvalidField when a key is left that nobody asked for."""
        if self._entries:
            raise InvalidField(self._document, f"has unknown keys {sorted(self._entries)}")


_TYPE_NAMES: dict[type, str] = {
    int: "an integer",
    bytes: "a byte string",
    str: "text",
    list: "an array",
    dict: "a map",
}


def as_type(value: object, kind: type[T], path: str) -> T:
    """Return `value` when it has exactly this type, or raise InvalidField."""
    if type(value) is kind:
        return value
    raise InvalidField(path, f"must be {_TYPE_NAMES[kind]}")


def as_enum(value: int, kind: type[E], path: str) -> E:
    """Return the member with this code, or raise InvalidField."""
    try:
        return kind(value)
    except ValueError:
        raise InvalidField(path, f"{value} is not a known code") from None


def as_tuple(value: object, path: str, *kinds: type) -> list[Value]:
    """Return `value` when it is an array of exactly these types, or raise InvalidField."""
    if type(value) is list and tuple(map(type, value)) == kinds:
        return value
    wanted = ", ".join(_TYPE_NAMES[kind] for kind in kinds)
    raise InvalidField(path, f"must be an array of {wanted}")
