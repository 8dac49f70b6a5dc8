"""Does a line bring every packet whole and in its order, whoever reads it, and write them so?"""

import asyncio
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_gateway.adapters import mqtt_line
from ballotbox_gateway.adapters.mqtt_line import Line, Publication
from ballotbox_protocol.wire.message import MESSAGE_MAX, Message, MessageKind
from ballotbox_simulator.live.broker import free_port
from tests.brokers import mosquitto
from tests.gateway.adapters.scripted_broker import ScriptedBroker
from tests.gateway.adapters.test_mqtt_intake import DOWN, UP, Publisher, road, taken, up
from tests.patience import soon

PACKET_MAX = 300
RESET = ConnectionResetError("cut")


class Wire:
    """A socket that brings these pieces, one a call, and takes as many bytes as it is allowed."""

    def __init__(self, *pieces, room=()):
        self.pieces = deque(pieces)
        self.room = deque(room)
        self.written = bytearray()

    def recv(self, _size):
        if not self.pieces:
            raise BlockingIOError
        piece = self.pieces.popleft()
        if isinstance(piece, OSError):
            raise piece
        return piece

    def send(self, data):
        room = self.room.popleft() if self.room else len(data)
        if isinstance(room, OSError):
            raise room
        if not room:
            raise BlockingIOError
        self.written += data[:room]
        return len(data[:room])


def line(*pieces, properties=True, **wire):
    return Line(Wire(*pieces, **wire), PACKET_MAX, properties=properties)


def packet(first, body):
    """Any packet, its length as MQTT writes it."""
    length, left = bytearray(), len(body)
    while left >= 128:
        length.append(left % 128 | 128)
        left //= 128
    return bytes((first, *length, left)) + body


def publish(first, topic, payload, mid=7, properties=b"\x00"):
    number = b"" if first & 6 == 0 else mid.to_bytes(2)
    return packet(first, len(topic).to_bytes(2) + topic + number + properties + payload)


def as_paho_reads(a_line):
    """The packet that is paho's, read as it does, or None as long as it is not all there."""
    if not a_line.has_for_paho:
        return None
    got = a_line.recv(1)
    length = shift = 0
    while True:
        byte = a_line.recv(1)
        got += byte
        length |= (byte[0] & 127) << shift
        shift += 7
        if byte[0] < 128:
            break
    while length:
        try:
            part = a_line.recv(length)
        except BlockingIOError:
            assert a_line.publication() is None
            continue
        got += part
        length -= len(part)
    return got


def all_of(a_line):
    """Everything that comes: publications, and packets as bytes."""
    everything = []
    wire = a_line._sock
    while True:
        found = a_line.publication() or as_paho_reads(a_line)
        if found is not None:
            everything.append(found)
        elif not wire.pieces:
            return everything


topics = st.binary(min_size=1, max_size=20)
SHORT = st.binary(max_size=250)
mids = st.integers(1, 0xFFFF)
plain = st.builds(
    lambda first, topic, payload, mid: (
        publish(first, topic, payload, mid),
        Publication(topic, payload, *((0, 0) if first == 0x30 else (mid, 1))),
    ),
    st.sampled_from([0x30, 0x32, 0x3A]),
    topics,
    st.binary(max_size=200),
    mids,
)
others = st.one_of(
    st.builds(publish, st.sampled_from([0x31, 0x33]), topics, SHORT, mids),
    st.builds(
        publish,
        st.sampled_from([0x30, 0x32]),
        topics,
        SHORT,
        mids,
        st.just(b"\x02\x01\x01"),
    ),
    st.builds(publish, st.sampled_from([0x30, 0x32]), st.just(b""), SHORT, mids),
    st.builds(packet, st.sampled_from([0x20, 0x40, 0x90, 0xD0, 0xE0]), SHORT),
    st.builds(packet, st.sampled_from([0x30, 0x32]), st.binary(max_size=4)),
).map(lambda data: (data, data))


@given(st.lists(plain | others, max_size=12), st.lists(st.integers(1, 120), min_size=1))
def test_every_packet_comes_once_in_order_however_the_bytes_are_cut(packets, cuts):
    data = b"".join(sent for sent, _ in packets)
    pieces, at = [], 0
    while at < len(data):
        pieces.append(data[at : at + cuts[len(pieces) % len(cuts)]])
        at += len(pieces[-1])
    assert all_of(line(*pieces)) == [found for _, found in packets]


@pytest.mark.parametrize("properties", [True, False])
def test_a_publication_is_plain_only_in_the_form_of_the_protocol_that_is_spoken(properties):
    field = b"\x00" if properties else b""
    data = publish(0x32, b"a/b", b"body", 9, field)
    assert line(data, properties=properties).publication() == Publication(b"a/b", b"body", 9, 1)
    if properties:
        bare = publish(0x32, b"a/b", b"body", 9, b"")
        assert line(bare).publication() is None


