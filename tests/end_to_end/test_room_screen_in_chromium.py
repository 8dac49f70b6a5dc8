"""Can a room read the screen: from afar, on a phone, by keyboard, by ear, in three languages?"""

import pytest

from ballotbox_gateway.adapters.token_file import new_token
from ballotbox_gateway.service.screen_site import FRESH_S
from ballotbox_protocol.wire.report import ReportKind
from tests.end_to_end.accessibility import violations
from tests.gateway.room_stage import Office, precinct, room
from tests.gateway.scripted import CENTRE

pytestmark = pytest.mark.accept

K = ReportKind
TELEVISION = {"width": 1920, "height": 1080}
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
SCREENS = pytest.mark.parametrize(
    "viewport", [TELEVISION, DESKTOP, PHONE], ids=["television", "desktop", "phone"]
)
#: At three metres a capital should be a centimetre high: 20 pixels of a television that is 95 cm
#: wide, and a font of 28.
CAPITAL_PX = 28


@pytest.fixture
def opened(tmp_path):
    """A room in the middle of its day: boxes in several states, and nothing wrong."""
    path = tmp_path / "screen.tokens"
    token = new_token(path, "Aigul")
    office = Office(precinct())
    for number in (1, 2, 3):
        for kind in (K.BOOT, K.ZERO, K.OPEN):
            office.report(number, kind)
        office.report(number, K.TURNOUT, accept=100 + number)
    for kind in (K.CLOSE, K.FINAL):
        office.report(3, kind)
    office.report(2, K.CLOSE)
    with room({"election": office}, token_file=path) as made:
        made.token = token
        yield made


