"""Which program is running: one digest over every file of the packages that compute a result."""

from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

_PACKAGES: Final = ("ballotbox_protocol", "ballotbox_tabulation")
_COMPILED: Final = "__pycache__"


def program_digest() -> bytes:
    """Return the digest of the program that runs here, as device/WIRE.md defines it."""
    return digest_of({name: data for each in _PACKAGES for name, data in _files(files(each), each)})


def digest_of(contents: dict[str, bytes]) -> bytes:
    """Return the digest of files by their names."""
    whole = sha256()
    for name in sorted(contents):
        whole.update(name.encode() + b"\0" + sha256(contents[name]).digest())
    return whole.digest()


def _files(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    for each in folder.iterdir():
        path = f"{name}/{each.name}"
        if each.is_file():
            yield path, each.read_bytes()
        elif each.name != _COMPILED:
            yield from _files(each, path)