@pytest.mark.parametrize("first", [0x30, 0x33, 0xD0])
def test_a_packet_longer_than_the_broker_was_told_ends_the_connection(first):
    whole = publish(first, b"t", b"x" * PACKET_MAX)
    a_line = line(whole[:10], whole[10:200], whole[200:], b"never read")
    assert a_line.publication() is None
    assert a_line.is_over
    assert a_line.has_for_paho
    with pytest.raises(ConnectionAbortedError, match=r"a packet came with 30\d bytes"):
        a_line.recv(1)


@pytest.mark.parametrize("first", [0x34, 0x3C, 0x35])
def test_a_message_at_qos_2_ends_the_connection(first):
    a_line = line(publish(first, b"t", b"x"))
    assert a_line.publication() is None
    with pytest.raises(ConnectionAbortedError, match="at QoS 2"):
        a_line.recv(1)


LONG = 100_000


@pytest.mark.parametrize("first", [0x30, 0x32, 0x3A, 0x33])
@pytest.mark.parametrize("topic", [b"t", b"t" * 65_535], ids=len)
def test_before_mqtt_5_what_is_too_long_is_cut_and_the_rest_passed_over(first, topic):
    data = publish(first, topic, b"x" * LONG, 9, b"") + publish(0x32, b"next", b"whole", 10, b"")
    cut = [data[at : at + 4_096] for at in range(0, len(data), 4_096)]
    a_line = line(*cut, properties=False)
    qos, mid = (0, 0) if first == 0x30 else (1, 9)
    kept = first == 0x33
    begin = Publication(topic[:PACKET_MAX], b"x" * PACKET_MAX, mid, qos, kept)
    assert all_of(a_line) == [begin, Publication(b"next", b"whole", 10, 1)]


def test_of_a_packet_that_is_too_long_only_its_beginning_is_in_memory():
    pieces = [b"x" * 4_096 for _ in range(1_000)]
    head = b"\x30\xff\xff\xff\x7f\x00\x01t"
    a_line, longest = line(head, *pieces, properties=False), 0
    assert len(a_line.publication().payload) == PACKET_MAX
    while a_line._sock.pieces:
        assert a_line.publication() is None
        longest = max(longest, len(a_line._data))
    assert longest < PACKET_MAX + 65_544 + 2 * 4_096


def test_a_length_without_end_is_left_to_paho_which_ends_the_connection():
    a_line = line(bytes.fromhex("30ffffffffff7f"))
    assert a_line.publication() is None
    assert a_line.recv(1) == b"\x30"
    assert [a_line.recv(1) for _ in range(5)] == [b"\xff"] * 5


@pytest.mark.parametrize(("end", "told"), [(b"", b""), (RESET, RESET)])
def test_paho_learns_how_a_connection_ended_after_all_that_came_before(end, told):
    data = publish(0x30, b"t", b"last")
    a_line = line(data + data[:-1], end)
    assert a_line.publication() == Publication(b"t", b"last", 0, 0)
    assert not a_line.has_for_paho
    assert a_line.publication() is None
    assert a_line.is_over
    assert a_line.has_for_paho
    if told == b"":
        assert a_line.recv(1) == told
    else:
        with pytest.raises(ConnectionResetError):
            a_line.recv(1)


def test_nothing_is_pahos_to_read_while_nothing_is_there():
    a_line = line()
    assert a_line.publication() is None
    assert not a_line.has_for_paho
    with pytest.raises(BlockingIOError):
        a_line.recv(1)


@given(
    st.lists(st.sampled_from("apf") | st.binary(min_size=1, max_size=9), max_size=30),
    st.lists(st.integers(0, 200), max_size=30),
)
def test_whole_packets_leave_in_order_whatever_the_socket_takes_at_a_time(steps, room):
    a_line = line(room=room)
    expected = b""
    for step in steps:
        if step == "a":
            a_line.acknowledge(258)
            expected += b"\x40\x02\x01\x02"
        elif step == "p":
            a_line.publish(b"to", b"x" * 150)
            expected += publish(0x30, b"to", b"x" * 150)
        elif step == "f":
            a_line.flush()
        else:
            try:
                assert a_line.send(step) == len(step)
            except BlockingIOError:
                # paho keeps it and tries again.
                assert a_line.has_unsent
            else:
                expected += step
        assert expected.startswith(bytes(a_line._sock.written))
    a_line._sock.room.clear()
    a_line.flush()
    assert not a_line.has_unsent
    assert a_line._sock.written == expected


