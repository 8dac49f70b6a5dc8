"""The files by which a log travels on a stick, and their JSON form (docs/roads.md).

A stretch file is what goes to the upper gateway by any road, and what verifies it alone: the
subtree hashes of the leaves before it. The manifest says which files belong together and for whom;
it is written last. Receipt files come back. Nothing here is believed before its signatures are.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NamedTuple

from ballotbox_gateway.core.upward import ENTRIES_MAX, UpwardBatch, UpwardFault, UpwardReply
from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_protocol.election.register import origin_id, require_origin
from ballotbox_protocol.wire.cbor import REPORT_LIMITS
from ballotbox_protocol.wire.checkpoint import SIZE_MAX, Checkpoint, verify_checkpoint
from ballotbox_protocol.wire.hand_count import HAND_COUNT_MAX
from ballotbox_protocol.wire.merkle import HASH_SIZE, Frontier, leaf_hash
from ballotbox_protocol.wire.receipt import LEAF_BYTES_MAX, RECEIPT_LIMITS

FORMAT: Final = "ballotbox-stick/1"
MANIFEST_NAME: Final = "manifest.json"
STANDING_NAME: Final = "standing.json"
#: Of one stick: four thousand leaves each.
FILES_MAX: Final = 1_024
#: Bytes of a file at most: of the list, of one number, and of as many receipts or leaves as one
#: file may hold, each as long as can be, in base64 and with what stands around it in JSON.
_MANIFEST_MAX: Final = 2**20
_STANDING_MAX: Final = 4_096
_AROUND: Final = 128
_RECEIPTS_MAX: Final = ENTRIES_MAX * (RECEIPT_LIMITS.size * 4 // 3 + _AROUND)
_LEAVES_MAX: Final = ENTRIES_MAX * (
    (LEAF_BYTES_MAX + REPORT_LIMITS.size + HAND_COUNT_MAX) * 4 // 3 + _AROUND
)
_NAME: Final = re.compile(r"leaves-[0-9]{12}-[0-9]{12}\.json")
_EXPORT_AGAIN: Final = "export again onto this stick: nothing is lost"


def folder_name(origin: str, upper: str) -> str:
    """Return the folder on a stick for what goes from one gateway to another, and back."""
    return f"ballotbox-{origin_id(origin).hex()[:16]}-to-{origin_id(upper).hex()[:16]}"


def leaves_name(first: int, stop: int) -> str:
    """Return the name of the file with leaves first..stop-1."""
    return f"leaves-{first:012}-{stop:012}.json"


def receipts_name(first: int, stop: int) -> str:
    """Return the name of the file with the receipts of leaves first..stop-1."""
    return f"receipts-{first:012}-{stop:012}.json"


def size_max(name: str) -> int:
    """Return how many bytes a file of this name may have."""
    if name == MANIFEST_NAME:
        return _MANIFEST_MAX
    if name == STANDING_NAME:
        return _STANDING_MAX
    return _RECEIPTS_MAX if name.startswith("receipts-") else _LEAVES_MAX


class Listed(NamedTuple):
    """A stretch file as the manifest knows it; sha256 in hexadecimal digits."""

    name: str
    size: int
    sha256: str

    def fault(self, data: bytes | None) -> UpwardFault | None:
        """Return what is wrong with the content that was found under this name."""
        if data is None:
            return UpwardFault(self.name, "is missing: the stick was copied in part", _EXPORT_AGAIN)
        if len(data) < self.size:
            problem = f"is cut short: {len(data)} of {self.size} bytes"
            return UpwardFault(self.name, problem, _EXPORT_AGAIN)
        if len(data) > self.size or sha256(data).hexdigest() != self.sha256:
            return UpwardFault(self.name, "was changed on its way", _EXPORT_AGAIN)
        return None


def listed(name: str, data: bytes) -> Listed:
    """Return how the manifest names a file."""
    return Listed(name, len(data), sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder holds: leaves first..stop-1 of `origin`, for `upper`, in `files` by order.

    election: digest of the definition, in hexadecimal digits. Raises InvalidField.
    """

    origin: str
    upper: str
    election: str
    first: int
    stop: int
    files: tuple[Listed, ...]

    def __post_init__(self) -> None:
        require_origin(self.origin, "origin")
        require_origin(self.upper, "upper")
        require(0 <= self.first < self.stop <= SIZE_MAX, "stop", "must be beyond first")
        require(len(self.files) <= FILES_MAX, "files", f"at most {FILES_MAX} are allowed")
        names = [each.name for each in self.files]
        require(all(map(_NAME.fullmatch, names)), "files", "has a name that is none of a stretch")
        require(names == sorted(set(names)), "files", "must be in order, each once")

    def to_bytes(self) -> bytes:
        """Return the content of the manifest's file."""
        files = [each._asdict() for each in self.files]
        value = {
            "format": FORMAT,
            "origin": self.origin,
            "upper": self.upper,
            "election": self.election,
            "first": self.first,
            "stop": self.stop,
            "files": files,
        }
        return json.dumps(value, indent=1).encode() + b"\n"

    @staticmethod
    def from_bytes(data: bytes) -> "Manifest":
        """Return the manifest in a file; raises InvalidField naming the wrong field."""
        value = _object(data, "manifest")
        require(value.get("format") == FORMAT, "format", f"must be {FORMAT}")
        return Manifest(
            _text(value, "origin"),
            _text(value, "upper"),
            _text(value, "election"),
            _whole(value, "first"),
            _whole(value, "stop"),
            tuple(_listed(each) for each in _list(value, "files", FILES_MAX)),
        )


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a log, and in `base` the subtree hashes of the leaves before it."""

    batch: UpwardBatch
    base: tuple[bytes, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON-able values."""
        return {"batch": self.batch.to_json(), "base": [_base64(each) for each in self.base]}

    def to_bytes(self) -> bytes:
        """Return the content of a stretch file."""
        return json.dumps(self.to_json()).encode() + b"\n"

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "Stretch":
        """Return the stretch; raises InvalidField naming the wrong field."""
        base = [_bytes(each, f"base[{at}]") for at, each in enumerate(_list(value, "base", 64))]
        require(all(len(each) == HASH_SIZE for each in base), "base", "must be 32-byte hashes")
        return Stretch(UpwardBatch.from_json(value.get("batch")), tuple(base))

    @staticmethod
    def from_bytes(data: bytes) -> "Stretch":
        """Return the stretch in a file; raises InvalidField naming the wrong field."""
        return Stretch.from_json(_object(data, "stretch"))

    def fault(self, key: bytes) -> UpwardFault | None:
        """Return what is wrong unless the log's `key` signed just these leaves at just this place.

        key: the public key that the register lists for the log.
        """
        batch = self.batch
        checkpoint = verify_checkpoint(batch.checkpoint, batch.origin, key)
        if not isinstance(checkpoint, Checkpoint):
            problem = f"is not signed by the log {batch.origin}: {checkpoint.name}"
            return UpwardFault("checkpoint", problem, _EXPORT_AGAIN)
        try:
            frontier = Frontier(batch.first, self.base)
        except ValueError as error:
            return UpwardFault("base", str(error), _EXPORT_AGAIN)
        frontier.extend(leaf_hash(entry.leaf) for entry in batch.entries)
        if (frontier.size, frontier.root()) != (checkpoint.size, checkpoint.root):
            return UpwardFault("entries", "are not those that were signed", _EXPORT_AGAIN)
        return None


