"""`ballotbox-gateway quarantine` and `dispute`: what does not count, and two officers' rulings."""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ballotbox_gateway.cli.options import config_option, passphrase_for
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from ballotbox_gateway.cli.asking import Ask
    from ballotbox_gateway.config import Config
    from ballotbox_protocol.election.identifiers import Mode
    from ballotbox_protocol.wire.keyfile import PrivateKey
    from ballotbox_protocol.wire.statements import RulingKind
    from ballotbox_protocol.wire.trust import Trusted

#: Digits of a report id that a person may type instead of all 64, if no other begins so.
_SHORT: Final = 8

officers_options = click.option(
    "--officer-key",
    "officer_keys",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Key file of an officer with the release role; give two.",
)
passphrases_option = click.option(
    "--passphrase-file",
    "passphrase_files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Passphrase of each officer's key, in the same order, instead of asking.",
)


@click.group()
def quarantine() -> None:
    """Show what does not count, and release what two officers stand for."""


@click.group()
def dispute() -> None:
    """Settle which of two rival reports of a box is the true one."""


@quarantine.command(name="list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(config: "Config", *, as_json: bool) -> None:
    """List reports that are held, quarantined or in evidence."""
    from ballotbox_gateway.cli.asking import asking

    with asking(config) as ask:
        answer = ask(ask="set_aside")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    for each in answer["reports"]:
        click.echo(_line(each))
    count, version = len(answer["reports"]), answer["register_version"]
    click.echo(f"{count} set aside, register version {version}")


@quarantine.command()
@config_option
@click.argument("report_id")
@officers_options
@passphrases_option
def release(
    config: "Config",
    report_id: str,
    officer_keys: tuple[Path, ...],
    passphrase_files: tuple[Path, ...],
) -> None:
    """Count a quarantined report, or a held one whose gap stays open. Takes two officers."""
    from ballotbox_protocol.wire.statements import RulingKind

    _rule(config, report_id, RulingKind.RELEASE, officer_keys, passphrase_files)


@dispute.command()
@config_option
@click.argument("report_id")
@officers_options
@passphrases_option
def name(
    config: "Config",
    report_id: str,
    officer_keys: tuple[Path, ...],
    passphrase_files: tuple[Path, ...],
) -> None:
    """Name one of two rival reports as the true one. Takes two officers."""
    from ballotbox_protocol.wire.statements import RulingKind

    _rule(config, report_id, RulingKind.NAME, officer_keys, passphrase_files)


def _rule(
    config: "Config",
    report_id: str,
    kind: "RulingKind",
    officer_keys: tuple[Path, ...],
    passphrase_files: tuple[Path, ...],
) -> None:
    from ballotbox_gateway.adapters.trust_files import load_trusted
    from ballotbox_gateway.cli.asking import asking

    require_two(officer_keys)
    trusted = load_trusted(config)
    with asking(config) as ask:
        report = _find(ask, report_id)
        click.echo(_line(report), err=True)
        keys = open_keys(officer_keys, passphrase_files, trusted.election.mode)
        click.echo(give_ruling(ask, trusted, kind, report["report"], keys))


def give_ruling(
    ask: "Ask",
    trusted: "Trusted",
    kind: "RulingKind",
    about: str,
    keys: "list[PrivateKey]",
    overrules: Sequence[bytes] = (),
) -> str:
    """Have the gateway apply what these officers sign; return what it says, or raise Problem."""
    from ballotbox_protocol.election.identifiers import ReportId
    from ballotbox_protocol.wire.cose import MessageType
    from ballotbox_protocol.wire.officers import sign_as_officer
    from ballotbox_protocol.wire.statements import Ruling

    namings = tuple(map(ReportId, overrules))
    report = ReportId(bytes.fromhex(about))
    unsigned = Ruling(trusted.digest, kind, report, overrules=namings)
    payload = unsigned.payload()
    signatures = tuple(
        sign_as_officer(key.public, key.sign, MessageType.RULING, payload) for key in keys
    )
    signed = replace(unsigned, signatures=signatures)
    answer = ask(ask="rule", ruling=b64encode(signed.to_bytes()).decode())
    if not answer["done"]:
        raise Problem("ruling", answer["explanation"], "Nothing was changed")
    return str(answer["explanation"])


def require_two(officer_keys: tuple[Path, ...]) -> None:
    """Raise Problem unless the keys of two officers are given."""
    from ballotbox_protocol.wire.officers import OFFICERS_NEEDED

    if len(officer_keys) != OFFICERS_NEEDED:
        remedy = "Give --officer-key twice"
        raise Problem("--officer-key", f"{len(officer_keys)} given, two are needed", remedy)


def open_keys(
    files: tuple[Path, ...], passphrase_files: tuple[Path, ...], mode: "Mode"
) -> "list[PrivateKey]":
    """Return the keys of two officers; raises Problem."""
    require_two(files)
    from ballotbox_gateway.adapters.key_files import read_key

    sources = [*passphrase_files, *[None] * len(files)]
    keys = [
        read_key(file, passphrase_for(file, source), mode)
        for file, source in zip(files, sources, strict=False)
    ]
    if len({key.public for key in keys}) < len(keys):
        raise Problem("--officer-key", "both keys are of one officer", "Give the keys of two")
    return keys


def begin_of_id(given: str) -> str:
    """Return the digits with which an id begins; raises Problem when they are too few."""
    if len(given) < _SHORT:
        raise Problem(given, "is too short for a report id", f"Give {_SHORT} digits or more")
    return given.lower()


def _find(ask: "Ask", report_id: str) -> dict[str, Any]:
    wanted = begin_of_id(report_id)
    found = [e for e in ask(ask="set_aside")["reports"] if e["report"].startswith(wanted)]
    if len(found) != 1:
        what = "is no report that is set aside" if not found else "begins more than one report id"
        raise Problem(report_id, what, "`ballotbox-gateway quarantine list` shows them")
    return dict(found[0])


def _line(report: dict[str, Any]) -> str:
    what = f"box {report['box']} precinct {report['precinct']} report {report['sequence']}"
    verdict = f"{report['kind']} {report['verdict']}: {report['why']} [{report['reason']}]"
    return f"{report['report']}  {what}, {verdict}"
