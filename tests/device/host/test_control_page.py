"""Is the page about the control socket true: every word, and every line that it shows?"""

import json
import re

import pytest

from ballotbox_device.host.control_client import Refusal
from ballotbox_device.host.control_words import WORDS
from ballotbox_device.host.handheld import start_box
from tests.device.host.box_in_hand import try_out
from tests.device.host.box_process import run_command

ANY = "…"


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "device" / "CONTROL.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def talk(page):
    """What is asked and answered, in the page's order."""
    asked = [json.loads(line) for line in re.findall(r"^→ (.*)$", page, re.MULTILINE)]
    answered = [json.loads(line) for line in re.findall(r"^← (.*)$", page, re.MULTILINE)]
    return list(zip(asked, answered, strict=True))


def test_the_table_has_every_word(page):
    table = page.split("## Words", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(word for row in rows for word in re.findall(r"`(\w+)`", row)) == sorted(WORDS)


def test_every_word_is_shown(talk):
    assert {asked["do"] for asked, _ in talk} == set(WORDS)


def matches(shown, real):
    """Whether what is shown is what was said, where it says anything."""
    if shown == ANY:
        return True
    if isinstance(shown, dict):
        return shown.keys() == real.keys() and all(matches(shown[k], real[k]) for k in shown)
    return shown == real


def test_the_day_on_the_page_goes_as_it_says(talk, tmp_path):
    with start_box(try_out(tmp_path)) as box:
        for asked, shown in talk:
            try:
                real = {"ok": True, **box.ask(**asked)}
            except Refusal as refusal:
                real = {"ok": False, "field": refusal.field, "problem": refusal.problem}
            if asked["do"] != "panel":
                real.pop("panel", None)
            assert matches(shown, real), (asked, real)


def test_the_front_on_the_page_is_what_a_script_prints(page, tmp_path):
    shown = re.search(r"^> jam\n(> feed .*?)^```", page, re.MULTILINE | re.DOTALL)[1]
    script = tmp_path / "script"
    script.write_text("jam\nfeed HOME 0 0 1\n")
    with start_box(try_out(tmp_path)) as box:
        box.open_poll()
        done = run_command("panel", "--control", box.control, "--script", script)
    assert done.stdout.endswith(shown)
