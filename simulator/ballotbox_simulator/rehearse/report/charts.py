"""Line charts over the seconds of a rehearsal, in SVG: no script, same input same bytes.

Lines differ by their dashes, not by colour alone; events are spans with letters.
"""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any, Final

from ballotbox_tabulation.plot import STYLE, plain_drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: More points than this are no picture; each then stands for some seconds, by their highest.
POINTS_MAX: Final = 600
#: (colour, dashes) of the first line, the second …
PENS: Final = (
    ("#2b5c94", "solid"),
    ("#8a4b00", (0, (5, 2))),
    ("#1d6b3c", (0, (1.5, 1.5))),
    ("#6a3d8f", (0, (6, 2, 1.5, 2))),
    ("#1c2530", (0, (9, 3))),
    ("#a11d33", (0, (3, 1, 1, 1, 1, 1))),
    ("#0b6470", (0, (1, 3))),
    ("#5c5200", (0, (9, 2, 3, 2))),
)
_WIDTH, _HEIGHT = 360, 178
_LEFT, _RIGHT, _BOTTOM = 44, 8, 24
_ROW, _HEAD = 15, 24
_INK, _QUIET, _GRID, _SPAN = "#1c2530", "#4d5966", "#d9dfe6", "#ffedc9"
_ADVANCE: Final = 5.6
_SAMPLE: Final = 26


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, and a value for each second, None where there is none."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened: a letter at the top, from one second to another."""

    letter: str
    first_s: float
    last_s: float


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture: `name` is unique in its page; title and text are read to who cannot see it."""

    name: str
    title: str
    text: str
    lines: tuple[Line, ...]
    close_s: float | None
    marks: tuple[Mark, ...] = ()

    def svg(self, at_s: Sequence[float]) -> str:
        """Return the picture; values belong to the seconds `at_s`."""
        drawing = plain_drawing(_draw(self, at_s))
        return drawing.svg([], self.title, self.text, f"chart-{self.name}")


def thinned(
    at_s: Sequence[float], values: Sequence[float | None]
) -> tuple[list[float], list[float | None]]:
    """Return the points to draw: all, or of each few seconds the highest at its own second."""
    each = -(-len(at_s) // POINTS_MAX)
    times: list[float] = []
    kept: list[float | None] = []
    for first in range(0, len(at_s), each or 1):
        group = range(first, min(first + each, len(at_s)))
        there = [(values[at], -at) for at in group if values[at] is not None]
        chosen = -max(there)[1] if there else first
        times.append(at_s[chosen])
        kept.append(values[chosen])
    return times, kept


def points(
    at_s: Sequence[float], values: Sequence[float | None]
) -> tuple[list[float], list[float]]:
    """Return what is drawn of a line; a value with none before it lasts for its own second."""
    times, kept = thinned(at_s, values)
    xs: list[float] = []
    ys: list[float] = []
    for place, (at, value) in enumerate(zip(times, kept, strict=True)):
        if value is None:
            xs.append(at)
            ys.append(float("nan"))
            continue
        if place == 0 or kept[place - 1] is None:
            xs.append(at - 1.0)
            ys.append(value)
        xs.append(at)
        ys.append(value)
    return xs, ys


def _draw(chart: Chart, at_s: Sequence[float]) -> str:
    from matplotlib import rc_context, rcdefaults, rcParams
    from matplotlib.figure import Figure

    rows = _rows(chart.lines)
    head = len(rows) * _ROW + _HEAD
    height = head + _HEIGHT
    with rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        rcdefaults()
        rcParams.update(STYLE)
        figure = Figure(figsize=(_WIDTH / 72, height / 72))
        figure.patch.set_visible(False)
        _legend(figure.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH), ylim=(height, 0)), rows)
        wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _BOTTOM
        box = (_LEFT / _WIDTH, _BOTTOM / height, wide / _WIDTH, high / height)
        _plot(figure.add_axes(box), chart, at_s)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _rows(lines: Sequence[Line]) -> list[list[tuple[int, float, str]]]:
    """Return the legend by rows: which line, where its sample begins, its name."""
    rows: list[list[tuple[int, float, str]]] = [[]]
    left = 4.0
    for number, line in enumerate(lines):
        takes = _SAMPLE + 6 + len(line.name) * _ADVANCE + 12
        if rows[-1] and left + takes > _WIDTH:
            rows.append([])
            left = 4.0
        rows[-1].append((number, left, line.name))
        left += takes
    return rows


def _legend(axes: "Axes", rows: list[list[tuple[int, float, str]]]) -> None:
    axes.set_axis_off()
    for row, entries in enumerate(rows):
        top = row * _ROW + 10
        for number, left, name in entries:
            axes.plot([left, left + _SAMPLE], [top - 4, top - 4], clip_on=False, **_pen(number))
            axes.text(left + _SAMPLE + 6, top, name, color=_INK, parse_math=False)


def _plot(axes: "Axes", chart: Chart, at_s: Sequence[float]) -> None:
    from matplotlib.ticker import MaxNLocator

    first, last = (at_s[0] - 1.0, at_s[-1]) if at_s else (0.0, 1.0)
    drawn = [points(at_s, line.values) for line in chart.lines]
    highest = max((y for _, ys in drawn for y in ys if not isnan(y)), default=0.0) or 1.0
    axes.set_xlim(first, max(last, first + 1.0))
    axes.set_ylim(0.0, highest * 1.05)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.tick_params(length=0, labelcolor=_QUIET)
    axes.patch.set_visible(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f} s")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    _grid(axes, highest * 1.05)
    _mark(axes, chart, first, last)
    for number, (xs, ys) in enumerate(drawn):
        axes.plot(xs, ys, clip_on=False, gid="line", **_pen(number))


def _grid(axes: "Axes", highest: float) -> None:
    left, right = axes.get_xlim()
    for value in axes.get_yticks():
        if 0 <= value <= highest:
            axes.plot([left, right], [value, value], color=_GRID, lw=0.7, clip_on=False, zorder=0)


def _mark(axes: "Axes", chart: Chart, first: float, last: float) -> None:
    """Draw when the polls closed, and the events, each with its word or letter above the plot."""
    top = axes.get_ylim()[1]
    placed = axes.get_xaxis_transform()
    spans = [(each.letter, each.first_s, each.last_s) for each in chart.marks]
    for letter, begin, end in spans:
        width = max(end - begin, (last - first) / 200)
        axes.axvspan(begin, begin + width, color=_SPAN, lw=0, clip_on=False, zorder=-1)
        axes.text(begin, 1.02, letter, color=_INK, transform=placed, weight="bold", ha="center")
    if chart.close_s is not None:
        at = chart.close_s
        axes.plot([at, at], [0, top], color=_QUIET, lw=1, ls=(0, (2, 2)), clip_on=False, zorder=1)
        side = "right" if at > first + 0.6 * (last - first) else "left"
        axes.text(
            at, 1.09, "polls close", color=_QUIET, transform=placed, ha=side, parse_math=False
        )


def _pen(number: int) -> dict[str, Any]:
    colour, dashes = PENS[number % len(PENS)]
    return {"color": colour, "linestyle": dashes, "linewidth": 1.5}
