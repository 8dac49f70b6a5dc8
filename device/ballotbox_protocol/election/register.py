"""The register: which boxes, gateways and officers an election knows, and with which keys.

Entries are closed at a log position, never deleted: what a box reported before it stays valid.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import cached_property
from hashlib import sha256
from typing import Final

from ballotbox_protocol.election.identifiers import (
    BOX_ID_SIZE,
    DIGEST_SIZE,
    KEY_ID_SIZE,
    ORIGIN_ID_SIZE,
    WIDE_MAX,
    BoxId,
    ElectionDigest,
    KeyId,
    OriginId,
    PrecinctId,
    PublicKey,
    require,
    require_bytes,
    require_count,
)

KEY_SIZE: Final = 32
ORIGIN_MAX: Final = 128
_ORIGIN: Final = re.compile(f"[!-*,-~]{{1,{ORIGIN_MAX}}}")


def key_id(public_key: bytes) -> KeyId:
    """Return the first 8 bytes of SHA-256 of the key: a hint for look-ups, never an identity."""
    return KeyId(sha256(public_key).digest()[:KEY_ID_SIZE])


def origin_id(origin: str) -> OriginId:
    """Return the 16 bytes that stand for a log's origin where no text may stand."""
    return OriginId(sha256(origin.encode()).digest()[:ORIGIN_ID_SIZE])


class ClosedAs(IntEnum):
    """Why an entry was closed; only an unused box is no longer expected to report."""

    REPLACED = 1
    UNUSED = 2
    REVOKED = 3


class Role(IntFlag):
    """What an officer's signature may stand for."""

    POLL = 1
    ELEVATED = 2
    RELEASE = 4


@dataclass(frozen=True, slots=True)
class Closure:
    """An entry's end: from these positions of these logs on, it is no longer valid."""

    reason: ClosedAs
    positions: tuple[tuple[OriginId, int], ...]

    def __post_init__(self) -> None:
        for origin, position in self.positions:
            require_bytes(origin, ORIGIN_ID_SIZE, "closed.origin")
            require_count(position, "closed.position", WIDE_MAX)
        _require_unique((origin for origin, _ in self.positions), "closed.positions", "origin")

    def covers(self, origin: OriginId, index: int) -> bool:
        """Tell whether the entry is closed for a leaf at `index` of `origin`'s log.

        A log the closure does not name had no part in the box's life before: closed from its start.
        """
        return index >= self.first(origin)

    def first(self, origin: OriginId) -> int:
        """Return the first leaf of `origin`'s log for which the entry is closed."""
        return dict(self.positions).get(origin, 0)

    def undone_by(self, later: "Closure | None") -> bool:
        """Tell whether a later word on the entry takes back something of this end.

        An end may come earlier, never later, and no box becomes unused that was not.
        """
        if later is None or (later.reason is not self.reason and later.reason is ClosedAs.UNUSED):
            return True
        named = (origin for origin, _ in later.positions)
        return any(later.first(origin) > self.first(origin) for origin in named)


@dataclass(frozen=True, slots=True)
class BoxEntry:
    """One key epoch of one box."""

    box: BoxId
    key: PublicKey
    epoch: int
    precinct: PrecinctId
    firmware: tuple[bytes, ...]
    closed: Closure | None = None

    def __post_init__(self) -> None:
        require_bytes(self.box, BOX_ID_SIZE, "box.id")
        require_bytes(self.key, KEY_SIZE, "box.key")
        require_count(self.epoch, "box.epoch")
        require_count(self.precinct, "box.precinct")
        require(len(self.firmware) >= 1, "box.firmware", "allows no firmware at all")
        for digest in self.firmware:
            require_bytes(digest, DIGEST_SIZE, "box.firmware")


@dataclass(frozen=True, slots=True)
class GatewayEntry:
    """A gateway: the origin of its log and the key that signs it."""

    origin: str
    key: PublicKey

    def __post_init__(self) -> None:
        require_origin(self.origin, "gateway.origin")
        require_bytes(self.key, KEY_SIZE, "gateway.key")


