"""A key card: somebody's name and public key, signed by that key, so that it is no typing error."""

from typing import Final

from ballotbox_protocol.election.identifiers import InvalidField, PublicKey, require
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import EnvelopeError, MessageType
from ballotbox_protocol.wire.root_document import Holder
from ballotbox_protocol.wire.shape import as_tuple

VERSION: Final = 1


def make_card(name: str, key: PublicKey, sign: cose.Sign) -> bytes:
    """Return the card of the holder of `key`; raises InvalidField for the name."""
    holder = Holder(name, key)
    payload = cbor.encode([VERSION, holder.name, holder.key])
    return cose.sign(key, sign, MessageType.KEY_CARD, payload)


def read_card(data: bytes) -> Holder:
    """Return whose card it is; raises InvalidField or CborError when it is none."""
    try:
        payload = cose.parse(data).payload
        version, name, key = as_tuple(cbor.decode(payload), "card", int, str, bytes)
        require(version == VERSION, "card.format", f"{version} is not supported, {VERSION} is")
        holder = Holder(name, PublicKey(key))
        cose.open_with(data, holder.key, MessageType.KEY_CARD, cbor.REPORT_LIMITS.size)
    except EnvelopeError as error:
        raise InvalidField("card", str(error)) from error
    return holder
