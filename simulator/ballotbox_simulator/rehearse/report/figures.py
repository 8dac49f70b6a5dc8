"""Which pictures a rehearsal has, and what each shows in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final

from ballotbox_simulator.rehearse.core.document import PartUse, RehearsalResult, Series
from ballotbox_simulator.rehearse.core.headroom import ON_MANY_CORES
from ballotbox_simulator.rehearse.report.charts import PENS, Chart, Line, Mark

_KIND: Final = "Line chart. "
#: Kinds of parts of which there may be many, and which say the least about what was tested.
_CROWDS: Final = frozenset({"tester", "machine"})


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with what stands under it."""

    caption: str
    told: str
    svg: str


def letters_of(result: RehearsalResult) -> list[str]:
    """Return the letter of each event, in their order."""
    return [lettered(number) for number in range(len(result.events))]


def lettered(number: int) -> str:
    """Return A, B … Z, AA, AB and so on for 0, 1 and so on."""
    more, last = divmod(number, len(ascii_uppercase))
    return (lettered(more - 1) if more else "") + ascii_uppercase[last]


def charts(result: RehearsalResult) -> Iterator[tuple[str, Chart]]:
    """Yield each picture, with what it is there for."""
    series = result.series
    for name, title, caption, lines in _kinds(series):
        told = "; ".join(_told(series.at_s, line) for line in lines)
        marks = tuple(_marks(result))
        yield (
            caption,
            Chart(name, title, f"{_KIND}{told}.", lines, result.moments.closing, marks),
        )


def figures(result: RehearsalResult) -> Iterator[Figure]:
    """Yield the pictures of a result."""
    for caption, chart in charts(result):
        told = chart.text.removeprefix(_KIND)
        yield Figure(f"{chart.title}. {caption}", told, chart.svg(result.series.at_s))


def _kinds(series: Series) -> Iterator[tuple[str, str, str, tuple[Line, ...]]]:
    yield (
        "connections",
        "Boxes connected",
        "A line that falls is a box that lost its connection.",
        (Line("connections", series.connections),),
    )
    yield (
        "reports",
        "Reports made and receipted each second",
        "The two lines should lie on each other; the peak is the closing.",
        (Line("reports", series.reports_per_s), Line("receipts", series.receipts_per_s)),
    )
    yield (
        "receipts",
        "Reports made and receipted so far",
        "A receipt is the signed answer without which a box sends again.",
        (Line("made", series.made), Line("receipted", series.receipted)),
    )
    yield (
        "backlog",
        "Reports that wait for their receipt",
        "It must come back to nothing.",
        (Line("waiting", series.backlog), *_upstream(series)),
    )
    yield (
        "latency",
        "Milliseconds from a report to its receipt",
        "Half of the boxes waited less than the lower line, 99 of 100 less than the upper one.",
        (Line("half", series.latency_p50_ms), Line("99 %", series.latency_p99_ms)),
    )
    yield (
        "cpu",
        "Processor: cores kept busy by each part",
        f"A part decides on one core: near 1 it is at its limit. {_with_more_cores(series)}."
        + _left_out(series.parts),
        tuple(Line(_called(part), part.cpu_cores) for part in _drawn(series.parts)),
    )
    yield (
        "memory",
        "Memory: MiB held by each part",
        "A line that goes on rising after the close is one to ask about." + _left_out(series.parts),
        tuple(Line(_called(part), part.memory_mib) for part in _drawn(series.parts)),
    )


def _drawn(parts: Sequence[PartUse]) -> list[PartUse]:
    """Return the parts that have a line.

    Where there are more than pens: broker and the conducting machine, then the busiest others.
    """
    first = sorted(parts, key=_rank)[: len(PENS)]
    return [part for part in parts if part in first]


def _rank(part: PartUse) -> tuple[bool, bool, float]:
    is_here = part.kind == "machine" and not part.machine
    return not (is_here or part.kind == "broker"), part.kind in _CROWDS, -part.cpu_s


def _left_out(parts: Sequence[PartUse]) -> str:
    left = len(parts) - len(_drawn(parts))
    return f" {left} parts have no line here; the table below has all." if left else ""


def _called(part: PartUse) -> str:
    where = f", {part.machine}" if part.machine and part.machine not in part.name else ""
    return f"{part.name}{where}"


def _with_more_cores(series: Series) -> str:
    database = any(part.kind in ON_MANY_CORES for part in series.parts)
    return "A machine has all its cores" + (", a database several" if database else "")


def _upstream(series: Series) -> Iterator[Line]:
    if any(value is not None for value in series.upstream_waiting):
        yield Line("for the centre", series.upstream_waiting)


def _told(at_s: Sequence[float], line: Line) -> str:
    """Return the highest value of a line and its moment, and how it ends."""
    there = [(value, at) for value, at in zip(line.values, at_s, strict=True) if value is not None]
    if not there:
        return f"{line.name}: nothing was measured"
    highest, moment = max(there, key=lambda each: each[0])
    last = there[-1][0]
    return f"{line.name}: at most {highest:,.10g} at {round(moment)} s, {last:,.10g} in the end"


def _marks(result: RehearsalResult) -> Iterator[Mark]:
    for letter, event in zip(letters_of(result), result.events, strict=True):
        if event.began_s is not None:
            ended = event.began_s if event.ended_s is None else event.ended_s
            yield Mark(letter, event.began_s, ended)
