"""Are protocol files read exactly, and is every unusable one named?"""

import gzip
from pathlib import Path

import pytest

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_simulator.precinct_protocols import read_protocols, read_same_rows

HEADER = "place,l01,l07,l08,l09,l10,c01,c02\n"
ROWS = "A,100,2,8,1,9,5,4\nB,0,0,0,0,0,0,0\nC,50,0,7,0,7,7,0\n"


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_the_first_rows_are_read_with_labels_lines_and_votes(tmp_path: Path) -> None:
    file = read_protocols(written(tmp_path / "p.csv", HEADER + ROWS), 2)

    assert file.vote_columns == ("c01", "c02")
    first, second = file.rows
    assert (first.number, first.label, first.votes) == (1, "A", (5, 4))
    assert (first.portable, first.stationary, first.invalid, first.registered) == (2, 8, 1, 100)
    assert second.breaches() == []


def test_gzip_is_read_like_plain_text(tmp_path: Path) -> None:
    plain = written(tmp_path / "p.csv", HEADER + ROWS)
    packed = tmp_path / "p.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))

    assert read_protocols(packed, 9) == read_protocols(plain, 9)


def test_a_sample_is_drawn_by_its_seed_alone_and_found_again_in_another_file(
    tmp_path: Path,
) -> None:
    rows = "".join(f"S{n},9,0,{n},0,{n},{n},0\n" for n in range(200))
    path = written(tmp_path / "p.csv", HEADER + rows)

    sample = read_protocols(path, 5, sample=7)

    assert sample == read_protocols(path, 5, sample=7)
    assert sample != read_protocols(path, 5, sample=8)
    assert sample != read_protocols(path, 5)
    assert read_same_rows(path, sample.rows) == sample


def test_both_control_ratios_are_checked(tmp_path: Path) -> None:
    path = written(tmp_path / "p.csv", HEADER + "A,9,1,8,1,7,5,2\nB,9,0,8,1,7,5,1\n")

    first, second = read_protocols(path, 2).rows

    assert first.breaches() == ["l07 + l08 = 9 but l09 + l10 = 8"]
    assert second.breaches() == ["l10 = 7 but the votes sum to 6"]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("l07,l08,l09,c1\n1,1,1,1\n", "column l10"),
        ("l07,l08,l09,l10\n1,1,1,1\n", "column c1"),
        (HEADER + "A,9,x,8,1,7,5,2\n", "row 1, column l07"),
        (HEADER + "A,9,1,8,1,7,-5,2\n", "row 1, column c01"),
        (HEADER + "A,9,1,8,1,7,5\n", "row 1, column c02"),
        (HEADER + "A,9,1,8,1,9999999999,5,2\n", "row 1, column l10"),
        (HEADER + "A,9,1,8,1,7,5,2,1\n", "row 1"),
        (HEADER + "A,900000000,1,8,1,8,5,3\n", "row 1"),
        ("l07,l08,l09,l10,c1,c1\n0,1,0,1,1,0\n", "column c1"),
        ("l07;l08;l09;l10;c1\n0;1;0;1;1\n", "column l07"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(InvalidField) as caught:
        read_protocols(written(tmp_path / "p.csv", text), 5)

    assert caught.value.field == field


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\xf0\x00\x01",
        gzip.compress(HEADER.encode())[:12],
        gzip.compress(HEADER.encode())[:12] + bytes(30),
        b"\x1f\x8bno archive at all",
    ],
    ids=["no text", "cut in its head", "damaged", "no archive"],
)
def test_what_is_no_table_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(data)

    with pytest.raises(InvalidField, match=r"file p\.csv: cannot be read to its end"):
        read_protocols(path, 5)


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = written(tmp_path / "p.csv", "\ufeffl07,l08,l09,l10,c1\n0,1,0,1,1\n")

    assert read_protocols(path, 1).rows[0].lines["l07"] == 0


def test_a_truncated_archive_is_named(tmp_path: Path) -> None:
    packed = tmp_path / "p.csv.gz"
    packed.write_bytes(gzip.compress((HEADER + ROWS * 500).encode())[:-20])

    with pytest.raises(InvalidField, match="cannot be read to its end"):
        read_protocols(packed, 5_000)
