"""Does a box behind a real broker get its reports to the gateway, whatever the broker does?"""

import asyncio
import random
import socket
from collections.abc import Callable

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.host import mqtt_road
from ballotbox_device.host.mqtt_road import MqttRoad
from ballotbox_protocol.wire.message import topic_of
from ballotbox_simulator.live.broker import Broker, BrokerUnavailable, find_broker, free_port
from tests.device.host.box_on_a_road import PACE, Heard, authority, instant, opened_crew, run
from tests.device.host.small_gateway import SmallGateway
from tests.gateway.adapters.scripted_broker import ScriptedBroker

REPORTS = 3


@pytest.fixture
def broker(tmp_path):
    """A broker that is not started yet."""
    try:
        made = Broker(find_broker(), tmp_path / "broker")
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    yield made
    made.stop()


class GatewayClient:
    """The small gateway behind the same broker, on the same loop; comes back when it is cut off."""

    def __init__(self, gateway: SmallGateway, port: int, moved: Callable[[], None]) -> None:
        self._gateway = gateway
        self._port = port
        self._moved = moved
        self._closed = False
        self._subscribed = asyncio.Event()
        self._arrived: list[bytes] = []
        trusted = gateway.authority.trusted
        box = trusted.register.boxes[0].box
        self._up, self._down = (topic_of(trusted.digest, box, way) for way in ("up", "down"))
        self._dial()

    async def ready(self) -> None:
        await self._subscribed.wait()

    def _dial(self) -> None:
        if self._closed:
            return
        loop = asyncio.get_running_loop()
        client = self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="gateway")
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_connect = lambda client, *_: client.subscribe(self._up, qos=1)
        client.on_message = lambda _c, _u, message: self._arrived.append(message.payload)
        client.on_socket_open = lambda _c, _u, sock: loop.add_reader(sock, self._readable)
        client.on_socket_close = lambda _c, _u, sock: loop.remove_reader(sock)
        client.on_socket_register_write = lambda *_: loop.call_soon(client.loop_write)
        client.on_disconnect = lambda *_: loop.call_later(0.05, self._dial)
        try:
            client.connect("127.0.0.1", self._port)
        except OSError:
            loop.call_later(0.05, self._dial)

    def _readable(self) -> None:
        self._client.loop_read()
        arrived, self._arrived = self._arrived, []
        for data in arrived:
            for message in self._gateway.take(data):
                self._client.publish(self._down, message.to_bytes())
        self._moved()

    def close(self) -> None:
        self._closed = True
        self._client.disconnect()
        self._client.loop_write()


class Behind:
    """A box and a gateway behind one broker."""

    def __init__(self, port: int) -> None:
        self.crew = opened_crew()
        self.gateway = SmallGateway(authority())
        chance = random.Random(1)
        self.road = MqttRoad(self.crew.device.outgoing, "127.0.0.1", port, chance, PACE)
        self.heard = Heard(self.road)
        self.troubles: list[str] = []
        self.road.in_the_way = self._trouble
        self._client: GatewayClient | None = None

    def _trouble(self, problem: Exception) -> None:
        self.troubles.append(str(problem))
        self.heard.moved()

    async def gateway_on(self, port: int) -> None:
        self._client = GatewayClient(self.gateway, port, self.heard.moved)
        await self._client.ready()

    async def all_answered(self) -> None:
        await self.heard.until(lambda: self.road.unanswered == 0)

    def close(self) -> None:
        self.road.close()
        if self._client is not None:
            self._client.close()


def behind(port, test):
    """Run `test(place)` with a box that has yet to connect."""

    async def placed() -> None:
        place = Behind(port)
        try:
            await test(place)
        finally:
            place.close()

    run(placed)


def test_every_report_arrives_and_is_answered(broker):
    broker.start()

    async def test(place):
        await place.gateway_on(broker.port)
        await place.road.connect()
        await place.all_answered()
        assert list(place.gateway.reports.values()) == [made.data for made in place.crew.made]
        await place.heard.until(lambda: len(place.gateway.hellos) == 1)
        place.crew.turnout(instant(9))
        place.road.pump()
        await place.all_answered()
        assert len(place.gateway.reports) == REPORTS + 1
        assert place.troubles == []

    behind(broker.port, test)


