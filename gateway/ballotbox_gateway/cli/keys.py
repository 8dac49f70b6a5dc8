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


@keys.command()
@click.argument("library", type=click.Path(path_type=Path))
@click.argument("token")
@click.argument("label")
@click.option("--pin-file", type=click.Path(path_type=Path), help="File of mode 0600 with the PIN.")
@click.option("--pin-variable", metavar="NAME", help="Environment variable with the PIN.")
@click.option("--make", is_flag=True, help="Make the key in the module; it never leaves it.")
def module(
    library: Path,
    token: str,
    label: str,
    pin_file: Path | None,
    pin_variable: str | None,
    *,
    make: bool,
) -> None:
    """Show the key LABEL of the TOKEN that the PKCS#11 module LIBRARY reaches, or make it."""
    from ballotbox_gateway.adapters.pin import pin_of
    from ballotbox_gateway.adapters.trust_files import module_key
    from ballotbox_gateway.problem import Problem
    from ballotbox_protocol.wire.cose import key_id

    if (pin_file is None) == (pin_variable is None):
        remedy = "Give one of the two; a PIN on the command line could be read by others"
        raise Problem("PIN", "comes from --pin-file or --pin-variable", remedy)
    public = module_key(library, token, label, pin_of(pin_file, pin_variable), make=make)
    click.echo(f"key     {label} of token {token}")
    click.echo(f"public  {public.hex()}")
    click.echo(f"key id  {key_id(public).hex()}")


def _show(file: Path, public: bytes) -> None:
    from ballotbox_gateway.adapters.key_files import is_unprotected
    from ballotbox_protocol.wire.cose import key_id

    click.echo(f"file    {file}{' (unprotected)' if is_unprotected(file) else ''}")
    click.echo(f"public  {public.hex()}")
    click.echo(f"key id  {key_id(public).hex()}")
