"""Reading decoded CBOR into domain objects: every misfit names its field.

A `Fields` wraps one decoded map; each `take_*` call consumes a key, and `done` refuses what is left
over, so no key is ignored silently.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, TypeVar

from ballotbox_protocol.election.identifiers import InvalidField, require

E = TypeVar("E", bound=IntEnum)
T = TypeVar("T")


class Fields:
    """The not yet consumed entries of one map; `path` names it in errors."""

    def __init__(self, value: object, path: str) -> None:
        require(type(value) is dict, path, "must be a map")
        self._entries: dict[int, Any] = dict(value)  # type: ignore[call-overload]
        self._path = path

    def name(self, key: int, what: str) -> str:
        """Return how errors call the entry `key`."""
        return f"{self._path}.{what}[{key}]" if self._path else f"{what}[{key}]"

    def take(self, key: int, what: str, kind: type[T]) -> T:
        """Consume `key`, which must be present and of exactly this type."""
        require(key in self._entries, self.name(key, what), "is missing")
        value = self._entries.pop(key)
        require(type(value) is kind, self.name(key, what), f"must be {_TYPE_NAMES[kind]}")
        return value  # type: ignore[no-any-return]

    def take_optional(self, key: int, what: str, kind: type[T]) -> T | None:
        """Consume `key` when present."""
        return self.take(key, what, kind) if key in self._entries else None

    def take_nullable(self, key: int, what: str, kind: type[T]) -> T | None:
        """Consume `key`, which must be present and may be null."""
        if self._entries.get(key, 0) is None:
            del self._entries[key]
            return None
        return self.take(key, what, kind)

    def take_enum(self, key: int, what: str, kind: type[E]) -> E:
        """Consume `key` as a member of a closed set of codes."""
        return as_enum(self.take(key, what, int), kind, self.name(key, what))

    def take_each(self, key: int, what: str, build: Callable[[Any, str], T]) -> tuple[T, ...]:
        """Consume `key` as an array, building each item with its own error path."""
        items = self.take(key, what, list)
        name = self.name(key, what)
        return tuple(build(item, f"{name}[{index}]") for index, item in enumerate(items))

    def done(self) -> None:
        """Raise InvalidField when a key is left that nobody asked for."""
        if self._entries:
            raise InvalidField(self._path or "message", f"has unknown keys {sorted(self._entries)}")


_TYPE_NAMES: dict[type, str] = {
    int: "an integer",
    bytes: "a byte string",
    str: "text",
    list: "an array",
    dict: "a map",
}


def as_type(value: object, kind: type[T], path: str) -> T:
    """Return `value` when it has exactly this type, or raise InvalidField."""
    require(type(value) is kind, path, f"must be {_TYPE_NAMES[kind]}")
    return value  # type: ignore[return-value]


def as_enum(value: int, kind: type[E], path: str) -> E:
    """Return the member with this code, or raise InvalidField."""
    try:
        return kind(value)
    except ValueError:
        raise InvalidField(path, f"{value} is not a known {kind.__name__} code") from None


def as_tuple(value: object, path: str, *kinds: type) -> list[Any]:
    """Return `value` when it is an array of exactly these types, or raise InvalidField."""
    items = as_type(value, list, path)
    fits = len(items) == len(kinds) and all(map(_is_type, items, kinds))
    wanted = ", ".join(_TYPE_NAMES[kind] for kind in kinds)
    require(fits, path, f"must be an array of {wanted}")
    return items


def _is_type(value: object, kind: type) -> bool:
    return type(value) is kind
