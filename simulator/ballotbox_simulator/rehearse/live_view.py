"""What somebody sees while a rehearsal runs: a table in a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ballotbox_simulator.rehearse.conductor import Watcher
from ballotbox_simulator.rehearse.core.timeline import Timeline

#: Without a terminal, a line every so often.
_LINE_S: Final = 10.0
#: A backlog of so many seconds of receipts is worth a word.
_BEHIND_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Glance:
    """A rehearsal at a glance."""

    stage: str
    connections: int
    sheets: int
    made: int
    receipted: int
    refused: int
    receipts_per_s: float
    p99_ms: float | None
    lag_ms: float | None

    @property
    def backlog(self) -> int:
        """Reports that wait for their receipt."""
        return self.made - self.receipted - self.refused

    def alarms(self) -> Iterator[str]:
        """Yield what is worth a word now."""
        if self.refused:
            yield f"{self.refused:,} reports refused"
        if self.backlog > _BEHIND_S * max(self.receipts_per_s, 50.0):
            yield f"{self.backlog:,} reports wait"
        if self.lag_ms is not None and self.lag_ms > 1_000:
            yield f"the tester is {self.lag_ms:,.0f} ms late"

    def line(self) -> str:
        """Return it as a line."""
        if not self.connections and not self.made:
            return self.stage
        parts = [
            f"{self.stage}: {self.connections:,} connected, {self.sheets:,} sheets",
            f"{self.made:,} reports, {self.receipted:,} receipts",
            f"{self.receipts_per_s:,.0f}/s",
        ]
        if self.p99_ms is not None:
            parts.append(f"p99 {self.p99_ms:,.0f} ms")
        return ", ".join((*parts, *self.alarms()))


class Eye:
    """Looks at a timeline now and then."""

    def __init__(self) -> None:
        self._last = (0.0, 0)
        self._rate = 0.0

    def glance(self, stage: str, timeline: Timeline) -> Glance:
        """Return what is to be seen now."""
        receipted, now = timeline.latest("receipted"), monotonic()
        then, before = self._last
        if now - then >= 1.0:
            self._rate = (receipted - before) / (now - then)
            self._last = (now, receipted)
        p99_ms, lag_ms = timeline.newest("receipts"), timeline.newest("lag")
        return Glance(
            stage,
            timeline.latest("connections"),
            timeline.latest("sheets"),
            timeline.latest("made"),
            receipted,
            timeline.latest("refused"),
            self._rate,
            p99_ms,
            lag_ms,
        )


@contextmanager
def live_view() -> Iterator[Watcher]:
    """Give what `conduct` tells how far it is."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console)
        return
    eye = Eye()
    live = Live(console=console, refresh_per_second=4, transient=True)
    live.start()
    try:
        yield lambda stage, timeline: live.update(_table(eye.glance(stage, timeline)))
    finally:
        # A terminal that was closed takes nothing any more.
        with suppress(OSError):
            live.stop()


def _lines(console: Console) -> Watcher:
    eye = Eye()
    said = ""
    spoke = 0.0

    def watch(stage: str, timeline: Timeline) -> None:
        nonlocal said, spoke
        now = monotonic()
        if stage != said or now - spoke >= _LINE_S:
            said, spoke = stage, now
            console.print(eye.glance(stage, timeline).line(), highlight=False, soft_wrap=True)

    return watch


def _table(seen: Glance) -> Table:
    table = Table(title=seen.stage, show_header=False, min_width=48)
    table.add_column(justify="left")
    table.add_column(justify="right")
    rows = (
        ("connected", f"{seen.connections:,}"),
        ("sheets", f"{seen.sheets:,}"),
        ("reports made", f"{seen.made:,}"),
        ("receipts", f"{seen.receipted:,}"),
        ("receipts a second", f"{seen.receipts_per_s:,.0f}"),
        ("waiting", f"{seen.backlog:,}"),
        ("slowest 1 % of receipts", "" if seen.p99_ms is None else f"{seen.p99_ms:,.0f} ms"),
        ("tester late by", "" if seen.lag_ms is None else f"{seen.lag_ms:,.0f} ms"),
    )
    for name, number in rows:
        table.add_row(name, number)
    for alarm in seen.alarms():
        table.add_row(f"[bold red]{alarm}[/]", "")
    return table
