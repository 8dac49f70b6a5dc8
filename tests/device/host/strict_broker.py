"""A broker that holds a box to MQTT 5 and counts: Receive Maximum, refusals, lost connections."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress

from ballotbox_protocol.wire.message import MessageKind
from tests.device.host.small_gateway import SmallGateway


class StrictBroker:
    """Hands reports to a small gateway and its answers back; an async context.

    receive_maximum: what CONNACK says; `highest` is what was in fact without an answer at a time,
    and `exceeded` counts the connections that were ended for it, as real brokers do (0x93).
    code: the reason of each PUBACK; the gateway hears nothing that is refused. hangs_up_after:
    publications after which each connection is cut, unanswered ones and all.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        gateway: SmallGateway,
        *,
        receive_maximum: int = 65_535,
        code: int = 0,
        hangs_up_after: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.code = code
        #: Serial numbers of the certificates that were shown, of one for each connection.
        self.shown: list[str] = []
        self._tls = tls
        self.connections = self.highest = self.exceeded = self.refused = 0
        self.delay_s = 0.01
        self._gateway = gateway
        self.moved: Callable[[], None] = lambda: None
        self._receive_maximum = receive_maximum
        self._hangs_up_after = hangs_up_after
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._talk, self.host, 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for writer in tuple(self._writers):
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _talk(self, reader, writer):
        self.connections += 1
        if self._tls is not None:
            self.shown.append(writer.get_extra_info("peercert")["serialNumber"])
        self._writers.add(writer)
        open_numbers, seen = set(), 0
        try:
            while True:
                kind, body = await packet(reader)
                if kind == 0x10:
                    maximum = b"\x21" + self._receive_maximum.to_bytes(2)
                    writer.write(b"\x20\x06\x00\x00\x03" + maximum)
                elif kind == 0x82:
                    down = body[5 : 5 + int.from_bytes(body[3:5])]
                    writer.write(bytes((0x90, 4)) + body[:2] + b"\x00\x01")
                elif kind == 0xC0:
                    writer.write(b"\xd0\x00")
                elif kind & 0xF6 == 0x32:
                    seen += 1
                    number, payload = _publication(body)
                    open_numbers.add(number)
                    self.highest = max(self.highest, len(open_numbers))
                    if len(open_numbers) > self._receive_maximum:
                        self.exceeded += 1
                        break
                    if seen == self._hangs_up_after:
                        break
                    answering = (writer, open_numbers, number, payload, down)
                    asyncio.get_running_loop().call_later(self.delay_s, self._answer, *answering)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            self.moved()

    def _answer(self, writer, open_numbers, number, payload, down):
        if writer.is_closing():
            return
        open_numbers.discard(number)
        writer.write(b"\x40\x03" + number.to_bytes(2) + bytes((self.code,)))
        self.refused += self.code >= 0x80
        if self.code < 0x80 and payload[:1] == bytes((MessageKind.REPORT,)):
            for message in self._gateway.take(payload):
                data = message.to_bytes()
                body = len(down).to_bytes(2) + down + b"\x00" + data
                writer.write(b"\x30" + _length(len(body)) + body)
        self.moved()


def _publication(body: bytes) -> tuple[int, bytes]:
    at = 2 + int.from_bytes(body[:2])
    # The box sends no properties: their length is one zero byte.
    return int.from_bytes(body[at : at + 2]), body[at + 3 :]


def _length(size: int) -> bytes:
    low, rest = size % 128, size // 128
    return bytes((low,)) if rest == 0 else bytes((low | 128,)) + _length(rest)


async def packet(reader):
    """Return the first byte and the body of one MQTT packet."""
    kind = (await reader.readexactly(1))[0]
    length, shift = 0, 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return kind, await reader.readexactly(length)
