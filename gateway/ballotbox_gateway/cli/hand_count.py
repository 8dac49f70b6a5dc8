"""`ballotbox-gateway hand-count`: enter, show, correct and print what was counted by hand."""

from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ballotbox_gateway.cli.options import config_option
from ballotbox_gateway.cli.quarantine import open_keys, passphrases_option, require_two
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballotbox_gateway.cli.asking import Ask
    from ballotbox_gateway.config import Config
    from ballotbox_gateway.service.count_records import Recorded
    from ballotbox_gateway.service.count_sheet import CountSheet
    from ballotbox_protocol.election.law.law import Value
    from ballotbox_protocol.wire.hand_count import HandCount
    from ballotbox_protocol.wire.keyfile import PrivateKey
    from ballotbox_protocol.wire.trust import Trusted

precinct_argument = click.argument("precinct", type=click.IntRange(0))
any_precinct_argument = click.argument("precinct", type=click.IntRange(0), required=False)
contest_option = click.option(
    "--contest", help="Number or name of the contest, where a precinct has several."
)
law_option = click.option("--law", help="Name of the law, where several are in use.")
officers_options = click.option(
    "--officer-key",
    "officer_keys",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Key file of an officer of the precinct; give two.",
)
reason_option = click.option("--reason", help="Why an earlier version is corrected.")


@click.group("hand-count")
def hand_count() -> None:
    """Enter what was counted by hand, correct it, show it and print it."""


@hand_count.command()
@config_option
@precinct_argument
@contest_option
@law_option
@click.option("--filled", is_flag=True, help="With the numbers in force, to be corrected.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="File; else the screen.")
def form(
    config: "Config",
    precinct: int,
    contest: str | None,
    law: str | None,
    *,
    filled: bool,
    output: Path | None,
) -> None:
    """Write a form for PRECINCT, to be filled in and given to `enter`."""
    from ballotbox_gateway.service.count_form import form_text

    if filled:
        sheet, count = _in_use(config, precinct, contest, None)
        text = form_text(sheet, count.count.values)
    else:
        text = form_text(_sheet(config, precinct, contest, law))
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)
        click.echo(f"form     {output}")


@hand_count.command()
@config_option
@click.argument("form_file", type=click.Path(path_type=Path))
@reason_option
@click.option("--as-counted", is_flag=True, help="Sign although a relation that blocks is broken.")
@officers_options
@passphrases_option
def enter(
    config: "Config",
    form_file: Path,
    reason: str | None,
    *,
    as_counted: bool,
    officer_keys: tuple[Path, ...],
    passphrase_files: tuple[Path, ...],
) -> None:
    """Sign and store a count from FORM_FILE that was filled in. Takes two officers."""
    from ballotbox_gateway.service.count_form import read_form
    from ballotbox_gateway.service.count_sheet import in_words, is_blocked

    require_two(officer_keys)
    trusted, laws = known(config)
    filled = read_form(form_file, trusted, laws)
    for words in in_words(filled.sheet, filled.values):
        click.echo(words, err=True)
    if is_blocked(filled.sheet, filled.values) and not as_counted:
        remedy = "Read the sheet again; what was really counted so is signed with --as-counted"
        raise Problem("the count", "breaks a relation of its law that blocks", remedy)
    _store(config, filled.sheet, filled.values, reason, (officer_keys, passphrase_files))


@hand_count.command("type")
@config_option
@precinct_argument
@contest_option
@law_option
@reason_option
@officers_options
@passphrases_option
def type_(
    config: "Config",
    precinct: int,
    contest: str | None,
    law: str | None,
    reason: str | None,
    officer_keys: tuple[Path, ...],
    passphrase_files: tuple[Path, ...],
) -> None:
    """Ask for a count of PRECINCT number by number, sign and store it. Takes two officers."""
    from ballotbox_gateway.service.count_sheet import is_blocked

    require_two(officer_keys)
    sheet = _sheet(config, precinct, contest, law)
    values = _asked(sheet, _ask_person)
    blocked = is_blocked(sheet, values)
    question = "Was it really counted so, against the law? Sign it" if blocked else "Sign it"
    if not click.confirm(question, default=False, err=True):
        raise Problem("the count", "is not signed", "Nothing was stored")
    _store(config, sheet, values, reason, (officer_keys, passphrase_files))


@hand_count.command()
@config_option
@any_precinct_argument
@contest_option
def show(config: "Config", precinct: int | None, contest: str | None) -> None:
    """List the versions of PRECINCT's counts, and what is wrong with the one in force.

    Without PRECINCT: what is set aside, over all stations.
    """
    from ballotbox_gateway.cli.hand_count_naming import show_aside
    from ballotbox_gateway.service.count_sheet import in_words

    if precinct is None:
        if contest is not None:
            remedy = "Give PRECINCT as well, or leave it out"
            raise Problem("--contest", "is of one precinct", remedy)
        show_aside(config)
        return
    trusted, laws = known(config)
    recorded = _recorded(config, precinct, contest)
    for each in recorded:
        click.echo(str(each))
        sheet = each.sheet(trusted, laws)
        if each.in_force and sheet is not None:
            for words in in_words(sheet, each.count.values):
                click.echo(f"  {words}")
    click.echo(f"versions {len(recorded)}")


@hand_count.command("print")
@config_option
@precinct_argument
@contest_option
@click.option("--version", type=click.IntRange(1), help="Another version than the one in force.")
@click.option("--copies", type=click.IntRange(1, 100), default=1, help="One for each observer.")
@click.option("--output", "-o", type=click.Path(path_type=Path), required=True, help="HTML file.")
def print_(
    config: "Config",
    precinct: int,
    contest: str | None,
    version: int | None,
    copies: int,
    output: Path,
) -> None:
    """Write a page with copies of a count, each with its signed QR codes, ready for a printer."""
    from ballotbox_gateway.service.count_page import count_page

    sheet, each = _in_use(config, precinct, contest, version)
    _write(output, count_page(sheet, each.count, each.standing, copies))
    click.echo(f"copies   {copies} of version {each.count.version}: {output}")


