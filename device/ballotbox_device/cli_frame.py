"""What the commands of a box share: options, and how what stands in the way is told."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

PATH: Final = click.Path(path_type=Path)
STATE = click.option(
    "--state", "directory", type=PATH, required=True, help="State directory of the box."
)
ELECTION = click.option(
    "--election", type=PATH, required=True, help="The signed election definition."
)
REGISTER = click.option("--register", type=PATH, required=True, help="The signed register.")
ROOT = click.option("--root", required=True, metavar="MODE:KEY", help="The authority's root key.")


class Stopped(click.ClickException):
    """What stands in the way, for the screen."""

    def show(self, file: Any = None) -> None:  # noqa: ANN401 (click's own signature)
        """Print the message, on standard error."""
        click.echo(f"ballotbox-device: {self.message}", file=file or sys.stderr)


@contextmanager
def told_in_words() -> Iterator[None]:
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
def stopping_in_words() -> Iterator[None]:
    """The same for a running box: what it raises has stopped it."""
    from ballotbox_device.core.ports import EntropyFault, MemoryFault
    from ballotbox_device.core.reporting import LawBroken

    try:
        with told_in_words():
            yield
    except Stopped as error:
        if not isinstance(error.__cause__, (MemoryFault, OSError)):
            raise
        raise Stopped(f"The box stopped: {error.message}") from error
    except (LawBroken, EntropyFault) as error:
        remedy = "Do not use this box: copy its state directory, and count its paper by hand."
        raise Stopped(f"The box stopped: {error}.\n{remedy}") from error
