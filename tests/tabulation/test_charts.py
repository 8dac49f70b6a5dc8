"""Is a chart drawn once and right in every language?"""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from ballotbox_tabulation.plot import Bar, bars_svg, drawing_of
from ballotbox_tabulation.site import contest_view
from ballotbox_tabulation.site.contest_view import Contests
from ballotbox_tabulation.site.languages import LANGUAGES, language
from tests.tabulation.site_material import decided, result_of_the_day

BARS = [
    Bar("0", 1003, "1,003 · 16.86%", option=True),
    Bar("A <b> & a name that is long enough for two lines of it", 7, "7 <i>", option=True),
    Bar("Against all", 0, "0", option=False),
]


def texts(svg):
    return [each.text for each in ET.fromstring(svg).iter("text")]


def test_labels_and_numbers_stand_where_they_were_drawn():
    written = texts(bars_svg(BARS, "Title", "Words", "chart-1"))
    assert written[:2] == ["0", "1,003 · 16.86%"]
    assert written[2].startswith("A <b> & a name")
    assert written[4:] == ["7 <i>", "Against all", "0"]


def test_a_drawing_takes_the_numbers_of_any_language():
    spoken = [replace(bar, text=bar.text.replace(",", " ")) for bar in BARS]
    again = drawing_of(BARS).svg([bar.text for bar in spoken], "T", "W", "chart-1")
    assert again == bars_svg(spoken, "T", "W", "chart-1")


def test_every_bar_needs_its_number():
    with pytest.raises(ValueError, match="shorter"):
        drawing_of(BARS).svg(["1", "2"], "T", "W", "chart-1")


def test_each_contest_of_a_site_is_drawn_once(monkeypatch):
    drawn = []

    def noted(bars):
        drawn.append(bars)
        return drawing_of(bars)

    monkeypatch.setattr(contest_view, "drawing_of", noted)
    contests = Contests(decided(result_of_the_day()))
    charts = {code: contests.views(language(code))[0] for code in LANGUAGES}
    assert len(drawn) == len(contests.views(language("en")))
    for code, view in charts.items():
        spoken, row = language(code), view["rows"][0]
        shown = f"{spoken.number(row['votes'])} · {spoken.percent(row['share'])}"
        assert shown in texts(view["chart"])
