"""ballotbox-tabulate: from an exported log to a published result, or to the reason against one.

Exit codes: 0 published, 1 refused (the log or a gate), 2 the command or its input is unusable.
`check` holds tables of protocols to a law: 0 no protocol is refused, 1 one is, 2 unusable.
`match` sets sources side by side: 0 they agree, 1 they do not, 2 unusable.
`publish` releases results: 0 done, 1 refused and the last good one stays, 2 unusable.
"""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from ballotbox_tabulation.core.result_status import SAID_BY_OFFICERS
from ballotbox_tabulation.match_commands import explain, match
from ballotbox_tabulation.publish_commands import publish
from ballotbox_tabulation.site_commands import diff, site

if TYPE_CHECKING:
    from ballotbox_protocol.wire.trust import Root, Trusted
    from ballotbox_tabulation.core.gates import BrokenGate
    from ballotbox_tabulation.core.log import OpenedLog
    from ballotbox_tabulation.core.outcome import Published, Refused
    from ballotbox_tabulation.core.publication import Document
    from ballotbox_tabulation.core.rules.rules import Rules

_REFUSED, _UNUSABLE = 1, 2
#: A refusal names so many reasons and counts the rest; `ballotbox-verify log` names all.
_REASONS_SHOWN = 20
_PATH = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Compute election results from a log of signed reports."""


@main.command()
@click.argument("log", type=_PATH)
@click.option("--election", type=_PATH, required=True, help="The signed election definition.")
@click.option("--register", type=_PATH, required=True, help="The signed register.")
@click.option("--root", required=True, metavar="MODE:HEX", help="The authority's public root key.")
@click.option("--rules", type=_PATH, metavar="FILE.toml", help="How votes become seats.")
@click.option("--status", type=click.Choice(SAID_BY_OFFICERS), help="What officers said of it.")
@click.option("--out", type=_PATH, required=True, help="Directory for result.json and index.html.")
def run(
    *,
    log: Path,
    election: Path,
    register: Path,
    root: str,
    rules: Path | None,
    status: str | None,
    out: Path,
) -> None:
    """Verify the exported LOG, count it and write the result to the directory OUT.

    LOG is a directory written by `ballotbox-gateway log export`. Nothing is written unless the
    whole log holds together and every gate is passed. With --rules the result says who has seats;
    --status computes what officers released as such anew, to the byte.
    """
    from ballotbox_tabulation.rules_file import read_rules_file
    from ballotbox_tabulation.trust_files import UnusableInput, load_trusted

    _leave_memory_alone()
    try:
        key, trusted = load_trusted(election, register, root)
        stated = None if rules is None else read_rules_file(rules, trusted.election)
        outcome = conclude_log(log, key, trusted, stated, status)
    except (UnusableInput, OSError) as error:
        _unusable(str(error))
    again = f"{log} --election {election}"
    again += f" --register {register} --root {root}"
    _finish(outcome, trusted, out, again)


@main.command()
@click.argument("law")
@click.argument("table", type=_PATH, metavar="FILE.csv")
@click.option(
    "--columns", type=_PATH, required=True, metavar="MAP.toml", help="Which column is which line."
)
@click.option("--out", type=_PATH, help="Directory for check.json, broken.csv and index.html.")
def check(law: str, table: Path, columns: Path, out: Path | None) -> None:
    """Hold every protocol of FILE.csv (or .csv.gz) to the control ratios of LAW.

    LAW is a name that `ballotbox-tabulate laws` lists, or a file of your own that ends in .toml.
    Only a confirmed, hard relation refuses a protocol; whatever else breaks is told.
    """
    from ballotbox_tabulation.law_cli import check_table
    from ballotbox_tabulation.result_files import in_words, written_to
    from ballotbox_tabulation.trust_files import UnusableInput

    _leave_memory_alone()
    try:
        lines, refused = check_table(law, table, columns, out)
    except UnusableInput as error:
        _unusable(str(error))
    except OSError as error:
        _unusable(in_words(error, written_to(out)))
    click.echo("\n".join(lines))
    sys.exit(_REFUSED if refused else 0)


main.add_command(match)
main.add_command(explain)
main.add_command(site)
main.add_command(diff)
main.add_command(publish)


@main.command()
@click.argument("law", required=False)
@click.option("--toml", is_flag=True, help="Print the file of LAW, to make another one from it.")
def laws(law: str | None, toml: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List the laws, or show the lines and relations of one LAW."""
    from ballotbox_tabulation.law_cli import law_lines
    from ballotbox_tabulation.trust_files import UnusableInput

    try:
        click.echo("\n".join(law_lines(law, whole=toml)))
    except UnusableInput as error:
        _unusable(str(error))


def _leave_memory_alone() -> None:
    """Stop the cycle collector: one run makes no cycles worth finding and then ends."""
    import gc

    gc.disable()


