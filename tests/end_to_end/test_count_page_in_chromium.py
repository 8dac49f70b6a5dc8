"""Can officers fill in the count on the page in a real browser, by keyboard alone, on a phone?"""

import pytest
import zxingcpp
from PIL import Image

from ballotbox_protocol.wire.hand_count import decode_hand_count
from ballotbox_protocol.wire.paper import PaperCount, read_paper
from tests.end_to_end.count_window import Window

SHEET = "/hand-count/election/1/1"
PHONE = {"width": 360, "height": 740}
#: A4 in the pixels of a browser.
SHEET_OF_PAPER = {"width": 794, "height": 1123}
#: What was found in the box, line by line, then the votes; line 9 is read wrong.
LINES = ("1000", "20", "1020", "3", "590", "12", "605", "415", "12", "539", "600", "5", "605", "0")
VOTES = ("310", "180", "70", "40")
WRONG = LINES.index("539")

pytestmark = pytest.mark.accept


@pytest.fixture
def window(gateway, election):
    window = Window(gateway, election, '["kg-precinct"]')
    gateway.start()
    yield window
    window.close()


class Officer:
    """Somebody before the page who has a keyboard and no pointer."""

    def __init__(self, chromium, window, path=SHEET, viewport=PHONE) -> None:
        self.window = window
        self.page = chromium.new_page(viewport=viewport, has_touch=True)
        self.page.set_default_timeout(30_000)
        self.asked_for, self.complaints = [], []
        self.page.on("request", lambda request: self.asked_for.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(window.url + path)

    def press(self, *keys) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, *values) -> None:
        """Type numbers, each with the key that goes on."""
        for value in values:
            self.page.keyboard.type(value)
            self.press("Enter")

    def go_to(self, words) -> None:
        """Press Tab until what has the focus says these words."""
        for _ in range(60):
            if words in self.focused():
                return
            self.press("Tab")
        raise AssertionError(f"the keyboard does not reach {words!r}")

    def focused(self) -> str:
        return self.page.evaluate(
            "(e => e === document.body ? '' : (e.labels && e.labels[0] || e).textContent)"
            "(document.activeElement)"
        )

    def wait(self, selector, words) -> None:
        self.page.locator(selector).filter(has_text=words).wait_for()

    def sign(self) -> None:
        """Wait for the command that the page shows, and have two officers run it."""
        self.wait("#signing", "hand-count sign")
        self.window.sign(self.page.text_content("#command"))

    def seen(self, path) -> None:
        """Keep what is on the screen, and see that it never has to be moved sideways."""
        width = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        wide, room = self.page.evaluate(width)
        assert wide == room, f"{path.stem}: {wide} wide in {room}"
        self.page.screenshot(path=path, full_page=True)

    def is_content(self, refused=0) -> None:
        """See that the browser complained of what was refused alone, and was sent nowhere else."""
        assert ["status of 400" in each for each in self.complaints] == [True] * refused
        assert [url for url in self.asked_for if not url.startswith(self.window.url)] == []


def test_a_count_is_found_filled_in_and_signed(chromium, window, tmp_path):
    officer = Officer(chromium, window, "/")
    page = officer.page

    officer.seen(tmp_path / "precincts.png")
    officer.go_to("Precinct number")
    officer.type("1")
    officer.wait("h1", "Precinct 1")
    officer.go_to("Parliament, district seat")
    officer.press("Enter")
    officer.wait("h1", "Parliament, district seat, counted by hand")
    assert officer.focused() == "1Voters on the list"

    officer.type(*LINES, "310", "18o", "?", "-")
    officer.wait("#note15", "'18o': write a whole number from 0")
    officer.wait("#note8", "K3: 551 is 54 less than 605; with 66 here it would hold")
    officer.wait(f"#note{WRONG}", "K3: 551 is 54 less than 605; with 593 here it would hold")
    officer.wait("#broken", "Every ballot found is valid or invalid. K3, [8] + [9] = [10] + [11]")
    assert [page.input_value(f"#v{at}") for at in (16, 17)] == ["illegible", "no data"]
    assert officer.focused() == "Hand in for signing"
    officer.seen(tmp_path / "wrong.png")
    officer.press("Enter")
    officer.wait("#problem", "B. Bakirov: '18o': write a whole number")

    officer.press("Shift+Tab", "Shift+Tab", "Shift+Tab")
    officer.type(*VOTES[1:])
    officer.wait("#progress", "18 of 18 filled in.")
    officer.press("Enter")
    officer.wait("#signing", "hand-count sign")
    officer.seen(tmp_path / "to-be-signed.png")
    officer.sign()
    officer.wait("#standing", "leaf 0, accepted: in order")
    officer.seen(tmp_path / "stored.png")
    officer.is_content(refused=1)


