"""From a root key to a definition and a register that may be believed.

The root key comes from the operator, never from the files. It is written with the mode it serves,
`official:<64 hex digits>`, so that a rehearsal's root can never vouch for an official election.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
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
from ballotbox_protocol.wire.register import decode_register, encode_register

_SIZE_LIMIT: Final = cbor.DOCUMENT_LIMITS.size


class Distrust(ValueError):
    """A definition or a register may not be believed; the message says which, why and the fix."""


@dataclass(frozen=True, slots=True)
class RootKey:
    """The authority's public key, and the one mode of election it may sign."""

    mode: Mode
    key: PublicKey

    def __str__(self) -> str:
        return f"{self.mode.name.lower()}:{self.key.hex()}"


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


def parse_root(text: str) -> RootKey:
    """Return the root key written as `mode:hex`; raises InvalidField for the field `root`."""
    name, _, digits = text.strip().partition(":")
    modes = {mode.name.lower(): mode for mode in Mode}
    require(name in modes, "root", f"must start with one of {', '.join(modes)} and a colon")
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        raise InvalidField("root", "must end with the key as 64 hexadecimal digits") from None
    require(len(key) == cose.KEY_SIZE, "root", "must end with the key as 64 hexadecimal digits")
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
    _require_usable_keys(_verified_register(signed, (signer,)))
    return signed


def open_definition(signed: bytes, root: RootKey) -> tuple[Election, ElectionDigest]:
    """Return the definition signed by `root`; raises Distrust."""
    try:
        payload = cose.open_with(signed, root.key, MessageType.DEFINITION, _SIZE_LIMIT)
        election = decode_definition(payload)
    except EnvelopeError as error:
        raise Distrust(f"election definition: {error}; is --root the right key?") from error
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
    register = _verified_register(signed, election.register_signers)
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


def _verified_register(signed: bytes, signers: Iterable[bytes]) -> Register:
    problem = "the definition names no signer"
    for signer in signers:
        try:
            payload = cose.open_with(signed, signer, MessageType.REGISTER, _SIZE_LIMIT)
        except EnvelopeError as error:
            problem = str(error)
            continue
        try:
            return decode_register(payload)
        except ValueError as error:
            raise Distrust(f"register: {error}") from error
    raise Distrust(f"register: {problem}; no signer named by the definition signed it")


def establish(root: RootKey, definition: bytes, register: bytes, at_least: int = 1) -> Trusted:
    """Return the election that `root` vouches for; raises Distrust."""
    election, digest = open_definition(definition, root)
    return Trusted(election, digest, open_register(register, election, digest, at_least))
