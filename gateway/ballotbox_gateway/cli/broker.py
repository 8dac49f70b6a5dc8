"""`ballotbox-gateway broker-config`: the files of a broker that trusts nobody too far."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ballotbox_gateway.cli.options import election_option, installation_option
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballotbox_gateway.adapters.mosquitto_files import Session
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
    "--passwords",
    type=_PATH,
    help="Let clients prove themselves by the names and passwords of this file instead of "
    "certificates; mosquitto_passwd makes it.",
)
@click.option("--below", is_flag=True, help="For the broker of [below], not that of [mqtt].")
@click.option(
    "--process",
    "others",
    multiple=True,
    metavar="NAME",
    help="Name of another process of this gateway at the broker of [mqtt]; again for more.",
)
def broker_config(  # noqa: PLR0913 (one parameter for each option)
    installation: "Installation",
    election: str | None,
    output: Path,
    certificates: Path,
    state: Path,
    passwords: Path | None,
    others: tuple[str, ...],
    *,
    below: bool,
) -> None:
    """Write mosquitto.conf and its access list, from the settings and the registers.

    Every client shows a certificate whose common name is its name: a box's id, a gateway's origin,
    or this gateway's name, which is printed here. Again after each change of a register; then
    SIGHUP.
    """
    from ballotbox_gateway.adapters.mosquitto_files import (
        ACL_NAME,
        CONFIG_NAME,
        Place,
        session_above,
        session_of,
        write_broker_files,
    )
    from ballotbox_gateway.adapters.trust_files import load_trusted

    if below and others:
        raise Problem("--process", "is for the broker of [mqtt]", "Leave out --below or --process")
    asks = passwords is not None
    # Mosquitto takes a path in its file from wherever it was started.
    passwords = passwords.absolute() if passwords is not None else None
    elections = _of_one_broker(installation, election, "below" if below else "mqtt")
    sessions = [
        session_above(settings, each.origin, load_trusted(each), passwords=asks)
        if below
        else session_of(settings, each.origin, load_trusted(each), others, passwords=asks)
        for each, settings in elections
    ]
    _require_own_names(sessions)
    clients = write_broker_files(output, sessions, Place(certificates, state, passwords))
    name = "user name" if asks else "common name of its certificate:"
    which, told = (
        ("gateways", "its origin") if below else ("boxes", "its id, 32 hexadecimal digits")
    )
    click.echo(f"configuration  {output / CONFIG_NAME}")
    click.echo(f"access list    {output / ACL_NAME}, {clients} {which}")
    click.echo(f"{'gateway below' if below else 'box':<15}{name} {told}")
    for (config, _), session in zip(elections, sessions, strict=True):
        where = f", for {config.name}" if installation.several else ""
        click.echo(f"this gateway   {name.partition(' of ')[0]} {session.name}{where}")
    if asks:
        click.echo("passwords      once, as root, so that mosquitto may read them and others not:")
        click.echo(f"               install -m 640 -o root -g mosquitto /dev/null {passwords}")
        click.echo("               then for each name of the list:")
        click.echo(f"               mosquitto_passwd {passwords} NAME")


def _require_own_names(sessions: "Sequence[Session]") -> None:
    """Two sessions of one name would end each other's connections."""
    names = [each.name for each in sessions]
    if twice := {name for name in names if names.count(name) > 1}:
        remedy = "Give each election a name of its own at the broker"
        raise Problem(min(twice), "is the name of two elections at the broker", remedy)


def _of_one_broker(
    installation: "Installation", name: str | None, table: str
) -> "list[tuple[Config, Mqtt]]":
    """Return the elections that have a broker, which must be one; raises Problem."""
    chosen = installation.chosen(name)
    named = [(config, getattr(config, table)) for config in chosen]
    found = [(config, settings) for config, settings in named if settings is not None]
    if not found:
        raise Problem(table, "there is no broker in the settings", f"Add the table [{table}]")
    if len({(settings.host, settings.port) for _, settings in found}) > 1:
        remedy = f"Name an election with --election: {installation.names}"
        raise Problem(table, "the elections have brokers of their own", remedy)
    return found
