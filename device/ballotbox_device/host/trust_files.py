"""The signed election definition and register as files, and what is remembered of them.

Remembered are the election, the register's highest version and the names of its logs, a line each.
"""

from pathlib import Path
from typing import Final, NamedTuple

from ballotbox_device.host.files import replace_file
from ballotbox_device.host.problem import Problem, reason_of
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire.trust import (
    Distrust,
    Root,
    Trusted,
    open_definition,
    open_register,
    parse_root,
)

_ROOT_FORM: Final = "It is written mode:key, as the authority published it"


def establish_from(election: Path, register: Path, root: str, seen: Path) -> Trusted:
    """Return the election that the root key vouches for in two signed files; raises Problem.

    `seen` remembers the highest version of the register; a lower one is refused.
    """
    key = _root(root)
    definition = _read(election, "--election")
    try:
        opened, digest = open_definition(definition, key)
    except Distrust as error:
        remedy = f"Give the signed definition and the root key that signed it (--root is {key})"
        raise Problem(f"--election {election}", str(error), remedy) from error
    signed = _read(register, "--register")
    last = _seen(seen)
    at_least = last.version if last.election == digest.hex() else 1
    try:
        listed = open_register(signed, opened, digest, at_least)
    except Distrust as error:
        remedy = "Give the newest register that was signed for this very election"
        raise Problem(f"--register {register}", str(error), remedy) from error
    return Trusted(opened, digest, listed)


def remember(trusted: Trusted, seen: Path) -> None:
    """Refuse registers older than this one from now on; raises OSError."""
    lines = (trusted.digest.hex(), str(trusted.register.version), *trusted.register.gateway_keys)
    content = "".join(f"{line}\n" for line in lines).encode()
    if not seen.exists() or seen.read_bytes() != content:
        replace_file(seen, content)


def logs_seen(seen: Path) -> tuple[str, ...]:
    """Return the names of the logs that the last register listed; raises Problem."""
    return _seen(seen).logs


def _root(text: str) -> Root:
    try:
        return parse_root(text)
    except InvalidField as error:
        raise Problem("--root", error.problem, _ROOT_FORM) from error


def _read(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        remedy = "Give the path of the signed file"
        raise Problem(f"{option} {path}", reason_of(error), remedy) from error


class _Seen(NamedTuple):
    """What was seen last; the defaults hold before the first."""

    election: str = ""
    version: int = 1
    logs: tuple[str, ...] = ()


def _seen(path: Path) -> _Seen:
    """Return what is remembered: what cannot be read is no reason to take an older register."""
    try:
        election, version, *logs = path.read_text(encoding="ascii").splitlines()
        return _Seen(election, int(version), tuple(logs))
    except FileNotFoundError:
        return _Seen()
    except (OSError, ValueError) as error:
        remedy = "Two people should look: it holds the election, the register's version, its logs"
        raise Problem(str(path), "cannot be read", remedy) from error
