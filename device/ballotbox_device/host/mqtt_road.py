"""The road over an MQTT broker: paho on the shared event loop.

Neither the broker nor paho is trusted with anything: a report waits in the box until a receipt is
verified, whatever was acknowledged. MQTT 5, and 3.1.1 with a broker that knows no 5.
"""

import asyncio
import random
import ssl
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ballotbox_device.core.courier import Pace
from ballotbox_device.core.outgoing import Outgoing
from ballotbox_device.host.broker_tls import BrokerTls, handshake_trouble
from ballotbox_device.host.presence import Presence
from ballotbox_device.host.problem import Problem, reason_of
from ballotbox_device.host.publish_window import PublishWindow
from ballotbox_device.host.redial import Redial
from ballotbox_device.host.road import Road, now_ms
from ballotbox_protocol.wire.message import MESSAGE_MAX, Message, sharded_topic_of, topic_of

KEEPALIVE_S: Final = 60
_REACH_S: Final = 5.0
_CHORES_S: Final = KEEPALIVE_S / 4
#: A topic, the properties and the fixed header beside the largest message.
_PACKET_MAX: Final = MESSAGE_MAX + 1_024
#: MQTT 5: the broker may be sent so many when it names no number.
_RECEIVE_MAXIMUM: Final = 65_535
_OTHER_VERSION: Final = 0x84
_TAKEN_OVER: Final = 0x8E
#: Not every broker says that it gave a name away, so that is what connections cut short may mean.
_ALARMING: Final = 3
_OTHER_CLIENT: Final = "Find who uses this box's id beside it: box or certificate may be copied"


