"""Bars that follow a log as it is verified, counted again and written, where a person can see."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ballotbox_tabulation.core.log import OpenedLog

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")


class Bars:
    """One bar for each part of the work; none at all where nobody looks."""

    def __init__(self, progress: "Progress | None") -> None:
        self._progress = progress

    def follow(self, items: Iterable[T], words: str, total: int | None = None) -> Iterable[T]:
        """Return the items; a bar follows them. Without a total it only shows that work goes on."""
        if self._progress is None:
            return items
        return self._progress.track(items, total=total, description=words)

    def reading(self, log: OpenedLog, words: str) -> OpenedLog:
        """Return the log; a bar follows how many of its files are read."""
        if self._progress is None:
            return log
        task = self._progress.add_task(words, total=files_of(log))
        shown, read = self._progress, log.read

        def follow(path: str) -> bytes | None:
            shown.advance(task)
            return read(path)

        return replace(log, read=follow)


def files_of(log: OpenedLog) -> int:
    """Return how many files a second computation reads: leaves, and what stands beside them."""
    from ballotbox_protocol.wire.tiles import bundles_of

    return 2 * sum(1 for _ in bundles_of(log.checkpoint.size))


@contextmanager
def bars() -> Iterator[Bars]:
    """Yield the bars of a command."""
    if not sys.stderr.isatty():
        yield Bars(None)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        yield Bars(progress)