@dataclass(frozen=True, slots=True)
class Returned:
    """The receipts of an upper gateway for the leaves of `lower` from `first` on."""

    lower: str
    first: int
    reply: UpwardReply

    @property
    def name(self) -> str:
        """The name of its file."""
        return receipts_name(self.first, self.first + len(self.reply.receipts))

    def to_bytes(self) -> bytes:
        """Return the content of a receipt file."""
        value = {"lower": self.lower, "first": self.first, "reply": self.reply.to_json()}
        return json.dumps(value).encode() + b"\n"

    @staticmethod
    def from_bytes(data: bytes) -> "Returned":
        """Return the receipts in a file; raises InvalidField naming the wrong field."""
        value = _object(data, "receipts")
        reply = UpwardReply.from_json(value.get("reply"))
        return Returned(_text(value, "lower"), _whole(value, "first"), reply)


def standing_to_bytes(expected: int) -> bytes:
    """Return the content of the file that says which leaf the upper gateway expects."""
    return json.dumps({"expected": expected}).encode() + b"\n"


def standing_from_bytes(data: bytes) -> int:
    """Return the leaf that the upper gateway expected; raises InvalidField."""
    return _whole(_object(data, "standing"), "expected")


def _object(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise InvalidField(what, "is not JSON: it is damaged, or was copied in part") from None
    if not isinstance(value, dict):
        raise InvalidField(what, "must be a JSON object")
    return value


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str):
        raise InvalidField(name, "must be text")
    return found


def _whole(value: Mapping[str, Any], name: str) -> int:
    found = value.get(name)
    if type(found) is not int or not 0 <= found <= SIZE_MAX:
        raise InvalidField(name, "must be a whole number from 0 to 2^63-1")
    return found


def _list(value: Mapping[str, Any], name: str, most: int) -> list[Any]:
    found = value.get(name)
    if not isinstance(found, list) or len(found) > most:
        raise InvalidField(name, f"must be an array of at most {most}")
    return found


def _listed(value: object) -> Listed:
    if not isinstance(value, dict):
        raise InvalidField("files", "must hold JSON objects")
    return Listed(_text(value, "name"), _whole(value, "size"), _text(value, "sha256"))


def _bytes(value: object, path: str) -> bytes:
    try:
        return b64decode(value if isinstance(value, str) else "", validate=True)
    except ValueError:
        raise InvalidField(path, "is not base64 text") from None


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
