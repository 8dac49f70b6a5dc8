"""Is a table of protocols read as it stands, in bounded memory, or refused by row and column?"""

import csv
import gzip
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import COUNT_MAX, InvalidField
from ballotbox_protocol.election.law.law import Mark
from ballotbox_protocol.election.law.source import load_law
from ballotbox_tabulation import protocol_table
from ballotbox_tabulation.core.column_map import load_map
from ballotbox_tabulation.protocol_table import open_table, read_rows
from tests.protocol.laws import SMALL
from tests.tabulation.small_table import HEAD, MAP

LAW = load_law(SMALL)


def rows(text, columns=MAP):
    return list(read_rows(io.StringIO(text, newline=""), load_map(columns, LAW)))


def refused(text, columns=MAP):
    with pytest.raises(InvalidField) as raised:
        rows(text, columns)
    return raised.value


def test_a_row_is_a_station_with_its_numbers_in_the_order_of_the_map():
    (row,) = rows(HEAD + "1,Upper,7,10,9,4,5\n")
    assert row == (1, "Upper, 7", "1", [10, 9, 4, 5], False)


def test_a_table_may_come_with_other_columns_line_ends_and_blank_lines():
    text = "x,south,north,found,issued,number,place,day\r\n\r\na,5,4,9,10,7,Upper,1\r\n"
    (row,) = rows(text)
    assert (row.number, row.values) == (2, [10, 9, 4, 5])


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0", 0),
        ("007", 7),
        (" 12 ", 12),
        ("-4", -4),
        (str(COUNT_MAX), COUNT_MAX),
        ("", Mark.NO_DATA),
        (" - ", Mark.NO_DATA),
        ("?", Mark.ILLEGIBLE),
    ],
)
def test_a_cell_is_a_number_or_a_mark(cell, value):
    (row,) = rows(f"{HEAD}1,U,7,{cell},9,4,5\n")
    assert row.values[0] == value
    assert row.marked is isinstance(value, Mark)


@pytest.mark.parametrize(
    "cell",
    ["x", "1.5", "1 000", "1_000", "+5", "٣", "²", "1e3", "0x10", str(COUNT_MAX + 1), "9" * 5_000],
)
def test_any_other_cell_is_refused_by_row_column_and_line_with_the_fix(cell):
    error = refused(f"{HEAD}1,U,6,9,9,4,5\n1,U,7,9,{cell},4,5\n")
    assert error.field == "row 2, column 'found' (lines.11a)"
    assert "must be a whole number up to 2147483647" in error.problem
    assert "name it under [marks]" in error.problem
    assert len(str(error)) < 300


def test_a_number_below_zero_may_stand_for_no_number_when_the_map_says_so():
    (row,) = rows(f"{HEAD}1,U,7,-9,-4,4,5\n", MAP.replace('"-"', '"-9"'))
    assert row.values == [Mark.NO_DATA, -4, 4, 5]


def test_without_marks_an_empty_cell_is_no_zero():
    columns = MAP.split("[marks]", maxsplit=1)[0]
    assert "is ''" in refused(f"{HEAD}1,U,7,,9,4,5\n", columns).problem


@pytest.mark.parametrize(
    ("text", "field", "problem"),
    [
        ("", "--columns, lines.1", "no column 'issued' in the table, whose first line names noth"),
        ("a;b\n1;2\n", "--columns, lines.1", "names 'a;b'"),
        (HEAD.replace("south", "north"), "column 'north'", "stands twice"),
        (HEAD.replace("day", "date"), "--columns, group", "no column 'day'"),
        (HEAD.replace("place", "x"), "--columns, station", "no column 'place'"),
        (HEAD + "1,U,7,9\n", "row 1", "has 4 cells where the first line names 7 columns"),
        (HEAD + "1,U,7,9,9,4,5,6\n", "row 1", "has 8 cells"),
        (HEAD + '1,"U"x,7,9,9,4,5\n', "row 1", "is not CSV"),
        (HEAD + '1,"U,7,9,9,4,5\n', "row 1", "is not CSV"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_with_its_place(text, field, problem):
    error = refused(text)
    assert error.field == field
    assert problem in error.problem


def test_a_name_cannot_move_the_cursor_of_who_reads_it():
    (row,) = rows(f"{HEAD}1\x07,\x1b[2J\u202eU,7,9,9,4,5\n")
    assert row.station == "\ufffd[2J\ufffdU, 7"
    assert row.group == "1\ufffd"


def file(folder, data):
    path = folder / "table.csv.gz"
    path.write_bytes(data)
    return path


def read(path):
    with open_table(path) as (_, text):
        return list(read_rows(text, load_map(MAP, LAW)))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_is_read_packed_or_not_and_with_a_byte_order_mark(tmp_path, pack):
    data = ("\ufeff" + HEAD + "1,Ыйык,7,10,9,4,5\n").encode()
    (row,) = read(file(tmp_path, pack(data)))
    assert (row.station, row.group) == ("Ыйык, 7", "1")


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda data: gzip.compress(data)[:-9], "ended before"),
        (lambda data: gzip.compress(data)[:20] + b"\xff" * 40, "Error -3|not CSV|invalid"),
        (lambda data: gzip.compress(data)[:-8] + b"\0" * 8, "CRC check failed"),
        (lambda data: data + b"\xff\xfe,7,9,9,4,5,6\n", "utf-8"),
        (lambda _: b"\x1f\x8b", "ended before|magic|Compressed"),
    ],
)
def test_a_damaged_file_is_refused_and_says_what_to_do(tmp_path, damage, problem):
    data = (HEAD + "1,U,7,10,9,4,5\n" * 50).encode()
    with pytest.raises(InvalidField, match="save it anew") as raised:
        read(file(tmp_path, damage(data)))
    assert re.search(problem, str(raised.value))


