"""Does docs/site.md name the commands, options and files that there are?"""

import re
import shlex

import pytest
from click.testing import CliRunner

from ballotbox_tabulation.cli import main
from ballotbox_tabulation.site.words import FILES
from tests.tabulation.test_site_command import Desk


@pytest.fixture
def text(repository):
    return (repository / "docs/site.md").read_text(encoding="utf-8")


def test_the_commands_run_as_they_are_written(text, tmp_path, monkeypatch):
    desk = Desk(tmp_path)
    (tmp_path / "log").rename(tmp_path / "LOG")
    (tmp_path / "result").rename(tmp_path / "results")
    root = desk.trust[-1].removeprefix("--root=")
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    pages, changes = block.replace('"$(cat root.txt)"', root).splitlines()
    done = CliRunner().invoke(main, shlex.split(pages)[1:])
    assert done.exit_code == 0, done.output
    (tmp_path / "pages").rename(tmp_path / "earlier")
    done = CliRunner().invoke(main, shlex.split(changes)[1:])
    assert (done.exit_code, done.stdout) == (0, "Nothing differs.\n")


def test_the_options_are_those_of_the_command(text):
    shown = CliRunner().invoke(main, ["site", "--help"]).stdout
    named = set(re.findall(r"^\| `(--\w+)", text, re.MULTILINE))
    used = set(re.findall(r"--\w+", text.split("```sh\n")[1].split("```")[0]))
    assert named | used == set(re.findall(r"^\s+(--\w+)", shown, re.MULTILINE))


def test_the_files_are_those_that_the_pages_name(text):
    told = dict(re.findall(r"^\| `([^`]+)` \| (.*) \|$", text, re.MULTILINE))
    assert {name: told.get(name) for name in FILES} == FILES
