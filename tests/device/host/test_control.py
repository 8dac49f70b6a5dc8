"""Does the socket of a box in the hand serve its owner alone, and name what is malformed?"""

import json
import socket
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.host.control import listening_at
from ballotbox_device.host.control_client import Control
from ballotbox_device.host.control_words import WORDS, Hand
from ballotbox_device.host.handheld import start_box
from ballotbox_device.host.held_box import HeldBox, Seat
from ballotbox_device.host.line_fields import LINE_MAX
from ballotbox_device.host.problem import Problem
from tests.device.host.box_in_hand import try_out
from tests.device.host.box_process import PATIENCE_S
from tests.device.sheets_in_hand import ELECTION, new_mechanism


@pytest.fixture
def box(tmp_path):
    with start_box(try_out(tmp_path)) as running:
        yield running


def test_only_the_owner_may_open_the_socket(box):
    assert stat.S_IMODE(box.control.stat().st_mode) == 0o600


def test_two_may_be_connected(box):
    with Control(box.control) as other:
        other.ask("press", button="print_zero")
        assert box.panel()["state"] == "zero"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"open", "line"),
        (b"[]", "line"),
        (b'{"do":"vote"}', "do"),
        (b'{"do":"panel","x":1}', "x"),
        (b'{"do":"cut_power","x":1}', "x"),
        (b'{"do":"next_scan","fault":"fire"}', "fault"),
        (b'{"do":"next_drop","drop":7}', "drop"),
        (b'{"do":"press","button":"vote"}', "button"),
        (b'{"do":"battery","percent":101}', "percent"),
        (b'{"do":"report","sequence":99}', "sequence"),
        (b'{"do":"refill_printer","lines":-1}', "lines"),
        (b'{"do":"refill_printer","lines":0}', "lines"),
        (b'{"do":"step_clock","seconds":1000000000000000000000}', "seconds"),
        (b'{"do":"step_clock","seconds":-3155760001}', "seconds"),
        (b'{"do":"drift_clock","ppm":1000001}', "ppm"),
        (b'{"do":"drift_clock","ppm":-1000001}', "ppm"),
        (b'{"do":"answer_dropped"}', "sheet"),
        (b'{"do":"answer_dropped","dropped":true,"x":1}', "x"),
        (b'{"do":"present","officers":["a"]}', "officers"),
        (b'{"do":"power_on"}', "power"),
        (
            b'{"do":"feed","style":"HOME","sheet":0,"marks":[[0],[1]],"darkness":{"x":1}}',
            "darkness",
        ),
        (b'{"do":"feed","style":"HOME","sheet":0,"marks":[[0],[1]],"firm":101}', "densities[0]"),
        (b'{"do":"feed","style":"HOME","sheet":0,"marks":[[0],[1]],"length_mm":-1}', "length_mm"),
        (b" " * (LINE_MAX + 1), "line"),
    ],
)
def test_what_is_malformed_names_its_field_and_changes_nothing(hand, line, field):
    before = hand.box.front()
    answer = hand.line(line)
    assert (answer["ok"], answer["field"]) == (False, field)
    assert hand.box.front() == before


class NoRoad:
    """A road to nobody."""

    unanswered = 0
    overheard = in_the_way = None

    async def connect(self):
        return

    def pump(self):
        return

    def close(self):
        return


class Powered(HeldBox):
    """A held box without a loop: its road follows nothing."""

    def follow(self):
        return


@pytest.fixture
def hand():
    mechanism = new_mechanism()
    mechanism.power_on(0)
    return Hand(Powered(mechanism, Seat(None, None), lambda _outgoing: NoRoad()), ELECTION)


@given(
    st.dictionaries(
        st.sampled_from(["do", "style", "sheet", "marks", "open", "button", "fault", "sequence"]),
        st.sampled_from([*WORDS, "HOME", 0, 1, -1, True, None, [], [[0]], {}, "jam", "x"]),
    )
)
def test_any_json_is_answered(fields):
    mechanism = new_mechanism()
    mechanism.power_on(0)
    hand = Hand(Powered(mechanism, Seat(None, None), lambda _outgoing: NoRoad()), ELECTION)
    answer = hand.line(json.dumps(fields).encode())
    assert answer["ok"] or (answer["field"] and answer["problem"])
    assert json.loads(json.dumps(answer)) == answer


def test_no_mark_is_ever_in_an_answer(hand):
    """What was marked may be learned from nothing but the final."""
    for line in (
        {"do": "feed", "style": "HOME", "sheet": 0, "marks": [[7777], [1]]},
        {"do": "feed", "style": "HOME", "sheet": 0, "marks": [[0], [1]], "darkness": {"9": 7777}},
        {"do": "feed", "style": "HOME", "sheet": 0, "marks": [["7777"], [1]]},
    ):
        answer = hand.line(json.dumps(line).encode())
        assert not answer["ok"]
        assert "7777" not in json.dumps(answer)


def test_a_line_without_end_ends_the_talk_and_not_the_box(box):
    with socket.socket(socket.AF_UNIX) as rude:
        rude.connect(str(box.control))
        rude.sendall(b"x" * (3 * LINE_MAX))
        rude.settimeout(PATIENCE_S)
        assert rude.recv(1) == b""
    assert box.panel()["power"] is True


def test_a_killed_box_leaves_its_socket_and_the_next_one_takes_it(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with listening_at(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with pytest.raises(Problem, match="a box that runs"), listening_at(path):
            pass
    assert not path.exists()


@pytest.mark.parametrize(("name", "told"), [("x" * 200, "AF_UNIX"), ("gone/s", "No such file")])
def test_a_socket_that_cannot_be_made_is_named(tmp_path, name, told):
    with pytest.raises(Problem, match=told), listening_at(tmp_path / name):
        pass


def test_no_file_is_taken_for_a_socket(tmp_path):
    (tmp_path / "s").write_text("mine")
    with pytest.raises(Problem, match="no socket"), listening_at(tmp_path / "s"):
        pass
    assert (tmp_path / "s").read_text() == "mine"


def test_who_asks_a_box_that_is_not_there_is_told_how_to_start_it(tmp_path):
    with pytest.raises(Problem, match="ballotbox-device run --control"):
        Control(tmp_path / "s")
