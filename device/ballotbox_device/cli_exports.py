"""The commands that write or print what a box holds, and those that say which boxes there are."""

from pathlib import Path

import click

from ballotbox_device.cli_frame import ELECTION, PATH, REGISTER, ROOT, STATE, told_in_words


@click.command()
@STATE
@click.option("--out", type=PATH, required=True, help="Directory to write to, as a USB stick.")
def reports(directory: Path, out: Path) -> None:
    """Write every signed report into a file of its own, the same bytes as on any other road."""
    with told_in_words():
        from ballotbox_device.host.inspection import write_reports
        from ballotbox_device.host.state import open_state

        for path in write_reports(open_state(directory), out):
            click.echo(path)


@click.command()
@click.option("--state", "directory", type=PATH, help="State directory of the box.")
@click.option("--documentation", is_flag=True, help="What the events of this firmware mean.")
@click.option("--out", type=PATH, required=True, help="A new file.")
def events(directory: Path | None, *, documentation: bool, out: Path) -> None:
    """Write what happened to the box, as a NIST election event log (SP 1500-101, JSON).

    One event for each record of the journal, without choices, and without times but those of the
    signed reports. Only reads, also while the box runs.
    """
    if (directory is None) != documentation:
        raise click.UsageError("Give exactly one of --state DIR and --documentation.")
    with told_in_words():
        from ballotbox_device.host.exports import write_documentation, write_events
        from ballotbox_device.host.state import open_state

        if directory is None:
            write_documentation(out)
        else:
            write_events(open_state(directory), out)
        click.echo(out)


@click.command()
@STATE
@ELECTION
@REGISTER
@ROOT
@click.option("--out", type=PATH, required=True, help="A new file.")
def cvr(directory: Path, election: Path, register: Path, root: str, out: Path) -> None:
    """Write the sheets in the box as NIST cast vote records (SP 1500-103, JSON).

    Only after the final, sorted by content: nothing tells when a sheet came. Before anything is
    written, the records are counted again and must give the votes of the final. Only reads.
    """
    with told_in_words():
        from ballotbox_device.host.exports import Sources, write_vote_records
        from ballotbox_device.host.state import open_state

        write_vote_records(open_state(directory), Sources(election, register, root), out)
        click.echo(out)


@click.command()
@STATE
@ELECTION
@REGISTER
@ROOT
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
    with told_in_words():
        from ballotbox_device.host.tape_file import TapeOrder, report_kind, write_tape

        which = report_kind(kind) if sequence is None else sequence
        order = TapeOrder(directory, election, register, root, which, int(width), copy, out)
        text = write_tape(order)
        if text is not None:
            click.echo(text, nl=False)


@click.command()
@click.argument("profile", metavar="NAME|FILE", required=False)
@click.option("--toml", "as_toml", is_flag=True, help="Print its file, to start your own from.")
def profiles(profile: str | None, *, as_toml: bool) -> None:
    """List the kinds of ballot boxes that are described, or show one with its sources.

    A name is one of the list; a file of your own ends with .toml.
    """
    if profile is None and as_toml:
        raise click.UsageError("Name the profile whose file --toml is to print.")
    with told_in_words():
        from ballotbox_device.host import profile_file, profile_text

        if profile is None:
            known = [profile_file.load_profile(name) for name in profile_file.profile_names()]
            click.echo("\n".join(profile_text.overview(known)))
        elif as_toml:
            click.echo(profile_file.profile_text(profile), nl=False)
        else:
            shown = profile_file.load_profile(profile)
            click.echo("\n".join(profile_text.profile_lines(shown)))
