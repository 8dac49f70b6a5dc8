"""The register on the wire."""

from typing import Any

from ballotbox_protocol.election.identifiers import (
    BoxId,
    ElectionDigest,
    OriginId,
    PrecinctId,
    PublicKey,
    require,
    standing_at,
)
from ballotbox_protocol.election.register import (
    BoxEntry,
    ClosedAs,
    Closure,
    GatewayEntry,
    Officer,
    Register,
    Role,
)
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.shape import Fields, as_enum, as_tuple, as_type

VERSION = 1


def encode_register(register: Register) -> bytes:
    """Return the canonical bytes of a register."""
    return cbor.encode(
        {
            0: VERSION,
            1: register.election,
            2: register.version,
            3: [box_item(entry) for entry in register.boxes],
            4: [[gateway.origin, gateway.key] for gateway in register.gateways],
            5: [[each.key, int(each.roles), each.precinct] for each in register.officers],
        }
    )


def decode_register(data: bytes) -> Register:
    """Return the register that canonical bytes describe.

    Raises CborError when the bytes leave the CBOR profile, InvalidField naming a wrong field.
    """
    fields = Fields(cbor.decode(data, cbor.DOCUMENT_LIMITS), "register")
    fields.take_version(VERSION)
    register = Register(
        election=ElectionDigest(fields.take(1, "election", bytes)),
        version=fields.take(2, "version", int),
        boxes=fields.take_each(3, "boxes", read_box),
        gateways=fields.take_each(4, "gateways", _gateway),
        officers=fields.take_each(5, "officers", _officer),
    )
    fields.done()
    return register


def box_item(entry: BoxEntry) -> list[Any]:
    """Return what is encoded of one key epoch of a box; `read_box` reads it."""
    closed: list[Any] | None = None
    if entry.closed is not None:
        closed = [int(entry.closed.reason), [list(pair) for pair in entry.closed.positions]]
    return [entry.box, entry.key, entry.epoch, entry.precinct, list(entry.firmware), closed]


def read_box(value: object, path: str) -> BoxEntry:
    """Return the entry that a decoded item describes; raises InvalidField under `path`."""
    items = as_type(value, list, path)
    require(len(items) == 6, path, "must have 6 items")
    box, key, epoch, precinct, firmware = as_tuple(items[:5], path, bytes, bytes, int, int, list)
    digests = (as_type(item, bytes, f"{path}.firmware[{i}]") for i, item in enumerate(firmware))
    closed = None if items[5] is None else _closure(items[5], f"{path}.closed")
    with standing_at(path):
        return BoxEntry(
            BoxId(box), PublicKey(key), epoch, PrecinctId(precinct), tuple(digests), closed
        )


def _closure(value: object, path: str) -> Closure:
    reason, positions = as_tuple(value, path, int, list)
    pairs = [as_tuple(item, f"{path}[{i}]", bytes, int) for i, item in enumerate(positions)]
    named = as_enum(reason, ClosedAs, f"{path}.reason")
    with standing_at(path):
        return Closure(named, tuple((OriginId(origin), at) for origin, at in pairs))


def _gateway(value: object, path: str) -> GatewayEntry:
    origin, key = as_tuple(value, path, str, bytes)
    with standing_at(path):
        return GatewayEntry(origin, PublicKey(key))


def _officer(value: object, path: str) -> Officer:
    items = as_type(value, list, path)
    require(len(items) == 3, path, "must have 3 items")
    key, roles = as_tuple(items[:2], path, bytes, int)
    require(0 <= roles <= 7, f"{path}.roles", f"{roles} are not known")
    precinct = None if items[2] is None else PrecinctId(as_type(items[2], int, f"{path}.precinct"))
    with standing_at(path):
        return Officer(PublicKey(key), Role(roles), precinct)
