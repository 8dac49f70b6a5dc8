"""Do reports land, and nothing else become state, whatever a broker and its clients get up to?"""

import asyncio
import random
import socket
import threading
from pathlib import Path
from typing import Self

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from ballotbox_device.core.rules import ElectionRules
from ballotbox_gateway.adapters.mqtt_client import session_name
from ballotbox_gateway.config_roads import Mqtt
from ballotbox_protocol.wire.message import Message, MessageKind, topic_of
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.crew import OPENING, new_crew
from ballotbox_simulator.live.boxes import MqttBox as FirmwareBox
from ballotbox_simulator.live.broker import Broker
from tests.brokers import mosquitto
from tests.device.host.box_on_a_road import instant
from tests.end_to_end.mqtt_box import MqttBox
from tests.end_to_end.test_gateway_mqtt import LISTENING, started, status, stored_leaves
from tests.gateway.scripted import ORIGIN, ScriptedBox, report_id
from tests.patience import PATIENCE_S, soon
from tests.scale import at_scale

#: Turnouts of each box in the burst; every twentieth the broker is killed.
ROUNDS = at_scale(60, 600)
#: Connections in the storm.
STORMING = at_scale(300, 1_000)


def table(broker):
    return f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n'


def accepted(gateway):
    return [leaf.report for leaf in stored_leaves(gateway) if leaf.verdict is Verdict.ACCEPTED]


def test_a_retained_report_waits_until_its_box_says_it(gateway, election, tmp_path):
    box = ScriptedBox(election)
    boot, *_ = box.open_poll()
    retaining = mosquitto(tmp_path / "b", "retain_available true")
    with retaining as broker, MqttBox(broker, election) as road:
        road.send(box.box, Message(MessageKind.REPORT, boot), retain=True)
        # The broker hands it to us in turn, so it has it.
        road._client.subscribe(topic_of(election.trusted.digest, box.box, "up"), 1)
        with started(gateway, table(broker)).running():
            gateway.await_line("1 retained messages not taken")
            state = status(gateway)
            assert state["counts"] == {"leaves": {}, "refused": {}, "unauthentic": {}}
            (remark,) = state["broker_remarks"]
            assert f"BROKER    {remark}" in gateway.command("status").stdout
            road.say(box.box, boot)
            road.await_receipts([report_id(boot)])
            assert gateway.stop() == 0
    assert accepted(gateway) == [report_id(boot)]


def die_with_will(broker, topic, payload):
    """Connect with a will and lose the connection, as a box does whose power is cut."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.will_set(topic, payload, 1)
    client.connect(broker.host, broker.port)
    while not client.is_connected():
        client.loop(0.05)
    client.socket().shutdown(socket.SHUT_RDWR)
    client.socket().close()
    client._reset_sockets()


def wills_say_nothing(gateway, mqtt_table, broker, election, before=""):
    box, other = ScriptedBox(election), ScriptedBox(election, 2)
    day = box.day()
    up = topic_of(election.trusted.digest, box.box, "up")
    others_up = topic_of(election.trusted.digest, other.box, "up")
    close = Message(MessageKind.REPORT, day[-2]).to_bytes()
    forged = close[:-1] + bytes((close[-1] ^ 1,))
    started(gateway, mqtt_table).start(before=before)
    with MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, *day[:3])
        road.await_receipts(map(report_id, day[:3]))
        known = status(gateway)["boxes"]
        die_with_will(broker, up, forged)
        die_with_will(broker, up, b"offline")
        die_with_will(broker, others_up, close)
        die_with_will(broker, up, Message(MessageKind.REPORT, day[0]).to_bytes())
        road.say(box.box, day[3])
        road.await_receipts([report_id(day[3])])
        state = status(gateway)
        assert state["counts"]["leaves"] == {"IN_ORDER": 4}
        assert state["boxes"] == known
        assert state["counts"]["unauthentic"] == {"ENVELOPE": 1, "SIGNATURE": 1, "TOPIC": 1}
        road.say(box.box, *day[4:])
        road.await_receipts(map(report_id, day))
    assert gateway.stop() == 0


@pytest.mark.attack(17, check="the signature of the box that a will speaks for")
def test_a_will_is_judged_as_bytes_and_says_nothing_about_a_box(
    gateway, mqtt_table, broker, election
):
    wills_say_nothing(gateway, mqtt_table, broker, election)


#: A gateway that believes whoever names a key of the register.
BELIEVES_ALL = "from ballotbox_protocol.wire import cose\ncose.verify = lambda *_: True"


@pytest.mark.attack(17, control_of="test_a_will_is_judged_as_bytes_and_says_nothing_about_a_box")
def test_without_the_signature_a_will_that_says_closed_has_a_leaf(
    gateway, mqtt_table, broker, election
):
    with pytest.raises(AssertionError, match=r"1 more item:\n +\{'GAP_BEFORE': 1\}"):
        wills_say_nothing(gateway, mqtt_table, broker, election, BELIEVES_ALL)


class Rival:
    """Another client with somebody's client id that comes back a second after each loss."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.connections = 0
        self.changed = threading.Condition()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._connected
        self._broker = broker

    def _connected(self, *_: object) -> None:
        with self.changed:
            self.connections += 1
            self.changed.notify_all()

    def __enter__(self) -> Self:
        self._client.connect(self._broker.host, self._broker.port)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client._reset_sockets()


