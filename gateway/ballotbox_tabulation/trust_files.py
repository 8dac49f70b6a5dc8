"""The two public documents and the root key, as a person hands them to a command."""

from pathlib import Path

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire.cbor import DOCUMENT_LIMITS
from ballotbox_protocol.wire.trust import Distrust, Root, Trusted, establish, parse_root


class UnusableInput(ValueError):
    """What was handed over cannot be used; the message names the input and the way out."""


def load_trusted(election: Path, register: Path, root: str) -> tuple[Root, Trusted]:
    """Return the root key and the election it vouches for; raises UnusableInput."""
    try:
        key = parse_root(root)
        definition = read_small_file(election, "--election", DOCUMENT_LIMITS.size)
        signed_register = read_small_file(register, "--register", DOCUMENT_LIMITS.size)
        return key, establish(key, definition, signed_register)
    except InvalidField as error:
        raise UnusableInput(f"--{error}; take it from the authority, as mode:hex digits") from error
    except Distrust as error:
        raise UnusableInput(f"{error} (--election {election}, --register {register})") from error


def read_small_file(path: Path, name: str, limit: int) -> bytes:
    """Return the bytes of a file of at most `limit` bytes; raises UnusableInput naming `name`."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise UnusableInput(f"{name} {path}: {error.strerror}; check the path") from error
    if len(data) > limit:
        raise UnusableInput(f"{name} {path}: longer than {limit} bytes; is it the right file?")
    return data
