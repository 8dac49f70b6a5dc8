"""The line between paho and a broker: packets that are plain go past paho, all others through it.

paho asks the kernel four times for each packet and makes a dozen objects of each publication and
each answer, which takes nearly as long as to verify a signature. So a publication that says nothing
but topic, number and payload is read here, and answers and acknowledgements are written here, a
batch in one call. Whatever else comes is paho's, byte for byte and in its turn, unless it is longer
than any packet may be: paho would keep it whole. MQTT 5 tells the broker that length, and one that
sends more is left. Before MQTT 5 whoever may publish can have it sent: then the beginning is handed
over, which is more than a message may have, and the rest is passed over as it comes.
"""

import socket
import ssl
from typing import Final, NamedTuple

from paho.mqtt.client import Client

from ballotbox_gateway.adapters.mqtt_sockets import Sockets, shake_hands

#: Bytes read at a time: about a hundred reports.
_CHUNK: Final = 64 * 1024
#: PUBLISH (MQTT 5.0 section 3.3) without the retain flag, at QoS 0, at QoS 1, and that sent again.
_AT_MOST_ONCE: Final = 0x30
_PLAIN: Final = frozenset({_AT_MOST_ONCE, 0x32, 0x3A})
_PUBLISH: Final = bytes((_AT_MOST_ONCE,))
_PUBACK: Final = b"\x40\x02"
_CONTINUES: Final = 0x80
_KEPT: Final = 0x01
#: Type and QoS in the first byte of a packet; nothing is subscribed at QoS 2.
_TYPE_AND_QOS: Final = 0xF6
_EXACTLY_ONCE: Final = 0x34
#: What stands before a payload (MQTT 3.1.1 section 3.3): fixed header, topic, number.
_TOPIC_MAX: Final = 5 + 2 + 0xFFFF + 2
#: A length takes four bytes at most; what claims more is no packet, and paho says so.
_HEAD_MAX: Final = 5
_WOULD_BLOCK: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Publication(NamedTuple):
    """A message that a broker passed on; `mid` acknowledges it, and is 0 at QoS 0.

    kept: the broker had it from before (retain flag).
    """

    topic: bytes
    payload: bytes
    mid: int
    qos: int
    kept: bool = False


