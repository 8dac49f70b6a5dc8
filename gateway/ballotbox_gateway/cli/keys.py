"""`ballotbox-gateway keys`: make and show key files of officers, gateways, root and signers."""

from pathlib import Path

import click

from ballotbox_gateway.cli.options import passphrase_option


@click.group()
def keys() -> None:
    """Make or show a key file."""


@keys.command()
@click.argument("file", type=click.Path(path_type=Path))
@passphrase_option
@click.option(
    "--unprotected", is_flag=True, help="No passphrase: for tests and rehearsals, never official."
)
def new(file: Path, passphrase_file: Path | None, *, unprotected: bool) -> None:
    """Make a new key, write it to FILE (never over another), and show its public part."""
    from ballotbox_gateway.adapters.key_files import new_key, passphrase_from_file, write_key

    passphrase: str | None = None
    if passphrase_file is not None:
        passphrase = passphrase_from_file(passphrase_file).text
    elif not unprotected:
        passphrase = click.prompt(
            "New passphrase", hide_input=True, confirmation_prompt=True, err=True
        )
    key = new_key()
    write_key(file, key, passphrase)
    _show(file, key.public)


@keys.command()
@click.argument("file", type=click.Path(path_type=Path))
def show(file: Path) -> None:
    """Show the public part of a key file; needs no passphrase."""
    from ballotbox_gateway.adapters.key_files import public_part

    _show(file, public_part(file))


def _show(file: Path, public: bytes) -> None:
    from ballotbox_gateway.adapters.key_files import is_unprotected
    from ballotbox_protocol.wire.cose import key_id

    click.echo(f"file    {file}{' (unprotected)' if is_unprotected(file) else ''}")
    click.echo(f"public  {public.hex()}")
    click.echo(f"key id  {key_id(public).hex()}")
