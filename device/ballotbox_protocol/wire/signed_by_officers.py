"""What statements that officers sign have in common: their signatures stand behind what is signed.

What is signed names the statement, so copies signed again share its id; its digest covers the
signatures too, so that a leaf commits to all of its bytes.
"""

from abc import ABC, abstractmethod
from hashlib import sha256
from typing import Any

from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.report import OfficerSignature


class SignedByOfficers(ABC):
    """A statement whose payload is an array; its officers' signatures come last on the wire."""

    __slots__ = ()

    signatures: tuple[OfficerSignature, ...]

    @abstractmethod
    def items(self) -> list[Any]:
        """Return what is signed, in wire order."""

    def payload(self) -> bytes:
        """Return what each officer signs, as the message type of this statement."""
        return cbor.encode(self.items())

    def to_bytes(self) -> bytes:
        """Return the statement with its signatures; its leaf holds the SHA-256 of these bytes."""
        signatures = [[each.key_id, each.signature] for each in self.signatures]
        return cbor.encode([*self.items(), signatures])

    @property
    def id(self) -> ReportId:
        """What names it where others have the id of a report: SHA-256 of what officers sign."""
        return ReportId(sha256(self.payload()).digest())

    @property
    def digest(self) -> bytes:
        """The digest by which a leaf commits to this statement with its signatures."""
        return sha256(self.to_bytes()).digest()