@pytest.mark.accept
def test_two_clients_with_the_gateways_name_do_not_keep_reports_from_landing(
    gateway, election, tmp_path
):
    box = ScriptedBox(election)
    day = box.day(20)
    name = session_name(Mqtt(host="127.0.0.1"), ORIGIN)
    with (
        mosquitto(tmp_path / "b") as broker,
        MqttBox(broker, election) as road,
        started(gateway, table(broker)).running(),
        Rival(broker, name) as rival,
    ):
        for sent, report in enumerate(day, 1):
            road.say(box.box, report)
            # A receipt may be lost with the connection that carried it: a box asks again.
            while len(road.receipts) < sent:
                road.say(box.box, report)
                try:
                    road.await_receipts([report_id(report)], 2)
                except AssertionError:
                    continue
        with rival.changed:
            assert rival.changed.wait_for(lambda: rival.connections >= 5, PATIENCE_S)
        (remark,) = status(gateway)["broker_remarks"]
        assert f"another client may take our name {name} over" in remark
        came = sum(LISTENING in line for line in gateway.lines)
        # Each of them throws the other out, and nobody tries faster for it.
        assert came <= rival.connections + 2
        assert gateway.stop() == 0
    assert sorted(accepted(gateway)) == sorted(map(report_id, day))


def firmware_boxes(election, broker, count):
    rules = ElectionRules.of(election.trusted)
    for number, box in enumerate(election.boxes[:count]):
        crew = new_crew(election, rules, box, number)
        yield FirmwareBox(crew, broker.host, broker.port, random.Random(number))


async def all_answered(boxes, patience_s):
    await soon(lambda: not any(box.unanswered for box in boxes), "every receipt", patience_s)


@pytest.mark.accept
def test_two_clients_with_a_boxs_name_do_not_keep_its_reports_from_landing(
    gateway, election, tmp_path
):
    told = []

    async def stormed(broker):
        (box,) = firmware_boxes(election, broker, 1)
        box.in_the_way = lambda problem: told.append(str(problem))
        box.crew.switch_on(instant())
        box.crew.act(instant(), *OPENING)
        with Rival(broker, box.outgoing.box.hex()) as rival:
            await box.connect()
            for number in range(20):
                box.crew.turnout(instant(9 + number))
                box.pump()
                await all_answered([box], PATIENCE_S * 2)
                if number < 4:
                    seen = rival.connections
                    await soon(lambda: rival.connections > seen, "a takeover")  # noqa: B023
        box.close()
        return box.outgoing.count

    with mosquitto(tmp_path / "b") as broker, started(gateway, table(broker)).running():
        gateway.await_line(LISTENING)
        count = asyncio.run(stormed(broker))
        assert gateway.stop() == 0
    assert len(accepted(gateway)) == count == 23
    assert any("Find who uses this box's id beside it" in each for each in told)


