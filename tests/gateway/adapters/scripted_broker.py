"""A broker that answers what a test tells it to: refusals that a real one gives rarely, garbage."""

import asyncio

from tests.device.host.strict_broker import packet

_CONNACK_FINE = bytes.fromhex("2003000000")


class ScriptedBroker:
    """Speaks just enough MQTT 5 for a CONNECT and a SUBSCRIBE; an async context."""

    host = "127.0.0.1"

    def __init__(
        self,
        CONNACK=_CONNACK_FINE,  # noqa: N803
        SUBACK=b"\x01",  # noqa: N803
        PUBACK=None,  # noqa: N803
        *,
        then_close=False,
        tls=None,
        afterwards=b"",
    ):
        """Answer with these bytes; `afterwards` are written at once after the SUBACK.

        PUBACK is a code; without one a publication gets no answer.
        """
        self.connections = 0
        self.port = 0
        self._connack = CONNACK
        self._codes = SUBACK
        self._puback = PUBACK
        self._then_close = then_close
        self._tls = tls
        self._afterwards = afterwards

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._talk, self.host, 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()

    async def _talk(self, reader, writer):
        self.connections += 1
        try:
            while True:
                kind, body = await packet(reader)
                if kind == 0x10:
                    writer.write(self._connack)
                    if self._then_close:
                        break
                if kind == 0x82:
                    answer = body[:2] + b"\x00" + self._codes
                    writer.write(bytes((0x90, len(answer))) + answer + self._afterwards)
                if kind == 0x32 and self._puback is not None:
                    at = 2 + int.from_bytes(body[:2])
                    writer.write(b"\x40\x03" + body[at : at + 2] + self._puback)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
