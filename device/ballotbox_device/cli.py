"""The command of one box. Everything heavy is imported when a command needs it."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from ballotbox_device.cli_exports import cvr, events, profiles, reports, tape
from ballotbox_device.cli_frame import (
    ELECTION,
    PATH,
    REGISTER,
    ROOT,
    STATE,
    stopping_in_words,
    told_in_words,
)

if TYPE_CHECKING:
    from ballotbox_device.host.broker_tls import BrokerTls
    from ballotbox_device.host.running import MqttBroker, OwnTerminal, SerialLine


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Be one ballot box, look into it, or sign what it asks for.

    First `init` makes the box; its authority puts what that prints into the register; `run` is the
    box; `status` and `reports` look on; `tape` prints; officers sign with `consent`; `events` and
    `cvr` write what others read in the formats of NIST.
    """


@main.command()
@STATE
@click.option("--box", "digits", metavar="HEX", help="Box id, 32 hex digits; drawn if left out.")
@click.option(
    "--second", metavar="DIR", type=PATH, help="New directory for the second copy of its memory."
)
def init(directory: Path, digits: str | None, second: Path | None) -> None:
    """Make a new box with a key of its own. Prints its entry for the register's source.

    Its memory is kept twice; give --second a directory on a medium of its own, as another card.
    """
    from secrets import token_bytes

    from ballotbox_protocol.election.identifiers import BOX_ID_SIZE, BoxId

    with told_in_words():
        from ballotbox_device.host.inspection import register_entry
        from ballotbox_device.host.keys import new_key
        from ballotbox_device.host.state import create_state, parse_box

        remedy = "For a new box leave --box out: one is drawn"
        drawn = BoxId(token_bytes(BOX_ID_SIZE))
        box = drawn if digits is None else parse_box(digits, "--box", remedy)
        key = new_key()
        create_state(directory, box, key, second)
        click.echo(register_entry(box, key.public))
    click.echo(f"# next: ballotbox-device run --state {directory} …", err=True)


@main.command("new-key")
@STATE
def new_key(directory: Path) -> None:
    """Make a further key for the box. Prints its entry for the register's source.

    When a register that lists it with the next epoch is in use, the panel's rotate_key and two
    officers make it the key that signs.
    """
    with told_in_words():
        from ballotbox_device.host import keys
        from ballotbox_device.host.inspection import register_entry
        from ballotbox_device.host.state import open_state

        state = open_state(directory)
        key = keys.new_key()
        keys.store_key(state.keys, key)
        click.echo(register_entry(state.box, key.public))


@main.command()
@STATE
@ELECTION
@REGISTER
@ROOT
@click.option("--serial", metavar="PATH", help="Reach the gateway over this serial port.")
@click.option(
    "--baud",
    type=click.IntRange(300, 4_000_000),
    default=115_200,
    show_default=True,
    help="Speed of the serial port.",
)
@click.option(
    "--mqtt",
    metavar="HOST:PORT",
    help="Reach the gateway over this broker; mqtt:// before it may be left out.",
)
@click.option(
    "--mqtt-ca", type=PATH, metavar="FILE", help="TLS 1.3 with the broker: whom to believe."
)
@click.option(
    "--mqtt-certificate", type=PATH, metavar="FILE", help="And what to show: CN is the box's id."
)
@click.option("--mqtt-key", type=PATH, metavar="FILE", help="The key of that certificate.")
@click.option(
    "--mqtt-shard", is_flag=True, help="Put the box's shard into the topic: a centre may want it."
)
@click.option("--pty", is_flag=True, help="Make a pseudo-terminal, print its path as `serial`.")
@click.option(
    "--clock",
    type=click.Choice(["unset", "free_running", "synchronised"]),
    default="free_running",
    show_default=True,
    help="How good the clock of this machine is; reports say so.",
)
@click.option(
    "--profile",
    metavar="NAME|FILE",
    default="generic",
    show_default=True,
    help="Which box of the field this one behaves like.",
)
@click.option(
    "--control",
    type=PATH,
    metavar="SOCKET",
    help="Put a mechanism around the firmware, and its control here, in place of the panel.",
)
@click.option(
    "--officer-key", "officers", type=PATH, multiple=True, help="A token for --control; repeat."
)
@click.option("--passphrase-file", type=PATH, help="Opens the keys: its first line.")
@click.option("--no-panel", is_flag=True, help="Nobody can act on it: it only sends what waits.")
def run(directory: Path, root: str, **given: Any) -> None:  # noqa: ANN401 (click's own)
    """Be the box, with its front panel on standard input and output.

    Each line in is one JSON object, as {"do":"print_zero"}; each line out is one too, and the last
    answer to a line is {"says":"ready",…}. docs/device.md lists them.

    With --control it is a box to hold in the hand: paper that jams, a drop that fails, power that
    goes, officers with tokens. Then `ballotbox-device panel` is its front, or any program that
    speaks as device/CONTROL.md says.

    WHOEVER CAN WRITE TO THIS PANEL CAN VOTE. Therefore every report of such a box says `debug`, and
    a gateway never counts it in an official election.

    At the end of the input the box sends what waits for an answer, and then ends.
    """
    control, officers = given["control"], given["officers"]
    if control is None and officers:
        raise click.UsageError("--officer-key is a token for --control SOCKET: give both.")
    if control is not None and given["no_panel"]:
        raise click.UsageError("Give --control or --no-panel, not both: a socket can be acted on.")
    tls = tuple(given[name] for name in ("mqtt_ca", "mqtt_certificate", "mqtt_key"))
    place = _road(given["serial"], given["baud"], given["mqtt"], tls, pty=given["pty"])
    place = _sharded(place) if given["mqtt_shard"] else place
    with stopping_in_words():
        from ballotbox_device.host.profile_file import load_profile
        from ballotbox_device.host.running import Orders, run_box
        from ballotbox_protocol.wire.report import ClockQuality

        orders = Orders(
            directory,
            given["election"],
            given["register"],
            root,
            place,
            load_profile(given["profile"]),
            ClockQuality[given["clock"].upper()],
            panel=control is None and not given["no_panel"],
            control=control,
            officers=officers,
            passphrase=given["passphrase_file"],
        )
        run_box(orders)