def conclude_log(
    directory: Path,
    root: "Root",
    trusted: "Trusted",
    rules: "Rules | None" = None,
    status: str | None = None,
) -> "Published | Refused":
    """Return the result of an exported log, or every reason against one; raises UnusableInput.

    `status` is what officers say of it, when its boxes support that.
    """
    from importlib.metadata import version

    from ballotbox_tabulation.core.faults import Fault
    from ballotbox_tabulation.core.log import open_log, read_leaves
    from ballotbox_tabulation.core.outcome import Refused, conclude
    from ballotbox_tabulation.log_directory import directory_reader
    from ballotbox_tabulation.log_progress import bars
    from ballotbox_tabulation.scratch_shelf import ScratchShelf
    from ballotbox_tabulation.second_opinion import NotWorkedOut, second_opinion
    from ballotbox_tabulation.trust_files import UnusableInput

    if not directory.is_dir():
        raise UnusableInput(f"LOG {directory}: no such directory; export it with {_EXPORT}")
    opened = open_log(directory_reader(directory), trusted)
    if isinstance(opened, Fault):
        return Refused(faults=(opened,))
    program = f"ballotbox-tabulate {version('ballotbox-kit')}"
    extended = partial(_extended, rules=rules, status=status)
    file = None if rules is None else rules.file
    try:
        with bars() as shown:
            size = opened.checkpoint.size
            leaves = shown.follow(read_leaves(opened), "Verifying leaves", size)

            def second(log: "OpenedLog", result: "Document") -> "list[BrokenGate]":
                again = shown.reading(log, "Counting again")
                return second_opinion(again, result, file, status)

            return conclude(opened, leaves, root, program, second, extended, ScratchShelf())
    except NotWorkedOut as error:
        raise UnusableInput(
            f"LOG {directory}: could not be worked out: {error}; {_ROOM}"
        ) from error


def _extended(result: "Document", rules: "Rules | None", status: str | None) -> "Document":
    from ballotbox_tabulation.core.rules.decisions import decide

    decided = result if rules is None else decide(result, rules)
    return decided if status is None else _called(decided, status)


def _called(result: "Document", status: str) -> "Document":
    """Return a result with what officers say of it; raises UnusableInput for what is not so."""
    from ballotbox_protocol.election.identifiers import InvalidField
    from ballotbox_tabulation.core.result_status import require_supported
    from ballotbox_tabulation.trust_files import UnusableInput

    called = result | {"status": status}
    try:
        require_supported(called)
    except InvalidField as error:
        raise UnusableInput(f"--{error}; wait for them, or leave --status out") from error
    return called


_ROOM = (
    "make room in the directory for temporary files, or name another in TMPDIR, and run it again; "
    "what was published before stays"
)
_EXPORT = "`ballotbox-gateway log export DIR`"


def _finish(outcome: "Published | Refused", trusted: "Trusted", out: Path, again: str) -> None:
    from ballotbox_tabulation.core.outcome import Published
    from ballotbox_tabulation.log_progress import bars
    from ballotbox_tabulation.page import page_pieces
    from ballotbox_tabulation.publication_folder import kept_for_officers
    from ballotbox_tabulation.result_files import write_result

    if not isinstance(outcome, Published):
        _refuse(outcome, again)
    held = kept_for_officers(out)
    if held is not None:
        _unusable(f"--out {out}: {held}; name another directory")
    try:
        with bars() as shown:
            result = shown.follow(outcome.pieces(), "Writing the result")
            page = shown.follow(page_pieces(outcome, trusted.election), "Writing the page")
            files = write_result(out, result, page)
    except OSError as error:
        _unusable(f"--out {out}: {error.strerror}; nothing was published")
    click.echo(_summary(outcome))
    click.echo(f"Result  {files.result}  {outcome.digest}")
    click.echo(f"Page    {files.page}")


def _summary(published: "Published") -> str:
    result = published.result
    nation = result["nation"]
    others = [
        f"{len(boxes)} {state}"
        for state, boxes in result["boxes"].items()
        if boxes and state != "counted"
    ]
    rest = f"; {', '.join(others)}" if others else ""
    return f"Counted {nation['boxes_counted']} of {nation['boxes_expected']} boxes{rest}."


def _refuse(refused: "Refused", again: str) -> NoReturn:
    if refused.faults:
        headline = "REFUSED: the log does not hold together. Nothing was published."
        advice = (
            f"All faults: ballotbox-verify log {again}\n"
            f"Then fetch the log anew from its gateway ({_EXPORT})."
        )
    else:
        headline = "REFUSED: a law of the result is broken. Nothing was published."
        advice = f"Where each box stands: ballotbox-verify log {again}\n{_advice(refused)}"
    reasons = [*refused.faults, *refused.gates]
    lines = [headline, *(f"  {reason}" for reason in reasons[:_REASONS_SHOWN])]
    if len(reasons) > _REASONS_SHOWN:
        lines.append(f"  and {len(reasons) - _REASONS_SHOWN} more")
    click.echo("\n".join([*lines, advice]), err=True)
    sys.exit(_REFUSED)


def _advice(refused: "Refused") -> str:
    from ballotbox_tabulation.core.gates import Gate

    if any(each.gate is Gate.SECOND for each in refused.gates):
        return (
            "Two computations of one log disagree, so no officer can mend it: what was published\n"
            "before stays. Run a program whose digest was released, and report what stands above."
        )
    return "Then let two officers of the box named above sign a correction, and export anew."


def _unusable(problem: str) -> NoReturn:
    click.echo(f"Error: {problem}", err=True)
    sys.exit(_UNUSABLE)
