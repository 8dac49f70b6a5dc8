"""From a root key to a definition and a register that may be believed.

The root comes from the operator, never from the files. It is written with the mode it serves,
`official:<64 hex digits>`, so that a rehearsal's root can never vouch for an official election. A
root that several people hold is written `official:shared:<64 hex digits>`, the digest of who they
are and how many of them must sign.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Final

from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.identifiers import (
    ElectionDigest,
    InvalidField,
    Mode,
    PublicKey,
    require,
)
from ballotbox_protocol.election.register import BoxEntry, Register
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import EnvelopeError, MessageType
from ballotbox_protocol.wire.definition import (
    decode_definition,
    election_digest,
    encode_definition,
)
from ballotbox_protocol.wire.joint import JointDocument, decode_joint, is_joint
from ballotbox_protocol.wire.register import decode_register, encode_register
from ballotbox_protocol.wire.root_document import RootDocument, decode_root

_SIZE_LIMIT: Final = cbor.DOCUMENT_LIMITS.size
_SHARED: Final = "shared"


class Distrust(ValueError):
    """A definition or a register may not be believed; the message says which, why and the fix."""


@dataclass(frozen=True, slots=True)
class RootKey:
    """The authority's public key, and the one mode of election it may sign."""

    mode: Mode
    key: PublicKey

    def __str__(self) -> str:
        return f"{self.mode.name.lower()}:{self.key.hex()}"


@dataclass(frozen=True, slots=True)
class SharedRoot:
    """The digest of a root that several people hold (`wire.root_document`), and its mode."""

    mode: Mode
    digest: bytes

    def __str__(self) -> str:
        return f"{self.mode.name.lower()}:{_SHARED}:{self.digest.hex()}"


Root = RootKey | SharedRoot


@dataclass(frozen=True)
class Trusted:
    """An election whose definition and register have been verified down from the root key."""

    election: Election
    digest: ElectionDigest
    register: Register

    @cached_property
    def reporters(self) -> Mapping[bytes, BoxEntry]:
        """The register's box entries by the exact protected header of the reports they sign."""
        return self._by_header(MessageType.REPORT)

    @cached_property
    def greeters(self) -> Mapping[bytes, BoxEntry]:
        """The register's box entries by the exact protected header of the hellos they sign."""
        return self._by_header(MessageType.HELLO)

    def _by_header(self, message_type: MessageType) -> Mapping[bytes, BoxEntry]:
        return {
            cose.protected_header(entry.key, message_type): entry for entry in self.register.boxes
        }


def parse_root(text: str) -> Root:
    """Return the root written as `mode:hex` or `mode:shared:hex`; raises InvalidField (`root`)."""
    name, _, digits = text.strip().partition(":")
    modes = {mode.name.lower(): mode for mode in Mode}
    require(name in modes, "root", f"must start with one of {', '.join(modes)} and a colon")
    shared = digits.startswith(f"{_SHARED}:")
    try:
        key = bytes.fromhex(digits.removeprefix(f"{_SHARED}:"))
    except ValueError:
        raise InvalidField("root", "must end with the key as 64 hexadecimal digits") from None
    require(len(key) == cose.KEY_SIZE, "root", "must end with the key as 64 hexadecimal digits")
    if shared:
        return SharedRoot(modes[name], key)
    problem = "is not a usable Ed25519 key: check it for typing errors"
    require(cose.check_public_key(key), "root", problem)
    return RootKey(modes[name], PublicKey(key))


def sign_definition(election: Election, root: PublicKey, sign: cose.Sign) -> bytes:
    """Return the definition signed by the root key; Distrust when nobody could open it."""
    signed = cose.sign(root, sign, MessageType.DEFINITION, encode_definition(election))
    open_definition(signed, RootKey(election.mode, root))
    return signed


def sign_register(register: Register, signer: PublicKey, sign: cose.Sign) -> bytes:
    """Return the register signed by a signer its definition names; Distrust as above."""
    signed = cose.sign(signer, sign, MessageType.REGISTER, encode_register(register))
    _require_usable_keys(_decoded(_signed_by_one(signed, (signer,))))
    return signed


def open_definition(signed: bytes, root: Root) -> tuple[Election, ElectionDigest]:
    """Return the definition signed by `root`; raises Distrust."""
    payload = _definition_payload(signed, root)
    return read_definition(payload, root)


def _definition_payload(signed: bytes, root: Root) -> bytes:
    try:
        if isinstance(root, SharedRoot):
            return _jointly_signed(signed, root)
        return cose.open_with(signed, root.key, MessageType.DEFINITION, _SIZE_LIMIT)
    except EnvelopeError as error:
        raise Distrust(f"election definition: {error}; is --root the right key?") from error
    except ValueError as error:
        raise Distrust(f"election definition: {error}") from error


