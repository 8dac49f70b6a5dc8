"""`ballotbox-gateway broker-config`: the files of a broker that trusts nobody too far."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ballotbox_gateway.cli.options import election_option, installation_option
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from ballotbox_gateway.config import Config
    from ballotbox_gateway.config_roads import Mqtt
    from ballotbox_gateway.installation import Installation

_PATH = click.Path(path_type=Path)


@click.command("broker-config")
@installation_option
@election_option
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
@click.option(
    "--process",
    "others",
    multiple=True,
    metavar="NAME",
    help="Client id of another process of this gateway; again for more.",
)
def broker_config(
    installation: "Installation",
    election: str | None,
    output: Path,
    certificates: Path,
    state: Path,
    others: tuple[str, ...],
) -> None:
    """Write mosquitto.conf and its access list, from the settings and the registers.

    Every client shows a certificate whose common name is its name: a box's id, or this gateway's
    session name, which is printed here. Again after each change of a register; then SIGHUP.
    """
    from ballotbox_gateway.adapters.mosquitto_files import (
        ACL_NAME,
        CONFIG_NAME,
        session_of,
        write_broker_files,
    )
    from ballotbox_gateway.adapters.trust_files import load_trusted

    elections = _of_one_broker(installation, election)
    sessions = [
        session_of(mqtt, each.origin, load_trusted(each), others) for each, mqtt in elections
    ]
    boxes = write_broker_files(output, sessions, certificates, state)
    click.echo(f"configuration  {output / CONFIG_NAME}")
    click.echo(f"access list    {output / ACL_NAME}, {boxes} boxes")
    click.echo("box            common name of its certificate: its id, 32 hexadecimal digits")
    for (config, _), session in zip(elections, sessions, strict=True):
        where = f", for {config.name}" if installation.several else ""
        click.echo(f"this gateway   common name {session.name}{where}")


def _of_one_broker(installation: "Installation", name: str | None) -> "list[tuple[Config, Mqtt]]":
    """Return the elections that have a broker, which must be one; raises Problem."""
    chosen = installation.chosen(name)
    found = [(config, config.mqtt) for config in chosen if config.mqtt is not None]
    if not found:
        raise Problem("mqtt", "there is no broker in the settings", "Add the table [mqtt]")
    if len({(mqtt.host, mqtt.port) for _, mqtt in found}) > 1:
        remedy = f"Name an election with --election: {installation.names}"
        raise Problem("mqtt", "the elections have brokers of their own", remedy)
    return found
