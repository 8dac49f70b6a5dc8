"""What a serial port's failure means, in words for the person at the cable."""

import contextlib
import errno
import os
import termios
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_MASTERS: Final = frozenset({Path("/dev/ptmx"), Path("/dev/pts/ptmx")})


def port_trouble(port: str, error: Exception) -> str:
    """Return why a port could not be opened or used, and the remedy."""
    match _code(error):
        case errno.ENOENT:
            return (
                "does not exist. Plug the cable in, or correct serial.port (ls /dev/serial/by-id)"
            )
        case errno.EACCES | errno.EPERM:
            return (
                "may not be opened by this user. Add the user to the group dialout "
                "(sudo usermod -aG dialout $USER), then log in again"
            )
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
    """Return that other programs read the port beside us, and the remedy; or an empty text."""
    others = " and ".join(_named(_holders(Path(port), beyond_pty=False)))
    if not others:
        return ""
    return f"is also open in {others}: each reader gets only a part. Close that program"


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
    found = list(_holders(Path(port)))
    others = " and ".join(_named(found))
    if found and not others:
        return "this gateway itself, by another [[serial]] table"
    return others or "another program"


def _named(found: Iterable[tuple[int, str]]) -> list[str]:
    return [f"{name} (process {pid})" for pid, name in found if pid != os.getpid()]


def _holders(port: Path, *, beyond_pty: bool = True) -> Iterator[tuple[int, str]]:
    """Yield the processes that have the port open, as far as this user may see.

    beyond_pty: also those that stand at the far end of a pseudo-terminal and keep it open.
    """
    device = port.resolve()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError, UnicodeDecodeError):
            files = {_target(link) for link in (process / "fd").iterdir()}
            if device in files and (beyond_pty or files.isdisjoint(_MASTERS)):
                yield int(process.name), (process / "comm").read_text(encoding="utf-8").strip()


def _target(link: Path) -> Path | None:
    try:
        return link.readlink()
    except OSError:
        return None  # closed meanwhile, as the one by which this list is read
