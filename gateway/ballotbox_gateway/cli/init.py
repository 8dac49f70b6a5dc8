"""`ballotbox-gateway init`: make the ledger, once; or one of a new log in a closed one's place."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ballotbox_gateway.cli.options import first_config_option
from ballotbox_gateway.cli.quarantine import officers_options, open_keys, passphrases_option
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballotbox_gateway.config import Config
    from ballotbox_protocol.wire.keyfile import PrivateKey
    from ballotbox_protocol.wire.replacement import Replacement
    from ballotbox_protocol.wire.trust import Trusted


@click.command()
@first_config_option
@click.option("--replace", metavar="ORIGIN", help="Closed log that the new one stands for.")
@click.option(
    "--kept", type=click.IntRange(0), default=0, help="First leaf of the closed log that is lost."
)
@click.option(
    "--before",
    type=(str, click.IntRange(0)),
    multiple=True,
    metavar="ORIGIN FIRST_LOST",
    help="Log that the closed one stood for, newest first, when that one never came up.",
)
@officers_options
@passphrases_option
def init(
    config: "Config",
    replace: str | None,
    kept: int,
    before: tuple[tuple[str, int], ...],
    officer_keys: tuple[Path, ...],
    passphrase_files: tuple[Path, ...],
) -> None:
    """Create the ledger; an existing one is never touched, but with --replace kept aside."""
    from ballotbox_gateway.adapters.trust_files import load_identity, load_trusted
    from ballotbox_gateway.service.opening import create_ledger

    trusted = load_trusted(config)
    identity = load_identity(config, trusted)
    if replace is None:
        if before:
            remedy = "Name with --replace the closed log that the new one stands for"
            raise Problem("--before", "names what another closed log stood for", remedy)
        create_ledger(config, trusted)
    else:
        from time import time

        from ballotbox_gateway.service.replacing import replace_log

        unsigned = _unsigned(config, trusted, ((replace, kept), *before))
        keys = open_keys(officer_keys, passphrase_files, trusted.election.mode)
        statements = [_signed(each, keys) for each in unsigned]
        aside = replace_log(config, trusted, identity, statements, int(time()))
        if aside is not None:
            click.echo(f"kept     {aside}")
    click.echo(f"created  {config.ledger}")
    click.echo(f"for      {trusted.election.name} ({trusted.election.mode.name.lower()})")
    click.echo(f"origin   {config.origin}")
    click.echo(f"register version {trusted.register.version}")
    if replace is not None:
        click.echo(f"replaces {replace}, lost from leaf {kept} on; boxes are asked to send again")
        for closed, lost in before:
            click.echo(f"replaces {closed}, lost from leaf {lost} on, as that one did")


def _unsigned(
    config: "Config", trusted: "Trusted", closed: "Sequence[tuple[str, int]]"
) -> "list[Replacement]":
    """Return what says of each closed log, newest first, which one stands in its place."""
    from ballotbox_protocol.election.identifiers import InvalidField
    from ballotbox_protocol.wire.replacement import Replacement

    made, origin = [], config.origin
    names = {origin, closed[0][0]}
    for each, _ in closed[1:]:
        if each in names:
            remedy = "Name each closed log once, newest first, and not the new one"
            raise Problem("--before", f"names {each}, which is named already", remedy)
        names.add(each)
    for replaced, kept in closed:
        try:
            made.append(Replacement(trusted.digest, replaced, origin, kept))
        except InvalidField as error:
            remedy = "Set `origin` to a new one that the register lists with this gateway's key"
            option = "--before" if made else "--replace"
            raise Problem(option, str(error), remedy) from error
        origin = replaced
    return made


def _signed(unsigned: "Replacement", keys: "Sequence[PrivateKey]") -> bytes:
    from dataclasses import replace

    from ballotbox_protocol.wire.cose import MessageType
    from ballotbox_protocol.wire.officers import sign_as_officer

    payload = unsigned.payload()
    signatures = tuple(
        sign_as_officer(key.public, key.sign, MessageType.REPLACEMENT, payload) for key in keys
    )
    return replace(unsigned, signatures=signatures).to_bytes()