class Watcher:
    """Somebody before the screen; notes what the browser asks for and complains of."""

    def __init__(self, chromium, opened, viewport=DESKTOP, *, path="/room", scripts=True):
        self.opened = opened
        self.asked_for, self.complaints = [], []
        context = chromium.new_context(viewport=viewport, java_script_enabled=scripts)
        self.page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.page.on("request", lambda request: self.asked_for.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(opened.local + path)

    def wait(self, selector, words):
        self.page.locator(selector).filter(has_text=words).first.wait_for()

    def later(self, **says):
        """Let something happen at the gateway, and a second pass."""
        self.opened.do(lambda: self.opened.office.says.update(says))
        self.opened.seconds += FRESH_S

    def go_to(self, words):
        """Press Tab until what has the focus says these words, then Enter."""
        for _ in range(40):
            self.page.keyboard.press("Tab")
            if words in self.page.evaluate("document.activeElement.textContent"):
                self.page.keyboard.press("Enter")
                return
        raise AssertionError(f"the keyboard does not reach {words!r}")

    def is_content(self):
        assert [url for url in self.asked_for if not url.startswith(self.opened.local)] == []
        assert self.complaints == []


def everything_is_wrong(opened):
    office = opened.office
    office.upper = CENTRE
    office.now += 3_600
    office.says |= {
        "roads_down": ["MQTT broker broker.example:8883"],
        "disk_full": True,
        "copy_trouble": True,
        "turned_away": {"SIGNATURE": 14, "UNKNOWN_KEY": 2},
    }
    office.report(1, K.TURNOUT, accept=5, boot=0)
    opened.seconds += FRESH_S


def test_states_are_told_by_word_and_symbol_and_change_by_themselves(chromium, opened):
    watcher = Watcher(chromium, opened)
    page = watcher.page
    told = page.locator(".box .state").all_text_contents()
    assert [each.strip() for each in told] == ["Open", "Closed", "Result is here", "No report yet"]
    symbols = [use.get_attribute("href") for use in page.locator(".box .state use").all()]
    assert symbols == ["#s-open", "#s-closed", "#s-final", "#s-none"]
    watcher.wait(".headline", "All is well")
    opened.do(lambda: opened.office.report(4, K.BOOT))
    watcher.later(disk_full=True)
    watcher.wait(".headline", "To do: 1")
    watcher.wait("#said", "To do: 1")
    watcher.wait(".box .state", "Not open yet")
    watcher.wait(".alarms li", "Free some space on this machine.")
    watcher.later(disk_full=False)
    watcher.wait(".headline", "All is well")
    watcher.is_content()


def test_a_screen_that_lost_the_gateway_says_so_and_finds_it_again(chromium, opened):
    watcher = Watcher(chromium, opened)
    watcher.page.context.set_offline(True)
    watcher.wait("#lost", "This screen cannot reach the gateway. What is shown is old.")
    watcher.page.locator("body.old").wait_for()
    watcher.page.context.set_offline(False)
    watcher.page.locator("#lost").wait_for(state="hidden")
    assert all("ERR_INTERNET_DISCONNECTED" in each for each in watcher.complaints)


def test_it_is_read_without_its_script(chromium, opened):
    watcher = Watcher(chromium, opened, scripts=False)
    watcher.wait(".headline", "All is well")
    watcher.later(disk_full=True)
    # The page asks for itself anew.
    watcher.wait(".headline", "To do: 1")
    watcher.is_content()


def test_the_language_stays_when_it_was_chosen(chromium, opened):
    watcher = Watcher(chromium, opened)
    watcher.go_to("Кыргызча")
    watcher.wait(".headline", "Баары жайында")
    watcher.page.goto(f"{opened.local}/room")
    watcher.wait(".headline", "Баары жайында")
    watcher.wait(".banner", "РЕПЕТИЦИЯ")
    watcher.wait("footer", "This translation has not yet been read by a native speaker.")
    watcher.go_to("Русский")
    watcher.wait(".headline", "Всё в порядке")
    watcher.later(disk_full=True)
    watcher.wait(".alarms li", "Диск заполнен: отчёты не принимаются.")
    assert watcher.page.get_attribute("html", "lang") == "ru"
    watcher.is_content()


def test_the_banner_stays_in_sight_and_an_official_election_has_none(chromium, opened):
    everything_is_wrong(opened)
    watcher = Watcher(chromium, opened, PHONE)
    page = watcher.page
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert page.evaluate("scrollY") > 0
    assert page.evaluate("document.querySelector('.banner').getBoundingClientRect().top") == 0
    opened.office.says["mode"] = "official"
    opened.seconds += FRESH_S
    page.reload()
    assert page.locator(".banner").count() == 0


def test_an_officer_marks_an_alarm_with_the_keyboard_alone(chromium, opened):
    watcher = Watcher(chromium, opened)
    watcher.later(disk_full=True)
    watcher.wait(".alarms li", "The disk is full")
    watcher.go_to("Mark as seen")
    watcher.wait("label", "Officer's token")
    page = watcher.page
    assert page.evaluate("document.activeElement.id") == "token"
    page.keyboard.type("AAAA")
    page.keyboard.press("Enter")
    watcher.wait("#wrong", "This is no officer's token")
    page.keyboard.type(opened.token)
    page.keyboard.press("Enter")
    watcher.wait(".alarms li", "Seen by Aigul, ")
    watcher.wait(".headline", "Everything to do has been seen")
    assert ["403" in each for each in watcher.complaints] == [True]


def test_what_has_the_focus_keeps_it_while_the_screen_goes_on(chromium, opened):
    watcher = Watcher(chromium, opened)
    watcher.later(disk_full=True)
    watcher.wait(".alarms li", "The disk is full")
    watcher.page.locator(".mark a").focus()
    watcher.later(copy_trouble=True)
    watcher.wait(".headline", "To do: 2")
    assert "The disk is full" in watcher.page.evaluate("document.activeElement.textContent")


def test_phones_look_by_their_own_door(chromium, opened):
    watcher = Watcher(chromium, opened, PHONE)
    watcher.asked_for.clear()
    watcher.page.goto(opened.phone)
    watcher.later(disk_full=True)
    watcher.wait(".headline", "To do: 1")
    assert watcher.page.locator(".mark").count() == 0
    assert [url for url in watcher.asked_for if not url.startswith(opened.phone)] == []


@SCREENS
@pytest.mark.parametrize("wrong", [False, True], ids=["well", "wrong"])
@pytest.mark.parametrize("language", ["en", "ky", "ru"])
def test_it_fits_the_screen(chromium, opened, tmp_path, viewport, wrong, language):
    if wrong:
        everything_is_wrong(opened)
    watcher = Watcher(chromium, opened, viewport, path=f"/room?lang={language}")
    width = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    wide, room_for_it = watcher.page.evaluate(width)
    assert wide == room_for_it
    watcher.page.screenshot(path=tmp_path / "screen.png", full_page=True)
    watcher.is_content()


def test_what_matters_is_large_enough_for_three_metres(chromium, opened):
    everything_is_wrong(opened)
    watcher = Watcher(chromium, opened, TELEVISION)
    sizes = {
        name: watcher.page.evaluate(
            "name => parseFloat(getComputedStyle(document.querySelector(name)).fontSize)", name
        )
        for name in (".headline", ".state", ".ballots dd", ".box h3", ".banner strong")
    }
    assert {name: size for name, size in sizes.items() if size < CAPITAL_PX} == {}
    assert sizes[".state"] > sizes[".box h3"]


# ---- an accessibility checker


@SCREENS
def test_the_checker_finds_nothing_in_contrast_names_and_structure(chromium, opened, axe, viewport):
    well = Watcher(chromium, opened, viewport)
    assert violations(well.page, axe) == []
    everything_is_wrong(opened)
    wrong = Watcher(chromium, opened, viewport, path="/room?lang=ky")
    wrong.wait(".alarms li", "Диск толду")
    assert violations(wrong.page, axe) == []
    wrong.page.locator(".mark a").first.click()
    wrong.page.locator("#token").wait_for()
    assert violations(wrong.page, axe) == []


def test_the_checker_sees_a_screen_that_is_hard_to_read(chromium, opened, axe):
    watcher = Watcher(chromium, opened)
    watcher.page.evaluate("document.documentElement.style.setProperty('--quiet', '#b4bcc6')")
    assert "color-contrast" in dict(violations(watcher.page, axe))
