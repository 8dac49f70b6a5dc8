"""Does each message open the door of the election that it names, and no other?"""

from dataclasses import dataclass, replace

import pytest

from ballotbox_gateway.core.addressing import Addresses
from ballotbox_gateway.core.outcome import Road, RoadKind
from ballotbox_gateway.core.roster import Roster, Unproved
from ballotbox_protocol.election.identifiers import ElectionDigest
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import Hello, sign_statement
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.authority import Authority
from tests.gateway.scene import Scene
from tests.gateway.scripted import CENTRE, ORIGIN, OTHER, ScriptedBox
from tests.gateway.test_publications import released
from tests.gateway.two_elections import OFFICIAL, OFFICIAL_BELOW, REKEYED, official, rehearsal

NOBODYS = ElectionDigest(b"\x07" * 32)


@dataclass(frozen=True)
class Door:
    trusted: Trusted
    origin: str


DRESS, DAY = Door(rehearsal().trusted, ORIGIN), Door(official().trusted, OFFICIAL)
BOTH = ((DRESS, rehearsal()), (DAY, official()))
ADDRESSES = Addresses([DRESS, DAY])


def report(given: Authority, box: int = 1, **changes: object) -> bytes:
    """A report with its kind byte."""
    signed = ScriptedBox(given, box).forge(ReportKind.BOOT, **changes)
    return Message(MessageKind.REPORT, signed).to_bytes()


def hello(given: Authority, digest: bytes, box: int = 1) -> bytes:
    speaker = ScriptedBox(given, box)
    said = Hello(ElectionDigest(digest), speaker.box, bytes(16), 1, 0)
    signed = sign_statement(said, speaker.key.public, speaker.key.sign)
    return Message(MessageKind.HELLO, signed).to_bytes()


def signed_by(given: Authority, kind: MessageType, payload: object, box: int) -> bytes:
    key = ScriptedBox(given, box).key
    return cose.sign(key.public, key.sign, kind, cbor.encode(payload))


@pytest.mark.parametrize(("door", "given"), BOTH)
def test_a_report_goes_to_the_election_it_names_whoever_signed_it(
    door: Door, given: Authority
) -> None:
    for number in (1, REKEYED):
        assert ADDRESSES.of_message(report(given, number)) is door
        # One that lost its kind byte is judged as a report all the same.
        assert ADDRESSES.of_message(report(given, number)[1:]) is door
    for _, signer in BOTH:
        named = report(signer, REKEYED, election=given.trusted.digest)
        assert ADDRESSES.of_message(named) is door


@pytest.mark.parametrize(("door", "given"), BOTH)
def test_a_hello_goes_to_the_election_it_names(door: Door, given: Authority) -> None:
    for number in (1, REKEYED):
        assert ADDRESSES.of_message(hello(given, given.trusted.digest, number)) is door


@pytest.mark.parametrize(("door", "given"), BOTH)
def test_a_held_checkpoint_goes_to_the_log_it_names(door: Door, given: Authority) -> None:
    key = given.gateway_keys[door.origin]
    note = sign_checkpoint(Checkpoint(door.origin, 5, b"r" * 32), key.public, key.sign)
    assert ADDRESSES.of_message(Message(MessageKind.HELD, note).to_bytes()) is door


@pytest.mark.parametrize(("door", "given"), BOTH)
def test_what_names_no_election_here_is_refused_by_the_register_that_knows_its_signer(
    door: Door, given: Authority
) -> None:
    unreadable = signed_by(given, MessageType.REPORT, ["no report"], REKEYED)
    for message in (
        report(given, REKEYED, election=NOBODYS),
        Message(MessageKind.REPORT, unreadable).to_bytes(),
        hello(given, NOBODYS, REKEYED),
        Message(MessageKind.HELLO, signed_by(given, MessageType.HELLO, 7, REKEYED)).to_bytes(),
        Message(MessageKind.HELLO, signed_by(given, MessageType.HELLO, [], REKEYED)).to_bytes(),
    ):
        assert ADDRESSES.of_message(message) is door


def test_what_nobody_vouches_for_is_counted_with_the_first_election() -> None:
    key = official().gateway_keys[OFFICIAL]
    stranger = cose.sign(key.public, key.sign, MessageType.REPORT, cbor.encode(["?"]))
    note = sign_checkpoint(Checkpoint("elsewhere.example/log", 5, b"r" * 32), key.public, key.sign)
    no_cbor = cose.sign(key.public, key.sign, MessageType.HELLO, b"\xff")
    for message in (
        b"",
        b"noise",
        Message(MessageKind.REPORT, b"noise").to_bytes(),
        Message(MessageKind.REPORT, stranger).to_bytes(),
        Message(MessageKind.HELLO, no_cbor).to_bytes(),
        Message(MessageKind.HELD, note).to_bytes(),
        Message(MessageKind.HELD, b"no note").to_bytes(),
    ):
        assert ADDRESSES.of_message(message) is DRESS
        assert Addresses([DAY, DRESS]).of_message(message) is DAY


def test_a_lower_log_belongs_to_the_election_whose_register_lists_its_gateway() -> None:
    for origin, door in ((OTHER, DRESS), (CENTRE, DRESS), (OFFICIAL_BELOW, DAY), ("nobody", None)):
        assert ADDRESSES.of_log_below(origin_id(origin)) is door


def test_an_address_proves_nothing() -> None:
    """A stolen key of the rehearsal names the official election, and is not known there."""
    stolen = report(rehearsal(), REKEYED, election=official().trusted.digest)
    door = ADDRESSES.of_message(stolen)
    assert door is DAY
    road = Road(RoadKind.SERIAL, "line")
    assert Roster(door.trusted).authenticate(stolen[1:], road) == Unproved(Reason.UNKNOWN_KEY)


def test_a_publication_goes_to_the_election_it_names_and_any_other_bytes_to_the_first() -> None:
    made = released(Scene())
    for door in (DRESS, DAY):
        named = replace(made, election=door.trusted.digest)
        assert ADDRESSES.of_publication(named.to_bytes()) is door
    assert ADDRESSES.of_publication(replace(made, election=NOBODYS).to_bytes()) is DRESS
    assert ADDRESSES.of_publication(b"\x80") is DRESS
