"""The road over an MQTT broker: paho on the shared event loop, no thread of its own."""

import asyncio
import random
from collections.abc import Sequence
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from ballotbox_device.core.courier import Pace
from ballotbox_device.core.outgoing import Outgoing
from ballotbox_device.host.problem import Problem, reason_of
from ballotbox_device.host.road import Road, now_ms
from ballotbox_protocol.wire.message import Message, topic_of

KEEPALIVE_S: Final = 60
_RETRY_FIRST_S: Final = 0.2
_RETRY_LONGEST_S: Final = 5.0
_REACH_S: Final = 5.0


class MqttRoad(Road):
    """One box's own connection to the broker at `host`:`port`; `chance` spreads reconnects."""

    def __init__(
        self, outgoing: Outgoing, host: str, port: int, chance: random.Random, pace: Pace
    ) -> None:
        super().__init__(outgoing, pace)
        self._address = (host, port)
        self._chance = chance
        self._up = topic_of(outgoing.election, outgoing.box, "up")
        self._down = topic_of(outgoing.election, outgoing.box, "down")
        self._client: paho.Client | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._online: asyncio.Event = asyncio.Event()
        self._attempts = 0
        self._closed = False
        self._chores: asyncio.TimerHandle | None = None

    async def connect(self) -> None:
        """Connect; returns when the broker has confirmed the subscription."""
        self._dial_in(0)
        await self._online.wait()

    def close(self) -> None:
        """Disconnect for good."""
        self._closed = True
        if self._dialling is not None:
            self._dialling.cancel()
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_write()
            self._drop()
        self._lost()

    def _carry(self, message: Message) -> None:
        if self._client is not None and self._online.is_set():
            self._client.publish(self._up, message.to_bytes(), qos=1)

    # A new client for each connection: what paho still holds of the last one is resent by the
    # courier, and never by paho, whose window is not kept across reconnects.

    def _dial_in(self, delay_s: float) -> None:
        self._dialling = asyncio.get_running_loop().create_task(self._dial_after(delay_s))

    async def _dial_after(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        try:
            # paho's own connect would stop the whole box while a dead broker does not answer.
            self._dial(await self._reach())
        except OSError as error:
            self._complain(reason_of(error), "Start the broker, or correct its address")
            self._redial()

    async def _reach(self) -> str:
        """Return the address at which the broker answers now; raises OSError."""
        async with asyncio.timeout(_REACH_S):
            _, writer = await asyncio.open_connection(*self._address)
            address: str = writer.get_extra_info("peername")[0]
            writer.close()
            await writer.wait_closed()
        return address

    def _complain(self, what: str, remedy: str) -> None:
        if self.in_the_way is not None:
            host, port = self._address
            self.in_the_way(Problem(f"MQTT broker {host}:{port}", what, remedy))

    def _dial(self, address: str) -> None:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.outgoing.box.hex(),
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        client.on_socket_open = self._opened
        client.on_socket_close = self._socket_closed
        client.on_socket_register_write = self._wants_write
        client.on_socket_unregister_write = self._wrote
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._received
        client.on_disconnect = self._disconnected
        self._client = client
        client.connect(address, self._address[1], keepalive=KEEPALIVE_S)

    def _redial(self) -> None:
        self._drop()
        if self._closed:
            return
        self._attempts += 1
        longest = min(_RETRY_LONGEST_S, _RETRY_FIRST_S * 2 ** min(self._attempts, 10))
        self._dial_in(self._chance.uniform(0, longest))

    def _drop(self) -> None:
        self._online.clear()
        client, self._client = self._client, None
        if client is not None:
            client.on_disconnect = None
            client.on_message = None
        if self._chores is not None:
            self._chores.cancel()
            self._chores = None

    def _opened(self, client: paho.Client, _userdata: object, sock: "paho.SocketLike") -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(sock, self._readable, client)
        self._chores = loop.call_later(self._chance.uniform(1, 5), self._do_chores, client)

    def _socket_closed(
        self, _client: paho.Client, _userdata: object, sock: "paho.SocketLike"
    ) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(sock)
        loop.remove_writer(sock)

    def _wants_write(self, client: paho.Client, _userdata: object, sock: "paho.SocketLike") -> None:
        asyncio.get_running_loop().add_writer(sock, client.loop_write)

    def _wrote(self, _client: paho.Client, _userdata: object, sock: "paho.SocketLike") -> None:
        asyncio.get_running_loop().remove_writer(sock)

    def _readable(self, client: paho.Client) -> None:
        client.loop_read()

    def _do_chores(self, client: paho.Client) -> None:
        if client.loop_misc() == MQTTErrorCode.MQTT_ERR_SUCCESS and client is self._client:
            loop = asyncio.get_running_loop()
            self._chores = loop.call_later(KEEPALIVE_S / 4, self._do_chores, client)

    def _connected(
        self,
        client: paho.Client,
        _userdata: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if reason.is_failure:
            self._complain(str(reason), "Let the broker admit this box's client id and topics")
            client.disconnect()
            return
        client.subscribe(self._down, qos=1)

    def _subscribed(
        self,
        client: paho.Client,
        _userdata: object,
        _mid: int,
        reasons: Sequence[ReasonCode],
        _properties: object,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            # Connected all the same, the box would never hear a receipt.
            self._complain(f"refuses to let the box read {self._down}", "Let it read that topic")
            client.disconnect()
            return
        self._attempts = 0
        self._online.set()
        self.courier.connected(now_ms())
        self.pump()

    def _received(self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        self._take_in(bytes(message.payload))
        self.pump()

    def _disconnected(self, client: paho.Client, *_: object) -> None:
        if client is self._client:
            self._lost()
            self._redial()
