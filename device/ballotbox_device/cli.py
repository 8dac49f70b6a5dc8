"""The command of one box. Everything heavy is imported when a command needs it."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

if TYPE_CHECKING:
    from ballotbox_device.host.running import MqttBroker, OwnTerminal, SerialLine

_PATH: Final = click.Path(path_type=Path)
_STATE = click.option(
    "--state", "directory", type=_PATH, required=True, help="State directory of the box."
)
_ELECTION = click.option(
    "--election", type=_PATH, required=True, help="The signed election definition."
)
_REGISTER = click.option("--register", type=_PATH, required=True, help="The signed register.")
_ROOT = click.option("--root", required=True, metavar="MODE:KEY", help="The authority's root key.")


class Stopped(click.ClickException):
    """What stands in the way, for the screen."""

    def show(self, file: Any = None) -> None:  # noqa: ANN401 (click's own signature)
        """Print the message, on standard error."""
        click.echo(f"ballotbox-device: {self.message}", file=file or sys.stderr)


@contextmanager
def _told_in_words() -> Iterator[None]:
    """Turn what stands in the way of a command into one screen of words and exit code 1."""
    from ballotbox_device.core.ports import MemoryFault
    from ballotbox_device.host.problem import Problem, reason_of
    from ballotbox_protocol.election.identifiers import InvalidField

    try:
        yield
    except (Problem, InvalidField) as error:
        raise Stopped(str(error)) from error
    except MemoryFault as error:
        raise Stopped(
            f"{error}.\nBefore any repair copy the state directory. To look without touching it: "
            "ballotbox-device status"
        ) from error
    except FileNotFoundError as error:
        raise Stopped(
            f"{error.filename}: is missing, and with it a part of this box's memory.\n"
            "Copy the state directory as it is, then look for the rest of it; a box that `init` "
            "makes is another one"
        ) from error
    except OSError as error:
        raise Stopped(
            f"{error.filename or 'the system'}: {reason_of(error)}.\n"
            "Nothing that was reported as accepted is lost. Mend the cause (make room when the "
            "disk is full), then go on: ballotbox-device run"
        ) from error


@contextmanager
def _stopping_in_words() -> Iterator[None]:
    """The same for a running box: what it raises has stopped it."""
    from ballotbox_device.core.ports import EntropyFault, MemoryFault
    from ballotbox_device.core.reporting import LawBroken

    try:
        with _told_in_words():
            yield
    except Stopped as error:
        if not isinstance(error.__cause__, (MemoryFault, OSError)):
            raise
        raise Stopped(f"The box stopped: {error.message}") from error
    except (LawBroken, EntropyFault) as error:
        remedy = "Do not use this box: copy its state directory, and count its paper by hand."
        raise Stopped(f"The box stopped: {error}.\n{remedy}") from error


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Be one ballot box, look into it, or sign what it asks for.

    First `init` makes the box; its authority puts what that prints into the register; `run` is the
    box; `status` and `reports` look on; `tape` prints; officers sign with `consent`; `events` and
    `cvr` write what others read in the formats of NIST.
    """


@main.command()
@_STATE
@click.option("--box", "digits", metavar="HEX", help="Box id, 32 hex digits; drawn if left out.")
@click.option(
    "--second", metavar="DIR", type=_PATH, help="New directory for the second copy of its memory."
)
def init(directory: Path, digits: str | None, second: Path | None) -> None:
    """Make a new box with a key of its own. Prints its entry for the register's source.

    Its memory is kept twice; give --second a directory on a medium of its own, as another card.
    """
    from secrets import token_bytes

    from ballotbox_protocol.election.identifiers import BOX_ID_SIZE, BoxId

    with _told_in_words():
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
@_STATE
def new_key(directory: Path) -> None:
    """Make a further key for the box. Prints its entry for the register's source.

    When a register that lists it with the next epoch is in use, the panel's rotate_key and two
    officers make it the key that signs.
    """
    with _told_in_words():
        from ballotbox_device.host import keys
        from ballotbox_device.host.inspection import register_entry
        from ballotbox_device.host.state import open_state

        state = open_state(directory)
        key = keys.new_key()
        keys.store_key(state.keys, key)
        click.echo(register_entry(state.box, key.public))