def test_a_line_that_never_ends_is_refused_before_it_fills_the_memory(tmp_path):
    bomb = gzip.compress(b"0" * 20_000_000)
    assert len(bomb) < 30_000
    with pytest.raises(InvalidField, match="more than 1000000 characters"):
        read(file(tmp_path, bomb))


def test_a_quote_that_is_never_closed_is_refused_after_so_many_lines():
    error = refused(HEAD + '1,"U\n' + "x\n" * 5_000)
    assert error.field == "row 1"
    assert "is a quote not closed?" in error.problem


def test_many_rows_are_not_taken_for_one_of_many_lines():
    assert len(rows(HEAD + "1,U,7,10,9,4,5\n" * (protocol_table.ROW_LINES_MAX + 50))) == 150


def test_a_file_of_too_many_rows_is_refused(monkeypatch):
    monkeypatch.setattr(protocol_table, "ROWS_MAX", 3)
    line = "1,U,7,10,9,4,5\n"
    assert len(rows(HEAD + line * 3)) == 3
    assert "at most 3 rows" in refused(HEAD + line * 4).problem


def test_one_column_is_enough():
    columns = 'station = ["place"]\n[lines]\n1 = "issued"\n'
    (row,) = rows("place,issued\nU,5\n", columns)
    assert (row.values, row.group) == ([5], "")


SLIPS = {
    "no station": ('station = ["place", "number"]', "station = []", "station", "must name"),
    "station is text": ('station = ["place", "number"]', 'station = "x"', "station", "a list"),
    "unknown key": ('group = "day"', 'grup = "day"', "grup", "did you mean 'group'?"),
    "unknown line": ("11a =", "11b =", "lines.11b", "is not known here"),
    "unknown group": ("votes =", "ballots =", "options.ballots", "known: votes"),
    "unknown parameter": ("M = 1", "N = 1", "parameters.N", "known: M"),
    "parameter": ("M = 1", "M = true", "parameters.M", "a whole number"),
    "column twice": ('"found"', '"issued"', "lines.11a", "same column as lines.1"),
    "column of option": ('"south"', '"issued"', "options.votes[1]", "same column as lines.1"),
    "lines is text": ('1 = "issued"\n11a = "found"', "1 = 2", "lines.1", "text in quotes"),
    "unknown mark": ("no_data", "nodata", "marks.nodata", "did you mean 'no_data'?"),
    "mark twice": ('["?"]', '["-"]', "marks.illegible", "'-' stands twice"),
    "number as mark": ('["?"]', '["0"]', "marks", "'0' is a number"),
    "no table": ("[lines]", "lines = 1\n[x]", "x", "is not known here"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_map_names_its_place(slip):
    before, after, field, problem = SLIPS[slip]
    assert before in MAP
    with pytest.raises(InvalidField) as raised:
        load_map(MAP.replace(before, after, 1), LAW)
    assert raised.value.field == field
    assert problem in raised.value.problem


def test_a_map_without_lines_and_options_is_none():
    with pytest.raises(InvalidField, match="at least one column"):
        load_map('station = ["a"]\n', LAW)
    with pytest.raises(InvalidField, match="lines: must be a table"):
        load_map('station = ["a"]\nlines = 3\n', LAW)


def test_without_a_law_a_map_may_call_its_lines_anything():
    columns = load_map(MAP.replace("votes", "lists").replace("11a", "found"), None)
    assert columns.counted == ("issued", "found", "north", "south")
    assert list(columns.options) == ["lists"]


def test_the_template_of_a_map_fits_the_template_of_a_law(repository):
    examples = repository / "docs/examples"
    law = load_law((examples / "law.toml").read_text(encoding="utf-8"))
    columns = load_map((examples / "columns.toml").read_text(encoding="utf-8"), law)
    assert set(columns.lines) == {line.number for line in law.lines}
    assert columns.marks == {"": Mark.NO_DATA, "-": Mark.NO_DATA, "?": Mark.ILLEGIBLE}
    assert columns.group
    assert columns.bind(law).unjudged[0].relation.name == "R5"


@given(st.lists(st.lists(st.integers(-3, COUNT_MAX), min_size=4, max_size=4), max_size=20))
def test_what_a_csv_writer_writes_is_what_is_read(table):
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(HEAD.strip().split(","))
    writer.writerows(["1", 'a "quoted", place\nof two lines', "7", *row] for row in table)
    assert [row.values for row in rows(file.getvalue())] == table


@given(st.text(alphabet='01,-?"\n\r; x', max_size=80))
def test_any_text_below_the_first_line_is_read_or_refused_by_row(text):
    try:
        found = rows(HEAD + text)
    except InvalidField as error:
        found = error
    if isinstance(found, InvalidField):
        assert found.field.startswith("row ")
    else:
        assert all(len(row.values) == 4 for row in found)
