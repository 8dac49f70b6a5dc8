"""`ballotbox-tabulate match` and `explain`: box, hand count and keyed copy side by side.

Exit codes: 0 all sources agree, 1 they do not, 2 the command or its input is unusable.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from ballotbox_tabulation.given_table import Given

_DIFFERENT: Final = 1
_UNUSABLE: Final = 2
_PATH: Final = click.Path(path_type=Path)
_SOURCES: Final = {
    "box": "What the boxes counted: CSV, or the result of `ballotbox-tabulate run`.",
    "hand": "What was counted by hand: CSV, or the result of `run` with its counts by hand.",
    "keyed": "What was keyed in from the protocols: CSV.",
}


def _with_tables(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name tables."""
    winners = click.option(
        "--winners", default=1, show_default=True, metavar="N", help="Winners of each group."
    )
    command = winners(command)
    which = "Number or name of the contest, where a result as --hand lists several."
    command = click.option("--contest", metavar="CONTEST", help=which)(command)
    law = click.option("--law", metavar="LAW", help="Hold each source to the relations of LAW too.")
    command = law(command)
    for source in reversed(_SOURCES):
        own = f"The map of --{source} alone, when it differs."
        command = click.option(f"--{source}-columns", type=_PATH, metavar="MAP.toml", help=own)(
            command
        )
    which = "Which column is which line, in every table."
    command = click.option("--columns", type=_PATH, metavar="MAP.toml", help=which)(command)
    for source, words in reversed(_SOURCES.items()):
        command = click.option(f"--{source}", type=_PATH, metavar="FILE.csv", help=words)(command)
    return command


@click.command()
@_with_tables
@click.option("--out", type=_PATH, help="Directory for match.json, differences.csv and index.html.")
def match(
    law: str | None, winners: int, contest: str | None, out: Path | None, **named: Path | None
) -> None:
    """Set box, hand count and keyed copy side by side: any two of them, or all three.

    Stations are joined by name, lines by number, options by name or else by their order in the
    maps. A silent box and an illegible cell are never zero. The exit code is 0 when all agree.
    """
    from ballotbox_tabulation.match_cli import match_tables

    with _usable(out):
        lines, agree = match_tables(_given(named), law, winners, out, contest)
    click.echo("\n".join(lines))
    sys.exit(0 if agree else _DIFFERENT)


@click.command()
@click.argument("station")
@_with_tables
def explain(
    station: str, law: str | None, winners: int, contest: str | None, **named: Path | None
) -> None:
    """Tell everything that is known about one STATION, as the tables name it.

    With the result of `ballotbox-tabulate run` as --box or --hand it tells the reports of the
    station's boxes and the counts by hand too; with that alone no map is needed, and STATION is a
    precinct's number or name.
    """
    from ballotbox_tabulation.explain_cli import explain_station

    with _usable():
        lines = explain_station(station, _given(named), law, winners, contest)
    click.echo("\n".join(lines))


def _given(named: "dict[str, Any]") -> "list[Given]":
    from ballotbox_tabulation.core.station_count import Source
    from ballotbox_tabulation.given_table import Given

    return [
        Given(source, table, named["columns"], named[f"{source.value}_columns"])
        for source in Source
        if (table := named[source.value]) is not None
    ]


@contextmanager
def _usable(out: Path | None = None) -> Iterator[None]:
    """Turn what cannot be used into one line and exit code 2; `out` is what is written to."""
    from ballotbox_tabulation.result_files import in_words, written_to
    from ballotbox_tabulation.trust_files import UnusableInput

    # One run makes no cycles worth finding and then ends.
    gc.disable()
    try:
        yield
    except UnusableInput as error:
        _end(str(error))
    except OSError as error:
        _end(in_words(error, written_to(out)))


def _end(problem: str) -> None:
    click.echo(f"Error: {problem}", err=True)
    sys.exit(_UNUSABLE)