def test_paho_cannot_say_goodbye_and_close_before_the_answers_are_written():
    a_line = line(room=[3, 0])
    a_line.acknowledge(1)
    with pytest.raises(BlockingIOError):
        a_line.send(b"\xe0\x00")
    with pytest.raises(BlockingIOError):
        a_line.send(b"\xe0\x00")
    assert a_line.send(b"\xe0\x00") == 2
    assert a_line._sock.written == b"\x40\x02\x00\x01\xe0\x00"


def test_a_connection_that_breaks_at_a_write_is_over_and_paho_is_told():
    a_line = line(room=[BrokenPipeError()])
    a_line.acknowledge(1)
    a_line.flush()
    assert a_line.is_over
    assert not a_line.has_unsent
    with pytest.raises(BrokenPipeError):
        a_line.send(b"\xe0\x00")
    with pytest.raises(BrokenPipeError):
        a_line.recv(1)


MIXED = b"".join(
    (
        publish(0x32, UP[0].encode(), b"plain", 1),
        publish(0x32, UP[0].encode(), b"with properties", 2, b"\x02\x01\x01"),
        packet(0xD0, b""),
        publish(0x33, UP[0].encode(), b"kept", 3),
        publish(0x3A, UP[1].encode(), b"again", 4),
        publish(0x30, UP[1].encode(), b"once"),
        publish(0x32, b"\xff", b"no topic", 5),
        publish(0x32, UP[0].encode(), b"", 6),
    )
)


def test_a_message_that_is_too_long_for_mqtt_3_is_refused_by_size_and_acknowledged(tmp_path):
    """Kept at the broker it would come again, before everything else."""

    async def scenario():
        with mosquitto(tmp_path, "max_packet_size 1000000") as broker:
            async with road(broker, protocol="3.1.1") as intake:
                await up(intake)
                with Publisher(broker, DOWN[0]) as box:
                    await asyncio.to_thread(box.say, UP[0], b"x" * 200_000)
                    await asyncio.to_thread(box.say, UP[0], b"short")
                    await soon(lambda: len(intake._inbox) == 2, "two letters")
                    cut, short = taken(intake)
                    assert MESSAGE_MAX < len(cut.data) < MESSAGE_MAX + 2_000
                    assert (cut.token.qos, short.data) == (1, b"short")

    asyncio.run(scenario())


def letters_of(burst):
    """What a road makes of a burst after the subscription: box, road and bytes of each letter."""

    async def scenario():
        async with ScriptedBroker(afterwards=burst) as broker, road(broker) as intake:
            await soon(lambda: len(intake._inbox) == 6, "six letters")
            return [(each.route.road, each.data, each.token.mid) for each in taken(intake)]

    return asyncio.run(scenario())


def test_what_goes_past_paho_is_what_paho_would_have_handed_over(monkeypatch):
    past = letters_of(MIXED)
    monkeypatch.setattr(mqtt_line, "_PLAIN", frozenset())
    assert letters_of(MIXED) == past
    assert [data for _, data, _ in past] == [
        b"plain",
        b"with properties",
        b"again",
        b"once",
        b"no topic",
        b"",
    ]


def test_an_answer_leaves_although_nobody_flushes_the_road_it_takes(tmp_path):
    """A report that came by wire may close a gap whose reports came by the broker."""

    async def scenario():
        with mosquitto(tmp_path) as broker:
            async with road(broker) as intake:
                await up(intake)
                with Publisher(broker, DOWN[0]) as box:
                    await asyncio.to_thread(box.say, UP[0], b"one")
                    await soon(lambda: len(intake._inbox) == 1, "a letter")
                    (letter,) = taken(intake)
                    letter.route.send(Message(MessageKind.HELLO_WANTED))
                    await soon(lambda: box.heard, "an answer")

    asyncio.run(scenario())


def test_answers_that_a_broker_does_not_take_stop_the_reading_until_it_does():
    async def scenario():
        release = asyncio.Event()
        heard = bytearray()

        async def broker(reader, writer):
            await reader.readuntil(b"\x05")
            writer.write(bytes.fromhex("2003000000"))
            await release.wait()
            while part := await reader.read(1 << 16):
                heard.extend(part)
            writer.close()

        port = free_port()
        server = await asyncio.start_server(broker, "127.0.0.1", port, limit=1 << 10)
        async with server:
            where = type("Where", (), {"host": "127.0.0.1", "port": port})
            async with road(where) as intake:
                await soon(lambda: intake._greeted, "the CONNACK")
                way = intake.route_to(bytes.fromhex(UP[0].split("/")[3]))
                answer = Message(MessageKind.RECEIPT, b"r" * 10_000)
                count = 0
                while not intake._congested:
                    way.send(answer)
                    intake.flush()
                    count += 1
                assert intake._held
                intake.resume()
                assert intake._held
                release.set()
                await soon(lambda: not intake._held, "the end of the jam")
                await soon(lambda: heard.count(b"r" * 10_000) == count, "all answers")

    asyncio.run(scenario())
