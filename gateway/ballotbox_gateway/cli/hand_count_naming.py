"""`ballotbox-gateway hand-count name`, and what `show` lists without a precinct."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ballotbox_gateway.cli.options import config_option
from ballotbox_gateway.cli.quarantine import (
    begin_of_id,
    give_ruling,
    open_keys,
    passphrases_option,
    require_two,
)
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from ballotbox_gateway.cli.asking import Ask
    from ballotbox_gateway.config import Config

officers_options = click.option(
    "--officer-key",
    "officer_keys",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Key file of an officer who may sign corrections in the precinct; give two.",
)


@click.command()
@config_option
@click.argument("count_id")
@officers_options
@passphrases_option
def name(
    config: "Config",
    count_id: str,
    officer_keys: tuple[Path, ...],
    passphrase_files: tuple[Path, ...],
) -> None:
    """Name the one that stands of versions that exclude each other. Takes two officers.

    Where a rival of it was named before, that no longer holds.
    """
    from ballotbox_gateway.adapters.trust_files import load_trusted
    from ballotbox_gateway.cli.asking import asking
    from ballotbox_protocol.wire.statements import OVERRULED_MAX, RulingKind

    require_two(officer_keys)
    trusted = load_trusted(config)
    with asking(config) as ask:
        count = _find(ask, count_id)
        click.echo(_line(count), err=True)
        rivals = count["rivals_named"]
        for each in rivals:
            click.echo(f"overrules that {each['count'][:16]} was named", err=True)
        keys = open_keys(officer_keys, passphrase_files, trusted.election.mode)
        namings = [bytes.fromhex(each["naming"]) for each in rivals]
        kind, about = RulingKind.NAME, count["id"]
        # One ruling may not overrule all: it is in force only when none of them is left.
        for first in range(0, max(len(namings), 1), OVERRULED_MAX):
            some = sorted(namings[first : first + OVERRULED_MAX])
            done = give_ruling(ask, trusted, kind, about, keys, overrules=some)
        click.echo(done)


def show_aside(config: "Config") -> None:
    """Print the counts that are set aside, one screen of them, and how many there are."""
    from ballotbox_gateway.cli.asking import asking

    with asking(config) as ask:
        answer = ask(ask="counts_aside")
    for each in answer["counts"]:
        click.echo(_line(each))
    total = sum(answer["by_verdict"].values())
    kinds = ", ".join(f"{count} {verdict}" for verdict, count in answer["by_verdict"].items())
    more = total - len(answer["counts"])
    rest = f"; {more} more: `hand-count show PRECINCT` has those of a station" if more else ""
    click.echo(f"set aside {total}{f': {kinds}' if kinds else ''}{rest}")


def _find(ask: "Ask", count_id: str) -> dict[str, Any]:
    found = ask(ask="counts_aside", begins=begin_of_id(count_id))["counts"]
    if len(found) != 1:
        what = "is no count that is set aside" if not found else "begins more than one id"
        raise Problem(count_id, what, "`ballotbox-gateway hand-count show` lists them")
    return dict(found[0])


def _line(count: dict[str, Any]) -> str:
    what = f"precinct {count['precinct']} contest {count['contest']} version {count['version']}"
    return f"{count['id'][:16]}  {what}: {count['verdict']}, {count['why']}"