@main.command()
@_STATE
@_ELECTION
@_REGISTER
@_ROOT
@click.option("--serial", metavar="PATH", help="Reach the gateway over this serial port.")
@click.option(
    "--baud",
    type=click.IntRange(300, 4_000_000),
    default=115_200,
    show_default=True,
    help="Speed of the serial port.",
)
@click.option("--mqtt", metavar="HOST:PORT", help="Reach the gateway over this broker.")
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
    type=_PATH,
    metavar="SOCKET",
    help="Put a mechanism around the firmware, and its control here, in place of the panel.",
)
@click.option(
    "--officer-key", "officers", type=_PATH, multiple=True, help="A token for --control; repeat."
)
@click.option("--passphrase-file", type=_PATH, help="Opens the keys: its first line.")
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
    place = _road(given["serial"], given["baud"], given["mqtt"], pty=given["pty"])
    with _stopping_in_words():
        from ballotbox_device.host.habits import habits_of
        from ballotbox_device.host.running import Orders, run_box
        from ballotbox_protocol.wire.report import ClockQuality

        orders = Orders(
            directory,
            given["election"],
            given["register"],
            root,
            place,
            ClockQuality[given["clock"].upper()],
            habits_of(given["profile"]),
            panel=control is None and not given["no_panel"],
            control=control,
            officers=officers,
            passphrase=given["passphrase_file"],
        )
        run_box(orders)


def _road(
    serial: str | None, baud: int, mqtt: str | None, *, pty: bool
) -> "SerialLine | MqttBroker | OwnTerminal":
    from ballotbox_device.host.running import MqttBroker, OwnTerminal, SerialLine

    if [serial is not None, mqtt is not None, pty].count(True) != 1:
        raise click.UsageError("Give exactly one of --serial PATH, --mqtt HOST:PORT and --pty.")
    if serial is not None:
        return SerialLine(serial, baud)
    if mqtt is None:
        return OwnTerminal()
    host, _, port = mqtt.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise click.BadParameter("must be HOST:PORT, as localhost:1883", param_hint="--mqtt")
    return MqttBroker(host.strip("[]"), int(port))


@main.command()
@click.option("--control", type=_PATH, required=True, help="The socket of `run --control`.")
@click.option(
    "--script", type=click.File("r"), help="Run commands line by line, - for standard input."
)
def panel(control: Path, script: TextIO | None) -> None:
    """Be the front of a box that runs with --control: screen, lights, buttons, and all mischief.

    Type `help` there. With --script the screen is printed as text after each command, and the exit
    code is 1 when one of them was refused.
    """
    with _told_in_words():
        from ballotbox_device.host.control_client import Control

        with Control(control) as connected:
            if script is not None:
                from ballotbox_device.host.panel_script import play

                sys.exit(0 if play(connected, script, click.echo) else 1)
            from ballotbox_device.host.terminal_panel import TerminalPanel

            TerminalPanel(connected).run()


@main.command()
@_STATE
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(directory: Path, *, as_json: bool) -> None:
    """Say where the poll stands, what was counted and who has answered; never what was chosen.

    Only reads, also while the box runs.
    """
    with _told_in_words():
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
@_STATE
@click.option("--out", type=_PATH, required=True, help="Directory to write to, as a USB stick.")
def reports(directory: Path, out: Path) -> None:
    """Write every signed report into a file of its own, the same bytes as on any other road."""
    with _told_in_words():
        from ballotbox_device.host.inspection import write_reports
        from ballotbox_device.host.state import open_state

        for path in write_reports(open_state(directory), out):
            click.echo(path)


@main.command()
@click.option("--state", "directory", type=_PATH, help="State directory of the box.")
@click.option("--documentation", is_flag=True, help="What the events of this firmware mean.")
@click.option("--out", type=_PATH, required=True, help="A new file.")
def events(directory: Path | None, *, documentation: bool, out: Path) -> None:
    """Write what happened to the box, as a NIST election event log (SP 1500-101, JSON).

    One event for each record of the journal, without choices, and without times but those of the
    signed reports. Only reads, also while the box runs.
    """
    if (directory is None) != documentation:
        raise click.UsageError("Give exactly one of --state DIR and --documentation.")
    with _told_in_words():
        from ballotbox_device.host.exports import write_documentation, write_events
        from ballotbox_device.host.state import open_state

        if directory is None:
            write_documentation(out)
        else:
            write_events(open_state(directory), out)
        click.echo(out)


