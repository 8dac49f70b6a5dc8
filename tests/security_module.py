"""A security module in software (SoftHSM), with one token and the PIN in a file."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

TOKEN = "ballotbox"
PIN = "271828"
_LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")


class Module(NamedTuple):
    """The library, the file with the PIN, and the folder whose loss takes the token away."""

    library: Path
    pin_file: Path
    tokens: Path


def module_in(folder: Path, setenv: Callable[[str, str], None]) -> Module:
    """Return a module with an empty token, or skip where SoftHSM is not installed."""
    program = shutil.which("softhsm2-util")
    library = next(filter(os.path.exists, _LIBRARIES), None)
    if program is None or library is None:
        pytest.skip("SoftHSM is not installed")
    tokens, settings = folder / "tokens", folder / "softhsm2.conf"
    tokens.mkdir()
    settings.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\n")
    setenv("SOFTHSM2_CONF", str(settings))
    pins = ("--pin", PIN, "--so-pin", "31415926")
    command = [program, "--init-token", "--free", "--label", TOKEN, *pins]
    subprocess.run(command, check=True, capture_output=True)
    pin_file = folder / "pin"
    pin_file.write_text(f"{PIN}\n")
    pin_file.chmod(0o600)
    return Module(Path(library), pin_file, tokens)
