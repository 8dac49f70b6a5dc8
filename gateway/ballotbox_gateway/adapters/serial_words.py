"""What a serial port's failure means, in words for the person at the cable."""

import contextlib
import errno
import os
import termios
from collections.abc import Iterator
from pathlib import Path


def port_trouble(port: str, error: Exception) -> str:
    """Return why a port could not be opened or used, and the remedy."""
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
        case errno.ECONNREFUSED:
            return "refuses the connection. Start the terminal server, or correct serial.port"
        case errno.ETIMEDOUT | errno.EHOSTUNREACH | errno.ENETUNREACH:
            return "does not answer. Check the network and the terminal server"
        case _:
            return f"fails: {error}. Check the cable and serial.port"


def shared_trouble(port: str) -> str:
    """Return that other programs have the port open beside us, and the remedy; or an empty text."""
    others = holders(port)
    if not others:
        return ""
    named = " and ".join(others)
    return f"is also open in {named}: each reader gets only a part. Close that program"


def _code(error: BaseException) -> int | None:
    """Return the system's error number, which pyserial at times keeps to the cause."""
    if isinstance(error, TimeoutError):
        return errno.ETIMEDOUT
    number = getattr(error, "errno", None)
    cause = error.__context__
    if number is None and isinstance(cause, termios.error):
        number = cause.args[0]
    elif number is None and isinstance(cause, OSError):
        number = _code(cause)
    return number


def _holder(port: str) -> str:
    others = " and ".join(holders(port))
    if not others and os.getpid() in dict(_holders(Path(port))):
        return "this gateway itself, by another [[serial]] table"
    return others or "another program"


def holders(port: str) -> list[str]:
    """Return the other programs that have the port open, as far as this user may see."""
    own = os.getpid()
    return [f"{name} (process {pid})" for pid, name in _holders(Path(port)) if pid != own]


def _holders(port: Path) -> Iterator[tuple[int, str]]:
    device = port.resolve()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if any(_leads_to(link, device) for link in (process / "fd").iterdir()):
                yield int(process.name), (process / "comm").read_text(encoding="utf-8").strip()


def _leads_to(link: Path, device: Path) -> bool:
    try:
        return link.readlink() == device
    except OSError:
        return False  # closed meanwhile, as the one by which this list is read
