"""Two officers' word that one log stands in the place of another, whose end is lost.

It is the first leaf of the new log, and says to everyone how much of the old one is still there.
"""

from dataclasses import dataclass
from typing import Any

from ballotbox_protocol.election.identifiers import (
    DIGEST_SIZE,
    WIDE_MAX,
    BoxId,
    ElectionDigest,
    require,
    require_bytes,
    require_count,
)
from ballotbox_protocol.election.register import Register, Role, require_origin
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.officers import two_officers_signed
from ballotbox_protocol.wire.report import OfficerSignature, read_signatures
from ballotbox_protocol.wire.shape import as_tuple
from ballotbox_protocol.wire.signed_by_officers import SignedByOfficers

#: Stands where a report names its box: a replacement is about no box.
NO_BOX = BoxId(bytes(16))


@dataclass(frozen=True, slots=True)
class Replacement(SignedByOfficers):
    """The log of `origin` begins because that of `replaced` cannot go on.

    kept: the leaves of the old log from this one on are lost; those before it can still be shown.
    """

    election: ElectionDigest
    replaced: str
    origin: str
    kept: int
    signatures: tuple[OfficerSignature, ...] = ()

    def __post_init__(self) -> None:
        require_bytes(self.election, DIGEST_SIZE, "replacement.election")
        require_origin(self.replaced, "replacement.replaced")
        require_origin(self.origin, "replacement.origin")
        other = self.origin != self.replaced
        require(other, "replacement.origin", "must be another one: a log never begins twice")
        require_count(self.kept, "replacement.kept", WIDE_MAX)

    def items(self) -> list[Any]:
        """Return what each officer signs, as MessageType.REPLACEMENT, in wire order."""
        return [self.election, self.replaced, self.origin, self.kept]

    def is_signed(self, register: Register) -> bool:
        """Tell whether two officers who may release reports signed, of whatever precinct."""
        payload = self.payload()
        return two_officers_signed(
            register, self.signatures, MessageType.REPLACEMENT, payload, Role.RELEASE, None
        )


def decode_replacement(data: bytes) -> Replacement:
    """Return the statement in `data`, signatures unchecked; raises CborError or InvalidField."""
    items = as_tuple(cbor.decode(data), "replacement", bytes, str, str, int, list)
    signatures = read_signatures(items[4], "replacement.signatures")
    return Replacement(ElectionDigest(items[0]), items[1], items[2], items[3], signatures)
