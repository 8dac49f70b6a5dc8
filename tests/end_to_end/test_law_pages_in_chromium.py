"""Can anybody read what `check` and `match` found: on a phone, by ear, nothing from outside?"""

import pytest
from click.testing import CliRunner

from ballotbox_tabulation.cli import main
from tests.end_to_end.accessibility import violations
from tests.protocol.laws import SMALL
from tests.tabulation.small_table import HEAD, MAP

pytestmark = pytest.mark.accept

VIEWPORTS = [{"width": 360, "height": 740}, {"width": 1280, "height": 900}]
#: Longer than a phone is wide, and without a place to break it.
TABLE = "protocols_of_all_precincts_20211128_as_published.csv"
SOUND = HEAD + "1,Upper,1,10,9,4,5\n1,Upper,2,10,10,8,2\n2,Lower,3,7,6,6,0\n"
#: Upper 1 is swapped, Upper 2 breaks a relation, Lower 3 is silent.
BOX = HEAD + "1,Upper,1,10,9,5,4\n1,Upper,2,10,10,7,2\n2,Lower,3,,,,\n"


@pytest.fixture(scope="module", params=["check", "match"])
def folder(request, tmp_path_factory):
    """What one of the two commands wrote about tables that do not agree."""
    place = tmp_path_factory.mktemp(request.param)
    for name, text in {"law.toml": SMALL, "map.toml": MAP, TABLE: BOX, "hand.csv": SOUND}.items():
        (place / name).write_text(text, encoding="utf-8")
    law, table, columns = place / "law.toml", place / TABLE, ("--columns", place / "map.toml")
    given = {
        "check": (law, table, *columns),
        "match": ("--box", table, "--hand", place / "hand.csv", *columns, "--law", law),
    }[request.param]
    words = [request.param, *map(str, given), "--out", str(place / "out")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1, done.output
    return place / "out"


@pytest.mark.parametrize("viewport", VIEWPORTS, ids=["phone", "desktop"])
def test_it_fits_the_screen_and_asks_for_nothing_outside(chromium, folder, tmp_path, viewport):
    asked_for = []
    page = chromium.new_context(viewport=viewport, java_script_enabled=False).new_page()
    page.on("request", lambda request: asked_for.append(request.url))
    page.goto((folder / "index.html").as_uri())
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    root = page.locator("html")
    wide, room = root.evaluate("each => [each.scrollWidth, each.clientWidth]")
    assert wide == room
    assert asked_for == [(folder / "index.html").as_uri()]


def test_a_checker_finds_its_contrast_and_structure_right(chromium, folder, axe):
    page = chromium.new_page()
    page.goto((folder / "index.html").as_uri())
    assert violations(page, axe) == []
