"""The register as a person writes it: TOML text in, a `Register` out.

`docs/examples/register.toml` shows and explains every key.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from ballotbox_protocol.election.identifiers import (
    BOX_ID_SIZE,
    DIGEST_SIZE,
    BoxId,
    ElectionDigest,
    InvalidField,
    OriginId,
    PrecinctId,
    PublicKey,
    require,
    standing_at,
)
from ballotbox_protocol.election.register import (
    KEY_SIZE,
    BoxEntry,
    ClosedAs,
    Closure,
    GatewayEntry,
    Officer,
    Register,
    Role,
    origin_id,
)
from ballotbox_protocol.election.source_table import (
    Table,
    as_choice,
    as_hexadecimal,
    as_written,
    read_source,
    refer,
    require_distinct,
)

_TOP: Final = ("version", "firmware", "box", "gateway", "officer")
_BOX: Final = ("id", "key", "epoch", "precinct", "firmware", "closed")
_CLOSED: Final = ("as", "from")
_GATEWAY: Final = ("origin", "key")
_OFFICER: Final = ("key", "roles", "precinct")
_WRITTEN: Final = {"boxes": "box", "gateways": "gateway", "officers": "officer"}


def load_register(text: str, election_digest: ElectionDigest) -> Register:
    """Return the register of the election named by `election_digest` that TOML text describes.

    Raises InvalidField whose field is the place as the author wrote it, for instance
    `box[3].firmware[0]`, entries counted from 0.
    """
    top = read_source(text, _TOP)
    boxes, gateways = top.tables("box", _BOX), top.tables("gateway", _GATEWAY)
    officers = top.tables("officer", _OFFICER)
    holders = (*boxes, *gateways, *officers)
    require_distinct({each.at("key"): each.hexadecimal("key", KEY_SIZE) for each in holders}, "key")
    require_distinct({each.at("origin"): each.text("origin") for each in gateways}, "origin")
    _require_epochs(boxes)
    origins = {each.text("origin"): index for index, each in enumerate(gateways)}
    firmware = _firmware(top) if "firmware" in top else ()
    try:
        return Register(
            election=election_digest,
            version=top.number("version"),
            boxes=tuple(_box(each, firmware, origins) for each in boxes),
            gateways=tuple(map(_gateway, gateways)),
            officers=tuple(map(_officer, officers)),
        )
    except InvalidField as error:
        raise InvalidField(_WRITTEN.get(error.field, error.field), error.problem) from None


def _require_epochs(boxes: Sequence[Table]) -> None:
    epochs = {each.path: (_box_id(each), each.number("epoch", 0)) for each in boxes}
    require_distinct(epochs, "box and epoch")


def _box_id(table: Table) -> BoxId:
    return BoxId(table.hexadecimal("id", BOX_ID_SIZE))


def _key(table: Table) -> PublicKey:
    return PublicKey(table.hexadecimal("key", KEY_SIZE))


def _firmware(table: Table) -> tuple[bytes, ...]:
    return table.each("firmware", lambda item, path: as_hexadecimal(item, DIGEST_SIZE, path))


def _box(table: Table, allowed: tuple[bytes, ...], origins: Mapping[str, int]) -> BoxEntry:
    firmware = _firmware(table) if "firmware" in table else allowed
    box, key, epoch = _box_id(table), _key(table), table.number("epoch", 0)
    precinct = PrecinctId(table.number("precinct"))
    closed = _closure(table, origins) if "closed" in table else None
    with standing_at(table.path):
        return BoxEntry(box, key, epoch, precinct, firmware, closed)


def _closure(box: Table, origins: Mapping[str, int]) -> Closure:
    path = box.at("closed")
    table = Table(as_written(box.value("closed"), dict, path), path, _CLOSED)
    place = table.at("from")
    positions: list[tuple[OriginId, int]] = []
    for origin, position in as_written(table.value("from"), dict, place).items():
        refer(origin, place, origins, "gateway with the origin")
        at = as_written(position, int, f"{place}.{origin}")
        positions.append((origin_id(origin), at))
    reason = table.choice("as", ClosedAs)
    with standing_at(path):
        return Closure(reason, tuple(positions))


def _gateway(table: Table) -> GatewayEntry:
    origin, key = table.text("origin"), _key(table)
    with standing_at(table.path):
        return GatewayEntry(origin, key)


def _officer(table: Table) -> Officer:
    named = table.each("roles", partial(as_choice, kind=Role))
    require(named, table.at("roles"), "names no role, so the officer could sign nothing")
    roles = Role(0)
    for role in named:
        roles |= role
    precinct = PrecinctId(table.number("precinct")) if "precinct" in table else None
    with standing_at(table.path):
        return Officer(_key(table), roles, precinct)
