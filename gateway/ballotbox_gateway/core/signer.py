"""The port behind which a gateway's private key lies: in a file, or in a security module."""

from typing import Protocol

from ballotbox_protocol.election.identifiers import PublicKey


class Signer(Protocol):
    """One Ed25519 key that signs what it is given; nobody reads its private part through here."""

    @property
    def public(self) -> PublicKey:
        """The public key, 32 bytes."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature (RFC 8032) over `data`.

        Raises SignerAway while the key cannot be reached: nothing was signed, and the next call
        may succeed.
        """
        ...
