"""Text in columns of one width, as a receipt printer has them."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import wcwidth

from ballotbox_protocol.election.identifiers import require

_COLUMNS_MIN = 24


def printable(text: str) -> str:
    """Return the text with a mark in place of whatever could steer a printer or a screen."""
    return "".join("\ufffd" if unicodedata.category(each)[0] == "C" else each for each in text)


@dataclass(frozen=True, slots=True)
class Columns:
    """Sets text into lines of at most `width` columns; wide characters take two."""

    width: int

    def __post_init__(self) -> None:
        require(self.width >= _COLUMNS_MIN, "columns", f"must be at least {_COLUMNS_MIN}")

    def rule(self, mark: str = "-") -> str:
        """Return a line across the paper."""
        return mark * self.width

    def centred(self, text: str) -> Iterator[str]:
        """Yield the text in the middle, wrapped when it is long."""
        for line in wcwidth.wrap(printable(text), self.width):
            yield wcwidth.center(line, self.width).rstrip()

    def left(self, text: str, indent: int = 0) -> Iterator[str]:
        """Yield the text, wrapped when it is long, each line indented."""
        for line in wcwidth.wrap(printable(text), self.width - indent):
            yield " " * indent + line.rstrip()

    def pair(self, name: str, count: int, indent: int = 0) -> Iterator[str]:
        """Yield a name and, at the right of its last line, the count; dots lead to it."""
        digits = str(count)
        room = self.width - indent - len(digits) - 1
        *before, last = wcwidth.wrap(printable(name), room)
        for line in before:
            yield " " * indent + line.rstrip()
        dots = " " + "." * (room - wcwidth.wcswidth(last) - 1)
        yield f"{' ' * indent}{wcwidth.ljust(last + dots.rstrip(), room)} {digits}"

    def pieces(self, text: str, size: int) -> Iterator[str]:
        """Yield a long row of digits in lines that hold whole groups of `size`."""
        groups = [text[at : at + size] for at in range(0, len(text), size)]
        each = self.width // size
        for at in range(0, len(groups), each):
            yield "".join(groups[at : at + each])
