"""Does docs/match.md say what the commands say, of its own example and of real protocols?"""

import re
import shlex

import pytest
from click.testing import CliRunner

from ballotbox_tabulation.cli import main
from tests.tabulation import match_page
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import authority_of
from tests.tabulation.test_explain_command import COUNTED, COUNTED_MAP
from tests.tabulation.test_publication import mixed_log

WRITE = f"write it: {match_page.COMMAND}"


@pytest.fixture(scope="module")
def page():
    return match_page.PATH.read_text(encoding="utf-8")


def test_the_page_is_what_the_commands_say(page):
    assert page == match_page.page(None), WRITE


def test_the_figures_of_real_protocols_are_what_the_data_says(page, shared):
    if not (shared / "data" / match_page.DATA).exists():
        pytest.skip(f"{match_page.DATA} is not among the shared data")
    assert match_page.real_of(page) == match_page.real_figures(shared), WRITE


def test_every_command_of_the_page_is_one_that_was_run(page):
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    shown = [command for block in blocks for command in match_page.unfolded(block)]
    wanted = [match_page.MATCH, match_page.EXPLAIN, *match_page.RESULT]
    wanted += [match_page.OWN, match_page.OWN_EXPLAIN]
    assert shown == [*wanted, match_page.REAL, match_page.REAL_EXPLAIN]


def test_the_commands_over_a_result_of_this_project_run(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    result = concluded(mixed_log(authority_of(boxes=30, boxes_per_precinct=2))).file
    (tmp_path / "results/result.json").write_bytes(result)
    (tmp_path / "hand.csv").write_text(COUNTED)
    (tmp_path / "columns.toml").write_text(COUNTED_MAP)
    map_of_result = repository / "docs/examples/columns/ballotbox-result.toml"
    (tmp_path / "ballotbox-result.toml").write_bytes(map_of_result.read_bytes())
    explain, match = match_page.RESULT
    told = CliRunner().invoke(main, shlex.split(explain)[1:])
    assert told.stdout.startswith("Precinct 12, Precinct 12: 0 of 2 boxes count\n")
    done = CliRunner().invoke(main, shlex.split(match)[1:])
    assert done.exit_code == 1, done.output
    assert (tmp_path / "matched/index.html").exists()


def test_the_example_leaves_the_files_that_the_page_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    match_page.write_files(tmp_path)
    match_page.said(match_page.MATCH)
    names = {path.name for path in (tmp_path / "matched").iterdir()}
    assert names == {"match.json", "differences.csv", "index.html"}


def test_the_files_that_the_page_names_exist(page):
    targets = re.findall(r"\]\(([^)#]+)\)", page)
    assert len(targets) >= 5
    for target in targets:
        assert (match_page.PATH.parent / target).exists(), target
