"""Does `ballotbox-sim election` make a whole election or none, and name what is wrong?"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ballotbox_device.cli import main as box
from ballotbox_simulator.cli import main
from ballotbox_tabulation.verify_cli import main as verify
from tests.small_disk import fill


def election(directory: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["election", str(directory), *options])


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (["--broker", "somewhere"], "--broker somewhere"),
        (["--broker", ":1883"], "--broker :1883"),
        (["--broker", "host:0"], "--broker host:0"),
        (["--broker", "host:65536"], "--broker host:65536"),
        (["--broker", 'a"b:1883'], '--broker a"b:1883'),
        (["--boxes", "0"], "--boxes"),
        (["--boxes", "10001"], "--boxes"),
    ],
)
def test_a_wrong_option_is_named_and_makes_nothing(
    tmp_path: Path, options: list[str], field: str
) -> None:
    result = election(tmp_path / "new", *options)

    assert result.exit_code == 2
    assert result.output.startswith(f"Error: {field}: must be ")
    assert len(result.output.splitlines()) == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("broker", "host"), [("[::1]:1884", "::1"), ("broker.example:1884", "broker.example")]
)
def test_the_broker_stands_in_the_settings(tmp_path: Path, broker: str, host: str) -> None:
    assert election(tmp_path / "new", "--broker", broker).exit_code == 0

    settings = tomllib.loads((tmp_path / "new" / "gateway.toml").read_text())
    assert settings["mqtt"] == {"host": host, "port": 1884}


def box_says(directory: Path, *words: str) -> list[dict[str, Any]]:
    """What the first box says when it is given these words at its panel and then no more."""
    command = [str(Path(sys.executable).with_name("ballotbox-device")), "run", "--state", "box-1"]
    done = subprocess.run(
        [*command, *documents(directory), "--serial", "no-such-port"],
        cwd=directory,
        input="".join(json.dumps({"do": word}) + "\n" for word in (*words, "switch_off")),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def documents(directory: Path) -> list[str]:
    root = (directory / "root.txt").read_text().strip()
    return ["--election", "election.cose", "--register", "register.cose", "--root", root]


def test_its_boxes_run_and_its_officers_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "new"
    assert election(place).exit_code == 0
    monkeypatch.chdir(place)

    said = box_says(place, "print_zero", "open")

    zero = next(line for line in said if line.get("kind") == "zero")
    Path("zero").write_text(zero["data"])
    with pytest.raises(SystemExit) as ended:
        verify(["report", "zero", *documents(place)])
    assert ended.value.code == 0
    needed = next(line for line in said if line["says"] == "consent_needed")
    words = ["--payload", needed["payload"], "--type", needed["type"]]
    for number in (1, 2, 3):
        signing = ["consent", "--officer-key", f"officer-{number}.key", *words]
        signed = CliRunner().invoke(box, [*signing, "--passphrase-file", "officer.passphrase"])
        assert signed.exit_code == 0, signed.output


def test_an_existing_directory_stays_as_it_is(tmp_path: Path) -> None:
    result = election(tmp_path)

    assert result.exit_code == 2
    assert f"{tmp_path}: exists already: name a new directory" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_half_election(small_disk: Path) -> None:
    ballast = fill(small_disk)

    result = election(small_disk / "new")

    assert result.exit_code == 2
    assert "make room, or name a directory on another disk" in result.output
    assert not (small_disk / "new").exists()
    ballast.unlink()
    assert election(small_disk / "new").exit_code == 0
