"""Does `ballotbox-sim election` make a whole election or none, and name what is wrong?"""

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ballotbox_simulator.cli import main
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
