"""Options that several sub-commands share."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ballotbox_gateway.adapters.key_files import Passphrase
    from ballotbox_gateway.installation import Installation


class SettingsFile(click.ParamType[Any]):
    """The settings file, read and validated."""

    name = "file"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> "Installation":
        """Return the settings of all its elections; raises Problem."""
        del param, ctx
        from ballotbox_gateway.installation import load_installation

        return load_installation(Path(value))


class FirstSettingsFile(SettingsFile):
    """The settings file; one that is missing is made, where somebody can be asked."""

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> "Installation":
        """Return the settings of all its elections; raises Problem."""
        from ballotbox_gateway.cli.first_settings import at_terminal, make_settings

        if not Path(value).exists() and at_terminal():
            make_settings(Path(value))
        return super().convert(value, param, ctx)


def _settings_option(kind: SettingsFile) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "--config",
        "-c",
        "installation",
        type=kind,
        default="gateway.toml",
        envvar="BALLOTBOX_GATEWAY_CONFIG",
        show_default=True,
        show_envvar=True,
        help="Settings of the gateway.",
    )


installation_option = _settings_option(SettingsFile())

election_option = click.option(
    "--election", metavar="NAME", help="The election meant, where the settings hold several."
)


def config_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options --config and --election, and as `config` what they choose."""
    return _choosing(command, SettingsFile())


def first_config_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command what `config_option` gives, and have missing settings made at a terminal."""
    return _choosing(command, FirstSettingsFile())


def _choosing(command: Callable[..., None], kind: SettingsFile) -> Callable[..., None]:
    @_settings_option(kind)
    @election_option
    @wraps(command)
    def choose(installation: "Installation", election: str | None, **options: object) -> None:
        command(config=installation.one(election), **options)

    return choose


passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help="Take the passphrase from the first line of this file instead of asking.",
)


def passphrase_for(key_file: Path, passphrase_file: Path | None) -> "Passphrase | None":
    """Return the passphrase of a key file, asked for unless a file holds it; None for open keys."""
    from ballotbox_gateway.adapters.key_files import (
        Passphrase,
        is_unprotected,
        passphrase_from_file,
    )

    if is_unprotected(key_file):
        return None
    if passphrase_file is not None:
        return passphrase_from_file(passphrase_file)
    typed = click.prompt(f"Passphrase of {key_file}", hide_input=True, err=True)
    return Passphrase(typed, "the keyboard")