def _jointly_signed(signed: bytes, root: SharedRoot) -> bytes:
    document, holders = open_draft(signed, root)
    enough(document, holders.keys, holders.needed)
    return document.payload


def open_draft(data: bytes, root: SharedRoot) -> tuple[JointDocument, RootDocument]:
    """Return a jointly signed definition and who holds its root, signatures unchecked.

    Raises InvalidField or CborError when it is none, or of another root.
    """
    require(is_joint(data), "root", "is one that several hold, and this is not signed by several")
    document = decode_joint(data)
    require(document.type is MessageType.DEFINITION, "joint.type", "is not a definition")
    same = sha256(document.root).digest() == root.digest
    require(same, "root", "is another one than the root given; is --root the right one?")
    holders = decode_root(document.root)
    require(holders.mode is root.mode, "root.mode", "is not the mode that --root says")
    return document, holders


def enough(document: JointDocument, holders: Sequence[PublicKey], needed: int) -> None:
    """Raise InvalidField unless `needed` different holders signed, and nobody else."""
    signed = len(document.signers(holders))
    require(signed >= needed, "signatures", f"{signed} of the {needed} that are needed")


def read_definition(payload: bytes, root: Root) -> tuple[Election, ElectionDigest]:
    """Return the definition in bytes that are signed, or about to be; raises Distrust."""
    try:
        election = decode_definition(payload)
    except ValueError as error:
        raise Distrust(f"election definition: {error}") from error
    if election.mode is not root.mode:
        found, wanted = election.mode.name.lower(), root.mode.name.lower()
        raise Distrust(f"election definition: mode is {found} but the root key signs only {wanted}")
    for index, key in enumerate(election.register_signers):
        if not cose.check_public_key(key):
            raise Distrust(f"election definition: register_signers[{index}] is not a usable key")
    return election, election_digest(payload)


def open_register(
    signed: bytes, election: Election, digest: ElectionDigest, at_least: int = 1
) -> Register:
    """Return the register signed for this election, of version `at_least` or higher.

    Raises Distrust when no signer named by the definition signed it, when it belongs to another
    election, when its version is lower, or when a key or a precinct in it is not usable.
    """
    return read_register(_register_payload(signed, election), election, digest, at_least)


def _register_payload(signed: bytes, election: Election) -> bytes:
    if election.signers_needed == 1:
        return _signed_by_one(signed, election.register_signers)
    try:
        require(is_joint(signed), "signatures", f"1 of {election.signers_needed} that are needed")
        document = decode_joint(signed)
        require(document.type is MessageType.REGISTER, "joint.type", "is not a register")
        enough(document, [*map(PublicKey, election.register_signers)], election.signers_needed)
    except ValueError as error:
        raise Distrust(f"register: {error}") from error
    return document.payload


def read_register(
    payload: bytes, election: Election, digest: ElectionDigest, at_least: int = 1
) -> Register:
    """Return the register in bytes that are signed, or about to be; raises Distrust as above."""
    register = _decoded(payload)
    if register.election != digest:
        raise Distrust("register: it was made for another election (field election)")
    if register.version < at_least:
        raise Distrust(
            f"register: version {register.version} is older than version {at_least}, already in use"
        )
    for entry in register.boxes:
        if entry.precinct not in election.precinct_by_number:
            raise Distrust(f"register: box {entry.box.hex()} stands in no precinct of the election")
    for officer in register.officers:
        if officer.precinct is not None and officer.precinct not in election.precinct_by_number:
            raise Distrust(f"register: officer {officer.key.hex()} has no precinct of the election")
    _require_usable_keys(register)
    return register


def _require_usable_keys(register: Register) -> None:
    for holder in register.holders:
        if not cose.check_public_key(holder.key):
            raise Distrust(f"register: key {holder.key.hex()} is not a usable Ed25519 key")


def _decoded(payload: bytes) -> Register:
    try:
        return decode_register(payload)
    except ValueError as error:
        raise Distrust(f"register: {error}") from error


def _signed_by_one(signed: bytes, signers: Iterable[bytes]) -> bytes:
    problem = "the definition names no signer"
    for signer in signers:
        try:
            return cose.open_with(signed, signer, MessageType.REGISTER, _SIZE_LIMIT)
        except EnvelopeError as error:
            problem = str(error)
    raise Distrust(f"register: {problem}; no signer named by the definition signed it")


def establish(root: Root, definition: bytes, register: bytes, at_least: int = 1) -> Trusted:
    """Return the election that `root` vouches for; raises Distrust."""
    election, digest = open_definition(definition, root)
    return Trusted(election, digest, open_register(register, election, digest, at_least))
