"""`ballotbox-gateway hand-count sign`: two officers sign what was written on the local page."""

from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ballotbox_gateway.cli.hand_count import known, officers_options, sign_and_store
from ballotbox_gateway.cli.options import config_option
from ballotbox_gateway.cli.quarantine import open_keys, passphrases_option, require_two
from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from ballotbox_gateway.cli.asking import Ask
    from ballotbox_gateway.config import Config
    from ballotbox_gateway.service.count_sheet import CountSheet
    from ballotbox_protocol.wire.hand_count import HandCount

#: Digits of an id that a person may type instead of all 64, if no other begins so.
_SHORT: Final = 8


@click.command()
@config_option
@click.argument("draft_id")
@click.option("--as-counted", is_flag=True, help="Sign although a relation that blocks is broken.")
@officers_options
@passphrases_option
def sign(
    config: "Config",
    draft_id: str,
    *,
    as_counted: bool,
    officer_keys: tuple[Path, ...],
    passphrase_files: tuple[Path, ...],
) -> None:
    """Sign and store the count that the local page shows as DRAFT_ID. Takes two officers."""
    from ballotbox_gateway.cli.asking import asking
    from ballotbox_gateway.service.count_records import sheet_counted_on
    from ballotbox_gateway.service.count_sheet import is_blocked

    require_two(officer_keys)
    trusted, laws = known(config)
    with asking(config) as ask:
        count = _draft(ask, draft_id)
        sheet = sheet_counted_on(count, trusted, laws)
        if sheet is None:
            what = "is on a sheet that this register or these laws do not have"
            raise Problem(draft_id, what, "Start the gateway again, and write the count again")
        _tell(sheet, count)
        if is_blocked(sheet, count.values) and not as_counted:
            remedy = "Count again; what was really found so is signed with --as-counted"
            raise Problem("the count", "breaks a relation of its law that blocks", remedy)
        _require_next(ask, count)
        if not click.confirm("Sign it", default=False, err=True):
            raise Problem("the count", "is not signed", "Nothing was stored")
        sign_and_store(ask, count, open_keys(officer_keys, passphrase_files, trusted.election.mode))


def _draft(ask: "Ask", draft_id: str) -> "HandCount":
    """Return the draft with this id, or with the only one that begins so; raises Problem."""
    from ballotbox_protocol.wire.hand_count import decode_hand_count

    wanted = draft_id.lower()
    if len(wanted) < _SHORT:
        raise Problem(draft_id, "is too short for an id", f"Give {_SHORT} digits or more")
    found = [each for each in ask(ask="drafts")["drafts"] if each["id"].startswith(wanted)]
    if len(found) != 1:
        what = "begins more than one id" if found else "is no draft of the running gateway"
        raise Problem(draft_id, what, "Take the id from the page; hand the count in there again")
    return decode_hand_count(b64decode(found[0]["count"]))


def _tell(sheet: "CountSheet", count: "HandCount") -> None:
    """Show all that is going to be signed, and what is wrong with it."""
    from ballotbox_gateway.service.count_sheet import in_words
    from ballotbox_protocol.election.law.law import Mark

    what = "" if count.reason is None else f", which corrects the one before: {count.reason}"
    click.echo(f"precinct {count.precinct} {sheet.precinct.name}", err=True)
    click.echo(f"contest  {sheet.contest.name}", err=True)
    click.echo(f"version  {count.version}{what}", err=True)
    for (line, title), value in zip(sheet.labels, count.values, strict=True):
        shown = value.value if isinstance(value, Mark) else value
        click.echo(f"  [{line}] {title}: {shown}", err=True)
    for words in in_words(sheet, count.values):
        click.echo(words, err=True)


def _require_next(ask: "Ask", count: "HandCount") -> None:
    """Raise Problem when another version came since: two in one place exclude each other."""
    from ballotbox_gateway.service.count_records import recorded_in, to_be_corrected

    answer = ask(ask="counts", precinct=count.precinct, contest=count.contest)
    last = to_be_corrected(recorded_in(answer))
    if count.corrects != (None if last is None else last.count.id):
        what = "another version was stored since this draft was written"
        raise Problem("the count", what, "Open the sheet again, and correct what is there now")
