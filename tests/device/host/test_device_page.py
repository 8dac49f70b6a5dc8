"""Does the page about the box name every command, option and word that there is, and no other?"""

import re

import click
import pytest

from ballotbox_device import cli
from ballotbox_device.core.signals import Signal
from ballotbox_device.host import box, panel, panel_output, running
from ballotbox_device.host.panel_input import WORDS


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "device.md").read_text(encoding="utf-8")


def table_words(page, head):
    """The words in the first column of the table with this head."""
    table = page.split(f"| {head} |", 1)[1].split("\n\n", 1)[0]
    rows = [line.split("|")[1] for line in table.splitlines()[2:]]
    return [word for row in rows for word in re.findall(r"`(\w+)`", row)]


def test_every_word_of_the_panel_is_explained(page):
    assert sorted(table_words(page, "Line in")) == sorted(WORDS)


def test_every_signal_is_named(page):
    (row,) = (line for line in page.splitlines() if line.startswith("| `sensed` |"))
    assert sorted(re.findall(r"`(\w+)`", row)[2:]) == sorted(each.name.lower() for each in Signal)


def test_every_type_of_what_officers_sign_is_named(page):
    (kind,) = (each for each in cli.main.commands["consent"].params if each.name == "kind")
    shown = page.split("`--type` stands", 1)[1].split(")", 1)[0]
    assert re.findall(r"`(\w+)`", shown) == list(kind.type.choices)


def test_every_line_that_the_box_says_is_explained(page):
    said = set()
    for module in (box, panel, panel_output, running):
        text = module.__loader__.get_source(module.__name__)
        said |= set(re.findall(r'"says": "(\w+)"', text))
    words = table_words(page, "Line out")
    assert len(said) > 10
    assert sorted(words) == sorted(said)


def test_every_command_is_shown_with_options_it_has(page):
    shown = re.findall(r"ballotbox-device ([a-z-]+)(( --[a-z-]+(?: [^ \\`]+)?)*)", page)
    assert {command for command, *_ in shown} == set(cli.main.commands)
    for command, options, _ in shown:
        known = {
            name
            for parameter in cli.main.commands[command].params
            if isinstance(parameter, click.Option)
            for name in parameter.opts
        }
        assert set(re.findall(r"--[a-z-]+", options)) <= known