@main.command()
@_STATE
@_ELECTION
@_REGISTER
@_ROOT
@click.option("--out", type=_PATH, required=True, help="A new file.")
def cvr(directory: Path, election: Path, register: Path, root: str, out: Path) -> None:
    """Write the sheets in the box as NIST cast vote records (SP 1500-103, JSON).

    Only after the final, sorted by content: nothing tells when a sheet came. Before anything is
    written, the records are counted again and must give the votes of the final. Only reads.
    """
    with _told_in_words():
        from ballotbox_device.host.exports import Sources, write_vote_records
        from ballotbox_device.host.state import open_state

        write_vote_records(open_state(directory), Sources(election, register, root), out)
        click.echo(out)


@main.command()
@_STATE
@_ELECTION
@_REGISTER
@_ROOT
@click.option("--report", "sequence", type=click.IntRange(min=0), help="Its sequence number.")
@click.option("--kind", metavar="KIND", help="Or its kind, as final: the newest of that kind.")
@click.option(
    "--width", type=click.Choice(["58", "80"]), default="80", show_default=True,
    help="Millimetres of the paper.",
)  # fmt: skip
@click.option("--copy", type=int, default=1, show_default=True, help="Which copy this is.")
@click.option(
    "--out", required=True, metavar="FILE",
    help="NAME.txt, NAME.png, or NAME.bin for a receipt printer (ESC/POS); - prints text here.",
)  # fmt: skip
def tape(  # noqa: PLR0913, PLR0917 (one parameter for each option)
    directory: Path,
    election: Path,
    register: Path,
    root: str,
    sequence: int | None,
    kind: str | None,
    width: str,
    copy: int,
    out: str,
) -> None:
    """Print a kept report on paper: zero tape, turnout slip, results tape. Only reads.

    A results tape carries the signed result as QR codes; ballotbox-verify paper checks them.
    """
    if (sequence is None) == (kind is None):
        raise click.UsageError("Give exactly one of --report SEQUENCE and --kind KIND.")
    with _told_in_words():
        from ballotbox_device.host.tape_file import TapeOrder, report_kind, write_tape

        which = report_kind(kind) if sequence is None else sequence
        order = TapeOrder(directory, election, register, root, which, int(width), copy, out)
        text = write_tape(order)
        if text is not None:
            click.echo(text, nl=False)


@main.command()
@click.option("--officer-key", "key_file", type=_PATH, required=True, help="The officer's key.")
@click.option("--payload", metavar="HEX", required=True, help="From the line consent_needed.")
@click.option(
    "--type", "kind", type=click.Choice(["consent", "clearance", "reprint"]), required=True,
    help="From the same line.",
)  # fmt: skip
@click.option("--passphrase-file", type=_PATH, help="Its first line; asked for if left out.")
def consent(key_file: Path, payload: str, kind: str, passphrase_file: Path | None) -> None:
    """Sign as an officer what a box asks for, after showing in words what it is.

    Prints one line, which goes into the panel: {"do":"consent","signatures":["…","…"]}.
    """
    with _told_in_words():
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


@main.command()
@click.argument("profile", metavar="NAME|FILE", required=False)
@click.option("--toml", "as_toml", is_flag=True, help="Print its file, to start your own from.")
def profiles(profile: str | None, *, as_toml: bool) -> None:
    """List the kinds of ballot boxes that are described, or show one with its sources.

    A name is one of the list; a file of your own ends with .toml.
    """
    if profile is None and as_toml:
        raise click.UsageError("Name the profile whose file --toml is to print.")
    with _told_in_words():
        from ballotbox_device.host import profile_file, profile_text

        if profile is None:
            known = [profile_file.load_profile(name) for name in profile_file.profile_names()]
            click.echo("\n".join(profile_text.overview(known)))
        elif as_toml:
            click.echo(profile_file.profile_text(profile), nl=False)
        else:
            shown = profile_file.load_profile(profile)
            click.echo("\n".join(profile_text.profile_lines(shown)))
