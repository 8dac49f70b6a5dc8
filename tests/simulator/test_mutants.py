"""The swarm finds planted bugs, and a hunt that finds nothing says so. All: `make teeth`."""

import re
import subprocess
import sys

import pytest

from tests.simulator.mutants import days, hunt
from tests.simulator.mutants.chase import Bounds, apply, chase

#: Found on the first days: what `make test` has time for.
QUICK = ("dropped-before-drop", "lifetime-counts-returned", "close-with-votes")
QUICK_DAYS = Bounds(days=8)
#: Enough to see that nothing is found.
CALM_DAYS = Bounds(days=3)
CORE = "device/ballotbox_device/core/rules.py"


def _patch(folder, line):
    """Return a patch that puts a line before the first one of a core module."""
    first = (hunt.ROOT / CORE).read_text().splitlines()[0]
    patch = folder / "000-made-here.patch"
    patch.write_text(
        f"# breaks nothing\n--- a/{CORE}\n+++ b/{CORE}\n@@ -1 +1,2 @@\n+{line}\n {first}\n"
    )
    return patch


def test_there_are_enough_planted_bugs():
    assert len(hunt.patches()) >= 32


@pytest.mark.parametrize(
    "patch", hunt.patches() + hunt.patches(hunt.UNSEEN), ids=lambda patch: patch.stem
)
def test_the_patch_applies_and_says_what_it_breaks(patch):
    apply(patch, hunt.ROOT, "--check")
    words, _, diff = patch.read_text().partition("\n")
    assert re.fullmatch(r"# .{30,}\(.+\)", words), "which promise does it break?"
    assert diff.startswith("--- a/")


@pytest.mark.teeth
@pytest.mark.parametrize("name", QUICK)
def test_the_hunt_finds(name):
    (patch,) = (each for each in hunt.patches() if each.stem.endswith(name))
    caught = chase(patch, QUICK_DAYS)
    assert caught.found, caught


@pytest.mark.teeth
def test_the_tree_as_it_is_passes_days_of_a_hunt():
    caught = chase(None, CALM_DAYS)
    assert (caught.days, caught.finding, caught.problem) == (CALM_DAYS.days, "", "")


@pytest.mark.teeth
def test_a_patch_that_breaks_nothing_is_not_found(tmp_path):
    caught = chase(_patch(tmp_path, "# Nothing is changed by this line."), CALM_DAYS)
    assert (caught.days, caught.found, caught.problem) == (CALM_DAYS.days, False, "")


@pytest.mark.teeth
@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("import ballotbox_nowhere", "status 1 after 0 days: ModuleNotFoundError"),
        ("raise SystemExit(0)", "status 0 after 0 days"),
    ],
)
def test_a_patch_that_does_not_run_fails_the_hunt(tmp_path, line, problem):
    caught = chase(_patch(tmp_path, line), QUICK_DAYS)
    assert not caught.found
    assert caught.problem.startswith(problem)


@pytest.mark.teeth
def test_a_patch_that_does_not_apply_fails_the_hunt(tmp_path):
    patch = _patch(tmp_path, "# A line.")
    patch.write_text(patch.read_text().replace(' """', ' ""'))
    caught = chase(patch, QUICK_DAYS)
    assert not caught.found
    assert caught.problem.startswith("does not apply: error: patch failed")


@pytest.mark.teeth
def test_packages_from_another_place_fail_the_hunt(tmp_path):
    # Without a copy on the path the installed packages are loaded.
    program = [sys.executable, "-P", days.__file__, str(tmp_path), "1", "60"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == days.WRONG_TREE
    assert done.stdout == ""
    assert "not loaded from" in done.stderr


@pytest.mark.teeth
def test_the_command_fails_when_a_bug_is_not_found(capsys, monkeypatch, tmp_path):
    planted = [_patch(tmp_path, "# Nothing is changed by this line.")]
    monkeypatch.setattr(hunt, "patches", lambda: planted)
    monkeypatch.setattr(hunt, "ROWS", tmp_path / "teeth.json")
    assert hunt.main(["--days", "1", "--jobs", "1"]) == 1
    assert "0 of 1 planted bugs were found" in capsys.readouterr().out
