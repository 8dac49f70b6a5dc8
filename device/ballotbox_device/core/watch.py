"""What the box watches besides the sheets: its parts, its container, its clock.

Nothing here is remembered over a power cut: whoever drives the switches tells them again at boot.
"""

from typing import Final

from ballotbox_device.core.habits import Habits
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.outputs import Output, Refusal
from ballotbox_device.core.poll import REPORTABLE
from ballotbox_device.core.ports import Instant
from ballotbox_device.core.records import CONTAINER
from ballotbox_device.core.reporting import Clerk
from ballotbox_device.core.signals import MEANINGS, Part, Signal
from ballotbox_protocol.election.identifiers import COUNT_MAX
from ballotbox_protocol.wire.report import IncidentCode, ReportKind

#: A clock that moves so much against the uptime, in milliseconds, did not drift but was set.
STEP_MS: Final = 60_000


class Watch:
    """Reports what changes for the worse; `out_of_order` are the parts that have."""

    __slots__ = ("_book", "_clerk", "_full", "_habits", "_seen", "out_of_order")

    def __init__(self, habits: Habits, book: RecordBook, clerk: Clerk) -> None:
        self._habits = habits
        self._book = book
        self._clerk = clerk
        self._full = False
        self._seen: Instant | None = None
        self.out_of_order: set[Part] = set()

    def hindrance(self) -> Refusal | None:
        """Return why no sheet may be taken in now, or None."""
        if self.out_of_order and not self.out_of_order.isdisjoint(self._habits.blocking):
            return Refusal.BLOCKED
        capacity = self._habits.capacity
        if capacity is not None and self._book.history.in_container >= capacity:
            return Refusal.CONTAINER_FULL
        return Refusal.COUNTERS_FULL if self._counters_are_full() else None

    def sensed(self, signal: Signal, now: Instant) -> list[Output]:
        """Take a signal; only what is new is reported."""
        meaning = MEANINGS[signal]
        if meaning.in_order:
            self.out_of_order.discard(meaning.part)
            return []
        if meaning.part in self.out_of_order or meaning.code is None:
            return []
        self.out_of_order.add(meaning.part)
        return self._clerk.tell(meaning.code, meaning.detail, now)

    def sheet_fell(self, now: Instant) -> list[Output]:
        """Look into the container and at the counters after a sheet was accepted."""
        return self._container_filled(now) + self.counters_full(now)

    def _container_filled(self, now: Instant) -> list[Output]:
        held, habits = self._book.history.in_container, self._habits
        if held == habits.capacity:
            return self._clerk.tell(IncidentCode.CONTAINER_FULL, held, now)
        if held == habits.capacity_warning:
            return self._clerk.tell(IncidentCode.CONTAINER_NEARLY_FULL, held, now)
        return []

    def start(self, now: Instant) -> list[Output]:
        """Look at the clock, and tell what is full: a power cut may have hidden that.

        Told again at every boot while sheets may come, as the parts are; of full counters before
        the poll opens as well, while there is time to fetch another box.
        """
        self.clock(now)
        is_over = self._book.history.state in REPORTABLE[ReportKind.CORRECTION]
        return self._container_found(now) + ([] if is_over else self.counters_full(now))

    def _container_found(self, now: Instant) -> list[Output]:
        held, habits = self._book.history.in_container, self._habits
        if self._book.history.state not in REPORTABLE[ReportKind.TURNOUT]:
            return []
        if habits.capacity is not None and held >= habits.capacity:
            return self._clerk.tell(IncidentCode.CONTAINER_FULL, held, now)
        if habits.capacity_warning is not None and held >= habits.capacity_warning:
            return self._clerk.tell(IncidentCode.CONTAINER_NEARLY_FULL, held, now)
        return []

    def _counters_are_full(self) -> bool:
        # `presented` and `lifetime` are the greatest there are: all others are parts of them.
        history = self._book.history
        return history.presented >= COUNT_MAX or history.lifetime >= COUNT_MAX

    def counters_full(self, now: Instant) -> list[Output]:
        """Report, once since the boot, that one more sheet could not be told in any report."""
        if self._full or not self._counters_are_full():
            return []
        self._full = True
        return self._clerk.tell(IncidentCode.COUNTERS_FULL, COUNT_MAX, now)

    def container_changed(self, now: Instant) -> list[Output]:
        """Begin to count into an empty container; the detail is what the full one holds."""
        held = self._book.history.in_container
        return self._clerk.tell(IncidentCode.CONTAINER_CHANGED, held, now, CONTAINER)

    def clock(self, now: Instant) -> list[Output]:
        """Report that the clock was set since it was last looked at; the detail is by how much."""
        before, self._seen = self._seen, now
        if before is None:
            return []
        shown_ms = (now.time - before.time) * 1_000
        moved_ms = abs(shown_ms - (now.uptime_ms - before.uptime_ms))
        if moved_ms < STEP_MS:
            return []
        return self._clerk.tell(IncidentCode.CLOCK_STEPPED, moved_ms // 1_000, now)
