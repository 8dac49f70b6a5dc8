"""Can anybody read the report of a rehearsal: on a phone, without scripts, by keyboard, by ear?"""

import pytest

from ballotbox_simulator.rehearse.core.comparison import compared
from ballotbox_simulator.rehearse.report.comparison_page import render_comparison
from ballotbox_simulator.rehearse.report.page import render_report
from tests.end_to_end.accessibility import violations
from tests.simulator.rehearse.result_material import a_bad_result, a_result, an_invalid_result

pytestmark = pytest.mark.accept

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
SCREENS = pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
PAGES = ("go", "no-go", "invalid", "both")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    results = {"go": a_result(), "no-go": a_bad_result(), "invalid": an_invalid_result()}
    for name, result in results.items():
        (folder / f"{name}.html").write_bytes(render_report(result))
    both = compared(results["go"], results["no-go"])
    (folder / "both.html").write_bytes(render_comparison(both))
    return folder


def opened(chromium, folder, name, viewport, *, scripts=False):
    """Return an open page, and what it asked the world for so far."""
    context = chromium.new_context(viewport=viewport, java_script_enabled=scripts)
    page = context.new_page()
    asked_for = []
    page.on("request", lambda request: asked_for.append(request.url))
    page.on("console", lambda message: asked_for.append(message.text))
    page.goto((folder / f"{name}.html").as_uri())
    return page, asked_for


@SCREENS
@pytest.mark.parametrize("name", PAGES)
def test_it_fits_the_screen_and_asks_for_nothing(chromium, folder, tmp_path, name, viewport):
    page, asked_for = opened(chromium, folder, name, viewport)
    for each in page.locator("summary").all():
        each.click()

    wide, room = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )

    page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
    assert wide == room
    assert asked_for == [(folder / f"{name}.html").as_uri()]


@SCREENS
@pytest.mark.parametrize("name", PAGES)
def test_the_checker_finds_nothing_in_contrast_names_and_structure(
    chromium, folder, axe, name, viewport
):
    page, _ = opened(chromium, folder, name, viewport, scripts=True)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")

    assert violations(page, axe) == []


def test_the_checker_sees_a_report_that_is_hard_to_read(chromium, folder, axe):
    page, _ = opened(chromium, folder, "go", PHONE, scripts=True)
    page.evaluate("document.documentElement.style.setProperty('--quiet', '#b4bcc6')")

    assert "color-contrast" in dict(violations(page, axe))


def test_the_verdict_is_on_the_first_screen_of_a_phone(chromium, folder):
    for name, verdict in (("go", "GO"), ("no-go", "NO-GO"), ("invalid", "INVALID")):
        page, _ = opened(chromium, folder, name, PHONE)
        heading = page.locator("#verdict")
        assert verdict in heading.inner_text()
        place = heading.bounding_box()
        assert place["y"] + place["height"] < PHONE["height"]


def test_the_first_key_skips_to_the_numbers(chromium, folder):
    page, _ = opened(chromium, folder, "go", PHONE)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.url.endswith("#ledger")


def test_words_in_pictures_are_large_enough_on_a_phone(chromium, folder):
    page, _ = opened(chromium, folder, "go", PHONE)

    heights = [each.bounding_box()["height"] for each in page.locator("figure svg text").all()]

    assert len(heights) > 50
    assert min(heights) >= 10
