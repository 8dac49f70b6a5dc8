"""The campaign of planted faults tells weak tests from strong ones, and its list holds."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.aims import GROUPS
from tests.mutation.mutants import mutants_of
from tests.mutation.report import Finding, shortfall, tallies
from tests.mutation.survivors import change_of, listed
from tests.mutation.trial import Result, Verdict

MODULE = '''
"""A bound."""

LIMIT: "int | None" = 3


def within(count: int) -> bool:
    """Tell whether a count is within the bound."""
    if count < 0:
        return False
    return count <= LIMIT
'''
CONFTEST = """
from hypothesis import settings
settings.register_profile("teeth", derandomize=True)
"""
WEAK = "assert within(1) and not within(9) and not within(-1)"
STRONG = "assert within(0) and within(3) and not within(4) and not within(-1)"
EXPLAINED = """
[[survivor]]
file = "lib/bound.py"
within = "within"
was = "    return count <= LIMIT"
becomes = "    return count < LIMIT"
reason = "planted"
"""
CAMPAIGN = """
import sys
from pathlib import Path
from tests.mutation import campaign
from tests.mutation.aims import Group
groups = (Group("planted", {Path("lib/bound.py"): ("test_bound.py",)}),)
sys.exit(campaign.main(Path.cwd(), groups))
"""


def _project(folder, check, accepted=""):
    texts = {
        "lib/bound.py": MODULE,
        "conftest.py": CONFTEST,
        "test_bound.py": f"from bound import within\ndef test_bound():\n    {check}\n",
        "bench/rows.txt": "",
        "tests/mutation/survivors.toml": accepted,
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _campaign(folder, repository, *options):
    command = [sys.executable, "-c", CAMPAIGN, *options]
    environment = {"PYTHONPATH": str(repository), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.teeth
def test_a_check_that_cannot_fail_is_seen(tmp_path, repository):
    _project(tmp_path, WEAK)
    done = _campaign(tmp_path, repository, "--mutants", "all")
    assert done.returncode == 1, done.stderr
    assert "lib/bound.py:11: in within\n  -     return count <= LIMIT\n" in done.stdout
    assert "NOT EXPLAINED" in done.stdout
    assert (tmp_path / "lib/bound.py").read_text() == MODULE
    (row,) = json.loads((tmp_path / "bench/teeth.json").read_text())
    assert row["name"] == "teeth.planted"
    assert 0 < row["value"] < 95


def test_tests_that_see_everything_pass_and_a_second_campaign_tries_nothing(tmp_path, repository):
    _project(tmp_path, STRONG)
    done = _campaign(tmp_path, repository, "--mutants", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    again = _campaign(tmp_path, repository, "--mutants", "5", "--seed", "7")
    assert "5 of 6 faults, a sample (SEED=7)\n5 are known" in again.stdout, again.stdout


@pytest.mark.teeth
def test_tests_that_are_red_or_test_something_else_prove_nothing(tmp_path, repository):
    _project(tmp_path, "assert within(4)")
    assert "red although no fault" in _campaign(tmp_path, repository).stderr
    _project(tmp_path, STRONG)
    (tmp_path / "test_bound.py").write_text("def test_nothing():\n    pass\n")
    assert "no test imports bound" in _campaign(tmp_path, repository).stderr


def _findings(killed, survived, tmp_path):
    _project(tmp_path, WEAK)
    mutants = mutants_of(tmp_path, Path("lib/bound.py"))
    bound = next(each for each in mutants if "<" in change_of(each).becomes.split("count ")[-1])
    seen = [Finding("laws", bound, Result(Verdict.KILLED))] * killed
    return seen + [Finding("laws", bound, Result(Verdict.SURVIVED))] * survived


def test_a_group_falls_short_by_its_share_and_by_what_nobody_explained(tmp_path):
    few, many = _findings(39, 1, tmp_path), _findings(9, 1, tmp_path)
    explained = {change_of(few[0].mutant): "planted"}
    assert shortfall(few, {}) == []
    assert shortfall(many, {}) == ["laws"]
    assert shortfall(many, explained) == []
    assert [each.percent for each in tallies(many)] == [90.0]


def test_what_cannot_be_seen_by_construction_is_not_planted(tmp_path):
    _project(tmp_path, WEAK)
    lines = [each.line for each in mutants_of(tmp_path, Path("lib/bound.py"))]
    assert lines == [4, 4, 9, 9, 10, 11]


def _scopes(tree):
    """The dotted names of all functions and classes, and the module's, which is empty."""

    def inside(node, name):
        yield name
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                yield from inside(child, f"{name}.{child.name}".lstrip("."))

    return set(inside(tree, ""))


def _lost(root, changes):
    """Entries about code that is not there any more."""
    lost = []
    for change in changes:
        path = root / change.file
        text = path.read_text() if path.exists() else ""
        there = change.was in " ".join(text.split()) and change.within in _scopes(ast.parse(text))
        if not there or change.was == change.becomes:
            lost.append(change)
    return lost


def test_every_listed_survivor_is_about_code_that_exists(repository):
    entries = listed(repository)
    aimed = {str(file) for group in GROUPS for file in group.tests_of}
    assert _lost(repository, entries) == []
    assert {change.file for change in entries} <= aimed
    assert all(len(reason.split()) > 3 for reason in entries.values())


@pytest.mark.teeth
def test_an_entry_about_lost_code_is_seen(tmp_path):
    _project(tmp_path, WEAK, EXPLAINED)
    (change,) = listed(tmp_path)
    assert _lost(tmp_path, [change]) == []
    (tmp_path / "lib/bound.py").write_text(MODULE.replace("<= LIMIT", "<= 3"))
    assert _lost(tmp_path, [change]) == [change]


def test_every_module_and_test_that_is_aimed_at_exists(repository):
    for group in GROUPS:
        for file, tests in group.tests_of.items():
            assert (repository / file).is_file()
            assert [name for name in tests if not (repository / name).is_file()] == []


def test_the_parts_of_a_formatted_text_are_faults_its_wording_is_none(tmp_path):
    """A text that is put together is no plain text: what stands in its braces may be wrong."""
    (tmp_path / "told.py").write_text('def told(n):\n    return f"{n + 1} of" + f"x{n}" + "name"\n')
    mutants = mutants_of(tmp_path, Path("told.py"))
    changes = {change_of(each).becomes for each in mutants}
    assert 'return f"{n - 1} of" + f"x{n}" + "name"' in changes
    assert 'return f"{n + 1} of" + f"x{n}" + "XXnameXX"' in changes