def test_a_gateway_that_is_late_hears_everything(broker):
    broker.start()

    async def test(place):
        await place.road.connect()
        assert place.road.unanswered == REPORTS
        await place.gateway_on(broker.port)
        await place.all_answered()
        assert len(place.gateway.reports) == REPORTS

    behind(broker.port, test)


def test_a_broker_that_is_killed_and_comes_back_costs_nothing(broker):
    broker.start()

    async def test(place):
        await place.gateway_on(broker.port)
        await place.road.connect()
        await place.all_answered()
        await place.heard.until(lambda: len(place.gateway.hellos) == 1)
        broker.kill()
        await place.heard.until(lambda: bool(place.troubles))
        place.crew.turnout(instant(9))
        place.road.pump()
        assert place.road.unanswered == 1
        broker.start()
        await place.all_answered()
        assert len(place.gateway.reports) == REPORTS + 1
        await place.heard.until(lambda: len(place.gateway.hellos) == 2)

    behind(broker.port, test)


def test_a_broker_that_refuses_the_subscription_is_named_and_asked_again():
    async def refused() -> None:
        async with ScriptedBroker(SUBACK=b"\x87") as broker:
            place = Behind(broker.port)
            connecting = asyncio.ensure_future(place.road.connect())
            await place.heard.until(lambda: len(place.troubles) >= 2)
            assert "refuses to let the box read bbx/1/" in place.troubles[0]
            assert "Let it read that topic" in place.troubles[0]
            assert broker.connections >= 2
            connecting.cancel()
            place.close()

    run(refused)


def test_a_broker_that_is_not_there_is_named_and_tried_until_it_is(broker):
    async def test(place):
        connecting = asyncio.ensure_future(place.road.connect())
        await place.heard.until(lambda: len(place.troubles) >= 2)
        assert f"MQTT broker 127.0.0.1:{broker.port}" in place.troubles[0]
        assert "refused" in place.troubles[0].lower()
        assert "Start the broker" in place.troubles[0]
        broker.start()
        await connecting
        await place.gateway_on(broker.port)
        await place.all_answered()

    behind(broker.port, test)


def test_a_broker_that_does_not_answer_does_not_stop_the_box(monkeypatch):
    """A full queue of connections: the system leaves new ones without any answer."""
    monkeypatch.setattr(mqtt_road, "_REACH_S", 0.5)
    happened = []

    async def test(place):
        connecting = asyncio.ensure_future(place.road.connect())
        place.road.in_the_way = lambda _problem: (happened.append("trouble"), place.heard.moved())
        # The dialling has begun before this; the loop must still turn while it waits.
        asyncio.get_running_loop().call_later(0.05, happened.append, "alive")
        await place.heard.until(lambda: "trouble" in happened)
        connecting.cancel()

    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        port = deaf.getsockname()[1]
        waiting = [_half_open(port) for _ in range(4)]
        behind(port, test)
        for each in waiting:
            each.close()
    assert happened[0] == "alive"


def _half_open(port: int) -> socket.socket:
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", port))
    return client


def test_a_road_that_was_closed_does_not_dial_again():
    async def test(place):
        connecting = asyncio.ensure_future(place.road.connect())
        await place.heard.until(lambda: len(place.troubles) == 1)
        place.road.close()
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        assert asyncio.all_tasks() == {asyncio.current_task(), *_watchers()}

    behind(free_port(), test)


def _watchers() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if "watched" in str(task.get_coro())}


def test_a_memory_that_fails_is_not_swallowed_by_the_loop(broker, monkeypatch):
    broker.start()

    async def test(place):
        def broken(*_):
            raise MemoryFault("the disk is full")

        monkeypatch.setattr(type(place.road.outgoing), "receipted", broken)
        await place.gateway_on(broker.port)
        await place.road.connect()
        await place.all_answered()

    with pytest.raises(MemoryFault, match="the disk is full"):
        behind(broker.port, test)
