"""`ballotbox-gateway broker-config`: the files of a broker that trusts nobody too far."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ballotbox_gateway.cli.options import config_option
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from ballotbox_gateway.config import Config

_PATH = click.Path(path_type=Path)


@click.command("broker-config")
@config_option
@click.option("--output", "-o", type=_PATH, required=True, help="Directory for the two files.")
@click.option(
    "--certificates",
    type=_PATH,
    default="/etc/mosquitto/certs",
    show_default=True,
    help="Where ca.pem, broker.pem and broker.key will lie.",
)
@click.option(
    "--state",
    type=_PATH,
    default="/var/lib/mosquitto",
    show_default=True,
    help="Where mosquitto keeps its sessions.",
)
def broker_config(config: "Config", output: Path, certificates: Path, state: Path) -> None:
    """Write mosquitto.conf and its access list, from the settings and the register.

    Every client shows a certificate whose common name is its name: a box's id, or this gateway's
    session name, which is printed here. Again after each change of the register; then SIGHUP.
    """
    from ballotbox_gateway.adapters.mosquitto_files import (
        ACL_NAME,
        CONFIG_NAME,
        write_broker_files,
    )
    from ballotbox_gateway.adapters.mqtt_client import session_name
    from ballotbox_gateway.adapters.trust_files import load_trusted

    if config.mqtt is None:
        raise Problem("mqtt", "there is no broker in the settings", "Add the table [mqtt]")
    trusted = load_trusted(config)
    write_broker_files(output, config.mqtt, config.origin, trusted, certificates, state)
    click.echo(f"configuration  {output / CONFIG_NAME}")
    click.echo(f"access list    {output / ACL_NAME}, {len(trusted.register.entries_of)} boxes")
    click.echo("box            common name of its certificate: its id, 32 hexadecimal digits")
    click.echo(f"this gateway   common name {session_name(config.mqtt, config.origin)}")
