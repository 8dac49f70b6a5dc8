"""A private key in a file, protected by a passphrase (Argon2id and XSalsa20-Poly1305).

Pure: salt and nonce are arguments. The file is text, so that it survives copying and mailing.
"""

import base64
import unicodedata
from dataclasses import dataclass
from typing import Final

from nacl import bindings, exceptions, pwhash, secret

from ballotbox_protocol.election.identifiers import PublicKey

SALT_SIZE: Final = pwhash.argon2id.SALTBYTES
NONCE_SIZE: Final = secret.SecretBox.NONCE_SIZE
SEED_SIZE: Final = 32
_HEADER: Final = "ballotbox key v1"
#: Begins a file whose key stands in the open; only tests and rehearsals take one.
UNPROTECTED: Final = "ballotbox unprotected key v1"


class KeyFileError(ValueError):
    """The key file is damaged or the passphrase is wrong; the message says which and the fix."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """An Ed25519 key that signs; never printed."""

    seed: bytes
    public: PublicKey

    @classmethod
    def from_seed(cls, seed: bytes) -> "PrivateKey":
        """Return the key grown from a 32-byte seed."""
        public, _ = bindings.crypto_sign_seed_keypair(seed)
        return cls(seed, PublicKey(public))

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature over `data`."""
        return bindings.crypto_sign(data, self.seed + self.public)[: bindings.crypto_sign_BYTES]

    def __repr__(self) -> str:
        return f"PrivateKey(public={self.public.hex()})"


def seal_key(key: PrivateKey, passphrase: str, salt: bytes, nonce: bytes) -> str:
    """Return the text of a key file; `salt` and `nonce` must be fresh random bytes."""
    box = secret.SecretBox(_stretch(passphrase, salt))
    sealed = box.encrypt(key.seed, nonce)
    body = base64.b64encode(salt + sealed).decode()
    return f"{_HEADER}\npublic {key.public.hex()}\n{body}\n"


def is_key_file(text: str) -> bool:
    """Tell whether a text has the form of a key file; only a passphrase can tell the rest."""
    lines = text.splitlines()
    return len(lines) == 3 and lines[0] == _HEADER and lines[1].startswith("public ")


def open_key(text: str, passphrase: str) -> PrivateKey:
    """Return the key in a key file; raises KeyFileError."""
    if not is_key_file(text):
        raise KeyFileError(f"not a key file: it must be three lines, the first {_HEADER!r}")
    lines = text.splitlines()
    try:
        blob = base64.b64decode(lines[2], validate=True)
    except ValueError as error:
        raise KeyFileError("line 3 of the key file is not base64: copy the file again") from error
    try:
        seed = secret.SecretBox(_stretch(passphrase, blob[:SALT_SIZE])).decrypt(blob[SALT_SIZE:])
    except (exceptions.CryptoError, exceptions.ValueError) as error:
        raise KeyFileError("wrong passphrase, or the key file is damaged") from error
    key = PrivateKey.from_seed(seed)
    if key.public.hex() != lines[1].removeprefix("public "):
        raise KeyFileError("line 2 of the key file names another public key")
    return key


def open_unprotected(text: str) -> PrivateKey:
    """Return the key in a file that begins with UNPROTECTED; raises KeyFileError."""
    lines = text.splitlines()
    try:
        seed = bytes.fromhex(lines[2].removeprefix("seed "))
    except (IndexError, ValueError) as error:
        raise KeyFileError("has no seed of 64 hexadecimal digits in line 3") from error
    if len(seed) != SEED_SIZE:
        raise KeyFileError("has no seed of 64 hexadecimal digits in line 3")
    key = PrivateKey.from_seed(seed)
    if lines[1] != f"public {key.public.hex()}":
        raise KeyFileError("names another public key in its second line")
    return key


def _stretch(passphrase: str, salt: bytes) -> bytes:
    # The same passphrase typed on another keyboard may arrive in another Unicode form.
    typed = unicodedata.normalize("NFC", passphrase)
    return pwhash.argon2id.kdf(
        secret.SecretBox.KEY_SIZE,
        typed.encode(errors="surrogateescape"),
        salt,
        opslimit=pwhash.argon2id.OPSLIMIT_INTERACTIVE,
        memlimit=pwhash.argon2id.MEMLIMIT_INTERACTIVE,
    )
