"""Does a box behind a broker believe neither its acknowledgements nor its library's window?"""

import asyncio
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.core.courier import Pace
from ballotbox_device.host import redial
from ballotbox_device.host.mqtt_road import MqttRoad
from ballotbox_device.host.publish_window import OWN_LIMIT, PublishWindow
from ballotbox_device.host.redial import HEALTHY_S, LONGEST_S, Redial
from tests.device.host.box_on_a_road import (
    PACE,
    PATIENCE_S,
    Heard,
    authority,
    instant,
    opened_crew,
    run,
)
from tests.device.host.small_gateway import SmallGateway
from tests.device.host.strict_broker import StrictBroker

#: Sooner than the broker answers: every report is said again while it is still under way.
IMPATIENT = Pace(first_ms=20, longest_ms=40)


class Quick(random.Random):
    """Draws delays that a test can wait for."""

    def random(self):
        return super().random() / 100


def with_box(queued, pace, test, patience_s=PATIENCE_S, **broker):
    """Run `test(road, heard, gateway, broker)` with a box that has `queued` reports to send."""

    async def placed():
        crew = opened_crew()
        for number in range(queued - crew.device.outgoing.count):
            crew.turnout(instant(9 + number))
        gateway = SmallGateway(authority())
        async with StrictBroker(gateway, **broker) as strict:
            road = MqttRoad(crew.device.outgoing, strict.host, strict.port, Quick(1), pace)
            heard = Heard(road)
            strict.moved = heard.moved
            connecting = asyncio.ensure_future(road.connect())
            try:
                await test(road, heard, gateway, strict)
            finally:
                connecting.cancel()
                road.close()

    run(placed, patience_s)


def all_arrive(queued, hangs_up_after, delay_s, receive_maximum=10, pace=IMPATIENT):
    async def test(road, heard, gateway, broker):
        broker.delay_s = delay_s
        await heard.until(lambda: road.unanswered == 0 or broker.exceeded)
        assert len(gateway.reports) == queued
        assert broker.connections > queued // hangs_up_after
        assert broker.highest <= receive_maximum
        assert broker.exceeded == 0

    patience_s = max(PATIENCE_S, queued / 40)
    limits = {"receive_maximum": receive_maximum, "hangs_up_after": hangs_up_after}
    with_box(queued, pace, test, patience_s, **limits)


@pytest.mark.parametrize("receive_maximum", [3, 10])
def test_a_reconnect_with_a_queue_keeps_to_the_brokers_receive_maximum(receive_maximum):
    """Acceptance 7: reconnects with reports queued: un-acked never exceeds Receive Maximum."""
    all_arrive(100, 40, 0.05, receive_maximum)


def test_without_the_window_the_broker_would_end_every_connection(monkeypatch):
    def straight(road, message):
        if road._online.is_set():
            road._client.publish(road._up, message.to_bytes(), qos=1)

    async def test(road, heard, gateway, broker):
        broker.delay_s = 0.2
        await heard.until(lambda: broker.exceeded >= 3 or road.unanswered == 0)
        assert broker.exceeded >= 3

    monkeypatch.setattr(MqttRoad, "_carry", straight)
    with_box(100, IMPATIENT, test, receive_maximum=10)


@pytest.mark.accept
def test_a_reconnect_with_ten_thousand_queued_keeps_to_the_brokers_receive_maximum():
    """Acceptance 7: 10,000 queued, Receive Maximum 10: un-acked never exceeds 10."""
    all_arrive(10_000, 1_000, 0.001, pace=PACE)


@pytest.mark.parametrize(("code", "word"), [(0x87, "not authorized"), (0x97, "quota exceeded")])
def test_a_refused_puback_leaves_the_reports_in_the_box_and_is_told_once(code, word):
    """Acceptance 8: PUBACK 0x87 or 0x97: the report stays in the outbox, an alarm is raised."""

    async def test(road, heard, gateway, broker):
        told = []
        road.in_the_way = told.append
        await heard.until(lambda: broker.refused >= 20)
        assert road.unanswered == 3
        assert len(told) == 1
        assert f"refuses this box's reports: {word}" in str(told[0])
        assert "they wait in the box" in str(told[0])
        broker.code = 0
        await heard.until(lambda: road.unanswered == 0)
        assert len(gateway.reports) == 3
        broker.code = code
        before = broker.refused
        road.courier.disconnected()
        road.courier.connected(0)
        road.pump()
        await heard.until(lambda: broker.refused > before and len(told) == 2)

    with_box(3, IMPATIENT, test, code=code)


