"""A count by hand: what two officers found in the box of one station, in the lines of a law.

It stands beside what the machine counted and is added to nothing. A number that cannot be given is
a word of its own, "no data" or "illegible", and never zero. What was found wrong is corrected by
another version, which names the one it corrects; no version replaces the bytes of another.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from ballotbox_protocol.election.definition import CONTESTS_MAX, NAME_MAX
from ballotbox_protocol.election.identifiers import (
    COUNT_MAX,
    DIGEST_SIZE,
    BoxId,
    ElectionDigest,
    InvalidField,
    PrecinctId,
    ReportId,
    require,
    require_bytes,
    require_count,
)
from ballotbox_protocol.election.law.binding import COLUMNS_MAX
from ballotbox_protocol.election.law.law import GROUPS_MAX, LINES_MAX, Mark, Value
from ballotbox_protocol.election.law.tokens import LINE_FORM, NAME_FORM
from ballotbox_protocol.election.register import Role
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.report import OfficerSignature, read_signatures
from ballotbox_protocol.wire.shape import as_tuple, as_type
from ballotbox_protocol.wire.signed_by_officers import SignedByOfficers

#: With its signatures; a leaf's attachment and a batch of leaves have room for as much.
HAND_COUNT_MAX: Final = cbor.REPORT_LIMITS.size
REASON_MAX: Final = 200

#: Begins what stands for a box beside counts by hand, where reports have theirs.
_PLACE: Final = b"hand count"
_PRECINCT_SIZE: Final = 4


def hand_count_place(precinct: PrecinctId, contest: int) -> BoxId:
    """Return what stands where a report names its box: one for each station and contest."""
    return BoxId(_PLACE + precinct.to_bytes(_PRECINCT_SIZE) + contest.to_bytes(2))


#: What `hand_count_place` makes lies between these.
HAND_COUNT_PLACES: Final = (
    hand_count_place(PrecinctId(0), 0),
    hand_count_place(PrecinctId(COUNT_MAX), CONTESTS_MAX - 1),
)


def is_hand_count_place(box: BoxId) -> bool:
    """Tell whether `hand_count_place` made this: it stands for no box."""
    return box.startswith(_PLACE)


@dataclass(frozen=True, slots=True)
class HandCount(SignedByOfficers):
    """One version of one station's count of one contest.

    law, law_digest: its name and the digest of its file. version: 1 is the first; any other names
    in `corrects` the id of the version that it corrects, and its reason. lines: each line of the
    law with its value. options: each group of the law that was counted, with a value for every
    option of the contest, in the definition's order.
    """

    election: ElectionDigest
    precinct: PrecinctId
    contest: int
    law: str
    law_digest: bytes
    lines: tuple[tuple[str, Value], ...]
    options: tuple[tuple[str, tuple[Value, ...]], ...]
    version: int = 1
    corrects: ReportId | None = None
    reason: str | None = None
    signatures: tuple[OfficerSignature, ...] = ()

    def __post_init__(self) -> None:
        require_bytes(self.election, DIGEST_SIZE, "hand_count.election")
        require_count(self.precinct, "hand_count.precinct")
        require_count(self.contest, "hand_count.contest", CONTESTS_MAX - 1)
        _require_words(self.law, "hand_count.law", NAME_MAX)
        require_bytes(self.law_digest, DIGEST_SIZE, "hand_count.law_digest")
        self._require_version()
        self._require_values()
        size = len(self.to_bytes())
        room = f"needs {size} bytes, at most {HAND_COUNT_MAX} are allowed"
        require(size <= HAND_COUNT_MAX, "hand_count", room)

    def _require_version(self) -> None:
        require_count(self.version, "hand_count.version")
        require(self.version >= 1, "hand_count.version", "must be at least 1")
        first = self.version == 1
        wanted = "must be null in version 1, and only there"
        require((self.corrects is None) == first, "hand_count.corrects", wanted)
        require((self.reason is None) == first, "hand_count.reason", wanted)
        if self.corrects is not None:
            require_bytes(self.corrects, DIGEST_SIZE, "hand_count.corrects")
        if self.reason is not None:
            _require_words(self.reason, "hand_count.reason", REASON_MAX)

    def _require_values(self) -> None:
        _require_some(self.lines, LINES_MAX, "hand_count.lines")
        require(len(self.options) <= GROUPS_MAX, "hand_count.options", f"at most {GROUPS_MAX}")
        for number, value in self.lines:
            written = "must be letters, digits, dots and dashes, at most 24: 3, 11a, APTO"
            require(LINE_FORM.fullmatch(number), "hand_count.lines.number", written)
            _require_value(value, f"hand_count.lines.{number}")
        for name, values in self.options:
            plain = "must be ASCII letters, digits, _; at most 32"
            require(NAME_FORM.fullmatch(name), "hand_count.options.name", plain)
            _require_some(values, COLUMNS_MAX, f"hand_count.options.{name}")
            for value in values:
                _require_value(value, f"hand_count.options.{name}")
        _require_distinct((number for number, _ in self.lines), "hand_count.lines")
        _require_distinct((name for name, _ in self.options), "hand_count.options")

    @property
    def values(self) -> tuple[Value, ...]:
        """The values of all lines, then those of the groups' options, as columns of the law."""
        groups = (values for _, values in self.options)
        return (*(value for _, value in self.lines), *chain.from_iterable(groups))

    @property
    def role(self) -> Role:
        """The role in which both officers sign."""
        return Role.POLL if self.corrects is None else Role.ELEVATED

    @property
    def place(self) -> BoxId:
        """What stands where a report names its box."""
        return hand_count_place(self.precinct, self.contest)

    def items(self) -> list[Any]:
        """Return what each officer signs, as MessageType.HAND_COUNT, in wire order."""
        return [
            self.election,
            self.precinct,
            self.contest,
            self.law,
            self.law_digest,
            self.version,
            self.corrects,
            self.reason,
            [[number, _item(value)] for number, value in self.lines],
            [[name, list(map(_item, values))] for name, values in self.options],
        ]


