"""Officers' signatures: over a report's body, over a ruling, over a clearance. Two always.

An officer signs the Sig_structure of a message whose header carries their own key id and the type
of statement; only the 8-byte key id and the signature travel.
"""

from collections.abc import Callable, Iterable

from ballotbox_protocol.election.identifiers import PrecinctId, PublicKey
from ballotbox_protocol.election.register import Officer, Register, Role
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.report import OfficerSignature

OFFICERS_NEEDED = 2


def officer_statement(key: PublicKey, message_type: MessageType, payload: bytes) -> bytes:
    """Return the Sig_structure that the officer holding `key` signs."""
    return cose.sig_structure(cose.protected_header(key, message_type), payload)


def sign_as_officer(
    key: PublicKey, sign: cose.Sign, message_type: MessageType, payload: bytes
) -> OfficerSignature:
    """Return one officer's detached signature over `payload`."""
    signature = sign(officer_statement(key, message_type, payload))
    return OfficerSignature(cose.key_id(key), signature)


def two_officers_signed(
    register: Register,
    signatures: Iterable[OfficerSignature],
    message_type: MessageType,
    payload: bytes,
    role: Role,
    precinct: PrecinctId | None,
) -> bool:
    """Tell whether two different officers with `role` in `precinct` signed `payload`.

    None is for what is about no single precinct: officers of any may sign it.

    Every signature given must be good: one that is not spoils the whole, so that a statement has
    one meaning for all who read it.
    """
    statement = message_type, payload
    return _two(register, signatures, statement, lambda officer: officer.may(role, precinct))


def two_of_the_centre_signed(
    register: Register,
    signatures: Iterable[OfficerSignature],
    message_type: MessageType,
    payload: bytes,
) -> bool:
    """Tell whether two different officers signed who may release in all precincts, and no other.

    What is said of the whole election is not for those of one precinct to say.
    """
    statement = message_type, payload
    return _two(register, signatures, statement, releases_everywhere)


def releases_everywhere(officer: Officer) -> bool:
    """Tell whether an officer may sign what is said of the whole election."""
    return officer.precinct is None and officer.may(Role.RELEASE, None)


def _two(
    register: Register,
    signatures: Iterable[OfficerSignature],
    statement: tuple[MessageType, bytes],
    may: Callable[[Officer], bool],
) -> bool:
    signers: set[PublicKey] = set()
    for given in signatures:
        officer = _signer(register, given, *statement)
        if officer is None or not may(officer) or officer.key in signers:
            return False
        signers.add(officer.key)
    return len(signers) >= OFFICERS_NEEDED


def _signer(
    register: Register, given: OfficerSignature, message_type: MessageType, payload: bytes
) -> Officer | None:
    for officer in register.officers_by_key_id.get(given.key_id, ()):
        statement = officer_statement(officer.key, message_type, payload)
        if cose.verify(statement, given.signature, officer.key):
            return officer
    return None
