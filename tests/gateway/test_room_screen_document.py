"""Does docs/room-screen.md name the settings, words, commands and numbers that there are?"""

import re
import shlex

import pytest
from click.testing import CliRunner

from ballotbox_gateway.adapters.token_file import officer_with
from ballotbox_gateway.cli import main
from ballotbox_gateway.config_pages import Screen
from ballotbox_gateway.installation import load_installation
from ballotbox_gateway.service import screen_board, screen_watch
from ballotbox_gateway.service.screen_site import FRESH_S
from ballotbox_gateway.service.screen_words import LANGUAGES, UNREAD, catalogue_of, language
from tests.gateway.scripted import ORIGIN, authority


@pytest.fixture
def text(repository):
    return (repository / "docs/room-screen.md").read_text(encoding="utf-8")


@pytest.fixture
def config(text, tmp_path):
    """The settings that the page shows, below those that every gateway needs."""
    needed = {
        "root": authority().root,
        "election_file": "election.cose",
        "register_file": "register.cose",
        "origin": ORIGIN,
        "key_file": "gateway.key",
        "ledger_file": "ledger.sqlite",
    }
    lines = [f'{name} = "{value}"' for name, value in needed.items()]
    (shown,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "gateway.toml"
    path.write_text("\n".join([*lines, '[[serial]]\nport = "socket://127.0.0.1:9"', shown]))
    return path


def test_the_settings_are_valid(config):
    loaded = load_installation(config).one(None)
    assert (loaded.page.port, loaded.screen.port) == (8090, 8091)
    assert loaded.screen.precincts == (1,)


def test_every_setting_of_the_table_is_named(text):
    assert {name for name in Screen.model_fields if f"`{name}`" not in text} == set()


def test_the_command_does_what_is_shown(text, config):
    (block,) = re.findall(r"```console\n\$ (.*?)```", text, re.DOTALL)
    command, *shown = block.splitlines()
    _, *words = shlex.split(command)
    done = CliRunner().invoke(main, [*words, "--config", str(config)])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    form = re.compile(r"(?<=^token    )[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$")
    assert [form.sub("…", line) for line in lines] == [form.sub("…", line) for line in shown]
    token = lines[1].split()[1]
    assert officer_with(config.with_name("screen.tokens"), token) == "Aigul"


def test_the_words_are_those_of_the_screen(text):
    told = re.findall(r"^\| ([A-Z][\w ]+) \| [a-z]", text, re.MULTILINE)
    assert told == [said.words for _, said in screen_board.STATES.values()]
    for words in ("All is well", "Everything to do has been seen", "Mark as seen", "As of"):
        assert f"*{words}*" in text
        assert words in catalogue_of("ky")["words"]
    assert [language(code).unread for code in LANGUAGES[1:]] == [True, True], UNREAD


def test_the_numbers_are_those_of_the_program(text, repository):
    templates = repository / "gateway" / "ballotbox_gateway" / "templates"
    page = (templates / "page.html").read_text()
    assert 'data-every="3000"' in page
    assert "every three seconds" in text
    assert 'http-equiv="refresh" content="10"' in page
    assert "loads it anew every ten" in text
    assert FRESH_S == 1
    assert f"up to {screen_watch.SHOWN_MAX};" in text
    assert f"its last {screen_watch.REPORTS_MAX} reports" in text
    assert f"one row of each of {screen_watch.AT_ONCE}\nboxes" in text
    assert screen_board.ALARMS_MAX == 12
    assert "at most twelve in full" in text
