"""A document that several people sign, each with a key of their own and wherever they are.

It travels unsigned, signed by some, and signed by enough; who is still to sign changes no byte of
what is signed. Each signature covers the same statement as that of a single signer would.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ballotbox_protocol.election.identifiers import InvalidField, KeyId, PublicKey, require
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.officers import officer_statement, sign_as_officer
from ballotbox_protocol.wire.report import OfficerSignature
from ballotbox_protocol.wire.shape import as_tuple

VERSION: Final = 1
SIGNATURES_MAX: Final = 16
_ARRAY_5: Final = b"\x85"
_TYPES: Final = (MessageType.DEFINITION, MessageType.REGISTER)


@dataclass(frozen=True, slots=True)
class JointDocument:
    """A definition, with the document of its root, or a register, with none (empty)."""

    type: MessageType
    root: bytes
    payload: bytes
    signatures: tuple[OfficerSignature, ...] = ()

    def __post_init__(self) -> None:
        require(self.type in _TYPES, "joint.type", f"must be one of {', '.join(_TYPES)}")
        stands = bool(self.root) == (self.type is MessageType.DEFINITION)
        require(stands, "joint.root", "must stand with a definition, and with nothing else")
        few = len(self.signatures) <= SIGNATURES_MAX
        require(few, "joint.signatures", f"at most {SIGNATURES_MAX} are allowed")

    def signed_with(self, key: PublicKey, sign: cose.Sign) -> "JointDocument":
        """Return the document with one more signature; which of them stand is asked elsewhere."""
        more = sign_as_officer(key, sign, self.type, self.payload)
        return replace(self, signatures=(*self.signatures, more))

    def signers(self, holders: Sequence[PublicKey]) -> tuple[PublicKey, ...]:
        """Return who of the holders signed, in the order of the signatures.

        Raises InvalidField unless each signature is good, of a holder, and the only one of theirs.
        """
        found: list[PublicKey] = []
        for index, given in enumerate(self.signatures):
            path = f"signatures[{index}]"
            signer = self._signer(given, holders)
            require(signer is not None, path, "is of nobody who may sign this, or is wrong")
            require(signer not in found, path, "is the second of one person")
            found += [each for each in holders if each == signer]
        return tuple(found)

    def in_order(self, holders: Sequence[PublicKey]) -> "JointDocument":
        """Return the document with each signature once, in the order of the holders.

        So the same signatures make the same bytes, whoever gathers them. Raises as `signers`.
        """
        once = replace(self, signatures=tuple(dict.fromkeys(self.signatures)))
        signed = dict(zip(once.signers(holders), once.signatures, strict=True))
        ordered = tuple(signed[key] for key in holders if key in signed)
        return replace(self, signatures=ordered)

    def _signer(self, given: OfficerSignature, holders: Sequence[PublicKey]) -> PublicKey | None:
        for key in holders:
            if cose.key_id(key) == given.key_id:
                statement = officer_statement(key, self.type, self.payload)
                if cose.verify(statement, given.signature, key):
                    return key
        return None


def is_joint(data: bytes) -> bool:
    """Tell whether bytes begin as a joint document; a message of one signer never does."""
    return data[:1] == _ARRAY_5


def encode_joint(document: JointDocument) -> bytes:
    """Return the canonical bytes of a joint document."""
    signatures = [[each.key_id, each.signature] for each in document.signatures]
    return cbor.encode([VERSION, str(document.type), document.root, document.payload, signatures])


def decode_joint(data: bytes) -> JointDocument:
    """Return the document in `data`, signatures unchecked; raises CborError or InvalidField."""
    value = cbor.decode(data, cbor.DOCUMENT_LIMITS)
    version, kind, root, payload, signatures = as_tuple(
        value, "joint", int, str, bytes, bytes, list
    )
    require(version == VERSION, "joint.format", f"{version} is not supported, {VERSION} is")
    require(kind in list(_TYPES), "joint.type", f"must be one of {', '.join(_TYPES)}")
    given = (_signature(each, f"joint.signatures[{i}]") for i, each in enumerate(signatures))
    return JointDocument(MessageType(kind), root, payload, tuple(given))


def join(documents: Iterable[JointDocument]) -> JointDocument:
    """Return one document with the signatures of all; raises InvalidField when they differ."""
    first, *others = documents
    for number, other in enumerate(others, 2):
        same = (other.type, other.root, other.payload) == (first.type, first.root, first.payload)
        require(same, f"document {number}", "says something else than the first")
    signatures = [each for one in (first, *others) for each in one.signatures]
    distinct = tuple(dict.fromkeys(signatures))
    if len(distinct) > SIGNATURES_MAX:
        raise InvalidField("joint.signatures", f"at most {SIGNATURES_MAX} are allowed")
    return replace(first, signatures=distinct)


def _signature(value: object, path: str) -> OfficerSignature:
    key_id, signature = as_tuple(value, path, bytes, bytes)
    require(len(key_id) == cose.KEY_ID_SIZE, path, f"key id must have {cose.KEY_ID_SIZE} bytes")
    require(len(signature) == cose.SIGNATURE_SIZE, path, "signature must have 64 bytes")
    return OfficerSignature(KeyId(key_id), signature)
