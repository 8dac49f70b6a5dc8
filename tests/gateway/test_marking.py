"""Does every line of the log say that its election is not official, and which of several it is?"""

import asyncio
import logging

import pytest

from ballotbox_gateway.adapters.threads import in_thread
from ballotbox_gateway.marking import MarkFilter, mark_of, marked
from ballotbox_protocol.election.identifiers import Mode


@pytest.mark.parametrize(
    ("mode", "name", "mark"),
    [
        (Mode.OFFICIAL, None, ""),
        (Mode.OFFICIAL, "day", "[day] "),
        (Mode.REHEARSAL, None, "REHEARSAL "),
        (Mode.REHEARSAL, "dress", "REHEARSAL [dress] "),
        (Mode.TEST, None, "TEST "),
    ],
)
def test_what_is_not_official_says_so(mode, name, mark):
    assert mark_of(mode, name) == mark


def seen(marks):
    """What stands before a line that is logged here."""
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "line", (), None)
    assert marks.filter(record)
    return record.mark


@pytest.mark.parametrize(
    ("modes", "common"),
    [
        ({Mode.OFFICIAL}, ""),
        ({Mode.OFFICIAL, Mode.REHEARSAL}, ""),
        ({Mode.REHEARSAL}, "REHEARSAL "),
        ({Mode.TEST, Mode.REHEARSAL}, "REHEARSAL TEST "),
    ],
)
def test_a_line_about_no_one_election_is_marked_unless_one_is_official(modes, common):
    marks = MarkFilter()
    assert seen(marks) == ""
    marks.serve(modes)
    assert seen(marks) == common
    with marked("[day] "):
        assert seen(marks) == "[day] "
    assert seen(marks) == common


def test_what_an_election_begins_keeps_its_mark_on_the_loop_and_in_threads():
    marks = MarkFilter()

    async def work():
        return [seen(marks), await in_thread(lambda: seen(marks))]

    async def scenario():
        with marked("TEST "):
            begun = asyncio.create_task(work())
        with marked("[day] "):
            other = asyncio.create_task(work())
        return await begun, await other

    assert asyncio.run(scenario()) == (["TEST "] * 2, ["[day] "] * 2)
