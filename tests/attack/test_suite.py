"""Is every row of the threat table attacked, and does the marker see a test that shows nothing?"""

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.attack.rows import THREATS

_MARK = "mark.attack("

#: One test per way to be wrong; the comment says what each is.
_SAMPLES = """
import pytest
from tests.attack.marker import Without

LIMITS = Without("ballotbox_protocol.election.identifiers:require_count", lambda *_: None)

def refuses():
    from ballotbox_protocol.election import identifiers
    try:
        identifiers.require_count(-1, "count")
    except identifiers.InvalidField:
        return True
    return False

@pytest.mark.attack(8, without=LIMITS)
def test_shows_its_check():
    assert refuses()

@pytest.mark.attack(8, without=LIMITS)
def test_cannot_fail():
    assert True

@pytest.mark.attack(8, without=LIMITS)
def test_breaks_by_itself():
    if not refuses():
        raise RuntimeError

@pytest.mark.attack(8, check="a lock on the door")
def test_with_a_control_of_its_own():
    assert True

@pytest.mark.attack(8, control_of="test_with_a_control_of_its_own")
def test_without_the_lock():
    assert True
"""


def _pytest(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, arguments)]
    # Plugins that are only installed take longer to load than a sample takes to run.
    bare = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=bare
    )


@pytest.fixture(scope="module")
def collected(repository: Path) -> list[str]:
    """The items of all files that hold the marker, as pytest names them."""
    own = Path(__file__).resolve()
    tests = sorted((repository / "tests").rglob("test_*.py"))
    marked = [path for path in tests if path != own and _MARK in path.read_text("utf-8")]
    done = _pytest("--collect-only", "-q", "-m", "attack", *marked, folder=repository)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_every_row_is_attacked_with_and_without_its_check(collected: list[str]) -> None:
    cases: dict[int, set[str]] = defaultdict(set)
    for line in collected:
        for row in THREATS:
            for case in ("holds", "without the check"):
                if f": {case}" in line and row in _rows(line):
                    cases[row].add(case)
    assert [row for row in THREATS if cases[row] != {"holds", "without the check"}] == []


def _rows(line: str) -> set[int]:
    _, found, after = line.rpartition("row ")
    return {int(row) for row in after.partition(":")[0].split("+")} if found else set()


@pytest.fixture(scope="module")
def sample(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a run of the samples prints."""
    file = tmp_path_factory.mktemp("samples") / "test_samples.py"
    file.write_text(_SAMPLES)
    options = ("-p", "tests.attack.marker", "-c", repository / "pyproject.toml")
    done = _pytest(*options, "--rootdir", file.parent, "-m", "attack", file, folder=repository)
    return done.stdout + done.stderr


@pytest.mark.parametrize("test", ["test_cannot_fail", "test_breaks_by_itself"])
def test_a_test_that_does_not_show_its_check_is_red(sample: str, test: str) -> None:
    failed = [line for line in sample.splitlines() if line.startswith("FAILED")]
    assert "2 failed, 6 passed" in sample
    assert any(f"{test}[row 8: without the check]" in line for line in failed)


def test_the_table_tells_what_was_shown_and_what_was_not(sample: str) -> None:
    lines = [line for line in sample.splitlines() if line.startswith("│ 8")]
    ends = {}
    for line in lines:
        *_, check, test, holds, control = (cell.strip() for cell in line.strip("│").split("│"))
        ends[test.partition("::")[2]] = (check, holds, control)
    assert ends == {
        "test_shows_its_check": ("identifiers.require_count", "holds", "fails"),
        "test_cannot_fail": ("identifiers.require_count", "holds", "HOLDS"),
        "test_breaks_by_itself": ("identifiers.require_count", "holds", "HOLDS"),
        "test_with_a_control_of_its_own": ("a lock on the door", "holds", "fails"),
    }
    assert "row 8: counters preloaded, negative or wrapped: NOT SHOWN in this run" in sample


@pytest.mark.parametrize(
    ("marker", "problem"),
    [
        ("attack(30, check='x')", "rows of the threat table are 1 to 29"),
        ("attack(check='x')", "rows of the threat table are 1 to 29"),
        ("attack(8)", "needs one of without="),
        ("attack(8, check='x', control_of='y')", "needs one of without="),
        ("attack(8, checks='x')", "unexpected keyword argument"),
    ],
)
def test_a_marker_that_says_nothing_stops_the_run(
    repository: Path, tmp_path: Path, marker: str, problem: str
) -> None:
    file = tmp_path / "test_one.py"
    file.write_text(f"import pytest\n@pytest.mark.{marker}\ndef test_one(): pass\n")
    options = ("-p", "tests.attack.marker", "-c", repository / "pyproject.toml")
    done = _pytest(*options, "--rootdir", tmp_path, file, folder=repository)
    assert done.returncode != 0
    assert problem in done.stdout + done.stderr