class Line:
    """A connected socket as paho uses it (its `SocketLike`), and what goes past paho.

    packet_max: bytes of the longest packet. properties: whether the protocol has them, and the
    broker was told the length.
    """

    def __init__(self, sock: socket.socket, packet_max: int, *, properties: bool) -> None:
        self._sock = sock
        self._part_max = packet_max
        # Of a packet that nobody was told not to send, the topic is needed all the same.
        self._packet_max = packet_max + (0 if properties else _TOPIC_MAX)
        self._no_properties = b"\x00" if properties else b""
        self._data = b""
        #: Where in the data the next packet, or the rest of paho's, begins.
        self._at = 0
        #: Of the packet that is paho's: bytes that it has not taken yet.
        self._lent = 0
        #: Of a packet that is too long: bytes that are still to be passed over.
        self._over = 0
        self._unsent: list[bytes] = []
        self._end: OSError | None = None
        self._is_over = False

    def publication(self) -> Publication | None:
        """Take the next packet if it is a plain publication; any other one is paho's to read."""
        if self._lent:
            if self._at == len(self._data):
                self._fill()
            return None
        if not self._pass_over():
            return None
        start, stop = self._bounds()
        while min(stop, self._at + self._packet_max) > len(self._data):
            if not self._fill():
                return None
            start, stop = self._bounds()
        first = self._data[self._at]
        if first & _TYPE_AND_QOS == _EXACTLY_ONCE:
            self._fail(ConnectionAbortedError("a message came at QoS 2"))
            return None
        if stop - self._at > self._packet_max:
            return self._cut(start, stop)
        if first in _PLAIN and (plain := self._plain(start, stop)) is not None:
            self._at = stop
            return plain
        self._lent = stop - self._at
        return None

    def _cut(self, start: int, stop: int) -> Publication | None:
        """Take the beginning of a packet that is too long, or end the connection for it."""
        first, end = self._data[self._at], self._at + self._packet_max
        plain = None
        if not self._no_properties and first & ~_KEPT in _PLAIN:
            plain = self._plain(start, end)
        if plain is None:
            self._fail(ConnectionAbortedError(f"a packet came with {stop - start} bytes"))
            return None
        self._at, self._over = end, stop - end
        topic, payload = (each[: self._part_max] for each in (plain.topic, plain.payload))
        return Publication(topic, payload, plain.mid, plain.qos, kept=bool(first & _KEPT))

    def _pass_over(self) -> bool:
        """Pass over what is left of a packet that is too long; tell whether all of it is."""
        while True:
            here = min(self._over, len(self._data) - self._at)
            self._at += here
            self._over -= here
            if not self._over:
                return True
            if not self._fill():
                return False

    def _bounds(self) -> tuple[int, int]:
        """Return where the next packet's body begins, and where it ends as far as that is known."""
        data, at = self._data, self._at
        position, length, shift = at + 1, 0, 0
        for byte in data[position : at + _HEAD_MAX]:
            position += 1
            length |= (byte & ~_CONTINUES) << shift
            if byte < _CONTINUES:
                return position, position + length
            shift += 7
        return position, max(position + 1, at + 2)

    def _plain(self, start: int, stop: int) -> Publication | None:
        """Return the publication between the two, None when it is not a plain one."""
        data = self._data
        topic_at = start + 2
        topic_end = topic_at + int.from_bytes(data[start:topic_at])
        if data[self._at] & ~_KEPT == _AT_MOST_ONCE:
            qos, mid, body = 0, 0, topic_end
        else:
            body = topic_end + 2
            qos, mid = 1, int.from_bytes(data[topic_end:body])
        payload = body + len(self._no_properties)
        is_plain = topic_at < topic_end and payload <= stop
        if not is_plain or data[body:payload] != self._no_properties:
            return None
        return Publication(data[topic_at:topic_end], data[payload:stop], mid, qos)

    def _fill(self) -> bool:
        """Read what the socket has; tell whether that was anything."""
        try:
            fresh = self._sock.recv(_CHUNK)
        except _WOULD_BLOCK:
            return False
        except OSError as error:
            self._fail(error)
            return False
        self._is_over = not fresh
        self._data = self._data[self._at :] + fresh
        self._at = 0
        return bool(fresh)

    def _fail(self, error: OSError) -> None:
        self._is_over, self._end = True, error
        self._unsent.clear()

    @property
    def has_for_paho(self) -> bool:
        """Whether paho has something to read: its packet, or how the connection ended."""
        return self._is_over or (self._lent > 0 and self._at < len(self._data))

    @property
    def is_over(self) -> bool:
        """Whether the connection has ended, which paho learns when it reads."""
        return self._is_over

    def recv(self, size: int) -> bytes:
        """Return bytes of the packet that is paho's; raises as a socket that does not block."""
        part = self._data[self._at : self._at + min(size, self._lent)]
        if part:
            self._at += len(part)
            self._lent -= len(part)
            return part
        if self._end is not None:
            raise self._end
        if self._is_over:
            return b""
        raise BlockingIOError

    def publish(self, topic: bytes, payload: bytes) -> None:
        """Let a message wait for `flush`, at QoS 0."""
        length = 2 + len(topic) + len(self._no_properties) + len(payload)
        head = _PUBLISH + _length(length) + len(topic).to_bytes(2)
        self._unsent.append(b"".join((head, topic, self._no_properties, payload)))

    def acknowledge(self, mid: int) -> None:
        """Let the acknowledgement of a message at QoS 1 wait for `flush`."""
        self._unsent.append(_PUBACK + mid.to_bytes(2))

    @property
    def has_unsent(self) -> bool:
        """Whether something waits for `flush`."""
        return bool(self._unsent)

    def flush(self) -> None:
        """Write what waits as far as the socket takes it."""
        if not self._unsent:
            return
        waiting = b"".join(self._unsent)
        try:
            sent = self._sock.send(waiting)
        except _WOULD_BLOCK:
            sent = 0
        except OSError as error:
            self._fail(error)
            return
        self._unsent = [waiting[sent:]] if sent < len(waiting) else []

    def send(self, data: bytes | bytearray) -> int:
        """Take a whole packet of paho's; raises BlockingIOError while anything waits.

        Whole, so that nothing gets between its parts; and a goodbye, after which paho closes, goes
        when everything else is gone.
        """
        self.flush()
        if self._end is not None:
            raise self._end
        if self._unsent:
            raise BlockingIOError
        self._unsent.append(bytes(data))
        self.flush()
        return len(data)

    def fileno(self) -> int:
        """Return the number that polls know the connection by; -1 once it is closed."""
        return self._sock.fileno()

    def settimeout(self, timeout_s: float) -> None:
        """Bound each step of the handshake."""
        self._sock.settimeout(timeout_s)

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - as sockets have it
        """Be told when nothing is there, or wait."""
        self._sock.setblocking(flag)

    def do_handshake(self) -> None:
        """Agree on TLS, where it is spoken; raises OSError."""
        shake_hands(self._sock)

    def close(self) -> None:
        """Let go of the connection."""
        self._sock.close()


class Lines(Sockets[Line]):
    """Gives paho a `Line` for each connection."""

    def __init__(self, packet_max: int, tls: ssl.SSLContext | None, *, properties: bool) -> None:
        super().__init__(tls)
        self._packet_max = packet_max
        self._properties = properties

    def over(self, sock: socket.socket) -> Line:
        """Return the line over a socket that is connected."""
        return Line(sock, self._packet_max, properties=self._properties)


def line_of(client: Client) -> Line | None:
    """Return the line of a client that is connected over one."""
    sock = client.socket()
    return sock if isinstance(sock, Line) else None


def _length(length: int) -> bytes:
    """Return a length as MQTT writes it (section 1.5.5)."""
    head = bytearray()
    while length >= _CONTINUES:
        head.append(length & ~_CONTINUES & 0xFF | _CONTINUES)
        length >>= 7
    head.append(length)
    return bytes(head)
