"""The release of rules and program: with what two officers allow results to be computed.

Whoever computes holds the running program and the rules at hand against it before anything is
computed, so that a program that nobody released cannot come to say a number.
"""

from dataclasses import dataclass
from typing import Any, Final

from ballotbox_protocol.election.identifiers import (
    DIGEST_SIZE,
    ElectionDigest,
    require,
    require_bytes,
    require_count,
)
from ballotbox_protocol.election.register import Register
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.officers import two_of_the_centre_signed
from ballotbox_protocol.wire.report import OfficerSignature, read_signatures
from ballotbox_protocol.wire.shape import as_tuple
from ballotbox_protocol.wire.signed_by_officers import SignedByOfficers

#: With its signatures.
RELEASE_MAX: Final = 4_096


@dataclass(frozen=True, slots=True)
class RulesRelease(SignedByOfficers):
    """The rules and the program of one election, by their digests; version: counts up from 1."""

    election: ElectionDigest
    version: int
    rules: bytes
    program: bytes
    signatures: tuple[OfficerSignature, ...] = ()

    def __post_init__(self) -> None:
        require_bytes(self.election, DIGEST_SIZE, "release.election")
        require_count(self.version, "release.version")
        require(self.version >= 1, "release.version", "must be at least 1")
        require_bytes(self.rules, DIGEST_SIZE, "release.rules")
        require_bytes(self.program, DIGEST_SIZE, "release.program")

    def items(self) -> list[Any]:
        """Return what each officer signs, as MessageType.RULES_RELEASE, in wire order."""
        return [self.election, self.version, self.rules, self.program]

    def is_signed(self, register: Register) -> bool:
        """Tell whether two officers who may release in all precincts signed it, and nobody else."""
        return two_of_the_centre_signed(
            register, self.signatures, MessageType.RULES_RELEASE, self.payload()
        )


def decode_release(data: bytes) -> RulesRelease:
    """Return the release in `data`, signatures unchecked; raises CborError or InvalidField."""
    require(len(data) <= RELEASE_MAX, "release", f"at most {RELEASE_MAX} bytes")
    items = as_tuple(cbor.decode(data), "release", bytes, int, bytes, bytes, list)
    signatures = read_signatures(items[4], "release.signatures")
    return RulesRelease(ElectionDigest(items[0]), items[1], items[2], items[3], signatures)