@cache
def _properties() -> Properties:
    """Return what every CONNECT says; paho keeps it for as long as a client, at 5 KiB each."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.MaximumPacketSize = _PACKET_MAX
    return properties


class MqttRoad(Road):
    """One box's own connection to the broker at `host`:`port`; `chance` spreads reconnects.

    tls: the certificates to show and to believe; without it the road is plain TCP. sharded: the
    topic has the box's shard, for a gateway of several processes.
    """

    def __init__(
        self,
        outgoing: Outgoing,
        host: str,
        port: int,
        chance: random.Random,
        pace: Pace,
        tls: BrokerTls | None = None,
        *,
        sharded: bool = False,
    ) -> None:
        super().__init__(outgoing, pace)
        self._address = (host, port)
        self._chance = chance
        self._tls = tls
        self._shown: object = None
        self._five = True
        self._window = PublishWindow()
        self._redialling = Redial(chance.random)
        self._online_since = 0
        self._greeted = self._refused = False
        up = topic_of(outgoing.election, outgoing.box, "up")
        self._up = sharded_topic_of(outgoing.election, outgoing.box) if sharded else up
        self._down = topic_of(outgoing.election, outgoing.box, "down")
        self._client: paho.Client | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._online = Presence()
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
        if self._online.is_set():
            self._window.offer(message.to_bytes())
            self._flow()

    def _flow(self) -> None:
        """Publish what the window lets through."""
        while self._client is not None and (data := self._window.next()) is not None:
            self._window.went(self._client.publish(self._up, data, qos=1).mid, data)

    # A new client for each connection: what paho still holds of the last one is resent by the
    # courier, and never by paho, whose window is not kept across reconnects.

    def _dial_in(self, delay_s: float) -> None:
        self._dialling = asyncio.get_running_loop().create_task(self._dial_after(delay_s))

    async def _dial_after(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        try:
            client = await self._dialled()
        except ssl.SSLError as error:
            self._complain(*handshake_trouble(error))
            self._redial()
        except OSError as error:
            self._complain(reason_of(error), "Start the broker, or correct its address")
            self._redial()
        except Problem as problem:
            self._tell(problem)
            self._redial()
        else:
            self._attach(client)

    async def _dialled(self) -> paho.Client:
        """Return a client whose CONNECT is under way; raises OSError or Problem."""
        client = self._new_client()
        if self._tls is None:
            # paho's own connect would stop the whole box while a dead broker does not answer.
            self._connect(client, await self._reach())
            return client
        self._shown = self._tls.mark()
        client.tls_set_context(self._tls.context())
        await asyncio.to_thread(self._connect, client, self._address[0])
        return client

    def _connect(self, client: paho.Client, host: str) -> None:
        session: dict[str, Any] = {}
        if self._five:
            # Answers travel at QoS 0, so there is nothing that a session could keep for a box.
            session = {"clean_start": True, "properties": _properties()}
        client.connect(host, self._address[1], keepalive=KEEPALIVE_S, **session)
        if self._closed:
            client.disconnect()

    async def _reach(self) -> str:
        """Return the address at which the broker answers now; raises OSError."""
        async with asyncio.timeout(_REACH_S):
            _, writer = await asyncio.open_connection(*self._address)
            address: str = writer.get_extra_info("peername")[0]
            writer.close()
            await writer.wait_closed()
        return address

    def _complain(self, what: str, remedy: str) -> None:
        host, port = self._address
        self._tell(Problem(f"MQTT broker {host}:{port}", what, remedy))

    def _tell(self, problem: Problem) -> None:
        if self.in_the_way is not None:
            self.in_the_way(problem)

    def _new_client(self) -> paho.Client:
        five = self._five
        return paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.outgoing.box.hex(),
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )

    def _attach(self, client: paho.Client) -> None:
        """Let the loop serve a client that has dialled."""
        client.on_socket_close = self._socket_closed
        client.on_socket_register_write = self._wants_write
        client.on_socket_unregister_write = self._wrote
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._received
        client.on_publish = self._published
        client.on_disconnect = self._disconnected
        self._client = client
        self._greeted = False
        sock = client.socket()
        if sock is None:
            self._redial()
            return
        loop = asyncio.get_running_loop()
        loop.add_reader(sock, self._readable, client)
        if client.want_write():
            loop.add_writer(sock, client.loop_write)
        self._chores = loop.call_later(self._chance.uniform(1, 5), self._do_chores, client)

    def _redial(self) -> None:
        if self._online.is_set():
            self._redialling.lasted((now_ms() - self._online_since) / 1_000)
            if self._redialling.cut_short == _ALARMING and not self._refused:
                what = f"ended {_ALARMING} connections in a row soon after they began"
                self._complain(what, _OTHER_CLIENT)
        self._drop()
        if not self._closed:
            self._dial_in(self._redialling.delay_s())

    def _drop(self) -> None:
        self._online.clear()
        client, self._client = self._client, None
        if client is not None:
            client.on_disconnect = None
            client.on_message = None
        if self._chores is not None:
            self._chores.cancel()
            self._chores = None

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
        sock = client.socket()
        # Decrypted bytes wait where no poll can see them.
        if isinstance(sock, ssl.SSLSocket) and sock.pending() > 0:
            asyncio.get_running_loop().call_soon(self._readable, client)

    def _do_chores(self, client: paho.Client) -> None:
        if client.loop_misc() == MQTTErrorCode.MQTT_ERR_SUCCESS and client is self._client:
            loop = asyncio.get_running_loop()
            self._chores = loop.call_later(_CHORES_S, self._do_chores, client)
            if self._tls is not None and self._tls.mark() != self._shown:
                self._renew(client)

    def _renew(self, client: paho.Client) -> None:
        """Dial with the files as they are now: a client takes a TLS context once."""
        self._drop()
        client.disconnect()
        client.loop_write()
        self._lost()
        self._dial_in(0)

    def _connected(
        self,
        client: paho.Client,
        _userdata: object,
        _flags: object,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._greeted = True
        if reason.is_failure:
            if reason.value == _OTHER_VERSION:
                self._five = not self._five
            else:
                self._complain(str(reason), "Let the broker admit this box's client id and topics")
            client.disconnect()
            return
        self._window.open(getattr(properties, "ReceiveMaximum", _RECEIVE_MAXIMUM))
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
        self._online_since = now_ms()
        self._online.set()
        self.courier.connected(now_ms())
        self.pump()

    def _received(self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        # What a broker kept may be years old; a gateway keeps nothing there.
        if not message.retain:
            self._take_in(bytes(message.payload))
            self.pump()

    def _published(
        self,
        client: paho.Client,
        _userdata: object,
        number: int,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        """Note the PUBACK; refused or not, only a receipt takes a report out of the box's care."""
        if client is not self._client:
            return
        self._window.answered(number)
        if reason.is_failure and not self._refused:
            what = f"refuses this box's reports: {str(reason).lower()}"
            self._complain(what, f"Let it write {self._up}; they wait in the box")
        self._refused = reason.is_failure
        asyncio.get_running_loop().call_soon(self._flow)

    def _disconnected(
        self,
        client: paho.Client,
        _userdata: object,
        flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if client is not self._client:
            return
        if not self._greeted:
            what = "closes before it greets the box"
            self._complain(what, "Its log says why; it may not trust the box's certificate")
        elif flags.is_disconnect_packet_from_server and not self._refused:
            self._complain_of_end(reason)
        self._lost()
        self._redial()

    def _complain_of_end(self, reason: ReasonCode) -> None:
        if reason.value == _TAKEN_OVER:
            what = "gave this box's client id to another client"
            self._complain(what, _OTHER_CLIENT)
        elif reason.is_failure:
            self._complain(f"ends the connection: {str(reason).lower()}", "Its log says why")
