"""Reading what a person wrote in TOML: every mistake names its place as it was written.

A place is a path such as `contest[2].options[5].preferences`; entries of a list count from 0.
"""

import tomllib
import unicodedata
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Final, TypeVar

from ballotbox_protocol.election.identifiers import InvalidField, require

E = TypeVar("E", bound=Enum)
T = TypeVar("T")

_HEX_DIGITS: Final = frozenset("0123456789abcdefABCDEF")
#: How many known names an error lists when none of them is close to the one it refuses.
_NAMES_SHOWN: Final = 12
#: How alike two words are of which one is taken for a slip of the other: `votes`, `votes_allowed`.
_CLOSE_ENOUGH: Final = 0.55
_KIND_NAMES: Final[dict[type, str]] = {
    bool: "true or false",
    dict: "a table",
    int: "a whole number",
    list: "a list",
    str: "text in quotes",
}


class Table:
    """One table of a source file; `path` is where it stands, "" for the file itself.

    Raises InvalidField at once when it has a key that is not in `known`.
    """

    def __init__(self, entries: Mapping[str, object], path: str, known: tuple[str, ...]) -> None:
        self.path = path
        self._entries = entries
        for key in entries:
            if key not in known:
                raise InvalidField(self.at(key), f"is not known here{_suggestion(key, known)}")

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def at(self, key: str) -> str:
        """Return the path of an entry."""
        return f"{self.path}.{key}" if self.path else key

    def value(self, key: str) -> object:
        """Return the entry as it stands; raises InvalidField when it is missing."""
        require(key in self._entries, self.at(key), "is missing")
        return self._entries[key]

    def text(self, key: str) -> str:
        """Return an entry that must be text, in Unicode normal form C."""
        return as_text(self.value(key), self.at(key))

    def number(self, key: str, default: int | None = None) -> int:
        """Return an entry that must be a whole number; with a default, one that may be missing."""
        if default is not None and key not in self._entries:
            return default
        return as_written(self.value(key), int, self.at(key))

    def flag(self, key: str) -> bool:
        """Return an entry that must be true or false; false when it is missing."""
        return key in self._entries and as_written(self._entries[key], bool, self.at(key))

    def choice(self, key: str, kind: type[E]) -> E:
        """Return an entry that must be the lower-case name of a member of `kind`."""
        return as_choice(self.value(key), self.at(key), kind)

    def hexadecimal(self, key: str, size: int) -> bytes:
        """Return an entry that must be `size` bytes written in hexadecimal."""
        return as_hexadecimal(self.value(key), size, self.at(key))

    def each(self, key: str, build: Callable[[object, str], T]) -> tuple[T, ...]:
        """Return the built entries of a list, each with its own path."""
        return build_each(self.value(key), self.at(key), build)

    def tables(self, key: str, known: tuple[str, ...]) -> tuple["Table", ...]:
        """Return the tables of a list of tables: what `[[key]]` opens, none when it is missing."""
        if key not in self._entries:
            return ()
        return self.each(key, lambda item, path: Table(as_written(item, dict, path), path, known))


def read_source(text: str, known: tuple[str, ...]) -> Table:
    """Return the top of a TOML source file; for a slip of syntax the field is line and column."""
    try:
        entries = tomllib.loads(text)
    except RecursionError:
        raise InvalidField("file", "is nested too deeply") from None
    except ValueError as error:
        problem, _, place = str(error).removesuffix(")").rpartition(" (at ")
        known_place = bool(problem)
        message = f"is not TOML: {problem or place}"
        raise InvalidField(place if known_place else "file", message) from None
    return Table(entries, "", known)


def as_written(value: object, kind: type[T], path: str) -> T:
    """Return `value` when it is of exactly this type, or raise InvalidField."""
    if type(value) is kind:
        return value
    raise InvalidField(path, f"must be {_KIND_NAMES[kind]}")


def as_text(value: object, path: str) -> str:
    """Return text in Unicode normal form C, whatever form the author's editor writes."""
    return unicodedata.normalize("NFC", as_written(value, str, path))


def as_choice(value: object, path: str, kind: type[E]) -> E:
    """Return the member of `kind` that is written by its name in lower case."""
    names = {name.lower(): member for name, member in kind.__members__.items()}
    written = as_written(value, str, path)
    if written not in names:
        wanted = f"must be one of {', '.join(names)}{_suggestion(written, tuple(names))}"
        raise InvalidField(path, wanted)
    return names[written]


def as_hexadecimal(value: object, size: int, path: str) -> bytes:
    """Return the `size` bytes that are written in hexadecimal."""
    digits = as_written(value, str, path)
    problem = f"must be {2 * size} hexadecimal digits"
    require(len(digits) == 2 * size, path, f"{problem}, has {len(digits)} characters")
    require(_HEX_DIGITS.issuperset(digits), path, problem)
    return bytes.fromhex(digits)


def build_each(value: object, path: str, build: Callable[[object, str], T]) -> tuple[T, ...]:
    """Return the built items of a list, each with its own path."""
    items = as_written(value, list, path)
    return tuple(build(item, f"{path}[{index}]") for index, item in enumerate(items))


def refer(value: object, path: str, named: Mapping[str, int], what: str) -> int:
    """Return the index that a name stands for; raises InvalidField when nothing has this name."""
    name = as_text(value, path)
    if name not in named:
        raise InvalidField(path, f"there is no {what} {name!r}{_suggestion(name, tuple(named))}")
    return named[name]


def require_distinct(values: Mapping[str, object], what: str) -> None:
    """Raise InvalidField for the path of a value that stands at an earlier path already."""
    seen: dict[object, str] = {}
    for path, value in values.items():
        first = seen.setdefault(value, path)
        require(first == path, path, f"is the same {what} as {first}")


def _suggestion(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word, known, n=1, cutoff=_CLOSE_ENOUGH)
    if close:
        return f"; did you mean {close[0]!r}?"
    more = ", …" if len(known) > _NAMES_SHOWN else ""
    return f"; known: {', '.join(known[:_NAMES_SHOWN]) or 'none'}{more}"
