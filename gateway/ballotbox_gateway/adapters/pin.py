"""The PIN of a security module: from a file that its owner alone reads, or from the environment."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ballotbox_gateway.problem import Problem

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Pin:
    """A PIN and where it came from, so that a wrong one can be traced; never printed."""

    text: str
    source: str

    def __repr__(self) -> str:
        return f"Pin(from {self.source})"


def pin_from_file(path: Path) -> Pin:
    """Return the first line of a file with mode 0600 or stricter; raises Problem."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            line = file.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise Problem(str(path), what.lower(), "Correct pkcs11.pin_file") from error
    if mode & _OTHERS:
        remedy = f"chmod 600 {path}, and change the PIN if others may have read it"
        raise Problem(str(path), "holds a PIN and can be read or written by others", remedy)
    if not line:
        raise Problem(str(path), "holds no PIN", "Write it into the first line")
    return Pin(line, str(path))


def pin_from_variable(name: str) -> Pin:
    """Return the PIN in an environment variable; raises Problem."""
    text = os.environ.get(name, "")
    if not text:
        raise Problem(f"environment variable {name}", "is not set", "Set it to the PIN")
    return Pin(text, f"environment variable {name}")


def pin_of(file: Path | None, variable: str | None) -> Pin:
    """Return the PIN from the file or else the variable; one of them must be named."""
    if file is not None:
        return pin_from_file(file)
    return pin_from_variable(variable or "")
