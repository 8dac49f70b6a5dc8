"""A rehearsal and the official election after it: the same boxes, and nothing else in common."""

from dataclasses import replace
from functools import cache

from ballotbox_protocol.election.identifiers import Mode
from ballotbox_protocol.election.register import GatewayEntry
from ballotbox_protocol.wire.definition import election_digest, encode_definition
from ballotbox_protocol.wire.trust import RootKey, establish, sign_definition, sign_register
from ballotbox_simulator.authority import Authority, seeded_key
from tests.gateway.scripted import authority

OFFICIAL = "official.example/precinct"
OFFICIAL_BELOW = "official.example/village"
#: Its key is another one in each election; the other boxes keep theirs, against all advice.
REKEYED = 4


def rehearsal() -> Authority:
    return authority()


@cache
def official() -> Authority:
    """The official election: its own root, register and gateways."""
    given = authority()
    root = seeded_key(1, "official root")
    election = replace(given.trusted.election, name="Parliament", mode=Mode.OFFICIAL)
    definition = sign_definition(election, root.public, root.sign)
    keys = {name: seeded_key(1, "official", name) for name in (OFFICIAL, OFFICIAL_BELOW)}
    boxes = list(given.trusted.register.boxes)
    other = seeded_key(1, "official box")
    boxes[REKEYED - 1] = replace(boxes[REKEYED - 1], key=other.public)
    register = replace(
        given.trusted.register,
        election=election_digest(encode_definition(election)),
        boxes=tuple(boxes),
        gateways=tuple(GatewayEntry(name, key.public) for name, key in keys.items()),
    )
    signer = given.register_key
    signed = sign_register(register, signer.public, signer.sign)
    top = RootKey(Mode.OFFICIAL, root.public)
    return replace(
        given,
        trusted=establish(top, definition, signed),
        root=top,
        definition=definition,
        register=signed,
        gateway_keys=keys,
        box_keys=given.box_keys | {boxes[REKEYED - 1].box: other},
        root_key=root,
    )
