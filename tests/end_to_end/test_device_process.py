"""Is the box as a real process the box of the core: over its panel, its files and its roads?"""

import os
import select
import signal
import tty
from contextlib import contextmanager, suppress
from itertools import islice

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from ballotbox_protocol.wire.message import topic_of
from tests.device.host.box_process import PATIENCE_S, Place, find, make_place, sheets
from tests.device.host.small_gateway import LineEnd, SmallGateway

NOWHERE = ("--serial", "no-such-port")
DELIVERED = {"says": "delivery", "unanswered": 0}
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


def poll_day(box) -> None:
    box.until_ready()
    box.act("print_zero", "open")
    for sheet in islice(sheets(), DAY_SHEETS):
        assert find(box.feed(**sheet), "sheet_accepted")
    box.act("turnout", "close", "finish")


def test_a_day_over_a_serial_line_until_every_report_is_receipted(place, line):
    master, port = line
    gateway = SmallGateway(place.authority)
    with place.run("--serial", port) as box:
        poll_day(box)
        serve(LineEnd(gateway, master), box)
    assert_whole_day(place, gateway)
    assert gateway.hellos[-1].box == place.authority.boxes[0]


def serve(end: LineEnd, box) -> None:
    """Be the gateway until the box says that nothing waits for an answer, and has said hello."""
    end.flush()
    while box.lines[-1] != DELIVERED or not end.gateway.hellos:
        if box.has_more:
            box.hear()
            continue
        ready, _, _ = select.select([end.descriptor, box.output], [], [], PATIENCE_S)
        assert ready, f"nothing moves; the box said {box.lines[-3:]}"
        if end.descriptor in ready:
            end.readable()
        if box.output in ready:
            box.hear()


def assert_whole_day(place: Place, gateway: SmallGateway) -> None:
    bodies = gateway.bodies()
    assert [body.sequence for body in bodies] == list(range(len(bodies)))
    assert bodies[-1].kind.name == "FINAL"
    assert bodies[-1].counters.accepted == DAY_SHEETS
    assert all(body.debug for body in bodies)
    told = place.status()
    assert len(told["reports"]) == len(bodies) > 0
    for report in told["reports"]:
        assert report["answers"] == {gateway.origin: "accepted"}


def test_a_day_over_a_broker_until_every_report_is_receipted(place, broker):
    gateway = SmallGateway(place.authority)
    with (
        place.run("--mqtt", f"127.0.0.1:{broker.port}") as box,
        answering_client(gateway, broker.port) as client,
    ):
        poll_day(box)
        while box.lines[-1] != DELIVERED:
            if box.has_more:
                box.hear()
                continue
            ready, _, _ = select.select([client.socket(), box.output], [], [], PATIENCE_S)
            assert ready, f"nothing moves; the box said {box.lines[-3:]}"
            if box.output in ready:
                box.hear()
            else:
                client.loop_read()
                client.loop_write()
    assert_whole_day(place, gateway)


@contextmanager
def answering_client(gateway: SmallGateway, port: int):
    """The small gateway behind the broker; answers whenever it is read."""
    trusted = gateway.authority.trusted
    box = trusted.register.boxes[0].box
    up, down = (topic_of(trusted.digest, box, way) for way in ("up", "down"))

    def answer(client, _, message):
        for each in gateway.take(message.payload):
            client.publish(down, each.to_bytes())

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="gateway")
    client.on_connect = lambda client, *_: client.subscribe(up, qos=1)
    client.on_message = answer
    client.connect("127.0.0.1", port)
    yield client
    client.disconnect()
    client.loop_write()


@pytest.mark.parametrize(
    ("road", "words"),
    [
        (NOWHERE, "serial port no-such-port: does not exist"),
        (("--mqtt", "127.0.0.1:1"), "MQTT broker 127.0.0.1:1: Connection refused"),
    ],
)
def test_without_a_gateway_the_box_says_why_and_counts_on(place, road, words):
    with place.run(*road) as box:
        said = box.until("road")
        assert words in find(said, "road")["problem"]
        if not find(said, "ready"):
            box.until_ready()
        box.act("print_zero", "open")
        assert find(box.feed(**next(sheets())), "sheet_accepted") == {
            "says": "sheet_accepted",
            "accepted": 1,
        }


def test_a_second_process_on_the_same_box_is_told_about_the_first(place):
    with place.run(*NOWHERE) as first:
        first.until_ready()
        with place.run(*NOWHERE) as second:
            with pytest.raises(EOFError) as told:
                second.until_ready()
            assert second.wait() == 1
        assert f"process {first.pid} is running this box" in str(told.value)
        assert "a box runs once" in str(told.value)
        assert second.lines == []
        first.act("print_zero")
    with place.run(*NOWHERE) as after:
        after.until_ready()
    assert place.status()["boots"] == 2


def test_at_the_end_of_the_input_the_box_delivers_and_ends(place, line):
    master, port = line
    end = LineEnd(SmallGateway(place.authority), master)
    with place.run("--serial", port) as box:
        poll_day(box)
        box.end_of_input()
        answer_until_it_ends(end, box)
        with pytest.raises(EOFError, match=r"^$"):
            box.until("nothing")
        assert box.wait() == 0
        assert box.lines[-1] == {"says": "delivery", "unanswered": 0}
    assert_whole_day(place, end.gateway)


def answer_until_it_ends(end: LineEnd, box) -> None:
    end.flush()
    ended = os.pidfd_open(box.pid)
    try:
        while True:
            ready, _, _ = select.select([end.descriptor, ended], [], [], PATIENCE_S)
            assert ready, "nothing moves"
            if ended in ready:
                return
            end.readable()
    finally:
        os.close(ended)


def test_a_panel_that_dies_takes_nothing_with_it(place, line):
    master, port = line
    end = LineEnd(SmallGateway(place.authority), master)
    with place.run("--serial", port) as box:
        box.until_ready()
        box.act("print_zero", "open")
        box.deaf()
        box.send(do="turnout")
        answer_until_it_ends(end, box)
        assert box.wait() == 0
    told = place.status()["reports"]
    assert [body.sequence for body in end.gateway.bodies()] == [each["sequence"] for each in told]
    assert told[2]["kind"] == "open"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_box_ends_in_order_when_it_is_told_to(place, number):
    with place.run(*NOWHERE) as box:
        box.until_ready()
        box.signal(number)
        assert box.wait() == 0
    with place.run(*NOWHERE) as box:
        assert find(box.until_ready(), "report")["kind"] == "boot"
