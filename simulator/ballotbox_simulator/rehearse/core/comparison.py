"""Two rehearsals side by side: what was done otherwise, and what came out otherwise."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from ballotbox_simulator.rehearse.core.document import RehearsalMachine, RehearsalResult

#: Two runs of one plan differ by as much; less is called the same.
NOISE: Final = 0.1


class Change(Enum):
    """What a second measurement is beside the first."""

    SAME = "about the same"
    BETTER = "better"
    WORSE = "worse"
    OTHER = "changed"
    UNKNOWN = "not measured in both"


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement of both; None: it was not measured."""

    name: str
    unit: str
    before: float | None
    after: float | None
    change: Change

    @property
    def share(self) -> float | None:
        """By which part of the first the second is more; None: that cannot be said."""
        if self.before is None or self.after is None or self.before == 0:
            return None
        return self.after / self.before - 1.0


@dataclass(frozen=True, slots=True)
class Otherwise:
    """Something about the conditions that is not the same, as text."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both verdicts; the conditions that differ; every measurement."""

    before: RehearsalResult
    after: RehearsalResult
    conditions: tuple[Otherwise, ...]
    rows: tuple[Row, ...]

    @property
    def words(self) -> str:
        """The outcome in one sentence."""
        counted = {
            each: sum(row.change is each for row in self.rows)
            for each in (Change.BETTER, Change.WORSE, Change.SAME)
        }
        told = ", ".join(f"{number} {each.value}" for each, number in counted.items())
        verdicts = f"{self.before.verdict.outcome}, then {self.after.verdict.outcome}"
        if not self.conditions:
            return f"{verdicts}. Same plan, same machine: of the measurements {told}."
        return (
            f"{verdicts}. {len(self.conditions)} conditions differ, so a difference may be "
            f"theirs: of the measurements {told}."
        )


def compared(before: RehearsalResult, after: RehearsalResult) -> Comparison:
    """Return what differs between two rehearsals, the first being the one to compare with."""
    return Comparison(before, after, tuple(_conditions(before, after)), tuple(_rows(before, after)))


def change_of(before: float | None, after: float | None, *, less_is_better: bool | None) -> Change:
    """Return what a second measurement is beside the first.

    less_is_better: None where neither direction is good.
    """
    if before is None or after is None:
        return Change.UNKNOWN
    if abs(after - before) <= NOISE * max(abs(before), abs(after)):
        return Change.SAME
    if less_is_better is None:
        return Change.OTHER
    return Change.BETTER if (after < before) == less_is_better else Change.WORSE


_MEASURED: Final[Sequence[tuple[str, str, bool | None, Callable[[RehearsalResult], Any]]]] = (
    ("Reports sent", "", None, lambda it: it.ledger.sent),
    ("Reports missing", "", True, lambda it: len(it.ledger.missing)),
    ("Reports doubled", "", True, lambda it: len(it.ledger.doubled)),
    ("99 % answered after the close", "s", True, lambda it: it.rates.receipted_99_s),
    ("Connections a second", "", False, lambda it: it.rates.connect_per_s),
    ("Receipts a second, sustained", "", False, lambda it: it.rates.receipts_per_s_sustained),
    ("Receipts a second, at most", "", False, lambda it: it.rates.receipts_per_s_peak),
    ("Part of the machine that the tester took", "%", True, lambda it: it.tester.cpu_share),
    ("Tester late, 99 %", "ms", True, lambda it: it.tester.lag.p99_ms),
)


def _rows(before: RehearsalResult, after: RehearsalResult) -> Iterator[Row]:
    for name, unit, less, of in _MEASURED:
        yield _row(name, unit, of(before), of(after), less_is_better=less)
    for title, unit, values in (
        ("Latency", "ms", _latencies),
        ("Cost", "", _costs),
        ("Memory at most", "MiB", _memory),
    ):
        yield from _paired(title, unit, values(before), values(after))


def _paired(
    title: str,
    unit: str,
    first: Mapping[str, tuple[float, str]],
    second: Mapping[str, tuple[float, str]],
) -> Iterator[Row]:
    for name in dict.fromkeys((*first, *second)):
        one, two = first.get(name), second.get(name)
        said = unit or (one or two or (0.0, ""))[1]
        values = (None if one is None else one[0], None if two is None else two[0])
        yield _row(f"{title}: {name}", said, *values, less_is_better=True)


def _row(
    name: str,
    unit: str,
    before: float | None,
    after: float | None,
    *,
    less_is_better: bool | None,
) -> Row:
    return Row(name, unit, before, after, change_of(before, after, less_is_better=less_is_better))


def _latencies(result: RehearsalResult) -> dict[str, tuple[float, str]]:
    found = {}
    for each in result.latencies:
        if each.percentiles.count:
            found[f"{each.name}, half"] = (each.percentiles.p50_ms, "ms")
            found[f"{each.name}, 99 %"] = (each.percentiles.p99_ms, "ms")
    return found


def _costs(result: RehearsalResult) -> dict[str, tuple[float, str]]:
    return {f"{each.part}, each {each.per}": (each.value, each.unit) for each in result.costs}


def _memory(result: RehearsalResult) -> dict[str, tuple[float, str]]:
    return {each.name: (each.memory_peak_mib, "MiB") for each in result.series.parts}


def _conditions(before: RehearsalResult, after: RehearsalResult) -> Iterator[Otherwise]:
    one = _flat("plan", before.plan) | _setting(before)
    two = _flat("plan", after.plan) | _setting(after)
    for name in dict.fromkeys((*one, *two)):
        first, second = one.get(name, "not given"), two.get(name, "not given")
        if first != second:
            yield Otherwise(name, first, second)


def _setting(result: RehearsalResult) -> dict[str, str]:
    machine = result.machine
    shares = enumerate(sorted(map(_share, result.tester.machines)))
    return {
        "program": result.program,
        "machine.processor": machine.processor,
        "machine.cores": str(machine.cores),
        "machine.memory_mib": str(machine.memory_mib),
        "machine.python": machine.python,
        **{f"tester.machines.{at}": told for at, told in shares},
    }


def _share(machine: RehearsalMachine) -> str:
    held = f"{machine.boxes:,} boxes in {machine.processes} processes"
    return f"{machine.name}, {machine.cores} cores, {held}"


def _flat(name: str, value: object) -> dict[str, str]:
    """Return every value of nested tables and lists by its full name."""
    if isinstance(value, Mapping):
        pairs = [(str(key), each) for key, each in value.items()]
    elif isinstance(value, (list, tuple)):
        pairs = [(str(at), each) for at, each in enumerate(value)]
    else:
        return {name: str(value)}
    found: dict[str, str] = {}
    for key, each in pairs:
        found |= _flat(f"{name}.{key}", each)
    return found
