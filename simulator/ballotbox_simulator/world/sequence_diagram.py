"""A story as a picture: who told whom what, from top to bottom, as SVG that opens anywhere."""

from itertools import accumulate
from typing import Final

import drawsvg

from ballotbox_simulator.world.recording import Actor
from ballotbox_simulator.world.trace import Row, Story

_COLUMN: Final = 270
#: How much wider than a column a note may be: it covers what is behind it.
_NOTE: Final = 1.7
_LEFT: Final = 110
_TOP: Final = 96
_ROW: Final = 30
_BOTTOM: Final = 46
_SIZE: Final = 13
_SMALL: Final = 11
_HEAD: Final = 7
#: About how wide a letter of the small text is; what does not fit is shortened.
_LETTER: Final = 6.5
_FONT: Final = "DejaVu Sans, Verdana, sans-serif"
_INK, _PALE, _RED, _PAPER = "#222222", "#9aa0a6", "#b3261e", "#ffffff"
_RED_PALE, _GREY_PALE = "#fce8e6", "#f1f3f4"
_TITLES: Final = {
    Actor.VOTER: "voter",
    Actor.ROAD: "line or broker",
    Actor.GATEWAY: "gateway",
    Actor.CENTRE: "centre",
}
_LEGEND: Final = "A broken arrow with a cross: nothing arrived before it was sent again."


def sequence_diagram(story: Story) -> str:
    """Return the SVG of a story."""
    actors = _actors(story)
    places = {actor: _LEFT + _COLUMN * (at + 0.5) for at, actor in enumerate(actors)}
    height = _TOP + _ROW * (len(story.rows) + bool(story.left_out)) + _BOTTOM
    drawing = drawsvg.Drawing(_LEFT + _COLUMN * len(actors), height)
    drawing.append(drawsvg.Rectangle(0, 0, drawing.width, height, fill=_PAPER))
    _text(drawing, story.title, 16, 26, size=16, anchor="start")
    for actor, x in places.items():
        _lifeline(drawing, _TITLES.get(actor, story.box), x, height - _BOTTOM)
    ys = accumulate((_ROW for _ in story.rows), initial=_TOP + _ROW / 2)
    half = len(story.rows) // 2 if story.left_out else len(story.rows)
    before = -1
    for at, (row, y) in enumerate(zip(story.rows, ys, strict=False)):
        shown = y + (_ROW if at >= half else 0)
        if at == half:
            _text(drawing, f"… {story.left_out} more …", drawing.width / 2, y + 4)
        _draw(drawing, row, places, shown, same_time=row.step.time == before)
        before = row.step.time
    _text(drawing, _LEGEND, 16, height - 16, size=_SMALL, fill=_PALE, anchor="start")
    return str(drawing.as_svg()) + "\n"


def _actors(story: Story) -> list[Actor]:
    """Return who takes part, in the order in which a sheet meets them."""
    seen = {actor for row in story.rows for actor in (row.step.source, row.step.target)}
    return [actor for actor in Actor if actor in seen or actor is Actor.BOX]


def _lifeline(drawing: drawsvg.Drawing, title: str, x: float, bottom: float) -> None:
    drawing.append(
        drawsvg.Line(x, _TOP - 24, x, bottom, stroke=_PALE, stroke_dasharray="2 4", stroke_width=1)
    )
    box = drawsvg.Rectangle(
        x - 70, _TOP - 52, 140, 28, rx=5, fill=_GREY_PALE, stroke=_INK, stroke_width=1
    )
    drawing.append(box)
    _text(drawing, title, x, _TOP - 33)


def _draw(
    drawing: drawsvg.Drawing,
    row: Row,
    places: dict[Actor, float],
    y: float,
    *,
    same_time: bool,
) -> None:
    if not same_time:
        time = _time_words(row.step.time)
        _text(drawing, time, _LEFT - 12, y + 4, size=_SMALL, fill=_PALE, anchor="end")
    if row.step.source is row.step.target:
        _note(drawing, row, places[row.step.source], y)
    else:
        _arrow(drawing, row, places[row.step.source], places[row.step.target], y)


def _note(drawing: drawsvg.Drawing, row: Row, x: float, y: float) -> None:
    words = _shortened(_words(row), _COLUMN * _NOTE)
    width = len(words) * _LETTER + 14
    fill, ink = (_RED_PALE, _RED) if row.is_trouble else (_GREY_PALE, _INK)
    drawing.append(
        drawsvg.Rectangle(
            x - width / 2, y - 10, width, 20, rx=4, fill=fill, stroke=ink, stroke_width=0.7
        )
    )
    _text(drawing, words, x, y + 4, size=_SMALL, fill=ink)


def _arrow(drawing: drawsvg.Drawing, row: Row, start: float, end: float, y: float) -> None:
    ink = _RED if row.lost else _INK
    way = 1 if end > start else -1
    tip = start + (end - start) * 0.85 if row.lost else end
    dashes = {"stroke_dasharray": "5 4"} if row.lost else {}
    drawing.append(drawsvg.Line(start, y, tip, y, stroke=ink, stroke_width=1.3, **dashes))
    if row.lost:
        for slope in (-1, 1):
            cross = drawsvg.Line(
                tip - 4, y - 4 * slope, tip + 4, y + 4 * slope, stroke=ink, stroke_width=2
            )
            drawing.append(cross)
    else:
        back = tip - way * _HEAD
        drawing.append(drawsvg.Lines(tip, y, back, y - 4, back, y + 4, close=True, fill=ink))
    words = _shortened(_words(row), abs(end - start))
    _text(drawing, words, (start + end) / 2, y - 6, size=_SMALL, fill=ink)


def _words(row: Row) -> str:
    times = f"{row.times} × " if row.times > 1 else ""
    until = f", until {_time_words(row.until)[:-4]}" if row.until else ""
    return f"{times}{row.step.words}{until}"


def _shortened(words: str, width: float) -> str:
    most = int((width - 18) / _LETTER)
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _time_words(time: int) -> str:
    seconds, thousandths = divmod(time, 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{thousandths:03d}"


def _text(
    drawing: drawsvg.Drawing,
    words: str,
    x: float,
    y: float,
    *,
    size: int = _SIZE,
    fill: str = _INK,
    anchor: str = "middle",
) -> None:
    drawing.append(
        drawsvg.Text(
            words,
            size,
            x,
            y,
            font_family=_FONT,
            text_anchor=anchor,
            fill=fill,
        )
    )
