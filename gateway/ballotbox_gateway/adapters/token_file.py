"""The officers' tokens: a file of names and digests. A token is shown once and stored nowhere.

A token has 80 random bits, so that a digest without salt tells nothing and guessing is hopeless.
"""

import os
import re
import secrets
from base64 import b32encode
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Final

from ballotbox_gateway.problem import Problem

_TOKEN_SIZE: Final = 10
_GROUP: Final = 4
_LINE: Final = re.compile(r"([0-9a-f]{64}) (\S.{0,63})")
NAME_MAX: Final = 64


def new_token(path: Path, name: str) -> str:
    """Give an officer a token and return it; one that had this name is no longer valid.

    Raises Problem.
    """
    if not (name.isprintable() and name == name.strip() and 0 < len(name) <= NAME_MAX):
        what = f"must be 1 to {NAME_MAX} printable characters"
        raise Problem("name", what, "Write the officer's name")
    token = b32encode(secrets.token_bytes(_TOKEN_SIZE)).decode()
    others = [line for line in _lines(path) if line[1] != name] if path.exists() else []
    _write(path, [*others, (_digest(token), name)])
    return "-".join(token[at : at + _GROUP] for at in range(0, len(token), _GROUP))


def without_token(path: Path, name: str) -> None:
    """Take an officer's token away; raises Problem when nobody of that name has one."""
    lines = _lines(path)
    others = [line for line in lines if line[1] != name]
    if len(others) == len(lines):
        names = ", ".join(known for _, known in lines) or "nobody has one"
        raise Problem("name", f"{name!r} has no token", f"Write one of: {names}")
    _write(path, others)


def officer_with(path: Path, token: str) -> str | None:
    """Return the name of the officer whose token this is, None of nobody's; raises Problem."""
    found = None
    given = _digest("".join(token.split()).replace("-", "").upper())
    for digest, name in _lines(path):
        if compare_digest(digest, given):
            found = name
    return found


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _lines(path: Path) -> list[tuple[str, str]]:
    make = "Make it with `ballotbox-gateway screen token NAME`"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Problem(str(path), "there is no such file", make) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(str(path), "cannot be read as text", "Make it readable") from error
    found = [_LINE.fullmatch(line) for line in text.splitlines()]
    if not all(found):
        raise Problem(str(path), "is no file of tokens", f"Put it away. {make}")
    return [(match[1], match[2]) for match in found if match]


def _write(path: Path, lines: list[tuple[str, str]]) -> None:
    """Put a new file in the place of the old one; raises Problem."""
    beside = path.with_name(f"{path.name}.new")
    text = "".join(f"{digest} {name}\n" for digest, name in lines)
    try:
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        what = f"cannot be written: {os.strerror(error.errno or 0).lower()}"
        raise Problem(str(path), what, "Name a file in a folder that is there") from error
