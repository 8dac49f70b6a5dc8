"""Can anything from outside paint, type or forge a line on the operator's terminal?"""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_gateway.plain_text import PlainFormatter, plain

FORMAT = PlainFormatter("%(levelname)s %(message)s")


@given(st.text())
def test_whatever_comes_is_one_printable_line(text):
    assert plain(text).isprintable()


@given(st.text(st.characters(blacklist_categories=("C", "Zl", "Zp", "Zs"))))
def test_what_is_printable_is_left_as_it_is(text):
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("topic\r\nERROR forged", r"topic\r\nERROR forged"),
        ("\x9b31m", r"\x9b31m"),
        ("a\u202eb\u2028c\ud800", r"a\u202eb\u2028c\ud800"),
        ("шайлоо №7", "шайлоо №7"),
    ],
)
def test_escapes_of_terminals_are_shown_instead_of_obeyed(text, shown):
    assert plain(text) == shown


def record(message, *args, error=None):
    return logging.LogRecord("x", logging.ERROR, "x.py", 1, message, args, error)


def test_a_logged_name_from_outside_forges_no_line():
    line = FORMAT.format(record("%s: refused", "box\n\x1b[2JINFO all is well"))
    assert line == r"ERROR box\n\x1b[2JINFO all is well: refused"


def test_a_traceback_keeps_its_lines_and_nothing_else_of_it():
    error = ValueError("bad\x1b[2J")
    lines = FORMAT.format(record("broke", error=(ValueError, error, None))).split("\n")
    assert lines == ["ERROR broke", r"ValueError: bad\x1b[2J"]
