"""What all commands share: exit codes, progress, and how what is unusable is refused."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Callable

FAILED, UNUSABLE = 1, 2
PATH = click.Path(path_type=Path)
_MAKE_ROOM = "make room, or name a directory on another disk"


@contextmanager
def progress_bar() -> "Iterator[Callable[[str, float], None]]":
    """Give a function that shows how far the work is: a bar on a terminal, lines elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("", total=1.0)
        yield lambda what, done: progress.update(task, description=what, completed=done)


def _lines() -> "Callable[[str, float], None]":
    last = ""

    def tell(what: str, _done: float) -> None:
        nonlocal last
        if what != last:
            click.echo(what, err=True)
            last = what

    return tell


@contextmanager
def in_words(place: str) -> Iterator[None]:
    """Turn unusable input, and a disk that does not take what goes to `place`, into one line."""
    from ballotbox_device.host.problem import Problem as BoxProblem
    from ballotbox_gateway.core.ports import DiskFull
    from ballotbox_gateway.problem import Problem
    from ballotbox_protocol.election.identifiers import InvalidField

    try:
        yield
    except InvalidField as error:
        unusable(str(error))
    except DiskFull as error:
        unusable(f"{place}: {error}: {_MAKE_ROOM}")
    except (Problem, BoxProblem) as error:
        unusable(f"{error.where}: {error.what}: {error.remedy}")
    except OSError as error:
        # Writing to an open file fails without its name.
        where = error.filename or place
        unusable(f"{where}: {(error.strerror or str(error)).lower()}: {_remedy(error)}")


def _remedy(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _MAKE_ROOM
    return "check the path, and whether you may use it"


def unusable(problem: str, *, command: str = "") -> NoReturn:
    """Refuse a command: say what is wrong and which command says more."""
    name = f"ballotbox-sim {command}".rstrip()
    click.echo(f"Error: {problem}. See {name} --help.", err=True)
    sys.exit(UNUSABLE)
