"""`ballotbox-tabulate site` and `diff`: a result as pages for everybody, and what changed in it.

Exit codes of `site`: 0 written, 2 unusable. Of `diff`: 0 nothing differs, 1 something does, 2
unusable.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from ballotbox_tabulation.site.proofs import Proofs
    from ballotbox_tabulation.site.site import Site

_DIFFERENT: Final = 1
_UNUSABLE: Final = 2
_PATH: Final = click.Path(path_type=Path)


def _with_log(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name a log and what vouches for it."""
    root = click.option("--root", metavar="MODE:HEX", help="The authority's public root key.")
    register = click.option("--register", type=_PATH, help="The signed register.")
    election = click.option("--election", type=_PATH, help="The signed election definition.")
    where = "The exported log of RESULT: signed reports and proofs come from it."
    log = click.option("--log", type=_PATH, metavar="DIR", help=where)
    return log(election(register(root(command))))


@click.command()
@click.argument("result", type=_PATH)
@click.option("--out", type=_PATH, required=True, help="Directory for the pages and the data.")
@_with_log
@click.option(
    "--languages", default="en,ky,ru", show_default=True, metavar="LIST", help="The first opens."
)
@click.option("--label", default="", metavar="TEXT", help="A line that stands on every page.")
@click.option("--refused", type=_PATH, metavar="FILE.json", help="Why a newer result was stopped.")
@click.option("--codes", is_flag=True, help="Draw QR codes of reports: about a second for a box.")
def site(result: Path, out: Path, languages: str, label: str, codes: bool, **named: Any) -> None:  # noqa: ANN401, FBT001 - click passes options by name
    """Write RESULT as static pages with its data, for any web server or a stick, to OUT.

    RESULT is a directory written by `ballotbox-tabulate run` or `publish release`, or its
    result.json. With --log, --election, --register and --root every station has its signed reports
    and their proofs.
    """
    from ballotbox_tabulation.result_table import read_published
    from ballotbox_tabulation.site.notice_file import read_notice
    from ballotbox_tabulation.site.released import released_beside
    from ballotbox_tabulation.site.site import Site

    with _usable(f"--out {out}"):
        document, digest, file = read_published(result, "RESULT")
        refused = named.pop("refused")
        notice = None if refused is None else read_notice(refused)
        spoken, released = tuple(languages.split(",")), released_beside(result, document, digest)
        whole = Site(document, digest, file, spoken, label, notice, released)
        count = _write(whole, out, named, codes=codes)
    click.echo(f"Wrote {count:,} files.")
    click.echo(f"Pages   {out}/index.html")
    click.echo(f"Result  {out}/data/result.json  {digest}")


def _write(whole: "Site", out: Path, log: dict[str, Any], *, codes: bool) -> int:
    from ballotbox_tabulation.site.writer import write_site

    with _bar() as told:
        whole, proofs = _proofs(log, whole, told)
        # The result itself is the bulk of memory: as pages are made, nothing of it goes away.
        return write_site(
            whole, out, proofs, codes=codes, told=lambda done, of: told(_PAGES, done, of)
        )


_LEAVES: Final = "Reading leaves"
_PAGES: Final = "Writing stations"
#: Told what is being done, how much of it is done, and how much there is.
_Told = Callable[[str, int, int], None]


def _proofs(log: dict[str, Any], whole: "Site", told: _Told) -> "tuple[Site, Proofs | None]":
    """Return the site with its statement checked, and its proofs, as far as trust is given."""
    from dataclasses import replace

    from ballotbox_tabulation.log_directory import directory_reader
    from ballotbox_tabulation.site.proofs import open_proofs
    from ballotbox_tabulation.site.released import checked
    from ballotbox_tabulation.trust_files import UnusableInput, load_trusted

    absent = [f"--{name}" for name, value in log.items() if value is None]
    if len(absent) == len(log):
        return whole, None
    if absent:
        needed = "is missing: reports need --log, --election, --register and --root together"
        raise UnusableInput(f"{', '.join(absent)} {needed}")
    if not log["log"].is_dir():
        raise UnusableInput(f"--log {log['log']}: no such directory; check the path")
    _, trusted = load_trusted(log["election"], log["register"], log["root"])
    whole = replace(whole, released=checked(whole.released, trusted))
    reader = directory_reader(log["log"])
    found = open_proofs(reader, trusted, whole.result, lambda done, of: told(_LEAVES, done, of))
    return whole, found


@contextmanager
def _bar() -> Iterator[_Told]:
    """Yield what moves a bar for each part of the work, where a person can see it."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _of: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, Any] = {}

        def move(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=of)
            progress.update(tasks[what], completed=done)

        yield move


@click.command()
@click.argument("before", type=_PATH, metavar="A")
@click.argument("after", type=_PATH, metavar="B")
def diff(before: Path, after: Path) -> None:
    """Tell what changed from the result A to the result B of one election.

    A and B are directories written by `ballotbox-tabulate run` or `site`, or their result.json. The
    exit code is 0 when nothing differs.
    """
    from ballotbox_protocol.election.identifiers import InvalidField
    from ballotbox_tabulation.core.result_changes import changes
    from ballotbox_tabulation.result_table import formed, read_document
    from ballotbox_tabulation.trust_files import UnusableInput

    with _usable():
        with _bar() as told:
            one, other = (
                read_document(path, name, partial(told, f"Reading {name}"))
                for path, name in ((before, "A"), (after, "B"))
            )
        try:
            with formed(after, "B"):
                lines = changes(one, other)
        except InvalidField as error:
            raise UnusableInput(str(error)) from error
    click.echo("\n".join(lines or ["Nothing differs."]))
    sys.exit(_DIFFERENT if lines else 0)


@contextmanager
def _usable(written: str = "the files read") -> Iterator[None]:
    """Turn what cannot be used into one line and exit code 2; `written` is what is written to."""
    from ballotbox_protocol.election.identifiers import InvalidField
    from ballotbox_tabulation.result_files import in_words
    from ballotbox_tabulation.trust_files import UnusableInput

    # One run makes no cycles worth finding and then ends.
    gc.disable()
    try:
        yield
    except UnusableInput as error:
        _end(str(error))
    except InvalidField as error:
        _end(f"--{error}")
    except OSError as error:
        _end(in_words(error, written))


def _end(problem: str) -> None:
    click.echo(f"Error: {problem}", err=True)
    sys.exit(_UNUSABLE)
