"""The socket that paho reads packets from, ended by what a broker was told never to send.

A packet's length is only announced to the broker (MQTT 5.0 section 3.1.2.11.4), and paho takes any.
Nothing is subscribed at QoS 2, and what comes at it stays in memory until it is released.
"""

import socket
import ssl
from typing import Any, Final

from ballotbox_gateway.adapters.mqtt_sockets import Sockets, shake_hands

_CONTINUES: Final = 0x80
#: Type and QoS in the first byte of a packet; a PUBLISH at QoS 2 (section 3.3.1).
_TYPE_AND_QOS: Final = 0xF6
_EXACTLY_ONCE: Final = 0x34
_SHIFT: Final = 7


class BoundedSocket:
    """A connected socket as paho uses it: a packet's head byte by byte, and then its body."""

    def __init__(self, sock: socket.socket, packet_max: int) -> None:
        """packet_max: bytes of the longest body that is read."""
        self._sock = sock
        self._packet_max = packet_max
        self._in_head = False
        self._length = 0
        self._shift = 0
        self._body = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as the socket has it
        return getattr(self._sock, name)

    def recv(self, size: int) -> bytes:
        """Return what is there; raises OSError, also for a packet that must not come."""
        data = self._sock.recv(size)
        if self._body:
            self._body -= len(data)
        elif data:
            self._read_head(data[0])
        return data

    def _read_head(self, byte: int) -> None:
        if not self._in_head:
            if byte & _TYPE_AND_QOS == _EXACTLY_ONCE:
                raise ConnectionAbortedError("a message came at QoS 2")
            self._in_head, self._length, self._shift = True, 0, 0
            return
        self._length |= (byte & ~_CONTINUES) << self._shift
        self._shift += _SHIFT
        if byte < _CONTINUES:
            if self._length > self._packet_max:
                raise ConnectionAbortedError(f"a packet came with {self._length} bytes")
            self._in_head, self._body = False, self._length

    def do_handshake(self) -> None:
        """Agree on TLS, where it is spoken; raises OSError."""
        shake_hands(self._sock)


class Bounds(Sockets[BoundedSocket]):
    """Gives paho a bounded socket for each connection."""

    def __init__(self, packet_max: int, tls: ssl.SSLContext | None) -> None:
        """packet_max: see `BoundedSocket`. tls: None for plain TCP."""
        super().__init__(tls)
        self._packet_max = packet_max

    def over(self, sock: socket.socket) -> BoundedSocket:
        """Return the bounded socket over one that is connected."""
        return BoundedSocket(sock, self._packet_max)
