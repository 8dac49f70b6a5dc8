"""Do protocols come out of the page as they went in, and is every difference named?"""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ballotbox_simulator.cli import main
from tests.small_disk import fill

HEADER = "place,l01,l02,l07,l08,l09,l10,c01,c02,c03\n"
GOOD = [
    "Ordinary,100,90,2,8,3,7,4,2,1",
    "Empty,50,40,0,0,0,0,0,0,0",
    "Only portable,30,30,5,0,0,5,0,0,5",
    "More than registered,3,900,10,390,40,360,120,120,120",
    "All invalid,20,20,0,6,6,0,0,0,0",
]


def replay(tmp_path: Path, rows: list[str], *options: str) -> Result:
    file = tmp_path / "protocols.csv"
    file.write_text(HEADER + "\n".join(rows) + "\n")
    arguments = ["replay", str(file), "--stations", "99", "--out", str(tmp_path / "out"), *options]
    return CliRunner().invoke(main, arguments)


def summary(tmp_path: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads((tmp_path / "out" / "replay.json").read_text())
    return document


def test_every_column_of_every_station_comes_out_as_it_went_in(tmp_path: Path) -> None:
    result = replay(tmp_path, GOOD, "--jobs", "1")

    assert result.exit_code == 0, result.output
    assert "VERDICT: PASS difference 0 in 7 columns" in result.output
    assert f"protocols.csv has no more than {len(GOOD)} rows" in result.output
    found = summary(tmp_path)
    assert found["fed"] == found["tabulated"] == 421
    assert found["sent"] == found["receipted"] == found["stored"] == 6 * len(GOOD)
    assert found["copied_protocol_data"]["1"] == {"l01": 100, "l02": 90}  # type: ignore[index]
    assert (tmp_path / "out" / "results" / "index.html").is_file()


def test_the_log_is_the_same_for_any_number_of_processes(tmp_path: Path) -> None:
    digests = []
    for jobs in ("1", "2"):
        assert replay(tmp_path, GOOD, "--jobs", jobs).exit_code == 0
        result = json.loads((tmp_path / "out" / "results" / "result.json").read_text())
        digests.append(result["digest"])

    assert digests[0] == digests[1]


def test_a_vote_moved_between_two_parties_is_named(tmp_path: Path) -> None:
    moved = tmp_path / "moved.csv"
    moved.write_text(HEADER + "\n".join(["Ordinary,100,90,2,8,3,7,3,3,1", *GOOD[1:]]) + "\n")

    result = replay(tmp_path, GOOD, "--jobs", "1", "--against", str(moved))

    assert result.exit_code == 1
    assert "row 1 (Ordinary), c01: published 4, the file says 3" in result.output
    assert "row 1 (Ordinary), c02: published 2, the file says 3" in result.output
    assert "VERDICT: FAIL 2 numbers differ" in result.output


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("Broken,9,9,1,8,1,7,5,1,1", "l07 + l08 = 9 but l09 + l10 = 8"),
        ("Broken,9,9,1,8,1,8,5,1,1", "l10 = 8 but the votes sum to 7"),
    ],
)
def test_a_row_that_breaks_a_control_ratio_is_named_and_fails(
    tmp_path: Path, row: str, why: str
) -> None:
    result = replay(tmp_path, [*GOOD[:2], row], "--jobs", "1")

    assert result.exit_code == 1
    assert f"row 3 (Broken) cannot be fed truthfully: {why}" in result.output
    assert "1 rows break a control ratio" in result.output


def test_an_unusable_file_is_explained_on_one_line(tmp_path: Path) -> None:
    arguments = ["replay", str(tmp_path / "no.csv"), "--stations", "1", "--out"]
    result = CliRunner().invoke(main, [*arguments, str(tmp_path / "out")])

    assert result.exit_code == 2
    assert "no.csv" in result.output
    assert len(result.output.splitlines()) == 1


def test_a_directory_that_is_not_ours_is_never_emptied(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")

    result = replay(tmp_path, GOOD)

    assert result.exit_code == 2
    assert "is not empty and not ours" in result.output
    assert (out / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_an_output_directory_that_cannot_be_is_explained(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").touch()

    for command in ("demo", "replay"):
        words = [str(tmp_path / "p.csv"), "--stations", "1"] if command == "replay" else []
        (tmp_path / "p.csv").write_text(f"{HEADER}{GOOD[0]}\n")
        result = CliRunner().invoke(main, [command, *words, "--out", str(tmp_path / out)])

        assert result.exit_code == 2
        assert str(tmp_path / out) in result.output
        assert len(result.output.splitlines()) == 1


def test_unusable_input_leaves_the_last_replay_as_it_is(tmp_path: Path) -> None:
    assert replay(tmp_path, GOOD, "--jobs", "1").exit_code == 0
    before = summary(tmp_path)

    assert replay(tmp_path, ["No number,100,90,2,8,3,7,x,2,1"]).exit_code == 2

    assert summary(tmp_path) == before


@pytest.mark.parametrize("words", [["demo", "--boxes", "1"], ["replay", "p.csv", "--stations=1"]])
def test_a_full_disk_is_named(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(small_disk)
    Path("p.csv").write_text(f"{HEADER}{GOOD[0]}\n")
    fill(small_disk)

    result = CliRunner().invoke(main, [*words, "--out", "out"])

    assert result.exit_code == 2
    assert re.search(r"Error: --out out: .*: make room, or name a directory", result.output)


def test_real_protocols_come_out_unchanged(tmp_path: Path, shared: Path) -> None:
    file = shared / "data" / "ru_uik_2021.csv.gz"
    if not file.is_file():
        pytest.skip(f"{file} is absent")
    arguments = ["replay", str(file), "--stations", "12", "--sample", "3", "--jobs", "2", "--out"]

    result = CliRunner().invoke(main, [*arguments, str(tmp_path / "out")])

    assert result.exit_code == 0, result.output
    assert "VERDICT: PASS difference 0 in 18 columns" in result.output
