"""Which firmware runs: the digest of the program's own files.

The program measures itself, so the digest finds a box that runs other files than the register
allows; it does not stop one that lies.
"""

from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from ballotbox_device.core.identity import Firmware

_PACKAGES: Final = ("ballotbox_device", "ballotbox_protocol")
#: Rises with every firmware that is released for use.
SEQUENCE: Final = 1


def running_firmware() -> Firmware:
    """Return the digest of the packages that a box runs, and the firmware's sequence number."""
    digest = sha256()
    for package in _PACKAGES:
        for name, content in sorted(_sources(files(package), package)):
            digest.update(b"%d %b %d " % (len(name), name.encode(), len(content)))
            digest.update(content)
    return Firmware(digest.digest(), SEQUENCE)


def _sources(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for item in folder.iterdir():
        name = f"{path}/{item.name}"
        if item.is_dir() and item.name != "__pycache__":
            found += _sources(item, name)
        elif item.name.endswith(".py"):
            found.append((name, item.read_bytes()))
    return found
