"""What one process of the tester counts and measures, told once a second."""

from collections import Counter
from math import inf
from time import monotonic
from typing import Any, Final

from ballotbox_simulator.rehearse.core.latency import Latencies

#: How often the loop is asked whether it is late.
TICK_S: Final = 0.02


class Tally:
    """Numbers since the start, and histograms since they were last told."""

    def __init__(self) -> None:
        self.connections = 0
        self.reconnects = 0
        self.made = 0
        self.receipted = 0
        self.refused = 0
        self.sheets = 0
        #: Reports made since the close, and of them those that hold a receipt.
        self.finals_made = 0
        self.finals_receipted = 0
        #: When the polls close, on the monotonic clock.
        self.closing = inf
        self.troubles: Counter[str] = Counter()
        self._receipts = Latencies()
        self._finals = Latencies()
        self._connects = Latencies()
        self._lag = Latencies()

    @property
    def trouble(self) -> str:
        """What boxes complained of most, or nothing."""
        return next((words for words, _ in self.troubles.most_common(1)), "")

    def report(self, count: int, at: float) -> None:
        """Note that so many reports were made, or given to the road, at a moment."""
        self.made += count
        self.finals_made += count if at >= self.closing else 0

    def receipt(self, since: float) -> None:
        """Note that a report made at `since` holds its receipt now."""
        took_ms = (monotonic() - since) * 1_000
        self.receipted += 1
        self._receipts.record(took_ms)
        if since >= self.closing:
            self.finals_receipted += 1
            self._finals.record(took_ms)

    def connected(self, since: float) -> None:
        """Note a connection that was begun at `since`."""
        self._connects.record((monotonic() - since) * 1_000)

    def late(self, seconds: float, every_s: float = 0.0) -> None:
        """Note by how much the tester did something late; every_s: how often it does so."""
        self._lag.record(max(0.0, seconds) * 1_000, every_s * 1_000)

    def told(self) -> dict[str, Any]:
        """Return everything, and begin the histograms anew."""
        return {
            "connections": self.connections,
            "reconnects": self.reconnects,
            "made": self.made,
            "receipted": self.receipted,
            "refused": self.refused,
            "sheets": self.sheets,
            "finals_made": self.finals_made,
            "finals_receipted": self.finals_receipted,
            "receipts": self._receipts.taken(),
            "finals": self._finals.taken(),
            "connects": self._connects.taken(),
            "lag": self._lag.taken(),
        }
