"""Acceptance 6: is a silently cut link noticed in time, with nothing lost and nothing doubled?

The gateway lives in a network namespace; broker, centre and boxes are on the other side of wires.
"""

import asyncio
import json
import os
import socket
import time

import pytest

from ballotbox_device.core.poll import Action
from ballotbox_device.host.stream_road import StreamRoad
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_simulator.crew import FINISHING, OPENING
from ballotbox_simulator.live.broker import free_port
from tests.brokers import mosquitto
from tests.end_to_end.mqtt_box import MqttBox
from tests.end_to_end.serial_day import QUICK, at, switched_on
from tests.end_to_end.silent_wire import separate_space
from tests.end_to_end.test_two_gateways import await_delivery
from tests.gateway.adapters.office_certificates import OfficeCa
from tests.gateway.scripted import CENTRE, ORIGIN, ScriptedBox, report_id
from tests.patience import PATIENCE_S, soon

pytestmark = pytest.mark.accept

LISTENING = "connected, listening on"
NO_TIMEOUT = (
    "from ballotbox_gateway.adapters import upstream_http\n"
    "upstream_http.urllib3.Timeout = lambda total: None\n"
)
#: The centre stores a batch and answers only when the wire is cut; `before` gets two files' paths.
LATE_ANSWER = """
import pathlib, time
from ballotbox_gateway.service import gateway
stored, cut = pathlib.Path({stored!r}), pathlib.Path({cut!r})
take_in = gateway.Gateway.take_in
def taking(self, batch):
    outcome = take_in(self, batch)
    if batch.stop > 10 and not stored.exists():
        stored.touch()
        while not cut.exists():
            time.sleep(0.01)
    return outcome
gateway.Gateway.take_in = taking
"""


@pytest.fixture
def space():
    with separate_space(wires=2) as made:
        yield made


@pytest.fixture
def far_broker(space, tmp_path):
    """A broker on this side that listens at the first wire as well; and that port."""
    _, (wire, _) = space
    port = free_port()
    lines = (f"listener {port} {wire.near}", "allow_anonymous true")
    with mosquitto(tmp_path / "broker", *lines) as running:
        yield running, port


def status(gateway):
    return json.loads(gateway.command("status", "--json").stdout)


def assert_once(shown, expected):
    assert shown["log"]["size"] == expected
    assert shown["counts"]["leaves"] == {"IN_ORDER": expected}


class Field:
    """Gateway and centre with certificates, the broker between boxes and gateway."""

    def __init__(self, gateway, centre, space, far_broker, tmp_path, keepalive_s=5):
        self.inside, (self.broker_wire, self.upper_wire) = space
        self.gateway, self.centre = gateway, centre
        self.broker, port = far_broker
        upper, ca = free_port(), OfficeCa(tmp_path / "ca")
        host = self.upper_wire.near
        certificates = [ca.issue("server", "centre", host=host), ca.issue("lower", ORIGIN)]
        shown, calls = ("".join(f'{k} = "{v}"\n' for k, v in each.items()) for each in certificates)
        gateway.configure(
            f'[mqtt]\nhost = "{self.broker_wire.near}"\nport = {port}\nclient_id = "far"\n'
            f"keepalive_s = {keepalive_s}\n",
            f'[upstream]\nurl = "https://{host}:{upper}"\norigin = "{CENTRE}"\nbatch_leaves = 7\n'
            f'timeout_s = 2\nca_file = "{ca.path}"\n{calls}',
        )
        gateway.init()
        centre.configure(
            f'[http]\nhost = "{host}"\nport = {upper}\nclient_ca_file = "{ca.path}"\n{shown}'
        )
        centre.init()

    def start(self, **start):
        self.gateway.start(inside=self.inside, **start)
        self.gateway.await_line(LISTENING)


@pytest.fixture
def field(gateway, centre, space, far_broker, tmp_path):
    return Field(gateway, centre, space, far_broker, tmp_path)


def said(election, count=40):
    box = ScriptedBox(election)
    return box.box, box.open_poll() + [box.report(ReportKind.TURNOUT) for _ in range(count)]


