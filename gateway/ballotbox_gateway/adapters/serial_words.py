"""What a serial port's failure means, in words for the person at the cable."""

import errno
import os
import termios
from collections.abc import Iterator
from pathlib import Path


def port_trouble(port: str, error: Exception) -> str:
    """Return why a port could not be opened, and the remedy."""
    match _code(error):
        case errno.ENOENT:
            return (
                "does not exist. Plug the cable in, or correct serial.port (ls /dev/serial/by-id)"
            )
        case errno.EACCES | errno.EPERM:
            return "may not be opened by this user. Add the user to the group dialout"
        case errno.EAGAIN | errno.EBUSY:
            return f"is in use by {_holder(port)}. Close that program, or correct serial.port"
        case errno.EIO | errno.ENXIO | errno.ENODEV:
            return "does not answer: the device is gone. Plug the cable in again"
        case errno.ENOTTY | errno.EINVAL | errno.EISDIR:
            return "is no serial port. Correct serial.port"
        case _:
            return f"cannot be opened: {error}. Check the cable and serial.port"


def _code(error: BaseException) -> int | None:
    """Return the system's error number, which pyserial at times keeps to the cause."""
    number = getattr(error, "errno", None)
    if number is None and isinstance(error.__context__, termios.error):
        number = error.__context__.args[0]
    return number


def _holder(port: str) -> str:
    holders = [f"{name} (process {pid})" for pid, name in _holders(Path(port).resolve())]
    return " and ".join(holders) or "another program"


def _holders(device: Path) -> Iterator[tuple[int, str]]:
    """Yield the processes that have the device open, as far as this user may see."""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            open_files = [link.readlink() for link in (process / "fd").iterdir()]
            if device in open_files:
                yield int(process.name), (process / "comm").read_text(encoding="utf-8").strip()
        except OSError:
            continue
