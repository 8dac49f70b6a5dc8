"""Is the box as a real process the box of the core: over its panel, its files and its roads?"""

import os
import select
import tty
from contextlib import suppress
from itertools import islice

import pytest

from tests.device.host.box_process import PATIENCE_S, Place, find, make_place, sheets
from tests.device.host.small_gateway import LineEnd, SmallGateway

DAY_SHEETS = 6


@pytest.fixture
def place(tmp_path):
    return make_place(tmp_path / "place")


@pytest.fixture
def line():
    """Both ends of a pseudo-terminal; the far end stays open, as a cable that stays plugged in."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    for descriptor in (master, slave):
        with suppress(OSError):
            os.close(descriptor)


def nowhere(place: Place):
    """A road that leads to no gateway: the box counts without one."""
    return ("--serial", place.folder / "no-such-port")


def test_a_day_over_a_serial_line_until_every_report_is_receipted(place, line):
    master, port = line
    gateway = SmallGateway(place.authority)
    end = LineEnd(gateway, master)
    with place.run("--serial", port) as box:
        box.until_ready()
        box.act("print_zero", "open")
        for sheet in islice(sheets(), DAY_SHEETS):
            assert find(box.feed(**sheet), "sheet_accepted")
        box.act("turnout", "close", "finish")
        serve(end, box)
    bodies = gateway.bodies()
    assert [body.sequence for body in bodies] == list(range(len(bodies)))
    assert bodies[-1].kind.name == "FINAL"
    assert bodies[-1].counters.accepted == DAY_SHEETS
    assert bodies[-1].debug
    assert gateway.hellos[-1].box == place.authority.boxes[0]
    assert_all_answered(place, gateway)


def serve(end: LineEnd, box) -> None:
    """Be the gateway until the box says that nothing waits for an answer, and has said hello."""
    end.flush()
    while box.lines[-1] != {"says": "delivery", "unanswered": 0} or not end.gateway.hellos:
        ready, _, _ = select.select([end.descriptor, box.output], [], [], PATIENCE_S)
        assert ready, f"nothing moves; the box said {box.lines[-3:]}"
        if end.descriptor in ready:
            end.readable()
        if box.output in ready:
            box.hear()


def assert_all_answered(place: Place, gateway: SmallGateway) -> None:
    told = place.status()
    assert len(told["reports"]) == len(gateway.reports) > 0
    for report in told["reports"]:
        assert report["answers"] == {gateway.origin: "accepted"}
