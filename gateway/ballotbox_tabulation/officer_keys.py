"""Officers' private keys, as files that each of them keeps."""

from pathlib import Path
from typing import Final

from ballotbox_protocol.election.identifiers import Mode
from ballotbox_protocol.wire.keyfile import (
    UNPROTECTED,
    KeyFileError,
    PrivateKey,
    open_key,
    open_unprotected,
)
from ballotbox_tabulation.trust_files import UnusableInput, read_small_file

_SMALL: Final = 64 * 1024


def is_protected(path: Path) -> bool:
    """Tell whether a passphrase protects the key in a file; raises UnusableInput."""
    return not _text(path, "--officer-key").startswith(UNPROTECTED)


def passphrase_in(path: Path) -> str:
    """Return the first line of a file; raises UnusableInput."""
    lines = _text(path, "--passphrase-file").splitlines()
    if not lines or not lines[0]:
        raise UnusableInput(f"--passphrase-file {path}: holds no passphrase in its first line")
    return lines[0]


def officer_key(path: Path, passphrase: str | None, mode: Mode) -> PrivateKey:
    """Return the key in a file, for an election of `mode`; raises UnusableInput."""
    text = _text(path, "--officer-key")
    in_the_open = text.startswith(UNPROTECTED)
    if in_the_open and mode is Mode.OFFICIAL:
        words = "is unprotected, which an official election does not take"
        raise UnusableInput(f"--officer-key {path}: {words}; make one that a passphrase protects")
    try:
        return open_unprotected(text) if in_the_open else open_key(text, passphrase or "")
    except KeyFileError as error:
        raise UnusableInput(f"--officer-key {path}: {error}; check the file") from error


def _text(path: Path, name: str) -> str:
    try:
        return read_small_file(path, name, _SMALL).decode()
    except UnicodeDecodeError as error:
        raise UnusableInput(f"{name} {path}: is no text; check the path") from error
