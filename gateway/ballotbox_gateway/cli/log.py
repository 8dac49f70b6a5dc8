"""`ballotbox-gateway log`: publish the log, or show how far it reaches."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ballotbox_gateway.cli.options import config_option
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from ballotbox_gateway.adapters.log_directory import LoggedEntry
    from ballotbox_gateway.cli.asking import Ask
    from ballotbox_gateway.config import Config


@click.group()
def log() -> None:
    """Publish the log, or show its checkpoint."""


@log.command()
@config_option
@click.argument("directory", type=click.Path(path_type=Path))
def export(config: "Config", directory: Path) -> None:
    """Write checkpoint, leaves and reports to DIRECTORY as static files; grows in place."""
    from ballotbox_gateway.adapters.log_directory import write_log
    from ballotbox_gateway.cli.asking import asking

    with asking(config) as ask:
        head = ask(ask="checkpoint")
        note = _note(head["checkpoint"])
        files = write_log(directory, note, _entries(ask, int(head["size"])))
    click.echo(f"{head['size']} leaves in {files} files: {directory}")


@log.command()
@config_option
def checkpoint(config: "Config") -> None:
    """Print the newest signed checkpoint."""
    from ballotbox_gateway.cli.asking import asking

    with asking(config) as ask:
        click.echo(_note(ask(ask="checkpoint")["checkpoint"]), nl=False)


def _note(text: str | None) -> bytes:
    if text is None:
        remedy = "Come back when a report has arrived"
        raise Problem("log", "is empty, so nothing is signed yet", remedy)
    return text.encode()


def _entries(ask: "Ask", size: int) -> Iterator["LoggedEntry"]:
    from ballotbox_gateway.adapters.log_directory import LoggedEntry
    from ballotbox_gateway.service.desk import decoded_entry

    first = 0
    while first < size:
        part = ask(ask="entries", first=first, stop=size)["entries"]
        for texts in part:
            leaf, report, ruling, note = decoded_entry(texts)
            yield LoggedEntry(leaf or b"", report, ruling, note)
        first += len(part)
