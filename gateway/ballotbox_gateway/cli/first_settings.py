"""The first settings of a gateway, asked at the terminal: each with its default and reason.

What is answered is held against the signed documents at once. Nothing is written before it was
shown and confirmed, and never over another file.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from ballotbox_protocol.wire.trust import Trusted

#: The file in which a rehearsal brings its root key.
_ROOT_FILE: Final = "root.txt"
_SYSTEM: Final = Path("/etc/ballotbox")
_SYSTEM_LEDGER: Final = "/var/lib/ballotbox/ledger.sqlite"
_BY_ID: Final = Path("/dev/serial/by-id")
_NONE: Final = "none"

Answers = dict[str, Any]


class _Asked(NamedTuple):
    """One question: what is asked, why, and what most would answer."""

    words: str
    reason: str
    default: str | None


def at_terminal() -> bool:
    """Return whether somebody sits there who can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def make_settings(path: Path) -> None:
    """Ask for the settings and write them to `path`; raises Problem, click.Abort when refused."""
    folder = path.absolute().parent
    click.echo(f"There is no {path} yet. It is made now; Enter takes what stands in brackets.\n")
    trusted, answers = _trust(folder)
    answers |= _identity(folder, trusted)
    answers |= _ledger(folder)
    tables = _roads(trusted, answers["origin"])
    text = "".join(_lines(answers, tables))
    _require_valid(folder, answers | tables)
    click.echo(f"\n{text}")
    click.confirm(f"Write this to {path}?", default=True, abort=True)
    _write(path, text)


def _ask(asked: _Asked) -> str:
    click.echo(f"  {asked.reason}")
    answer: str = click.prompt(asked.words, default=asked.default)
    click.echo()
    return answer.strip()


def _until(asked: _Asked, accept: Callable[[str], Any]) -> Any:  # noqa: ANN401 - what accept gives
    """Ask until the answer is taken; what speaks against one is told."""
    while True:
        answer = _ask(asked)
        try:
            return accept(answer)
        except Problem as problem:
            click.echo(f"  {problem}\n")


def _trust(folder: Path) -> "tuple[Trusted, Answers]":
    from ballotbox_gateway.adapters.trust_files import trusted_from
    from ballotbox_protocol.election.identifiers import InvalidField
    from ballotbox_protocol.wire.trust import parse_root

    def root(text: str) -> str:
        try:
            return str(parse_root(text))
        except InvalidField as error:
            remedy = "Copy the whole line from the authority's notice"
            raise Problem("root", error.problem, remedy) from error

    found = folder / _ROOT_FILE
    given = found.read_text(encoding="utf-8").strip() if found.is_file() else None
    reason = "The authority publishes it, and everything else is checked by it."
    key = _until(_Asked("Root key of the election", reason, given), root)
    files = {
        "election_file": _Asked("Definition", "What is elected, signed by it.", "election.cose"),
        "register_file": _Asked("Register", "Boxes, gateways and officers.", "register.cose"),
    }
    while True:
        answers = {name: _ask(asked) for name, asked in files.items()}
        definition, register = (folder / name for name in answers.values())
        try:
            trusted = trusted_from(parse_root(key), definition, register)
        except Problem as problem:
            click.echo(f"  {problem}\n")
        else:
            return trusted, {"root": key, **answers}


def _identity(folder: Path, trusted: "Trusted") -> Answers:
    from ballotbox_gateway.adapters.key_files import is_unprotected, public_part

    reason = "This gateway signs its log with it; it never leaves this machine."
    name = _ask(_Asked("Key of this gateway", reason, "gateway.key"))
    if not (folder / name).exists():
        _make_key(folder, name)
    public = public_part(folder / name)
    listed = [each.origin for each in trusted.register.gateways if each.key == public]
    if not listed:
        what = f"register version {trusted.register.version} does not list its key {public.hex()}"
        remedy = "Have the authority enter it with an origin, then `ballotbox-gateway init` again"
        raise Problem(str(folder / name), what, remedy)
    answers: Answers = {"origin": listed[0], "key_file": name}
    if len(listed) > 1:
        reason = f"The register lists this key for {', '.join(listed)}."
        answers["origin"] = _ask(_Asked("Origin, the name of its log", reason, listed[0]))
    if not is_unprotected(folder / name):
        reason = "Its first line opens the key, so that the service starts without a person."
        answers["passphrase_file"] = _ask(_Asked("Passphrase file", reason, "gateway.passphrase"))
    return answers


