"""The root that several people hold: their keys, and how many of them must sign a definition.

Nobody signs it: its digest is the root that operators are told, so any change makes another root.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from ballotbox_protocol.election.definition import require_name
from ballotbox_protocol.election.identifiers import (
    Mode,
    PublicKey,
    require,
    require_bytes,
    standing_at,
)
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.shape import Fields, as_tuple

VERSION: Final = 1
HOLDERS_MAX: Final = 16
#: Fewer would be one person's root.
NEEDED_MIN: Final = 2


@dataclass(frozen=True, slots=True)
class Holder:
    """One of those who hold the root, and the key that they alone have."""

    name: str
    key: PublicKey

    def __post_init__(self) -> None:
        require_name(self.name, "holder.name")
        require_bytes(self.key, cose.KEY_SIZE, "holder.key")
        require(cose.check_public_key(self.key), "holder.key", "is not a usable Ed25519 key")


@dataclass(frozen=True, slots=True)
class RootDocument:
    """Who holds the root of elections of one mode; `needed` of them sign a definition."""

    mode: Mode
    needed: int
    holders: tuple[Holder, ...]

    def __post_init__(self) -> None:
        count = len(self.holders)
        fits = NEEDED_MIN <= count <= HOLDERS_MAX
        problem = f"needs {NEEDED_MIN} to {HOLDERS_MAX} holders, has {count}"
        require(fits, "root.holders", problem)
        problem = f"must be from {NEEDED_MIN} to the number of holders, {count}"
        require(NEEDED_MIN <= self.needed <= count, "root.needed", problem)
        for field, values in (("key", self.keys), ("name", [h.name for h in self.holders])):
            problem = f"two have the same {field}"
            require(len(set(values)) == count, f"root.holders.{field}", problem)

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """The holders' keys, in their order."""
        return tuple(holder.key for holder in self.holders)

    @property
    def digest(self) -> bytes:
        """The 32 bytes by which this root is known."""
        return sha256(encode_root(self)).digest()

    def names(self, keys: Iterable[PublicKey]) -> str:
        """Return the names of those who hold these keys, for a person."""
        wanted = set(keys)
        return ", ".join(holder.name for holder in self.holders if holder.key in wanted)


def encode_root(root: RootDocument) -> bytes:
    """Return the canonical bytes of a root document."""
    holders: list[Any] = [[holder.name, holder.key] for holder in root.holders]
    return cbor.encode({0: VERSION, 1: int(root.mode), 2: root.needed, 3: holders})


def decode_root(data: bytes) -> RootDocument:
    """Return the root that canonical bytes describe; raises CborError or InvalidField."""
    fields = Fields(cbor.decode(data), "root")
    fields.take_version(VERSION)
    root = RootDocument(
        mode=fields.take_enum(1, "root.mode", Mode),
        needed=fields.take(2, "root.needed", int),
        holders=fields.take_each(3, "root.holders", _holder),
    )
    fields.done()
    return root


def _holder(value: object, path: str) -> Holder:
    name, key = as_tuple(value, path, str, bytes)
    with standing_at(path):
        return Holder(name, PublicKey(key))