@dataclass(frozen=True, slots=True)
class Officer:
    """A person whose signature counts; precinct None means all precincts."""

    key: PublicKey
    roles: Role
    precinct: PrecinctId | None

    def __post_init__(self) -> None:
        require_bytes(self.key, KEY_SIZE, "officer.key")
        require_count(int(self.roles), "officer.roles", 7)
        if self.precinct is not None:
            require_count(self.precinct, "officer.precinct")

    def may(self, role: Role, precinct: PrecinctId | None) -> bool:
        """Tell whether this officer may sign in `role` for `precinct`, or for none (None)."""
        return role in self.roles and (precinct is None or self.precinct in (None, precinct))


@dataclass(frozen=True)
class Register:
    """A version of the register of one election."""

    election: ElectionDigest
    version: int
    boxes: tuple[BoxEntry, ...]
    gateways: tuple[GatewayEntry, ...]
    officers: tuple[Officer, ...]

    def __post_init__(self) -> None:
        require_bytes(self.election, DIGEST_SIZE, "election")
        require_count(self.version, "version")
        require(self.version >= 1, "version", "starts at 1")
        epochs = ((entry.box, entry.epoch) for entry in self.boxes)
        _require_unique(epochs, "boxes", "box id and epoch")
        _require_unique((gateway.origin for gateway in self.gateways), "gateways", "origin")
        _require_unique((holder.key for holder in self.holders), "register", "public key")
        places: dict[BoxId, PrecinctId] = {}
        for entry in self.boxes:
            same = places.setdefault(entry.box, entry.precinct) == entry.precinct
            require(same, "boxes", f"box {entry.box.hex()} stands in two precincts")

    @property
    def holders(self) -> tuple[BoxEntry | GatewayEntry | Officer, ...]:
        """Everyone in the register who holds a key."""
        return (*self.boxes, *self.gateways, *self.officers)

    @cached_property
    def gateway_keys(self) -> dict[str, PublicKey]:
        """The gateways' keys by origin."""
        return {gateway.origin: gateway.key for gateway in self.gateways}

    @cached_property
    def origin_by_id(self) -> dict[OriginId, str]:
        """The gateways' origins by the ids that stand for them."""
        return {origin_id(gateway.origin): gateway.origin for gateway in self.gateways}

    @cached_property
    def officer_by_key(self) -> dict[PublicKey, Officer]:
        """The officers by their keys."""
        return {officer.key: officer for officer in self.officers}

    @cached_property
    def officers_by_key_id(self) -> dict[KeyId, tuple[Officer, ...]]:
        """The officers that a key id may mean; more than one only if hashes collide."""
        found: dict[KeyId, tuple[Officer, ...]] = {}
        for officer in self.officers:
            hint = key_id(officer.key)
            found[hint] = (*found.get(hint, ()), officer)
        return found

    @cached_property
    def entries_of(self) -> dict[BoxId, tuple[BoxEntry, ...]]:
        """All epochs of each box, oldest first."""
        grouped: dict[BoxId, list[BoxEntry]] = {}
        for entry in self.boxes:
            grouped.setdefault(entry.box, []).append(entry)
        return {
            box: tuple(sorted(entries, key=lambda entry: entry.epoch))
            for box, entries in grouped.items()
        }

    def ended_before(self, box: BoxId, epoch: int, origin: OriginId, index: int) -> bool:
        """Tell whether every earlier epoch of the box is closed for this leaf of `origin`'s log.

        Then its key needs no word of the one before, which is lost or in wrong hands.
        """
        earlier = [entry for entry in self.entries_of.get(box, ()) if entry.epoch < epoch]
        return all(e.closed is not None and e.closed.covers(origin, index) for e in earlier)

    @cached_property
    def expected(self) -> dict[BoxId, PrecinctId]:
        """The boxes whose final is awaited: all but those whose every epoch closed as unused."""
        return {
            box: entries[-1].precinct
            for box, entries in self.entries_of.items()
            if not all(e.closed and e.closed.reason is ClosedAs.UNUSED for e in entries)
        }


def require_origin(origin: str, field: str) -> None:
    """Raise InvalidField unless `origin` can name a log (C2SP tlog-checkpoint)."""
    clean = _ORIGIN.fullmatch(origin) is not None
    require(clean, field, f"must be 1 to {ORIGIN_MAX} printable ASCII characters, no space, no +")


def _require_unique(values: Iterable[object], field: str, what: str) -> None:
    seen: set[object] = set()
    for value in values:
        require(value not in seen, field, f"two entries share one {what}")
        seen.add(value)