def test_a_puback_alone_takes_nothing_out_of_the_box():
    async def test(road, heard, gateway, broker):
        gateway.answers = False
        await heard.until(lambda: len(gateway.copies) >= 12)
        assert road.unanswered == 3

    with_box(3, IMPATIENT, test)


def test_a_broker_that_knows_no_mqtt_5_is_spoken_to_in_3_1_1():
    levels, greeted = [], asyncio.Event()

    async def old_broker(reader, writer):
        try:
            levels.append((await reader.readexactly(9))[8])
            writer.write(b"\x20\x02\x00\x01" if levels[-1] == 5 else b"\x20\x02\x00\x00")
            if len(levels) == 2:
                greeted.set()
            await reader.read()
        except asyncio.IncompleteReadError:
            pass  # the box only looked whether anybody listens
        finally:
            writer.close()

    async def test():
        async with await asyncio.start_server(old_broker, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            road = MqttRoad(opened_crew().device.outgoing, "127.0.0.1", port, Quick(1), IMPATIENT)
            connecting = asyncio.ensure_future(road.connect())
            await greeted.wait()
            connecting.cancel()
            road.close()
        assert levels == [5, 4]

    run(test)


@given(maximum=st.integers(1, 20), steps=st.lists(st.integers(0, 99), min_size=20, max_size=200))
def test_the_window_never_lets_through_more_than_both_sides_allow(maximum, steps):
    """Below 60 a step offers a message, below 98 the broker answers, else all begins anew."""
    window, number, under_way, waiting = PublishWindow(), 0, {}, []
    window.open(maximum)
    for step in steps:
        if step < 60:
            data = bytes((step,))
            if data not in waiting:
                waiting.append(data)
            window.offer(data)
        elif step < 98:
            answered = min(under_way, default=0)
            window.answered(answered)
            under_way.pop(answered, None)
        else:
            maximum = maximum % 20 + 1
            window.open(maximum)
            under_way, waiting = {}, []
        while (data := window.next()) is not None:
            assert data == waiting.pop(0)
            number += 1
            under_way[number] = data
            window.went(number, data)
        assert len(under_way) <= min(maximum, OWN_LIMIT)
        assert not waiting or len(under_way) == min(maximum, OWN_LIMIT)


def _storm(draw_of, clients=10_000, outage_s=20.0):
    """Return the dials in each tenth of a second, and when each client is back after the cut."""
    dials, back = Counter(), []
    for client in range(clients):
        redialling, now = Redial(draw_of(client)), 0.0
        while now < outage_s:
            now += redialling.delay_s()
            dials[int(now * 10)] += 1
        back.append(now - outage_s)
    return dials, sorted(back)


def test_after_a_restart_ten_thousand_boxes_come_back_spread_out():
    """Acceptance 9: a restart storm of 10,000: the connect rate is bounded, without waves."""
    dials, back = _storm(lambda client: random.Random(client).random)
    late = [count for at, count in dials.items() if at >= 100]
    assert max(late) < 250
    assert back[int(len(back) * 0.99)] < LONGEST_S
    returns = Counter(int(each) for each in back)
    # No second of the return brings much more than its share of them all.
    assert max(returns.values()) < 0.1 * len(back)


def test_without_jitter_they_would_come_in_waves():
    dials, _ = _storm(lambda _client: lambda: 1.0)
    assert max(count for at, count in dials.items() if at >= 100) == 10_000


def test_a_connection_that_is_lost_at_once_does_not_shorten_the_next_wait():
    redialling = Redial(lambda: 1.0)
    waits = []
    for _ in range(12):
        waits.append(redialling.delay_s())
        redialling.lasted(HEALTHY_S - 0.1)
    assert waits[:3] == [2 * redial.FIRST_S, 4 * redial.FIRST_S, 8 * redial.FIRST_S]
    assert waits[-1] == LONGEST_S
    redialling.lasted(HEALTHY_S)
    assert redialling.delay_s() == waits[0]
