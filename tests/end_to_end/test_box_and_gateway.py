"""Do a box and a gateway, both as their users start them, agree on every report of a day?"""

import asyncio
import os
import select
import sqlite3
import threading
import tty
from contextlib import contextmanager, suppress

import pytest

from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.verdict import Verdict
from tests.device.host.box_process import find, make_place, sheets
from tests.end_to_end.field_gateway import FieldGateway
from tests.patience import soon

ORIGIN = "rehearsal.example/precinct"
DELIVERED = {"says": "delivery", "unanswered": 0}


@pytest.fixture
def place(tmp_path):
    return make_place(tmp_path / "place")


@pytest.fixture
def gateway(tmp_path, place):
    """A gateway of the same election."""
    field = FieldGateway(tmp_path / "g", place.authority, ORIGIN)
    yield field
    field.kill()


def poll_day(box, gateway):
    """A day in whose middle the gateway loses its power; the box has to be told nothing."""
    sheet = sheets()
    box.until_ready()
    box.act("print_zero", "open")
    assert find(box.feed(**next(sheet)), "sheet_accepted")
    gateway.kill()
    assert find(box.feed(**next(sheet)), "sheet_accepted")
    box.act("turnout")
    gateway.start()
    box.act("close", "finish")
    while box.lines[-1] != DELIVERED:
        box.hear()


def answers(place):
    reports = place.status()["reports"]
    return {answer for each in reports for answer in each["answers"].items()}


def assert_agreed(place, gateway):
    reports = place.status()["reports"]
    assert [each["kind"] for each in reports] == [
        "boot", "zero", "open", "turnout", "close", "final",
    ]  # fmt: skip
    # What came before its predecessor is held first; that it was accepted since follows by itself.
    asyncio.run(
        soon(lambda: answers(place) == {(ORIGIN, "accepted")}, "acceptance of every report")
    )
    assert gateway.stop() == 0
    with sqlite3.connect(gateway.ledger) as ledger:
        rows = ledger.execute("SELECT leaf FROM leaves ORDER BY position").fetchall()
    ledger.close()
    accepted = [decode_leaf(leaf) for (leaf,) in rows]
    accepted = [leaf.report.hex() for leaf in accepted if leaf.verdict is Verdict.ACCEPTED]
    assert accepted == [each["id"] for each in reports]


def test_over_a_broker(place, gateway, broker, mqtt_table):
    gateway.configure(mqtt_table)
    gateway.init()
    with gateway.running(), place.run("--mqtt", f"127.0.0.1:{broker.port}") as box:
        poll_day(box, gateway)
        assert_agreed(place, gateway)


def test_over_a_serial_line(place, gateway):
    with cable() as (box_port, gateway_port):
        gateway.configure(f'[[serial]]\nport = "{gateway_port}"\n')
        gateway.init()
        with gateway.running(), place.run("--serial", box_port) as box:
            poll_day(box, gateway)
            assert_agreed(place, gateway)


@contextmanager
def cable():
    """Two pseudo-terminals whose far ends are wired to each other."""
    ends = [os.openpty() for _ in range(2)]
    stop, stopped = os.pipe()
    for _, slave in ends:
        tty.setraw(slave)
    masters = [master for master, _ in ends]
    wire = threading.Thread(target=carry, args=(masters, stop))
    wire.start()
    try:
        yield tuple(os.ttyname(slave) for _, slave in ends)
    finally:
        os.close(stopped)
        wire.join()
        os.close(stop)
        for pair in ends:
            for descriptor in pair:
                with suppress(OSError):
                    os.close(descriptor)


def carry(masters, stop):
    """Carry bytes between the two masters until `stop` is closed at its other end."""
    other = dict(zip(masters, reversed(masters), strict=True))
    while True:
        ready, _, _ = select.select([*masters, stop], [], [])
        if stop in ready:
            return
        for master in ready:
            data = os.read(master, 4_096)
            while data:
                data = data[os.write(other[master], data) :]
