"""Is every command and example of the README true?"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ballotbox_simulator.live.broker import Broker, BrokerUnavailable, find_broker


def blocks(repository: Path, language: str) -> list[str]:
    text = (repository / "README.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def run_shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_box_in_a_test_runs(repository: Path, tmp_path: Path) -> None:
    example, _ = blocks(repository, "python")
    script = tmp_path / "example.py"
    script.write_text(example)

    done = subprocess.run(
        [sys.executable, "-X", "dev", str(script)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.accept
def test_the_box_in_the_hand_runs(repository: Path, tmp_path: Path) -> None:
    _, example = blocks(repository, "python")
    (tmp_path / "test_hand.py").write_text(example)

    run = "pytest -q -p no:cacheprovider"
    done = run_shell(f"ballotbox-sim election try-out && {run} && {run}", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    # A test that passes once alone is none.
    assert done.stdout.count("1 passed") == 2


@pytest.mark.accept
def test_the_rehearsal_and_the_replay_pass(repository: Path, tmp_path: Path) -> None:
    rehearsal, replay, *_ = blocks(repository, "sh")
    for script in (rehearsal, replay):
        done = run_shell(script, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.strip().splitlines()[-1].startswith("VERDICT: PASS")


@pytest.mark.accept
def test_the_simulated_days_pass_and_one_sheet_is_drawn(repository: Path, tmp_path: Path) -> None:
    _, _, days, _ = blocks(repository, "sh")
    done = run_shell(days, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.strip().splitlines()
    days_passed, night_passed = (line for line in said if line.startswith("VERDICT: "))
    assert days_passed.startswith("VERDICT: PASS days 4, ")
    assert night_passed.startswith("VERDICT: PASS; ")
    drawn = said[-1]
    assert drawn.startswith("Sheet 5 of box 1: ")
    assert (tmp_path / "sheet.svg").is_file()


@pytest.mark.accept
def test_the_field_gateway_is_ready(repository: Path, tmp_path: Path) -> None:
    *_, gateway = blocks(repository, "sh")
    try:
        program = find_broker()
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    if program.demonstration_only:
        pytest.skip("mosquitto is not installed")
    with Broker(program, tmp_path / "broker") as broker:
        option = f"election --broker 127.0.0.1:{broker.port} try-out"
        script = gateway.replace("election try-out", option)
        assert option in script
        done = run_shell(script, tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith("ready")


def test_every_file_that_is_named_exists(repository: Path) -> None:
    for document in ("README.md", "ARCHITECTURE.md"):
        text = (repository / document).read_text()
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (repository / target).exists(), f"{document} names {target}"


def test_the_files_that_a_ballot_passes_exist(repository: Path) -> None:
    text = (repository / "ARCHITECTURE.md").read_text()
    names = {Path(name).name for name in re.findall(r"`([\w/]+\.py)`", text)}
    tracked = {path.name for path in repository.rglob("*.py") if ".venv" not in path.parts}

    assert len(names) > 20
    assert names <= tracked
