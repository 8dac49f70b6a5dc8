"""Private keys in files: protected by a passphrase, or in the open for tests and rehearsals."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import Mode
from ballotbox_protocol.wire.keyfile import (
    NONCE_SIZE,
    SALT_SIZE,
    SEED_SIZE,
    UNPROTECTED,
    KeyFileError,
    PrivateKey,
    is_key_file,
    open_key,
    open_unprotected,
    seal_key,
)

_KEY_FILE_MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Passphrase:
    """A passphrase and where it came from, so that a wrong one can be traced."""

    text: str
    source: str

    def __repr__(self) -> str:
        return f"Passphrase(from {self.source})"


def passphrase_from_file(path: Path) -> Passphrase:
    """Return the first line of a file; raises Problem."""
    lines = _read(path, "passphrase file").splitlines()
    if not lines or not lines[0]:
        raise Problem(str(path), "holds no passphrase", "Write it into the first line")
    return Passphrase(lines[0], str(path))


def passphrase_from_variable(name: str) -> Passphrase:
    """Return the passphrase in an environment variable; raises Problem."""
    text = os.environ.get(name, "")
    if not text:
        raise Problem(f"environment variable {name}", "is not set", "Set it to the passphrase")
    return Passphrase(text, f"environment variable {name}")


def write_key(path: Path, key: PrivateKey, passphrase: str | None) -> None:
    """Write a new key file that only its owner can read; raises Problem when it exists.

    Without a passphrase the key stands in the open; only tests and rehearsals take such a file.
    """
    text = _unprotected(key) if passphrase is None else _sealed(key, passphrase)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _KEY_FILE_MODE)
        _fill(path, descriptor, text)
    except FileExistsError as error:
        remedy = "Choose another name: a key that is overwritten is lost"
        raise Problem(str(path), "exists already", remedy) from error
    except OSError as error:
        raise Problem(str(path), _reason(error), "Choose a folder you may write to") from error


def _fill(path: Path, descriptor: int, text: str) -> None:
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink()
        raise


def new_key() -> PrivateKey:
    """Return a key from the system's randomness."""
    return PrivateKey.from_seed(os.urandom(SEED_SIZE))


def is_unprotected(path: Path) -> bool:
    """Tell whether the key in a file stands in the open; raises Problem."""
    return _key_text(path).startswith(UNPROTECTED)


def public_part(path: Path) -> bytes:
    """Return the public key that a key file names, without opening it; raises Problem."""
    lines = _key_text(path).splitlines()
    try:
        return bytes.fromhex(lines[1].removeprefix("public "))
    except (IndexError, ValueError) as error:
        raise _damaged(path, "names no public key in its second line") from error


def read_key(path: Path, passphrase: Passphrase | None, mode: Mode | None) -> PrivateKey:
    """Return the private key in a file; raises Problem.

    `mode` is that of the election it is used for, None when it is used for none: an official
    election takes protected keys alone.
    """
    text = _key_text(path)
    if text.startswith(UNPROTECTED):
        if mode is Mode.OFFICIAL:
            what = "is unprotected, which an official election does not take"
            raise Problem(str(path), what, "Make one with `ballotbox-gateway keys new`")
        return _open_unprotected(path, text)
    if passphrase is None:
        remedy = "Set passphrase_file or passphrase_variable"
        raise Problem(str(path), "is protected by a passphrase", remedy)
    try:
        return open_key(text, passphrase.text)
    except KeyFileError as error:
        remedy = f"The passphrase came from {passphrase.source}: check it, then the file"
        raise Problem(str(path), str(error), remedy) from error


def _sealed(key: PrivateKey, passphrase: str) -> str:
    return seal_key(key, passphrase, os.urandom(SALT_SIZE), os.urandom(NONCE_SIZE))


def _unprotected(key: PrivateKey) -> str:
    return f"{UNPROTECTED}\npublic {key.public.hex()}\nseed {key.seed.hex()}\n"


def _open_unprotected(path: Path, text: str) -> PrivateKey:
    try:
        return open_unprotected(text)
    except KeyFileError as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, what: str) -> Problem:
    return Problem(str(path), what, "Copy the key file again from where it was made")


def _key_text(path: Path) -> str:
    text = _read(path, "key file")
    if not text.startswith(UNPROTECTED) and not is_key_file(text):
        raise Problem(str(path), "is not a key file", "Correct the path")
    return text


def _read(path: Path, kind: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Problem(str(path), f"there is no such {kind}", "Correct the path") from error
    except UnicodeDecodeError as error:
        raise Problem(str(path), f"is not a {kind}", "Correct the path") from error
    except OSError as error:
        raise Problem(str(path), _reason(error), "Make the file readable") from error


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