def _in_use(
    config: "Config", precinct: int, contest: str | None, version: int | None
) -> "tuple[CountSheet, Recorded]":
    """Return the version in force, or the one of this number, on its sheet; raises Problem."""
    trusted, laws = known(config)
    each = _one(_recorded(config, precinct, contest), version)
    sheet = each.sheet(trusted, laws)
    if sheet is None:
        what = "was counted by a law that is not in use here"
        raise Problem(f"version {each.count.version}", what, "Name that law in `laws`")
    return sheet, each


def known(config: "Config") -> "tuple[Trusted, dict[bytes, Any]]":
    """Return the election and the laws in use, by their digests; raises Problem."""
    from ballotbox_gateway.adapters.law_files import load_laws
    from ballotbox_gateway.adapters.trust_files import load_trusted

    return load_trusted(config), load_laws(config.laws)


def _sheet(config: "Config", precinct: int, contest: str | None, law: str | None) -> "CountSheet":
    from ballotbox_gateway.service.count_sheet import open_sheet

    trusted, laws = known(config)
    return open_sheet(trusted, laws, precinct, contest, law)


def _ask_person(text: str) -> str:
    return str(click.prompt(text, err=True))


def _asked(sheet: "CountSheet", ask: "Callable[[str], str]") -> "list[Value]":
    """Return what a person types, held against the law after each number; `<` goes back."""
    from ballotbox_gateway.service.count_sheet import HOW_TO_WRITE, in_words, read_value

    click.echo(f"{sheet.contest.name}. {HOW_TO_WRITE.capitalize()}; < goes back", err=True)
    values: list[Value] = []
    labels, told = sheet.labels, set[str]()
    while len(values) < len(labels):
        line, title = labels[len(values)]
        typed = ask(f"[{line}] {title}")
        if typed.strip() == "<":
            del values[-1:]
            continue
        try:
            values.append(read_value(typed))
        except ValueError as error:
            click.echo(f"  {error}", err=True)
            continue
        wrong = list(in_words(sheet, [*values, *[None] * (len(labels) - len(values))]))
        for words in wrong:
            if words not in told:
                click.echo(f"  {words}", err=True)
        told = set(wrong)
    return values


def _store(
    config: "Config",
    sheet: "CountSheet",
    values: "Sequence[Value]",
    reason: str | None,
    keys: tuple[tuple[Path, ...], tuple[Path, ...]],
) -> None:
    from ballotbox_gateway.cli.asking import asking

    with asking(config) as ask:
        unsigned = sheet.count(values, _before(ask, sheet, reason), reason)
        sign_and_store(ask, unsigned, open_keys(*keys, sheet.trusted.election.mode))


def sign_and_store(ask: "Ask", unsigned: "HandCount", keys: "list[PrivateKey]") -> None:
    """Have the gateway store a count as these officers sign it; raises Problem."""
    signed = _signed(unsigned, keys)
    answer = ask(ask="count", count=b64encode(signed.to_bytes()).decode())
    if not answer["stored"]:
        raise Problem("the count", answer["explanation"], "Nothing was stored")
    click.echo(f"version  {unsigned.version}")
    click.echo(f"id       {unsigned.id.hex()}")
    click.echo(f"stored   leaf {answer['leaf']}, {answer['verdict']}: {answer['explanation']}")


def _before(ask: "Ask", sheet: "CountSheet", reason: str | None) -> "HandCount | None":
    """Return the version that this count corrects, or None when it is the first."""
    from ballotbox_gateway.service.count_records import recorded_in, to_be_corrected

    answer = ask(ask="counts", precinct=sheet.precinct.number, contest=sheet.contest_index)
    last = to_be_corrected(recorded_in(answer))
    if last is None and reason is not None:
        raise Problem("--reason", "there is no version to correct yet", "Leave it out")
    if last is not None and reason is None:
        what = f"version {last.count.version} is here already"
        raise Problem("the count", what, "Correct it with --reason, which says why")
    return None if last is None else last.count


def _signed(count: "HandCount", keys: "list[PrivateKey]") -> "HandCount":
    from dataclasses import replace

    from ballotbox_protocol.wire.cose import MessageType
    from ballotbox_protocol.wire.officers import sign_as_officer

    payload = count.payload()
    signatures = tuple(
        sign_as_officer(key.public, key.sign, MessageType.HAND_COUNT, payload) for key in keys
    )
    return replace(count, signatures=signatures)


def _recorded(config: "Config", precinct: int, contest: str | None) -> "list[Recorded]":
    from ballotbox_gateway.cli.asking import asking
    from ballotbox_gateway.service.count_records import recorded_in
    from ballotbox_gateway.service.count_sheet import issued_in

    trusted, _ = known(config)
    found: list[Recorded] = []
    with asking(config) as ask:
        for index in issued_in(trusted, precinct, contest):
            found += recorded_in(ask(ask="counts", precinct=precinct, contest=index))
    return found


def _one(recorded: "list[Recorded]", version: int | None) -> "Recorded":
    fits = [
        each
        for each in recorded
        if (each.in_force if version is None else each.count.version == version)
    ]
    if len(fits) == 1:
        return fits[0]
    what = f"{len(fits)} versions fit" if fits else "there is no such version"
    remedy = "Give --contest or --version; `ballotbox-gateway hand-count show` lists them"
    raise Problem("hand count", what, remedy)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise Problem(str(path), words, "Name a file that can be written") from error
