"""Is every line of the panel either understood, or named and without effect?"""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.host.line_fields import LINE_MAX
from ballotbox_device.host.panel_input import WORDS, parse_line
from ballotbox_protocol.election.identifiers import InvalidField
from tests.device.host.panel_box import ELECTION, FIRST, Box, ready


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path)


@pytest.fixture
def opened(box):
    box.act("print_zero", "open")
    return box


WRONG = [
    (b"", "line"),
    (b"open", "line"),
    (b"\xff\xfe", "line"),
    (b'"open"', "line"),
    (b"[1]", "line"),
    (b'{"do":"open"} {"do":"open"}', "line"),
    (b'{"do":"open","do":"close"}', "line"),
    (b'{"do":"reprint","sequence":NaN}', "line"),
    (b'{"do":"reprint","sequence":' + b"1" * 5_000 + b"}", "line"),
    (b"[" * 60_000, "line"),
    (b" " * (LINE_MAX + 1), "line"),
    ({}, "do"),
    ({"do": 1}, "do"),
    ({"do": "vote"}, "do"),
    ({"do": "open", "now": True}, "now"),
    ({"do": "insert"} | FIRST | {"style": None}, "style"),
    ({"do": "insert", "sheet": 0, "marks": []}, "style"),
    ({"do": "insert"} | FIRST | {"style": "VILLAGE"}, "style"),
    ({"do": "insert"} | FIRST | {"style": True}, "style"),
    ({"do": "insert", "style": 0, "marks": []}, "sheet"),
    ({"do": "insert"} | FIRST | {"sheet": "first"}, "sheet"),
    ({"do": "insert"} | FIRST | {"sheet": False}, "sheet"),
    ({"do": "insert", "style": 0, "sheet": 0}, "marks"),
    ({"do": "insert"} | FIRST | {"marks": {}}, "marks"),
    ({"do": "insert"} | FIRST | {"marks": [[0], 1]}, "marks[1]"),
    ({"do": "insert"} | FIRST | {"marks": [[0], ["A"]]}, "marks[1]"),
    ({"do": "insert"} | FIRST | {"marks": [[True], []]}, "marks[0]"),
    ({"do": "insert"} | FIRST | {"marks": [[0, 0], []]}, "marks[0]"),
    ({"do": "insert"} | FIRST | {"preferences": [[]]}, "preferences"),
    ({"do": "insert"} | FIRST | {"preferences": [[[0]], []]}, "preferences[0]"),
    ({"do": "insert"} | FIRST | {"preferences": [[], [[0, 0], [0, 0]]]}, "preferences[1]"),
    ({"do": "insert"} | FIRST | {"preferences": [[], [[0, True]]]}, "preferences[1]"),
    ({"do": "insert"} | FIRST | {"portable": 1}, "portable"),
    ({"do": "insert"} | FIRST | {"readable": "yes"}, "readable"),
    ({"do": "insert"} | FIRST | {"confirmed": None}, "confirmed"),
    ({"do": "insert"} | FIRST | {"voter": "A"}, "voter"),
    ({"do": "insert"} | FIRST | {"stamped": 1}, "stamped"),
    ({"do": "insert"} | FIRST | {"marginal": "no"}, "marginal"),
    ({"do": "voter_decided"}, "insists"),
    ({"do": "voter_decided", "insists": 1}, "insists"),
    ({"do": "sensed"}, "signal"),
    ({"do": "sensed", "signal": "rain"}, "signal"),
    ({"do": "sensed", "signal": 1}, "signal"),
    ({"do": "drop_joined", "sheets": 2}, "sheets"),
    ({"do": "answer"}, "dropped"),
    ({"do": "answer", "dropped": 1}, "dropped"),
    ({"do": "correct"}, "votes"),
    ({"do": "correct", "votes": [1, 1.5]}, "votes"),
    ({"do": "correct", "votes": [True]}, "votes"),
    ({"do": "reprint"}, "sequence"),
    ({"do": "reprint", "sequence": "1"}, "sequence"),
    ({"do": "consent"}, "signatures"),
    ({"do": "consent", "signatures": []}, "signatures"),
    ({"do": "consent", "signatures": ["00:00"] * 9}, "signatures"),
    ({"do": "consent", "signatures": ["00:00"]}, "signatures[0]"),
    ({"do": "consent", "signatures": [7]}, "signatures[0]"),
    ({"do": "consent", "signatures": ["zz" * 8 + ":" + "00" * 64]}, "signatures[0]"),
    ({"do": "consent", "signatures": ["00" * 8 + ":" + "00" * 64, "x"]}, "signatures[1]"),
]


@pytest.mark.parametrize(("line", "field"), WRONG)
def test_a_malformed_line_is_named_and_changes_nothing(opened, line, field):
    before = opened.disk.journal.read(), opened.disk.slots.read()
    data = line if isinstance(line, bytes) else json.dumps(line).encode()
    error, after = opened.send(data)
    assert error["says"] == "error"
    assert error["field"] == field
    assert error["problem"]
    assert after == ready("open", ["pause", "close"])
    assert (opened.disk.journal.read(), opened.disk.slots.read()) == before


def test_an_error_never_repeats_what_a_voter_marked(opened):
    line = json.dumps({"do": "insert", "style": "HOME", "sheet": 0, "marks": [[31_337], ["x"]]})
    assert "31337" not in json.dumps(opened.send(line.encode()))


def test_marks_that_no_paper_has_are_the_scanners_fault(opened):
    for sheet in ({"marks": [[99], []]}, {"marks": [[0]]}, {"marks": [[-1], []]}):
        said = opened.do(do="insert", **(FIRST | sheet))
        assert said[0] == {"says": "sheet_returned", "reason": "unreadable"}
    said = opened.do(do="insert", **(FIRST | {"style": 99}))
    assert said[0] == {"says": "sheet_returned", "reason": "unknown_style"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELDS = ("style", "sheet", "marks", "preferences", "portable", "readable", "confirmed", "dropped",
          "stamped", "marginal", "insists", "signal",
          "votes", "sequence", "signatures", "other")  # fmt: skip
lines = st.one_of(
    st.binary(max_size=60),
    json_values.map(json.dumps).map(str.encode),
    st.fixed_dictionaries(
        {"do": st.sampled_from(WORDS)},
        optional=dict.fromkeys(FIELDS, json_values),
    )
    .map(json.dumps)
    .map(str.encode),
)


@given(lines)
def test_any_line_is_either_understood_or_refused(line):
    with suppress(InvalidField):
        parse_line(line, ELECTION)
