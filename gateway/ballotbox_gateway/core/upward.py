"""What travels from a gateway to the one above it, and its JSON form (gateway/intake.openapi.json).

A batch is a stretch of the lower log, leaf by leaf, with the reports and rulings that the leaves
commit to and the checkpoint that ends with its last leaf. In JSON, leaves, reports, rulings and
receipts are base64 text; a checkpoint is the text that it is.
"""

from base64 import b64decode, b64encode
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any, Final

from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_protocol.election.register import require_origin
from ballotbox_protocol.wire.cbor import REPORT_LIMITS
from ballotbox_protocol.wire.checkpoint import NOTE_BYTES_MAX, SIZE_MAX
from ballotbox_protocol.wire.hand_count import HAND_COUNT_MAX
from ballotbox_protocol.wire.receipt import LEAF_BYTES_MAX, RECEIPT_LIMITS

#: The most entries one batch may hold; bounds what the upper gateway keeps in memory at once.
ENTRIES_MAX: Final = 4_096
#: Of a peer's own words in a fault: so many names, each of so many characters at most.
_QUOTED_MAX: Final = 3
_QUOTED_LENGTH: Final = 40


@dataclass(frozen=True, slots=True)
class UpwardEntry:
    """One leaf, with the report it decides on; in `ruling` the statement behind any other leaf."""

    leaf: bytes
    report: bytes | None
    ruling: bytes | None


@dataclass(frozen=True, slots=True)
class UpwardBatch:
    """Leaves first..first+len(entries)-1 of `origin`'s log; `checkpoint` has exactly that end."""

    origin: str
    first: int
    entries: tuple[UpwardEntry, ...]
    checkpoint: bytes

    @property
    def stop(self) -> int:
        """One past the last leaf."""
        return self.first + len(self.entries)

    def after(self, leaf: int) -> "UpwardBatch":
        """Return what of the batch comes from `leaf` on, under the same checkpoint."""
        return UpwardBatch(self.origin, leaf, self.entries[leaf - self.first :], self.checkpoint)

    def to_json(self) -> dict[str, Any]:
        """Return the request body as JSON-able values."""
        return {
            "origin": self.origin,
            "first": self.first,
            "checkpoint": self.checkpoint.decode(),
            "entries": [
                {"leaf": _text(e.leaf), "report": _text(e.report), "ruling": _text(e.ruling)}
                for e in self.entries
            ],
        }

    @staticmethod
    def from_json(value: object) -> "UpwardBatch":
        """Return the batch in a request body; raises InvalidField naming the wrong field."""
        fields = _object(value, "batch", {"origin", "first", "checkpoint", "entries"})
        entries = fields["entries"]
        require(isinstance(entries, list), "entries", "must be an array")
        require(1 <= len(entries) <= ENTRIES_MAX, "entries", f"needs 1 to {ENTRIES_MAX} entries")
        return UpwardBatch(
            _origin(fields["origin"]),
            _index(fields["first"], "first"),
            tuple(_entry(entry, f"entries[{at}]") for at, entry in enumerate(entries)),
            _note(fields["checkpoint"]),
        )


@dataclass(frozen=True, slots=True)
class UpwardReply:
    """The upper gateway's present receipt for the report of each entry, in their order."""

    origin: str
    receipts: tuple[bytes, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the response body as JSON-able values."""
        return {"origin": self.origin, "receipts": [_text(each) for each in self.receipts]}

    @staticmethod
    def from_json(value: object) -> "UpwardReply":
        """Return the reply in a response body; raises InvalidField naming the wrong field."""
        fields = _object(value, "reply", {"origin", "receipts"})
        receipts = fields["receipts"]
        require(isinstance(receipts, list), "receipts", "must be an array")
        require(len(receipts) <= ENTRIES_MAX, "receipts", f"at most {ENTRIES_MAX} are allowed")
        limit = RECEIPT_LIMITS.size
        return UpwardReply(
            _origin(fields["origin"]),
            tuple(_bytes(each, f"receipts[{at}]", limit) for at, each in enumerate(receipts)),
        )


@dataclass(frozen=True, slots=True)
class UpwardConflict:
    """The batch does not start where the upper gateway stands; it expects leaf `expected`."""

    expected: int

    def to_json(self) -> dict[str, Any]:
        """Return the response body as JSON-able values."""
        return {"expected": self.expected}

    @staticmethod
    def from_json(value: object) -> "UpwardConflict":
        """Return the conflict in a response body; raises InvalidField naming the wrong field."""
        fields = _object(value, "conflict", {"expected"})
        return UpwardConflict(_index(fields["expected"], "expected"))


@dataclass(frozen=True, slots=True)
class UpwardFault:
    """A batch or reply that was not taken: which field, what is wrong, how to mend it.

    retry: the fault may pass without a change of the batch (an older register, for example).
    proof: two checkpoints of one size that the lower log signed and that no one log can have, the
    one taken in before and the one that came now; for the people above, and not sent below.
    """

    field: str
    problem: str
    fix: str
    retry: bool = False
    proof: tuple[()] | tuple[bytes, bytes] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the response body as JSON-able values."""
        return {"error": self.problem, "field": self.field, "fix": self.fix}


def _object(value: object, path: str, names: AbstractSet[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidField(path, "must be a JSON object")
    missing, unknown = names - value.keys(), value.keys() - names
    require(not missing, min(missing, default=path), "is missing")
    require(not unknown, path, f"has unknown fields {_quoted(unknown)}")
    return value


def _quoted(names: AbstractSet[str]) -> str:
    """Return what a peer wrote as text that is short, however much it wrote."""
    shown = [name[:_QUOTED_LENGTH] for name in nsmallest(_QUOTED_MAX, names)]
    more = len(names) - len(shown)
    return f"{shown}{f' and {more} more' if more else ''}"


def _origin(value: object) -> str:
    require(isinstance(value, str), "origin", "must be text")
    origin = str(value)
    require_origin(origin, "origin")
    return origin


def _index(value: object, path: str) -> int:
    if type(value) is not int or not 0 <= value <= SIZE_MAX:
        raise InvalidField(path, "must be a whole number from 0 to 2^63-1")
    return value


def _note(value: object) -> bytes:
    if not isinstance(value, str) or not 1 <= len(value) <= NOTE_BYTES_MAX:
        raise InvalidField("checkpoint", f"must be text of 1 to {NOTE_BYTES_MAX} characters")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise InvalidField("checkpoint", "has a lone surrogate") from None


def _entry(value: object, path: str) -> UpwardEntry:
    fields = _object(value, path, {"leaf", "report", "ruling"})
    report, ruling = fields["report"], fields["ruling"]
    return UpwardEntry(
        _bytes(fields["leaf"], f"{path}.leaf", LEAF_BYTES_MAX),
        None if report is None else _bytes(report, f"{path}.report", REPORT_LIMITS.size),
        None if ruling is None else _bytes(ruling, f"{path}.ruling", HAND_COUNT_MAX),
    )


def _bytes(value: object, path: str, limit: int) -> bytes:
    if not isinstance(value, str):
        raise InvalidField(path, "must be base64 text")
    try:
        data = b64decode(value, validate=True)
    except ValueError:
        raise InvalidField(path, "is not base64 text") from None
    require(b64encode(data).decode() == value, path, "is not base64 in its one canonical form")
    require(1 <= len(data) <= limit, path, f"must encode 1 to {limit} bytes, not {len(data)}")
    return data


def _text(data: bytes | None) -> str | None:
    return None if data is None else b64encode(data).decode()