def test_a_count_is_corrected_and_printed(chromium, window, tmp_path):
    window.stored(SHEET, [*LINES, *VOTES])
    officer = Officer(chromium, window)
    officer.wait(".force h2", "Version 1 is in force")
    officer.wait(".force", "K3, [8] + [9]")
    assert officer.focused() == "1Voters on the list"

    officer.press(*["ArrowDown"] * WRONG)
    officer.type("593")
    officer.wait(f"#was{WRONG}", "was 539")
    officer.wait("#progress", "18 of 18 filled in, and what can be judged so far holds.")
    officer.seen(tmp_path / "corrected.png")
    officer.press(*["ArrowDown"] * (len(LINES) + len(VOTES) - WRONG - 1))
    assert officer.focused() == "Why is it corrected?"
    officer.type("line 9 was read again")
    officer.press("Enter")
    officer.sign()
    officer.wait("#standing", "Version 2: ")
    officer.press("Enter")
    officer.wait(".force h2", "Version 2 is in force")
    officer.seen(tmp_path / "in-force.png")

    officer.press("Shift+Tab", "Shift+Tab", "Shift+Tab", "Control+a")
    assert officer.focused() == "Copies, one for each observer"
    officer.type("2")
    officer.wait("p", "Copy 2 of 2")
    officer.page.set_viewport_size(SHEET_OF_PAPER)
    officer.page.emulate_media(media="print")
    officer.page.screenshot(path=tmp_path / "copies.png", full_page=True)
    assert _photographed(tmp_path / "copies.png").reason == "line 9 was read again"
    (tmp_path / "copies.pdf").write_bytes(officer.page.pdf(format="A4"))
    officer.is_content()


def _photographed(picture):
    """The count in the codes of a picture of its copies."""
    with Image.open(picture) as image:
        texts = [code.text for code in zxingcpp.read_barcodes(image.convert("L"))]
    copy = read_paper(list(dict.fromkeys(texts)))
    assert isinstance(copy, PaperCount)
    return decode_hand_count(copy.count)


def test_what_blocks_is_confirmed_and_a_lost_draft_is_handed_in_again(
    chromium, gateway, election, tmp_path
):
    window = Window(gateway, election)
    gateway.start()
    officer = Officer(chromium, window)
    officer.type("106", "5", "60", "30", "10", "0")
    officer.wait("#note0", "H: 106 is 1 more than 105; with 105 here it would hold")
    officer.wait("#broken .blocks", "blocks, arithmetic: All is there")
    officer.press("Enter")
    officer.wait("#problem", "breaks a relation of its law that blocks")
    officer.press("Shift+Tab")
    assert "was really counted so" in officer.focused()
    officer.seen(tmp_path / "blocked.png")
    officer.press("Space", "Tab", "Enter")
    officer.wait("#signing", " --as-counted ")

    gateway.kill()
    gateway.start()
    officer.wait("#problem", "The gateway no longer holds this draft: hand it in again.")
    assert officer.page.input_value("#v0") == "106", "nothing is typed twice"
    officer.go_to("Hand in for signing")
    officer.press("Enter")
    officer.sign()
    officer.wait("#standing", "quarantined: breaks a relation of its law that blocks")
    window.close()


def test_a_phone_without_those_keys_has_buttons_for_the_marks(chromium, window):
    officer = Officer(chromium, window)
    officer.press("ArrowDown")
    officer.page.locator("[data-mark=illegible]").tap()
    assert officer.page.input_value("#v1") == "illegible"
    assert officer.focused() == "1aVoters on the additional list", "the keys stay on the screen"
    officer.type("20", "-", "3")
    assert [officer.page.input_value(f"#v{at}") for at in (1, 2, 3)] == ["20", "no data", "3"]
    officer.press("ArrowUp", "ArrowUp", "Backspace")
    assert officer.page.input_value("#v2") == ""


def test_numbers_that_are_not_stored_are_not_left_unasked(chromium, window):
    officer = Officer(chromium, window)
    officer.page.on("dialog", lambda dialog: dialog.dismiss())
    officer.type("1000")
    officer.go_to("Precinct 1")
    with officer.page.expect_event("dialog") as question:
        officer.press("Enter")
    assert question.value.type == "beforeunload"
    assert officer.page.input_value("#v0") == "1000"


@pytest.mark.parametrize("width", [320, 1280])
def test_it_fits_other_screens(chromium, window, tmp_path, width):
    window.stored(SHEET, [*LINES, *VOTES])
    for at, path in enumerate(("/", "/hand-count/election/1", SHEET, "/hand-count/election/99")):
        officer = Officer(chromium, window, path, {"width": width, "height": 800})
        officer.seen(tmp_path / f"page-{at}.png")
        officer.page.close()