def _make_key(folder: Path, name: str) -> None:
    import os

    from ballotbox_gateway.adapters.key_files import new_key, write_key

    click.confirm(f"There is no {folder / name}. Make a new key?", default=True, abort=True)
    words = click.prompt("New passphrase", hide_input=True, confirmation_prompt=True)
    write_key(folder / name, new_key(), words)
    place = folder / "gateway.passphrase"
    if click.confirm(f"Write the passphrase to {place}, for the service alone?", default=True):
        try:
            handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            remedy = "Move that file away, or write the passphrase yourself"
            raise Problem(str(place), str(error.strerror).lower(), remedy) from error
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{words}\n")


def _ledger(folder: Path) -> Answers:
    default = _SYSTEM_LEDGER if folder == _SYSTEM else "state/ledger.sqlite"
    reason = "Every decision is stored in it. Give it a disk that is not shared."
    answers = {"ledger_file": _ask(_Asked("Ledger", reason, default))}
    reason = "A folder on another disk, from which a damaged ledger is made whole."
    copy = _ask(_Asked("Second copy", reason, _NONE))
    return answers if copy == _NONE else answers | {"second_copy": copy}


def _roads(trusted: "Trusted", origin: str) -> Answers:
    tables: Answers = {}
    plugged = ", ".join(sorted(map(str, _BY_ID.glob("*")))) or _NONE
    reason = "Boxes on cables: one device file for each, with commas between."
    lines = _ask(_Asked("Serial ports", reason, plugged))
    if lines != _NONE:
        tables["serial"] = [{"port": port.strip()} for port in lines.split(",")]
    reason = "Boxes behind an MQTT broker: its name or address."
    broker = _ask(_Asked("Broker", reason, _NONE if lines != _NONE else "127.0.0.1"))
    if broker != _NONE:
        port = click.prompt("Its port", default=1883, type=click.IntRange(1, 65535))
        tables["mqtt"] = {"host": broker, "port": port}
        reason = "\n  Its certificate authority, where it speaks TLS: a file in PEM."
        authority = _ask(_Asked("Authority of the broker", reason, _NONE))
        if authority != _NONE:
            tables["mqtt"]["tls"] = {"ca_file": authority}
    others = [each.origin for each in trusted.register.gateways if each.origin != origin]
    reason = "The gateway above, where leaves are delivered: https://name:port."
    above = _ask(_Asked("Upper gateway", reason, _NONE))
    if above != _NONE:
        listed = f"The register lists {', '.join(others) or 'no other'}."
        name = _ask(_Asked("Its origin", listed, others[0] if others else None))
        tables["upstream"] = {"url": above, "origin": name}
    return tables


def _lines(answers: Answers, tables: Answers) -> Iterator[str]:
    for name, value in answers.items():
        yield f"{name} = {_toml(value)}\n"
    for name, table in tables.items():
        for each in table if isinstance(table, list) else [table]:
            yield f"\n[[{name}]]\n" if isinstance(table, list) else f"\n[{name}]\n"
            inner = {key: value for key, value in each.items() if isinstance(value, dict)}
            yield from (f"{k} = {_toml(v)}\n" for k, v in each.items() if k not in inner)
            for key, value in inner.items():
                yield f"\n[{name}.{key}]\n"
                yield from (f"{k} = {_toml(v)}\n" for k, v in value.items())


def _toml(value: str | int) -> str:
    # JSON's texts and whole numbers are TOML's.
    return json.dumps(value, ensure_ascii=False)


def _require_valid(folder: Path, settings: Answers) -> None:
    from pydantic import ValidationError

    from ballotbox_gateway.config import Config
    from ballotbox_gateway.config_errors import explain

    try:
        Config.model_validate(settings, context={"folder": folder})
    except ValidationError as error:
        raise explain("nothing is written", error, Config) from error


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        remedy = "Name another file with --config, or run this as its owner"
        raise Problem(str(path), str(error.strerror).lower(), remedy) from error