class DebianBroker(Broker):
    """mosquitto with the file that Debian installs, moved to a folder and a port of the test's."""

    def _prepare(self) -> list[str]:
        installed = Path("/etc/mosquitto/mosquitto.conf")
        if not installed.exists():
            pytest.skip("Debian's configuration of mosquitto is not installed")
        store = self._directory / "store"
        store.mkdir(exist_ok=True)
        moved = {
            "pid_file": "",
            "persistence_location": f"persistence_location {store}/",
            "log_dest": "",
            "include_dir": "",
        }
        lines = [
            moved.get(line.partition(" ")[0], line) for line in installed.read_text().splitlines()
        ]
        lines += [f"listener {self.port} {self.host}", "allow_anonymous true", "user root"]
        config = self._directory / "broker.conf"
        config.write_text("\n".join(lines) + "\n")
        return [str(self.program.path), "-c", str(config)]


def killed_in_a_burst(gateway, election, tmp_path, patience_s=PATIENCE_S * 4):
    """Kill Debian's mosquitto again and again while four boxes report; all arrive, once."""

    async def burst(broker):
        boxes = list(firmware_boxes(election, broker, 4))
        for box in boxes:
            box.crew.switch_on(instant())
            box.crew.act(instant(), *OPENING)
        await asyncio.gather(*(box.connect() for box in boxes))
        for number in range(ROUNDS):
            for box in boxes:
                box.crew.turnout(instant(9 + number))
                box.pump()
            await asyncio.sleep(0)
            if number % 20 == 10:
                # Something is under way at the broker: said, and without a receipt.
                assert any(box.unanswered for box in boxes)
                broker.kill()
                broker.start()
        try:
            await all_answered(boxes, patience_s)
        finally:
            for box in boxes:
                box.close()
        return sum(box.outgoing.count for box in boxes)

    with mosquitto(tmp_path / "found") as found:
        broker = DebianBroker(found.program, tmp_path / "b")
    with broker, started(gateway, table(broker)).running():
        gateway.await_line(LISTENING)
        count = asyncio.run(burst(broker))
        assert gateway.stop() == 0
    leaves = stored_leaves(gateway)
    assert count == 4 * (ROUNDS + 3)
    assert len(set(accepted(gateway))) == len(accepted(gateway)) == count
    assert len(leaves) >= count


@pytest.mark.accept
def test_a_broker_killed_in_a_burst_costs_nothing_in_debians_configuration(
    gateway, election, tmp_path
):
    """Acceptance 4: kill -9 mosquitto (default Debian config) mid-burst: all reports arrive."""
    killed_in_a_burst(gateway, election, tmp_path)


@pytest.mark.accept
def test_a_box_that_said_each_report_once_would_lose_some(gateway, election, tmp_path, monkeypatch):
    said = set()

    def once(box, message, carry=FirmwareBox._carry):
        data = message.to_bytes()
        if message.kind is not MessageKind.REPORT or data not in said:
            said.add(data)
            carry(box, message)

    monkeypatch.setattr(FirmwareBox, "_carry", once)
    with pytest.raises(AssertionError, match="in vain for: every receipt"):
        killed_in_a_burst(gateway, election, tmp_path, 5)


@pytest.mark.accept
def test_a_restart_brings_every_box_back_with_few_dials(election, tmp_path, monkeypatch):
    """Acceptance 9: a restart storm of real connections: the dials are bounded, all return.

    300 of them, 1,000 in a soak.
    """
    dials = []
    reach = FirmwareBox._reach

    async def counted(box):
        dials.append(box)
        return await reach(box)

    monkeypatch.setattr(FirmwareBox, "_reach", counted)

    async def storm(broker):
        boxes = [box for _ in range(STORMING // 4) for box in firmware_boxes(election, broker, 4)]
        for number, box in enumerate(boxes):
            # The same four boxes, under that many names: the broker knows a client by nothing else.
            box._new_client = named(box, f"{number:032x}")
            box._redialling._draw = random.Random(number).random
        await asyncio.gather(*(box.connect() for box in boxes))
        assert len(dials) == len(boxes)
        for _ in range(2):
            broker.kill()
            await soon(lambda: not any(box._online.is_set() for box in boxes), "the loss")
            dials.clear()
            broker.start()
            await soon(lambda: all(box._online.is_set() for box in boxes), "them all", 120)
            # Each finds the broker with its next dial or the one after it.
            assert len(dials) <= 2 * len(boxes)
        for box in boxes:
            box.close()

    with mosquitto(tmp_path / "b") as broker:
        asyncio.run(storm(broker))


def named(box, name):
    make = box._new_client

    def made():
        client = make()
        client._client_id = name.encode()
        return client

    return made
