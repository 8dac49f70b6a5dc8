"""Can a person run a box at the terminal's front panel, by hand and by script?"""

import asyncio

import pytest
from textual.widgets import Button, Input, Static

from ballotbox_device.host.control_client import Control
from ballotbox_device.host.control_words import WORDS
from ballotbox_device.host.front_text import front_text
from ballotbox_device.host.handheld import start_box
from ballotbox_device.host.panel_commands import HELP, command
from ballotbox_device.host.terminal_panel import TerminalPanel
from ballotbox_protocol.election.identifiers import InvalidField
from tests.device.host.box_in_hand import try_out
from tests.device.host.box_process import run_command

DAY = """\
# A morning at a polling place
help
print_zero
open
officers officer-1 officer-2
feed HOME 0 0 1
jam
feed HOME 0 0 1
feed HOME 1 0,2 darkness={"4":15}
drop cut_fell
feed AWAY 0 -
on
look
cover open
feed HOME 0 0 1
cover closed
explode
paper
tapes
report 1
quit
never reached
"""


@pytest.fixture
def box(tmp_path):
    with start_box(try_out(tmp_path)) as running:
        yield running


def test_a_morning_by_script(box, tmp_path):
    script = tmp_path / "day.txt"
    script.write_text(DAY)
    done = run_command("panel", "--control", box.control, "--script", script)
    shown = done.stdout
    # One command of the day is none.
    assert done.returncode == 1
    assert "! line: explode is no command: type help" in shown
    order = [
        HELP,
        "All counters are zero",
        "waits for two officers (poll): officers NAME NAME",
        "Thank you. Your ballot is counted",
        "The sheet is jammed",
        "OFF",
        "Is the sheet in the container?",
        "accepted 3",
        "warning  the cover is open: close it",
        "The box takes no sheets now",
        'container: {"sheets": {"HOME/0": 1, "HOME/1": 1, "AWAY/0": 1}, "strays": 0}',
        "ZERO TAPE",
        'report: {"kind": "zero"',
    ]
    places = [shown.index(each) for each in order]
    assert places == sorted(places)
    assert "never reached" not in shown
    assert box.panel()["accepted"] == 3


def test_a_script_that_is_obeyed_ends_well(box, tmp_path):
    script = tmp_path / "s"
    script.write_text("print_zero\n\n")
    done = run_command("panel", "--control", box.control, "--script", script)
    assert done.returncode == 0
    assert done.stdout == f"> print_zero\n{front_text(box.panel())}\n"


def test_without_a_box_the_panel_says_how_to_start_one(tmp_path):
    done = run_command("panel", "--control", tmp_path / "s", "--script", __file__)
    assert done.returncode == 1
    assert "Start the box first: ballotbox-device run --control" in done.stderr


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("", None),
        ("  # only said", None),
        ("pause", {"do": "press", "button": "pause"}),
        ("double", {"do": "next_scan", "fault": "double"}),
        ("drop joined", {"do": "next_drop", "drop": "joined"}),
        ("out", {"do": "answer_dropped", "dropped": False}),
        ("back", {"do": "answer_voter", "insists": False}),
        ("seal broken", {"do": "seal", "broken": True}),
        ("mains off", {"do": "mains", "on": False}),
        ("battery 7", {"do": "battery", "percent": 7}),
        ("reprint 3", {"do": "reprint", "sequence": 3}),
        ("step_clock seconds=-60", {"do": "step_clock", "seconds": -60}),
        ("press button=open", {"do": "press", "button": "open"}),
        (
            "feed HOME 0 0,2 - stamped=false",
            {"do": "feed", "style": "HOME", "sheet": 0, "marks": [[0, 2], []], "stamped": False},
        ),
        (
            "feed style=HOME sheet=0 marks=[]",
            {"do": "feed", "style": "HOME", "sheet": 0, "marks": []},
        ),
    ],
)
def test_what_is_typed_is_one_word_of_the_control_socket(line, asked):
    assert command(line) == asked
    assert asked is None or asked["do"] in WORDS


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("vote", "line"),
        ("cover ajar", "line"),
        ("pause now", "line"),
        ("feed HOME", "feed"),
        ("feed HOME x 0", "sheet"),
        ("feed HOME 0 a", "marks"),
        ("drop up", "drop"),
        ("battery", "percent"),
        ("battery full", "percent"),
        ("step_clock 60", "line"),
    ],
)
def test_what_is_no_command_names_what_is_wrong(line, field):
    with pytest.raises(InvalidField) as told:
        command(line)
    assert told.value.field == field


def test_a_person_at_the_terminal(box):
    """Typed, clicked and by key, in a terminal as wide as most."""

    async def sit() -> None:
        app = TerminalPanel(Control(box.control))
        async with app.run_test(size=(100, 40)) as pilot:
            assert [str(each.label) for each in app.query(Button)] == ["print_zero"]
            await pilot.click(Button)
            await pilot.pause()
            assert [str(each.label) for each in app.query(Button)] == ["open"]
            for line in ("open", "officers officer-1 officer-2", "help", "vote", "feed HOME 0 0 1"):
                app.query_one("#line", Input).value = line
                await pilot.press("enter")
            await pilot.press("f4")
            assert "OFF" in str(app.query_one("#front", Static).content)
            await pilot.press("f5")
            front = str(app.query_one("#front", Static).content)
            app.query_one("#line", Input).value = "quit"
            await pilot.press("enter")
        assert "OPEN   accepted 1   lifetime 1" in front
        app._control.close()

    asyncio.run(sit())
    assert box.panel()["accepted"] == 1
