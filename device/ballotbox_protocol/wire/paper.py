"""A signed result on paper: the QR codes of a results tape or a count by hand. See device/WIRE.md.

The parts are the same on every copy of a tape and for every width of paper, so photographs of
several copies complete each other. Nothing read here is trusted: signature, register and laws are
for whoever verifies the copy.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, NamedTuple

import base45

from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_protocol.election.register import BoxEntry
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.register import box_item, read_box
from ballotbox_protocol.wire.shape import as_type

VERSION: Final = 1
#: The format in which a count by hand is carried.
COUNT_VERSION: Final = 2
#: What each part begins with; nothing else on a tape does.
MARK: Final = "BBX1:"
#: Bytes in a part: its text then fits a QR code of version 17, level M, whose 93 modules with the
#: margin are 4 dots wide each on the narrow paper.
PART_MAX: Final = 474
PARTS_MAX: Final = 99
#: Sixteen KiB of report, and an entry whose box may run any of hundreds of firmwares.
PAPER_LIMITS: Final = cbor.Limits(size=PART_MAX * PARTS_MAX, depth=4, items=4_096)

_TAG_DIGITS: Final = 8
_PART: Final = re.compile(
    rf"{MARK}([1-9][0-9]?)/([1-9][0-9]?):([0-9A-F]{{{_TAG_DIGITS}}}):([0-9A-Z $%*+./:-]*):"
)
_AGAIN: Final = "photograph that code again"


class PaperError(ValueError):
    """The parts do not make one copy; the message says which part is amiss, and the way out."""


@dataclass(frozen=True, slots=True)
class PaperCopy:
    """A signed report, as its box signed it, and the register's entry of the key that signed.

    entry: without its closure, which the register may add after the tape was printed.
    """

    report: bytes
    entry: BoxEntry

    def __post_init__(self) -> None:
        require(self.entry.closed is None, "entry.closed", "must be null on paper")


@dataclass(frozen=True, slots=True)
class PaperCount:
    """A count by hand, as its officers signed it."""

    count: bytes


class _Part(NamedTuple):
    number: int
    total: int
    tag: str
    data: bytes


def print_entry(entry: BoxEntry) -> BoxEntry:
    """Return an entry of the register as it stands on paper: without its closure."""
    return replace(entry, closed=None)


def paper_parts(copy: PaperCopy | PaperCount) -> tuple[str, ...]:
    """Return the texts of the QR codes, in order; PaperError when there would be too many."""
    if isinstance(copy, PaperCount):
        data = cbor.encode([COUNT_VERSION, copy.count])
    else:
        data = cbor.encode([VERSION, copy.report, box_item(copy.entry)])
    count = -(-len(data) // PART_MAX)
    if count > PARTS_MAX:
        raise PaperError(f"{len(data)} bytes need {count} parts, a tape has at most {PARTS_MAX}")
    # Even parts of an even size: the codes are alike, and base45 wastes nothing between them.
    size = -(-len(data) // (2 * count)) * 2
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    tag = _tag(data)
    return tuple(
        f"{MARK}{number}/{count}:{tag}:{base45.b45encode(piece).decode()}:"
        for number, piece in enumerate(pieces, start=1)
    )


def read_paper(texts: Iterable[str]) -> PaperCopy | PaperCount:
    """Return the copy that the parts make, in any order, each at least once; raises PaperError."""
    data = _join([_read_part(text) for text in texts])
    try:
        return _read_copy(as_type(cbor.decode(data, PAPER_LIMITS), list, "tape"))
    except (cbor.CborError, InvalidField) as error:
        raise PaperError(f"the parts are whole, but what they say is no result: {error}") from error


def _read_copy(items: Sequence[Any]) -> PaperCopy | PaperCount:
    if len(items) == 2 and items[0] == COUNT_VERSION:
        return PaperCount(as_type(items[1], bytes, "hand count"))
    require(len(items) == 3, "tape", "must have 3 items")
    require(items[0] == VERSION, "format", f"{items[0]} is not supported, {VERSION} is")
    return PaperCopy(as_type(items[1], bytes, "report"), read_box(items[2], "entry"))


def _read_part(text: str) -> _Part:
    found = _PART.fullmatch(text)
    shown = text if len(text) <= 24 else f"{text[:24]}…"
    if found is None:
        raise PaperError(f"{shown!r} is no whole part: it must be {MARK}n/m:tag:data: ({_AGAIN})")
    number, count, tag, digits = found.groups()
    try:
        part = _Part(int(number), int(count), tag, base45.b45decode(digits))
    except ValueError as error:
        raise PaperError(f"part {number} of {count} ({tag}) is not base45: {_AGAIN}") from error
    if part.number > part.total:
        raise PaperError(f"{shown!r} numbers itself {number} of {count}: {_AGAIN}")
    return part


def _join(parts: Sequence[_Part]) -> bytes:
    if not parts:
        raise PaperError(f"there is no part; a line of each begins with {MARK}")
    first = parts[0]
    found: dict[int, bytes] = {}
    for part in parts:
        if (part.tag, part.total) != (first.tag, first.total):
            raise PaperError(
                f"parts of different tapes are mixed: {_name(first)} and {_name(part)}. "
                "Give the parts of one result at a time"
            )
        if found.setdefault(part.number, part.data) != part.data:
            raise PaperError(f"{_name(part)} stands there twice and differs: {_AGAIN}")
    missing = [number for number in range(1, first.total + 1) if number not in found]
    if missing:
        listed = ", ".join(map(str, missing))
        raise PaperError(f"of {first.total} parts, missing: {listed}. Photograph them as well")
    data = b"".join(found[number] for number in sorted(found))
    if _tag(data) != first.tag:
        raise PaperError(
            f"the parts do not make what was printed as {first.tag}: a part is altered"
        )
    return data


def _name(part: _Part) -> str:
    return f"part {part.number} of {part.total} ({part.tag})"


def _tag(data: bytes) -> str:
    return sha256(data).hexdigest()[:_TAG_DIGITS].upper()