def decode_hand_count(data: bytes) -> HandCount:
    """Return the count in `data`, signatures unchecked; raises CborError or InvalidField."""
    items = as_type(cbor.decode(data), list, "hand_count")
    require(len(items) == 11, "hand_count", "must be an array of 11 items")
    election, precinct, contest, law, digest, version, corrects, reason = items[:8]
    given = as_type(items[8], list, "hand_count.lines")
    lines = [_pair(each, f"hand_count.lines[{at}]") for at, each in enumerate(given)]
    given = as_type(items[9], list, "hand_count.options")
    options = [_group(each, f"hand_count.options[{at}]") for at, each in enumerate(given)]
    return HandCount(
        election=ElectionDigest(as_type(election, bytes, "hand_count.election")),
        precinct=PrecinctId(as_type(precinct, int, "hand_count.precinct")),
        contest=as_type(contest, int, "hand_count.contest"),
        law=as_type(law, str, "hand_count.law"),
        law_digest=as_type(digest, bytes, "hand_count.law_digest"),
        lines=tuple(lines),
        options=tuple(options),
        version=as_type(version, int, "hand_count.version"),
        corrects=None if corrects is None else _id(corrects),
        reason=None if reason is None else as_type(reason, str, "hand_count.reason"),
        signatures=read_signatures(items[10], "hand_count.signatures"),
    )


def _id(item: object) -> ReportId:
    return ReportId(as_type(item, bytes, "hand_count.corrects"))


def _pair(item: object, path: str) -> tuple[str, Value]:
    pair = as_type(item, list, path)
    require(len(pair) == 2, path, "must be an array of number and value")
    return as_type(pair[0], str, f"{path}.number"), _value(pair[1], f"{path}.value")


def _group(item: object, path: str) -> tuple[str, tuple[Value, ...]]:
    name, values = as_tuple(item, path, str, list)
    return name, tuple(_value(each, f"{path}[{at}]") for at, each in enumerate(values))


def _value(item: object, path: str) -> Value:
    if type(item) is int:
        return item
    try:
        return Mark(item)
    except ValueError:
        words = " or ".join(repr(mark.value) for mark in Mark)
        raise InvalidField(path, f"must be an integer, {words}") from None


def _item(value: Value) -> int | str:
    return value.value if isinstance(value, Mark) else value


def _require_value(value: object, field: str) -> None:
    if not isinstance(value, Mark):
        require_count(value, field)


def _require_some(items: tuple[object, ...], most: int, field: str) -> None:
    require(1 <= len(items) <= most, field, f"there must be 1 to {most}, not {len(items)}")


def _require_words(text: str, field: str, most: int) -> None:
    fits = len(text) <= most and text.strip() and text.isprintable()
    require(fits, field, f"must be 1 to {most} characters that can be printed")
    require(unicodedata.is_normalized("NFC", text), field, "must be in Unicode normal form C")


def _require_distinct(names: Iterable[str], field: str) -> None:
    seen: set[str] = set()
    for name in names:
        require(name not in seen, field, f"{name!r} stands twice")
        seen.add(name)