def _road(
    serial: str | None, baud: int, mqtt: str | None, tls: tuple[Path | None, ...], *, pty: bool
) -> "SerialLine | MqttBroker | OwnTerminal":
    from ballotbox_device.host.running import MqttBroker, OwnTerminal, SerialLine

    if [serial is not None, mqtt is not None, pty].count(True) != 1:
        raise click.UsageError("Give exactly one of --serial PATH, --mqtt HOST:PORT and --pty.")
    if any(tls) and (mqtt is None or not all(tls)):
        raise click.UsageError(
            "--mqtt-ca, --mqtt-certificate and --mqtt-key go together, and with --mqtt."
        )
    if serial is not None:
        return SerialLine(serial, baud)
    if mqtt is None:
        return OwnTerminal()
    host, _, port = mqtt.removeprefix("mqtt://").rstrip("/").rpartition(":")
    if not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise click.BadParameter("must be HOST:PORT, as localhost:1883", param_hint="--mqtt")
    return MqttBroker(host.strip("[]"), int(port), _broker_tls(*tls))


def _sharded(place: "SerialLine | MqttBroker | OwnTerminal") -> "MqttBroker":
    from ballotbox_device.host.running import MqttBroker

    if not isinstance(place, MqttBroker):
        raise click.UsageError("--mqtt-shard is about topics: give --mqtt HOST:PORT with it.")
    return replace(place, sharded=True)


def _broker_tls(ca: Path | None, certificate: Path | None, key: Path | None) -> "BrokerTls | None":
    from ballotbox_device.host.broker_tls import BrokerTls

    if ca is None or certificate is None or key is None:
        return None
    return BrokerTls(ca, certificate, key)


@main.command()
@click.option("--control", type=PATH, required=True, help="The socket of `run --control`.")
@click.option(
    "--script", type=click.File("r"), help="Run commands line by line, - for standard input."
)
def panel(control: Path, script: TextIO | None) -> None:
    """Be the front of a box that runs with --control: screen, lights, buttons, and all mischief.

    Type `help` there. With --script the screen is printed as text after each command, and the exit
    code is 1 when one of them was refused.
    """
    with told_in_words():
        from ballotbox_device.host.control_client import Control

        with Control(control) as connected:
            if script is not None:
                from ballotbox_device.host.panel_script import play

                sys.exit(0 if play(connected, script, click.echo) else 1)
            from ballotbox_device.host.terminal_panel import TerminalPanel

            TerminalPanel(connected).run()


@main.command()
@STATE
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(directory: Path, *, as_json: bool) -> None:
    """Say where the poll stands, what was counted and who has answered; never what was chosen.

    Only reads, also while the box runs.
    """
    with told_in_words():
        from ballotbox_device.host import inspection
        from ballotbox_device.host.keys import stored_keys
        from ballotbox_device.host.state import open_state

        state = open_state(directory)
        told = inspection.status(state)
        if as_json:
            click.echo(json.dumps(told))
        elif told["election"] is None:
            click.echo("This box serves no election yet. Its entry for the register's source:\n")
            for key in stored_keys(state.keys):
                click.echo(inspection.register_entry(state.box, key))
        else:
            from ballotbox_device.host.status_text import status_lines

            click.echo("\n".join(status_lines(told)))


@main.command()
@click.option("--officer-key", "key_file", type=PATH, required=True, help="The officer's key.")
@click.option("--payload", metavar="HEX", required=True, help="From the line consent_needed.")
@click.option(
    "--type", "kind", type=click.Choice(["consent", "clearance", "reprint"]), required=True,
    help="From the same line.",
)  # fmt: skip
@click.option("--passphrase-file", type=PATH, help="Its first line; asked for if left out.")
def consent(key_file: Path, payload: str, kind: str, passphrase_file: Path | None) -> None:
    """Sign as an officer what a box asks for, after showing in words what it is.

    Prints one line, which goes into the panel: {"do":"consent","signatures":["…","…"]}.
    """
    with told_in_words():
        from ballotbox_device.host import officer
        from ballotbox_protocol.wire.cose import MessageType

        message_type = MessageType[kind.upper()]
        data, words = officer.payload_of(payload, message_type)
        for line in words:
            click.echo(line, err=True)
        text = officer.key_file_text(key_file)
        if passphrase_file is None:
            passphrase = click.prompt("Passphrase", hide_input=True, err=True)
        else:
            passphrase = officer.passphrase_in(passphrase_file)
        key = officer.officer_key(text, passphrase, key_file)
        click.echo(officer.sign_token(key, message_type, data))


for _command in (reports, tape, events, cvr, profiles):
    main.add_command(_command)
