"""A bar that follows the reading of a table, where a person can see it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

#: How many rows are read between two moves of the bar.
ROWS_A_STEP: Final = 2_000

#: Told how many rows are read and how many bytes of the file.
Progress = Callable[[int, int], None]


@contextmanager
def reading_bar(table: Path, words: str) -> Iterator[Progress]:
    """Yield what moves a bar, where a person can see it."""
    if not sys.stderr.isatty():
        yield lambda _rows, _bytes: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(words, total=table.stat().st_size)

        def move(rows: int, read: int) -> None:
            progress.update(task, completed=read, description=f"{words}: {rows:,}")

        yield move
