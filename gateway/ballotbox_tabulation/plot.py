"""Bar charts in SVG, ready to stand inside a page: same numbers, same bytes.

The chart carries its own title and description, keeps its words as text, needs no script and names
no other resource. One colour for all options: a result takes no side.
"""

import io
import re
import textwrap
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from ballotbox_tabulation.core.publication import Document

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: More bars than this are no picture; the table has them all.
BARS_MAX: Final = 40
_WIDTH_PT: Final = 302
_BAR_PT: Final = 11
_LINE_PT: Final = 14
_GAP_PT: Final = 11
_LABEL_CHARACTERS: Final = 36
_INK, _QUIET, _BAR, _REST_BAR = "#1c2530", "#4d5966", "#2b5c94", "#aab4bf"
#: What every chart is drawn with.
STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "ballotbox",
    "font.family": "sans-serif",
    "font.size": 10.5,
    "path.simplify": False,
}
_NAMESPACE: Final = "{http://www.w3.org/2000/svg}"
#: The page's own font serves the words; ids and matplotlib's style sheet would leak into the page.
_FONT_FAMILY: Final = re.compile(r" font-family: [^;]*;")
_UNTURNED: Final = "rotate(-0 "
#: Names a bar's number in the drawing; the mark that stands there until it is written is in no XML.
_NUMBER_ID, _NUMBER_MARK = "number", "\0"
_DROPPED: Final = frozenset({f"{_NAMESPACE}metadata", f"{_NAMESPACE}defs"})


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its words, its number, how the number is written, and whether it is an option."""

    label: str
    value: int
    text: str
    option: bool


def contest_svg(contest: Document, number: int) -> str:
    """Return the chart of one contest of a result's nation; `number` makes its ids unique."""
    bars = _bars(contest)
    return bars_svg(bars, _title(contest), _description(contest, bars), f"chart-{number}")


def bars_svg(bars: Sequence[Bar], title: str, description: str, name: str) -> str:
    """Return a chart of these bars; `name` makes its ids unique in its page."""
    return drawing_of(bars).svg([bar.text for bar in bars], title, description, name)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart, drawn; `parts` are what stands around the numbers, in their order."""

    view: str
    parts: tuple[str, ...]

    def svg(self, numbers: Sequence[str], title: str, description: str, name: str) -> str:
        """Return the chart, the numbers of its bars as a language writes them; see `bars_svg`."""
        pairs = zip(self.parts, (*map(escape, numbers), ""), strict=True)
        return (
            f'<svg viewBox="{self.view}" role="img" '
            f'aria-labelledby="{name}-title {name}-text">'
            f'<title id="{name}-title">{escape(title)}</title>'
            f'<desc id="{name}-text">{escape(description)}</desc>'
            f"{''.join(chain.from_iterable(pairs))}</svg>"
        )


def drawing_of(bars: Sequence[Bar]) -> Drawing:
    """Return the drawing of these bars, which takes long and is the same in every language."""
    return plain_drawing(_draw(bars))


def plain_drawing(written: str) -> Drawing:
    """Return what matplotlib has written without ids, styles of its own and references."""
    drawn = ET.fromstring(written)  # noqa: S314 - our own drawing, read back to be cleaned
    body = "".join(_plain(child) for child in drawn if child.tag not in _DROPPED)
    return Drawing(drawn.attrib["viewBox"], tuple(body.split(_NUMBER_MARK)))


def _bars(contest: Document) -> list[Bar]:
    options = contest["options"]
    if len(options) > BARS_MAX:
        options = sorted(options, key=lambda option: -int(option["votes"]))[:BARS_MAX]
    bars = [Bar(each["name"], each["votes"], _numbers(each), option=True) for each in options]
    for name in ("undervotes", "overvotes"):
        count = contest[name]
        bars.append(Bar(name.capitalize(), count, f"{count:,}", option=False))
    return bars


def _numbers(option: Document) -> str:
    share = option["share_percent"]
    return f"{option['votes']:,}" + (f" · {share} %" if share else "")


def _title(contest: Document) -> str:
    return f"{contest['name']}: votes"


def _description(contest: Document, bars: list[Bar]) -> str:
    left_out = len(contest["options"]) - sum(bar.option for bar in bars)
    more = f" The {left_out} options with fewer votes are in the table." if left_out else ""
    listed = "; ".join(f"{bar.label} {bar.text}" for bar in bars)
    return f"Bar chart of the votes. {listed}.{more}"


def _draw(bars: Sequence[Bar]) -> str:
    """Return the chart as matplotlib writes it. Bar under label, so that it fits a phone."""
    from matplotlib import rc_context, rcdefaults, rcParams
    from matplotlib.figure import Figure

    labels = [_label_lines(bar.label) for bar in bars]
    height = sum(len(lines) * _LINE_PT + _BAR_PT + _GAP_PT for lines in labels)
    with rc_context(), warnings.catch_warnings():
        # The reader's machine draws the words: it does not matter which letters this one can draw.
        warnings.filterwarnings("ignore", message="Glyph")
        rcdefaults()
        rcParams.update(STYLE)
        figure = Figure(figsize=(_WIDTH_PT / 72, height / 72))
        figure.patch.set_visible(False)
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH_PT), ylim=(height, 0))
        axes.set_axis_off()
        _draw_bars(axes, bars, labels)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _label_lines(label: str) -> list[str]:
    return textwrap.wrap(label, _LABEL_CHARACTERS, max_lines=2, placeholder=" …")


def _draw_bars(axes: "Axes", bars: Sequence[Bar], labels: list[list[str]]) -> None:
    largest = max(1, *(bar.value for bar in bars))
    top = 0.0
    for bar, lines in zip(bars, labels, strict=True):
        for line in lines:
            top += _LINE_PT
            axes.text(0, top - 4, line, color=_INK, parse_math=False)
        # Where the number ends; which one stands there is written later.
        axes.text(_WIDTH_PT, top - 4, "0", color=_QUIET, ha="right", gid=_NUMBER_ID)
        width = _WIDTH_PT * bar.value / largest
        colour = _BAR if bar.option else _REST_BAR
        axes.barh(top, width, _BAR_PT, align="edge", color=colour, clip_on=False)
        top += _BAR_PT + _GAP_PT


def _plain(element: ET.Element, inner: str = "") -> str:
    """Return the drawing without ids and namespaces, its numbers as marks."""
    tag = element.tag.removeprefix(_NAMESPACE)
    attributes = "".join(
        f' {name}="{escape(_FONT_FAMILY.sub("", value))}"'
        for name, value in element.attrib.items()
        if name != "id" and not value.startswith(_UNTURNED)
    )
    inner = inner or escape((element.text or "").strip())
    mark = _NUMBER_MARK if element.get("id") == _NUMBER_ID else ""
    parts = "".join(_plain(child, mark) for child in element)
    return f"<{tag}{attributes}>{inner}{parts}</{tag}>"
