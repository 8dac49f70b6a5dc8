"""Boxes behind an MQTT broker: one paho client on the service's own loop, by its public API alone.

What is plain goes past it (`mqtt_line`); sessions, refusals and whatever else comes is its matter.
Nothing that Ballotbox promises rests on the broker. A message is acknowledged to it (PUBACK) only
when it is decided, durable and answered; answers go out at QoS 0, because a box asks again until
it holds a receipt. Messages are acknowledged in the order they came, per connection; what a lost
connection brought is not, and comes again. Who is connected, and what a will says, is no state. A
retained message may be years old and its sender gone: it is counted, told, and never taken.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Final

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.reasoncodes import ReasonCode

from ballotbox_gateway.adapters.backoff import Backoff, either
from ballotbox_gateway.adapters.mqtt_arrivals import Arrival, Arrivals
from ballotbox_gateway.adapters.mqtt_client import credentials_of, make_client
from ballotbox_gateway.adapters.mqtt_line import Line, Publication, line_of
from ballotbox_gateway.adapters.mqtt_routes import Routes
from ballotbox_gateway.adapters.mqtt_subscriptions import Subscriptions, session_of
from ballotbox_gateway.adapters.mqtt_topics import is_kept, printable, text_of, topic_in
from ballotbox_gateway.adapters.mqtt_watch import BrokerWatch
from ballotbox_gateway.adapters.mqtt_words import (
    answer_trouble,
    connection_trouble,
    end_trouble,
    refusal_trouble,
    retained_remark,
    subscription_trouble,
)
from ballotbox_gateway.adapters.roads import CarrierState, Inbox, Letter
from ballotbox_gateway.adapters.threads import in_thread
from ballotbox_gateway.config_roads import Mqtt
from ballotbox_gateway.core.correspondence import Route
from ballotbox_protocol.election.identifiers import BOX_ID_SIZE, BoxId, ElectionDigest
from ballotbox_protocol.wire.message import Message, topic_of

_log: Final = logging.getLogger(__name__)

#: Packets read before the loop may do something else.
_BURST: Final = 256
_HOUSEKEEPING_S: Final = 1.0
#: No box has this id; a message to it shows whether the broker lets us answer at all.
_NOBODY: Final = BoxId(bytes(BOX_ID_SIZE))
_AT_LEAST_ONCE: Final = 1


class MqttIntake:
    """The road through one broker; a `Carrier`."""

    def __init__(
        self,
        settings: Mqtt,
        origin: str,
        election: ElectionDigest,
        inbox: Inbox,
        backoff: Backoff,
        *,
        shared: bool = False,
    ) -> None:
        """Prepare the client; raises Problem when a file of the settings is bad.

        shared: other processes listen to other boxes of the same log; `listen_to` says which.
        """
        self.name = f"MQTT broker {settings.host}:{settings.port}"
        self.state = CarrierState.DOWN
        self.trouble = ""
        self._settings = settings
        self._election = election
        self.subscriptions = Subscriptions(election, origin, shared=shared)
        self._inbox = inbox
        self._backoff = backoff
        self._routes = Routes(election, self._publish)
        self._session = session_of(settings, origin, shared=shared)
        self._credentials = credentials_of(settings)
        self._made = partial(
            make_client, settings, self._session, keep_session=not shared, over_lines=True
        )
        self._client = self._made()
        #: Takes the place of the client: the files that prove who is who have changed.
        self._successor: Client | None = None
        self._set_callbacks()
        self._loop = asyncio.get_running_loop()
        self._connection = 0
        self._attached: Line | None = None
        self._housekeeping: asyncio.TimerHandle | None = None
        self._arrivals = Arrivals(settings.receive_maximum)
        self.watch = BrokerWatch(self._session)
        self._greeted = False
        self._began = 0.0
        self._probe = 0
        #: Why answers do not get out, if the broker said so when it was last asked.
        self._mute = ""
        self._held = self._congested = False
        self._lost = asyncio.Event()
        self._stopping = False
        #: Set to end the wait before the next try.
        self._hurry = asyncio.Event()

    def serve(self, boxes: Collection[BoxId]) -> None:
        """Remember the way back to these boxes, those of the register, and to no others."""
        self._routes.serve(boxes)

    async def run(self) -> None:
        """Keep the connection until `stop`, trying again with a growing, random delay."""
        while not self._stopping:
            self._succeed()
            if await self._connect():
                self._began = self._loop.time()
                await self._lost.wait()
                self._detach()
                self._backoff.lasted(self._loop.time() - self._began)
            if not self._hurry.is_set():
                await either(self._hurry, self._backoff.failed())

    def renew(self) -> bool:
        """Connect anew if the files of the settings have changed; tell whether they have.

        Raises Problem when one is bad; then the present connection stays.
        """
        credentials = credentials_of(self._settings)
        if credentials == self._credentials:
            return False
        # paho takes a TLS context once, so a client lives as long as its certificates.
        self._successor = self._made()
        self._credentials = credentials
        self._hurry.set()
        if self._attached is not None:
            self._client.disconnect()
            self.flush()
            self._detach()
        return True

    def _succeed(self) -> None:
        if self._successor is None:
            return
        if (left := self._client.socket()) is not None:
            left.close()
        self._client, self._successor = self._successor, None
        self._set_callbacks()
        self._hurry.clear()

    async def _connect(self) -> bool:
        self.state = CarrierState.CONNECTING
        self._lost.clear()
        self._connection += 1
        self._greeted = False
        self._arrivals.begin()
        try:
            # Name look-up, TCP and TLS handshakes block; the socket is ours only afterwards.
            await in_thread(self._client.reconnect)
        except OSError as error:
            self._down(connection_trouble(error))
            return False
        self._attach()
        return True

    def _attach(self) -> None:
        line = line_of(self._client)
        if line is None or self._hurry.is_set():
            self._lost.set()
            return
        self._attached = line
        self._held = self._congested = False
        self._loop.add_reader(line, self._readable)
        self._want_write(line)
        self._tick()

    def _detach(self) -> None:
        line, self._attached = self._attached, None
        if line is not None:
            self._loop.remove_reader(line)
            self._loop.remove_writer(line)
        if self._housekeeping is not None:
            self._housekeeping.cancel()
        self._lost.set()

    def _tick(self) -> None:
        if self._attached is not None:
            self._housekeeping = self._loop.call_later(_HOUSEKEEPING_S, self._tick)
            self._guarded(self._client.loop_misc)

    def _guarded(self, step: Callable[[], object]) -> None:
        """Take one step of paho; whatever it raises costs this connection and nothing else."""
        try:
            step()
        except Exception:  # noqa: BLE001 - paho's own faults are of any kind
            _log.exception("%s: the MQTT client failed; connecting anew", self.name)
            self._detach()

    def _readable(self) -> None:
        self._guarded(self._read_burst)

    def _read_burst(self) -> None:
        for _ in range(min(_BURST, self._room)):
            if self._attached is None or not self._read_packet(self._attached):
                return
        if self._room <= 0:
            self.hold()
        else:
            # What the line has read by now, no poll can see.
            self._loop.call_soon(self._readable)

    def _read_packet(self, line: Line) -> bool:
        """Read one packet; tell whether there was any."""
        if (publication := line.publication()) is not None:
            self._take(publication)
        elif line.has_for_paho:
            self._client.loop_read()
        else:
            return False
        return True

    @property
    def _room(self) -> int:
        # mosquitto before 2.0.12 sends more at once than Receive Maximum allows: we bound it here.
        return min(self._inbox.room, self._arrivals.room)

    def hold(self) -> None:
        """Stop reading; the broker keeps what we do not take."""
        if self._attached is not None and not self._held:
            self._held = True
            self._loop.remove_reader(self._attached)

    def resume(self) -> None:
        """Read again, unless our own answers still wait to be written."""
        if self._attached is not None and self._held and not self._congested and self._room > 0:
            self._held = False
            self._loop.add_reader(self._attached, self._readable)
            self._loop.call_soon(self._readable)

    def settle(self, token: object) -> None:
        """Acknowledge what may be, if it came over the connection that still stands."""
        if not isinstance(token, Arrival):
            return
        for arrival in self._arrivals.settle(token):
            if arrival.qos != _AT_LEAST_ONCE:
                self._client.ack(arrival.mid, arrival.qos)
            elif self._attached is not None:
                self._flush_soon(self._attached)
                self._attached.acknowledge(arrival.mid)

    def _flush_soon(self, line: Line) -> None:
        """See to it that what is put into the line next is written, whoever else flushes."""
        if not line.has_unsent:
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write answers and acknowledgements; what the socket does not take stops the reading."""
        self._guarded(self._write)
        if self._attached is not None and self._has_unsent(self._attached):
            self._loop.add_writer(self._attached, self._writable)
            self._congested = True
            self.hold()

    def _write(self) -> None:
        if (line := self._attached) is None:
            return
        line.flush()
        if self._client.want_write():
            self._client.loop_write()
        if line.is_over:
            self._client.loop_read()

    def _has_unsent(self, line: Line) -> bool:
        return line.has_unsent or self._client.want_write()

    async def stop(self, patience_s: float) -> None:
        """Write what waits, say goodbye and end `run`; the broker keeps the session."""
        self._stopping = True
        self._hurry.set()
        if self._attached is None:
            self._lost.set()
            return
        self._client.disconnect()
        self.flush()
        if self._attached is not None:
            await either(self._lost, patience_s)
            self._detach()

    def _set_callbacks(self) -> None:
        # What paho hands over beside the point is dropped here; the methods see only the point.
        client = self._client
        client.on_connect = lambda _client, _data, _flags, code, _more: self._connected(code)
        client.on_subscribe = lambda _client, _data, _mid, codes, _more: self._subscribed(codes)
        client.on_message = lambda _client, _data, message: self._handed_over(message)
        client.on_disconnect = lambda _client, _data, _flags, code, _more: self._ended(code)
        client.on_socket_close = lambda _client, _data, sock: self._socket_closes(sock)
        client.on_socket_register_write = lambda _client, _data, sock: self._want_write(sock)

    def _want_write(self, sock: object) -> None:
        if self._attached is not None and self._attached is sock and self._client.want_write():
            self._loop.add_writer(self._attached, self._writable)

    def _writable(self) -> None:
        self._guarded(self._write)
        if (line := self._attached) is None or self._has_unsent(line):
            return
        self._loop.remove_writer(line)
        if self._congested:
            self._congested = False
            self.resume()

    def _socket_closes(self, sock: object) -> None:
        if self._attached is sock:
            self._detach()

    def _connected(self, code: ReasonCode) -> None:
        self._greeted = True
        if code.is_failure:
            self._down(refusal_trouble(code))
            return
        self._client.drop_out_messages()
        self.subscriptions.ask(self._client)

    def listen_to(self, shards: Collection[int]) -> None:
        """Listen to the boxes of these shards from now on, beside those that say no shard."""
        connected = self._attached is not None and self._greeted
        self.subscriptions.hold(shards, self._client if connected else None)

    def _subscribed(self, codes: Sequence[ReasonCode]) -> None:
        topics, was_up = self.subscriptions.filters[0], self.state is CarrierState.UP
        if codes[0].is_failure and not was_up:
            self._down(subscription_trouble(topics, codes[0]))
            self._client.disconnect()
            return
        if told := self.subscriptions.refused(codes):
            _log.error("%s %s", self.name, told)
        self.trouble = self._mute or self.subscriptions.deaf
        if was_up:
            return
        self.state = CarrierState.UP
        _log.info("%s: connected, listening on %s", self.name, topics)
        # paho calls a publication done whatever the PUBACK says: only this callback shows it.
        self._client.on_publish = lambda _client, _data, mid, code, _more: self._probed(mid, code)
        down = topic_of(self._election, _NOBODY, "down")
        self._probe = self._client.publish(down, qos=_AT_LEAST_ONCE).mid

    def _probed(self, mid: int, code: ReasonCode) -> None:
        if mid != self._probe:
            return
        self._client.on_publish = None
        topics = f"bbx/1/{self._election[:8].hex()}/+/down"
        self._mute = answer_trouble(topics, code) if code.is_failure else ""
        if self._mute and self._mute != self.trouble:
            _log.error("%s %s", self.name, self._mute)
        self.trouble = self._mute or self.subscriptions.deaf

    def _ended(self, code: ReasonCode) -> None:
        if self._greeted and not self._hurry.is_set() and not self._mute:
            self._notice_end(code)
        if self.state is not CarrierState.DOWN and not self._hurry.is_set():
            # mosquitto before 2.0.12 ends the connection after a refusal: that is what to tell.
            secured = self._settings.tls is not None and not self._greeted
            self._down(self._mute or end_trouble(code, self._session, unheard_over_tls=secured))
        self.state = CarrierState.DOWN

    def _notice_end(self, code: ReasonCode) -> None:
        if self.watch.ended(code, self._loop.time() - self._began):
            _log.error("%s: %s", self.name, self.watch.remarks[0])

    def _down(self, trouble: str) -> None:
        if trouble != self.trouble:
            _log.warning("%s %s", self.name, trouble)
        self.state, self.trouble = CarrierState.DOWN, trouble

    def _handed_over(self, message: MQTTMessage) -> None:
        """Take a message that was not plain."""
        topic, kept = topic_in(message), is_kept(message)
        self._take(Publication(topic, bytes(message.payload), message.mid, message.qos, kept))

    def _take(self, publication: Publication) -> None:
        topic, payload, mid, qos, kept = publication
        came = self._arrivals.came(mid, qos)
        if kept:
            self._pass_over(text_of(topic))
            self.settle(came)
            return
        self._inbox.put(Letter(payload, self._routes.from_topic(topic), self, came))

    def _pass_over(self, topic: str) -> None:
        if self.watch.kept(printable(topic)):
            _log.error("%s: %s", self.name, retained_remark(1, printable(topic)))

    def route_to(self, box: BoxId) -> Route:
        """Return the way to a box that may or may not listen."""
        return self._routes.to_box(box)

    def _publish(self, topic: bytes, message: Message) -> None:
        # Nothing may be said before the broker has let us in.
        if self._attached is not None and self._greeted:
            self._flush_soon(self._attached)
            self._attached.publish(topic, message.to_bytes())