def cut_in_a_delivery(field, election, tmp_path, record, **start):
    stored, cut = tmp_path / "stored", tmp_path / "cut"
    box, day = said(election)
    field.centre.start(before=LATE_ANSWER.format(stored=str(stored), cut=str(cut)))
    field.start(**start)
    with MqttBox(field.broker, election) as road:
        road.say(box, *day)
        road.await_receipts(map(report_id, day))
        deadline = time.monotonic() + PATIENCE_S
        while not stored.exists():
            assert time.monotonic() < deadline, "the centre was never asked"
            time.sleep(0.01)
        field.upper_wire.cut()
        began = time.monotonic()
        cut.touch()
        field.gateway.await_line("the upper gateway does not answer in time")
        record("the cut was noticed after", f"{time.monotonic() - began:.1f} s")
        waiting = status(field.gateway)["upstream"]["waiting"]
        assert waiting >= len(day) - 14
        field.upper_wire.mend()
        began = time.monotonic()
        await_delivery(field.gateway)
        record("drained after", f"{time.monotonic() - began:.1f} s, {waiting} leaves")
    assert_once(status(field.centre), len(day))
    assert_once(status(field.gateway), len(day))


def test_a_delivery_whose_answer_vanishes_is_tried_again_and_taken_in_once(
    field, election, tmp_path, record_property
):
    """Acceptance 6: silent cut during an upward delivery, after the centre has stored it."""
    cut_in_a_delivery(field, election, tmp_path, record_property)


def test_without_a_time_limit_the_cut_is_not_noticed(field, election, tmp_path, record_property):
    """Acceptance 6, the control: it is the limit on the wait for an answer that notices."""
    with pytest.raises(AssertionError, match="does not answer in time"):
        cut_in_a_delivery(field, election, tmp_path, record_property, before=NO_TIMEOUT)


def cut_in_a_session(field, election, record):
    box, day = said(election)
    field.centre.start()
    field.start()
    with MqttBox(field.broker, election) as road:
        road.say(box, *day[:10])
        road.await_receipts(map(report_id, day[:10]))
        seen = len(field.gateway.lines)
        field.broker_wire.cut()
        began = time.monotonic()
        road.say(box, *day[10:])
        field.gateway.await_line(f"WARNING MQTT broker {field.broker_wire.near}", since=seen)
        record("the cut was noticed after", f"{time.monotonic() - began:.1f} s")
        assert len(road.receipts) == 10
        field.broker_wire.mend()
        # A publication that the broker gave up waits for the box, which says it again.
        road.await_receipts(map(report_id, day), PATIENCE_S * 2)
        await_delivery(field.gateway)
    assert_once(status(field.gateway), len(day))
    assert_once(status(field.centre), len(day))


def test_an_mqtt_session_that_falls_silent_is_left_and_taken_up_again(
    field, election, record_property
):
    """Acceptance 6: silent cut during an MQTT session; keepalive 5 s."""
    cut_in_a_session(field, election, record_property)


def test_with_an_hour_of_keepalive_the_silence_is_not_noticed(
    gateway, centre, space, far_broker, tmp_path, election, record_property
):
    """Acceptance 6, the control: it is the keepalive that notices."""
    field = Field(gateway, centre, space, far_broker, tmp_path, keepalive_s=3_600)
    with pytest.raises(AssertionError, match="WARNING MQTT broker"):
        cut_in_a_session(field, election, record_property)


def test_a_serial_line_over_tcp_that_falls_silent_is_opened_anew(
    gateway, space, election, record_property
):
    """Acceptance 6: silent cut of a serial line behind a terminal server, idle at that time."""
    inside, (wire, _) = space
    crew = switched_on(election)

    async def scenario(listener):
        url = f"socket://{wire.near}:{listener.getsockname()[1]}"
        gateway.configure(f'[[serial]]\nport = "{url}"\n')
        gateway.init()
        await asyncio.to_thread(lambda: gateway.start(inside=inside))
        line, road = await plugged_into(listener, crew)
        crew.act(at(10), *OPENING)
        road.pump()
        await soon(lambda: road.unanswered == 0, "the first receipts")
        wire.cut()
        began = time.monotonic()
        await asyncio.to_thread(gateway.await_line, f"WARNING serial port {url}", 0, 60)
        record_property("the cut was noticed after", f"{time.monotonic() - began:.1f} s")
        wire.mend()
        road.close()
        line.close()
        line, road = await plugged_into(listener, crew)
        crew.act(at(1_000), Action.CLOSE, *FINISHING)
        road.pump()
        await soon(lambda: road.unanswered == 0, "all receipts")
        road.close()
        line.close()

    with socket.create_server((wire.near, 0)) as listener:
        asyncio.run(scenario(listener))
    assert_once(status(gateway), crew.device.outgoing.count)
    assert gateway.stop() == 0


async def plugged_into(listener, crew):
    """The connection that the gateway makes next, and the box's road over it."""
    listener.settimeout(PATIENCE_S)
    line, _ = await asyncio.to_thread(listener.accept)
    line.settimeout(0)
    road = StreamRoad(crew.device.outgoing, line.fileno(), os.urandom(8), QUICK)
    await road.connect()
    return line, road
