"""Can anybody read the published pages: without JavaScript, by keyboard, on a phone, by ear?"""

import shutil
from pathlib import Path

import pytest

from ballotbox_tabulation.site.site import Notice
from ballotbox_tabulation.site.writer import write_site
from tests.end_to_end.accessibility import violations
from tests.tabulation.site_material import (
    decided,
    material,
    proofs_of,
    result_of_the_day,
    site_of,
)

pytestmark = pytest.mark.accept

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
PAGES = (
    "index.html",
    "ky/index.html",
    "ru/index.html",
    "en/contest/2.html",
    "en/stations.html",
    "ru/range/1.html",
    "en/missing.html",
    "en/data.html",
    "ky/data.html",
    "en/station/0/1.html",
    "ky/station/0/2.html",
    "ru/station/0/5.html",
)
#: The words of the link or summary that has the focus.
_OPENABLE = (
    "(e => ['A', 'SUMMARY'].includes(e.tagName) ? e.textContent : '')(document.activeElement)"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    result = decided(result_of_the_day())
    notice = Notice("22:40 UTC", ("Shares sum to 150.02 % of valid votes.",), "22:00 UTC")
    whole = site_of(result, label="Synthetic numbers", notice=notice)
    write_site(whole, folder, proofs_of(material(), result), codes=True)
    return folder


class Reader:
    """Somebody before the pages; notes what the browser asks for and complains of."""

    def __init__(self, chromium, site, viewport=PHONE, *, scripts=False):
        self.site = site
        self.asked_for, self.complaints = [], []
        context = chromium.new_context(viewport=viewport, java_script_enabled=scripts)
        self.page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.page.on("request", lambda request: self.asked_for.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))

    def open(self, name):
        self.page.goto((self.site / name).as_uri())
        return self.page

    def stayed(self):
        outside = [url for url in self.asked_for if not url.startswith(self.site.as_uri())]
        assert (outside, self.complaints) == ([], [])

    def go_to(self, words):
        """Press Tab until what has the focus says these words, then Enter."""
        for _ in range(80):
            self.page.keyboard.press("Tab")
            if words in self.page.evaluate(_OPENABLE):
                self.page.keyboard.press("Enter")
                return
        raise AssertionError(f"the keyboard does not reach {words!r}")


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_no_page_is_wider_than_the_screen_or_asks_for_anything_outside(
    chromium, site, tmp_path, viewport
):
    reader = Reader(chromium, site, viewport)
    for name in PAGES:
        page = reader.open(name)
        wide, room = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide == room, f"{name}: {wide} wide in {room}"
        page.screenshot(path=tmp_path / f"{name.replace('/', '-')}.png", full_page=True)
    assert len(reader.asked_for) > len(PAGES), "style and codes come from the folder"
    reader.stayed()


def test_a_reader_with_a_keyboard_alone_comes_from_the_first_page_to_a_proof(chromium, site):
    reader = Reader(chromium, site)
    page = reader.open("index.html")
    reader.go_to("Find a station")
    page.wait_for_url("**/en/stations.html")
    reader.go_to("1–7")
    page.wait_for_url("**/range/1.html")
    reader.go_to("2 Precinct 2")
    page.wait_for_url("**/station/0/2.html")
    assert page.text_content("h1").split() == ["Station", "2", "Precinct", "2"]
    reader.go_to("Count by hand, version 2")
    assert page.locator("details[open]").count() == 1
    reader.go_to("Proof that it is in the log")
    page.wait_for_url("**.receipt.txt")
    reader.stayed()


def test_the_first_key_skips_to_the_content_and_focus_is_seen(chromium, site):
    reader = Reader(chromium, site)
    page = reader.open("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.wait_for_url("**#main")
    page.keyboard.press("Tab")
    shown = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert shown == "solid"
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_another_language_is_the_same_page(chromium, site):
    reader = Reader(chromium, site)
    page = reader.open("en/station/0/2.html")
    reader.go_to("Кыргызча")
    page.wait_for_url("**/ky/station/0/2.html")
    reader.go_to("Русский")
    page.wait_for_url("**/ru/station/0/2.html")
    assert page.get_attribute("html", "lang") == "ru"


def test_what_is_printed_has_everything_and_no_navigation(chromium, site, tmp_path):
    reader = Reader(chromium, site, DESKTOP)
    page = reader.open("en/station/0/2.html")
    page.emulate_media(media="print")
    assert not page.is_visible(".places")
    assert page.is_visible("h1")
    (tmp_path / "station.pdf").write_bytes(page.pdf(format="A4"))


# ---- an accessibility checker


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_checker_finds_nothing_in_contrast_names_and_structure(chromium, site, axe, viewport):
    reader = Reader(chromium, site, viewport, scripts=True)
    for name in PAGES:
        page = reader.open(name)
        assert violations(page, axe) == [], name
        for summary in page.locator("summary").all():
            summary.click()
        assert violations(page, axe) == [], f"{name}, all opened"


def test_the_checker_sees_a_page_that_is_hard_to_read(chromium, site, axe, tmp_path):
    spoilt = Path(shutil.copytree(site, tmp_path / "spoilt"))
    style = spoilt / "site.css"
    style.write_text(style.read_text().replace("--quiet: #4d5966", "--quiet: #b4bcc6"))
    reader = Reader(chromium, spoilt, scripts=True)
    assert "color-contrast" in dict(violations(reader.open("index.html"), axe))
