"""`ballotbox-gateway election` and `register`: sign what an authority has written in TOML."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ballotbox_gateway.cli.options import passphrase_for, passphrase_option
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from ballotbox_protocol.election.identifiers import Mode
    from ballotbox_protocol.wire.keyfile import PrivateKey

_PATH = click.Path(path_type=Path)

_key_option = click.option("--key", "key_file", type=_PATH, required=True, help="Key that signs.")
_output_option = click.option(
    "--output", "-o", type=_PATH, required=True, help="File to write; an existing one is replaced."
)


@click.group()
def election() -> None:
    """The election definition."""


@click.group()
def register() -> None:
    """The register of boxes, gateways and officers."""


@election.command(name="sign")
@click.argument("source", type=_PATH)
@_key_option
@_output_option
@passphrase_option
def sign_election(source: Path, key_file: Path, output: Path, passphrase_file: Path | None) -> None:
    """Sign the definition in SOURCE (TOML) with the root key."""
    from ballotbox_gateway.adapters.source_files import read_source_text
    from ballotbox_protocol.election.identifiers import InvalidField
    from ballotbox_protocol.election.source import load_election
    from ballotbox_protocol.wire.fingerprint import fingerprint
    from ballotbox_protocol.wire.trust import RootKey, open_definition, sign_definition

    try:
        definition = load_election(read_source_text(source))
    except InvalidField as error:
        raise _wrong(source, error) from error
    key = open_key(key_file, passphrase_file, definition.mode)
    root = RootKey(definition.mode, key.public)
    try:
        signed = sign_definition(definition, key.public, key.sign)
        _, digest = open_definition(signed, root)
    except ValueError as error:
        raise Problem(str(source), str(error), "Correct the source and sign again") from error
    write_file(output, signed)
    click.echo(f"election  {definition.name}")
    click.echo(f"digest    {digest.hex()}")
    click.echo(f"root      {root}")
    click.echo(f"fingerprint  {fingerprint(str(root), digest)}")


@register.command(name="sign")
@click.argument("source", type=_PATH)
@click.option("--election", "election_file", type=_PATH, required=True, help="Signed definition.")
@click.option("--root", "root_text", required=True, help="Root key, as mode:hex.")
@_key_option
@_output_option
@passphrase_option
def sign_register_(
    source: Path,
    election_file: Path,
    root_text: str,
    key_file: Path,
    output: Path,
    passphrase_file: Path | None,
) -> None:
    """Sign the register in SOURCE (TOML) with the key of a signer that the definition names."""
    from ballotbox_gateway.adapters.joint_files import vouched
    from ballotbox_gateway.adapters.source_files import read_source_text
    from ballotbox_protocol.election.identifiers import InvalidField
    from ballotbox_protocol.election.source_register import load_register
    from ballotbox_protocol.wire.trust import open_register, sign_register

    under = vouched(election_file, root_text)
    definition, digest = under.election, under.digest
    if definition.signers_needed > 1:
        what = f"{definition.signers_needed} signers must sign its registers"
        remedy = "Use `ballotbox-gateway register draft`, then `ceremony sign` and `ceremony join`"
        raise Problem(str(election_file), what, remedy)
    try:
        entries = load_register(read_source_text(source), digest)
    except InvalidField as error:
        raise _wrong(source, error) from error
    key = open_key(key_file, passphrase_file, definition.mode)
    try:
        signed = sign_register(entries, key.public, key.sign)
        open_register(signed, definition, digest)
    except ValueError as error:
        raise Problem(str(source), str(error), "Correct the source or --key") from error
    write_file(output, signed)
    counts = f"{len(entries.boxes)} boxes, {len(entries.gateways)} gateways"
    click.echo(f"register  version {entries.version}: {counts}, {len(entries.officers)} officers")


def _wrong(source: Path, error: Exception) -> Problem:
    return Problem(str(source), str(error), "Correct that field and sign again")


def open_key(key_file: Path, passphrase_file: Path | None, mode: "Mode | None") -> "PrivateKey":
    """Return the private key in a file, asking for its passphrase if it has one; raises Problem."""
    from ballotbox_gateway.adapters.key_files import read_key

    return read_key(key_file, passphrase_for(key_file, passphrase_file), mode)


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; an existing one is replaced. Raises Problem."""
    if path.is_dir():
        raise Problem(str(path), "is a directory", "Name the file to write in it")
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        words = (error.strerror or str(error)).lower()
        raise Problem(str(path), f"cannot be written: {words}", "Choose another place") from error
