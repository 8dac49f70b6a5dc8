"""What the processes of a tester told each second, put together into the series of a result."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ballotbox_simulator.rehearse.core.document import PartUse, Series
from ballotbox_simulator.rehearse.core.latency import Latencies

_COUNTS: Final = (
    "connections",
    "reconnects",
    "made",
    "receipted",
    "refused",
    "sheets",
    "finals_made",
    "finals_receipted",
)
#: The rate that lasts is that of the best so many seconds.
SUSTAINED_S: Final = 10


@dataclass(frozen=True, slots=True)
class PartKey:
    """A part whose use is watched: its name, what it is, which program and on which machine.

    machine: empty where it is the one that conducts.
    """

    name: str
    kind: str
    program: str
    machine: str = ""


@dataclass(frozen=True, slots=True)
class _Use:
    """What a part had used when it was looked at: seconds of CPU since it began, MiB then."""

    at: float
    cpu_s: float
    memory_mib: float


@dataclass(slots=True)
class _Second:
    counts: dict[int, Mapping[str, int]] = field(default_factory=dict)
    receipts: list[str] = field(default_factory=list)
    finals: list[str] = field(default_factory=list)
    connects: list[str] = field(default_factory=list)
    #: By process.
    lags: dict[int, list[str]] = field(default_factory=dict)
    #: By part.
    use: dict[str, _Use] = field(default_factory=dict)
    log_size: int | None = None
    waiting: int | None = None

    @property
    def lag(self) -> list[str]:
        """What all processes told of their lag."""
        return [each for told in self.lags.values() for each in told]


class Timeline:
    """Seconds of the monotonic clock, each with what was told of it."""

    def __init__(self) -> None:
        self._seconds: dict[int, _Second] = {}
        self._latest: dict[int, Mapping[str, int]] = {}
        self._last_told: dict[int, int] = {}
        #: What boxes complained of last.
        self.trouble = ""

    def tell(self, second: int, worker: int, told: Mapping[str, Any]) -> None:
        """Note what one process told of a second."""
        at = self._at(second)
        self._last_told[worker] = second
        at.counts[worker] = self._latest[worker] = {name: told[name] for name in _COUNTS}
        self.trouble = told["trouble"] or self.trouble
        at.receipts.append(told["receipts"])
        at.finals.append(told["finals"])
        at.connects.append(told["connects"])
        at.lags.setdefault(worker, []).append(told["lag"])

    def use(
        self, second: int, part: str, cpu_s: float, memory_mib: float, late_s: float = 0.0
    ) -> None:
        """Note what a part has used by a second; late_s: by how much later that was read."""
        self._at(second).use[part] = _Use(second + late_s, cpu_s, memory_mib)

    def status(self, second: int, log_size: int | None, waiting: int | None) -> None:
        """Note what the gateway says of itself."""
        at = self._at(second)
        at.log_size, at.waiting = log_size, waiting

    def _at(self, second: int) -> _Second:
        return self._seconds.setdefault(second, _Second())

    def latest(self, name: str) -> int:
        """Return one number as it was last told, of all processes together."""
        return sum(counts[name] for counts in self._latest.values())

    def newest(self, kind: str) -> float | None:
        """Return the 99th percentile of what was told last of `receipts` or `lag`, if anything."""
        second = max(self._last_told.values(), default=None)
        window = Latencies() if second is None else self._window(second, kind)
        return window.at(99.0) if window.count else None

    def all_told(self, second: int, workers: int) -> bool:
        """Tell whether every process has told a second that began later than `second`."""
        return sum(second < each for each in self._last_told.values()) == workers

    def merged(self, kind: str, first: float = float("-inf")) -> Latencies:
        """Return all `receipts`, `finals`, `connects` or `lag` that were told after a second."""
        return self.between(kind, first, float("inf"))

    def before(self, kind: str, stop: float) -> Latencies:
        """Return all that were told up to a second."""
        return self.between(kind, float("-inf"), stop)

    def between(self, kind: str, first: float, stop: float) -> Latencies:
        """Return all that were told after a second and up to another one."""
        whole = Latencies()
        for second, told in self._seconds.items():
            if first < second <= stop:
                for encoded in getattr(told, kind):
                    whole.add(encoded)
        return whole

    def worst(self, kind: str, first: float, stop: float) -> float:
        """Return the highest 99th percentile of any of these seconds; 0 when nothing was told."""
        seconds = (second for second in self._seconds if first < second <= stop)
        windows = (self._window(second, kind) for second in seconds)
        return max((each.at(99.0) for each in windows if each.count), default=0.0)

    def worst_lag_of(self, worker: int, first: float, stop: float) -> float:
        """Return the same of the lag of one process."""
        seconds = (told for second, told in self._seconds.items() if first < second <= stop)
        windows = (_added(told.lags.get(worker, ())) for told in seconds)
        return max((each.at(99.0) for each in windows if each.count), default=0.0)

    def finals_reached(self, share: float) -> float | None:
        """Return when that share of the reports made since the close held a receipt, or None."""
        seconds = sorted(self._seconds)
        totals = self._totals(seconds)
        made = totals["finals_made"][-1] if seconds else 0
        return reached(seconds, totals["finals_receipted"], share * made) if made else None

    def series(self, start: float, parts: Sequence[PartKey]) -> Series:
        """Return everything as lists, with seconds since `start`."""
        seconds = sorted(self._seconds)
        totals = self._totals(seconds)
        receipts = [self._window(second, "receipts") for second in seconds]
        made, receipted = totals["made"], totals["receipted"]
        return Series(
            at_s=tuple(round(second - start, 3) for second in seconds),
            connections=totals["connections"],
            made=made,
            receipted=receipted,
            refused=totals["refused"],
            sheets=totals["sheets"],
            reconnects=totals["reconnects"],
            reports_per_s=rates(seconds, made),
            receipts_per_s=rates(seconds, receipted),
            backlog=tuple(
                most - answered - refused
                for most, answered, refused in zip(made, receipted, totals["refused"], strict=True)
            ),
            latency_p50_ms=tuple(each.at(50.0) if each.count else None for each in receipts),
            latency_p99_ms=tuple(each.at(99.0) if each.count else None for each in receipts),
            tester_lag_p99_ms=tuple(
                each.at(99.0) if each.count else None
                for each in (self._window(second, "lag") for second in seconds)
            ),
            log_size=tuple(self._seconds[second].log_size for second in seconds),
            upstream_waiting=tuple(self._seconds[second].waiting for second in seconds),
            parts=tuple(self._part(seconds, part, start) for part in parts),
        )

    def _totals(self, seconds: Sequence[int]) -> dict[str, tuple[int, ...]]:
        known: dict[int, Mapping[str, int]] = {}
        totals: dict[str, list[int]] = {name: [] for name in _COUNTS}
        for second in seconds:
            known |= self._seconds[second].counts
            for name, numbers in totals.items():
                numbers.append(sum(counts[name] for counts in known.values()))
        return {name: tuple(numbers) for name, numbers in totals.items()}

    def _window(self, second: int, kind: str) -> Latencies:
        return _added(getattr(self._seconds[second], kind))

    def _part(self, seconds: Sequence[int], part: PartKey, start: float) -> PartUse:
        cores: list[float | None] = []
        memory: list[float | None] = []
        cpu_s = 0.0
        last: _Use | None = None
        for second in seconds:
            use = self._seconds[second].use.get(part.name)
            memory.append(None if use is None else round(use.memory_mib, 1))
            # A part that was killed begins again from nought.
            steady = use is not None and last is not None and use.cpu_s >= last.cpu_s
            spent = use.cpu_s - (last.cpu_s if steady and last else 0.0) if use else 0.0
            cores.append(round(spent / (use.at - last.at), 3) if steady and use and last else None)
            if second > start and last is not None:
                cpu_s += spent
            last = last if use is None else use
        peak = max((each for each in memory if each is not None), default=0.0)
        spent_s = round(cpu_s, 2)
        told = (tuple(cores), tuple(memory), spent_s, peak)
        return PartUse(part.name, part.kind, part.program, *told, part.machine)


def _added(told: Iterable[str]) -> Latencies:
    window = Latencies()
    for encoded in told:
        window.add(encoded)
    return window


def rates(at: Sequence[float], numbers: Sequence[int]) -> tuple[float, ...]:
    """Return how much a number grew each second; 0 in the first."""
    grown = [0.0]
    for place in range(1, len(numbers)):
        lasted = at[place] - at[place - 1]
        grown.append(round((numbers[place] - numbers[place - 1]) / lasted, 1) if lasted else 0.0)
    return tuple(grown[: len(numbers)])


def sustained(per_s: Sequence[float], seconds: int = SUSTAINED_S) -> float:
    """Return the mean of the best so many seconds in a row, or of all when there are fewer."""
    if len(per_s) <= seconds:
        return round(sum(per_s) / len(per_s), 1) if per_s else 0.0
    sums = [sum(per_s[first : first + seconds]) for first in range(len(per_s) - seconds + 1)]
    return round(max(sums) / seconds, 1)


def reached(at: Sequence[float], numbers: Sequence[int], goal: float) -> float | None:
    """Return when a number that only grows had reached `goal`, between seconds by its growth."""
    place = bisect_left(numbers, goal)
    if place == len(numbers):
        return None
    if place == 0 or numbers[place] == numbers[place - 1]:
        return at[place]
    share = (goal - numbers[place - 1]) / (numbers[place] - numbers[place - 1])
    return round(at[place - 1] + share * (at[place] - at[place - 1]), 3)


def mean_between(
    at: Sequence[float], numbers: Sequence[float | None], first: float, stop: float
) -> float:
    """Return the mean of what was measured between two moments; 0 when nothing was."""
    found = _between(at, numbers, first, stop)
    return sum(found) / len(found) if found else 0.0


def greatest_between(
    at: Sequence[float], numbers: Sequence[float | None], first: float, stop: float
) -> float:
    """Return the greatest of what was measured between two moments; 0 when nothing was."""
    return max(_between(at, numbers, first, stop), default=0.0)


def _between(
    at: Sequence[float], numbers: Sequence[float | None], first: float, stop: float
) -> list[float]:
    return [
        number
        for moment, number in zip(at, numbers, strict=True)
        if number is not None and first < moment <= stop
    ]
