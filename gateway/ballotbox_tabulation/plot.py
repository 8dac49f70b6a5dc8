"""Bar charts in SVG, ready to stand inside a page: same numbers, same bytes.

The chart carries its own title and description, keeps its words as text, needs no script and names
no other resource. One colour for all options: a result takes no side.
"""

import io
import re
import textwrap
import warnings
from dataclasses import dataclass
from html import escape
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
_STYLE: Final[dict[Any, Any]] = {
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


def bars_svg(bars: list[Bar], title: str, description: str, name: str) -> str:
    """Return a chart of these bars; `name` makes its ids unique in its page."""
    drawn = ET.fromstring(_draw(bars))  # noqa: S314 - our own drawing, read back to be cleaned
    return _inlined(drawn, title, description, name)


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


def _draw(bars: list[Bar]) -> str:
    """Return the chart as matplotlib writes it. Bar under label, so that it fits a phone."""
    from matplotlib import rc_context, rcdefaults, rcParams
    from matplotlib.figure import Figure

    labels = [_label_lines(bar.label) for bar in bars]
    height = sum(len(lines) * _LINE_PT + _BAR_PT + _GAP_PT for lines in labels)
    with rc_context(), warnings.catch_warnings():
        # The reader's machine draws the words: it does not matter which letters this one can draw.
        warnings.filterwarnings("ignore", message="Glyph")
        rcdefaults()
        rcParams.update(_STYLE)
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


def _draw_bars(axes: "Axes", bars: list[Bar], labels: list[list[str]]) -> None:
    largest = max(1, *(bar.value for bar in bars))
    top = 0.0
    for bar, lines in zip(bars, labels, strict=True):
        for line in lines:
            top += _LINE_PT
            axes.text(0, top - 4, line, color=_INK, parse_math=False)
        axes.text(_WIDTH_PT, top - 4, bar.text, color=_QUIET, ha="right", parse_math=False)
        width = _WIDTH_PT * bar.value / largest
        colour = _BAR if bar.option else _REST_BAR
        axes.barh(top, width, _BAR_PT, align="edge", color=colour, clip_on=False)
        top += _BAR_PT + _GAP_PT


def _inlined(drawn: ET.Element, title: str, description: str, name: str) -> str:
    """Return the drawing without metadata, ids and namespaces, with the words a reader needs."""
    body = "".join(_plain(child) for child in drawn if child.tag not in _DROPPED)
    return (
        f'<svg viewBox="{drawn.attrib["viewBox"]}" role="img" '
        f'aria-labelledby="{name}-title {name}-text">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-text">{escape(description)}</desc>{body}</svg>'
    )


def _plain(element: ET.Element) -> str:
    tag = element.tag.removeprefix(_NAMESPACE)
    attributes = "".join(
        f' {name}="{escape(_FONT_FAMILY.sub("", value))}"'
        for name, value in element.attrib.items()
        if name != "id" and not value.startswith(_UNTURNED)
    )
    inner = escape(element.text.strip()) if element.text else ""
    return f"<{tag}{attributes}>{inner}{''.join(map(_plain, element))}</{tag}>"
