"""An MQTT broker as its clients see it: a queue for the gateway, topics for the boxes, and faults.

Upward at QoS 1: what the broker holds it delivers again until the gateway acknowledges, unless a
restart loses its memory. Downward at QoS 0: a box that is not there misses it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_simulator.world.corruption import changed
from ballotbox_simulator.world.faults import FaultKind, Weather
from ballotbox_simulator.world.schedule import Schedule
from ballotbox_simulator.world.sky import Sky

Strikes = Callable[[FaultKind], None]

_TRANSIT_MS: Final = 15
_LATE_MS: Final = 20_000
_RECONNECT_MS: Final = 5_000
#: After this silence a client knows that its connection is dead.
KEEPALIVE_MS: Final = 90_000


@dataclass(frozen=True, slots=True)
class Publication:
    """A message on a box's upward topic, by the number that acknowledges it."""

    number: int
    topic: BoxId
    data: bytes


class Subscriber(Protocol):
    """The gateway's end."""

    def delivered(self, publication: Publication) -> None:
        """Take a publication; `Broker.acknowledge` when it is settled."""
        ...


class BrokerClient:
    """A box's connection: comes back by itself after every loss."""

    def __init__(
        self,
        broker: "Broker",
        box: BoxId,
        took: Callable[[bytes], None],
        connected: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        self._broker = broker
        self.box = box
        self.took = took
        self._connected = connected
        self._lost = lost
        self.online = False
        self.dialling = False
        self.cut_off = False
        self.half_open = False
        self.closed = False

    def dial(self) -> None:
        """Connect as soon as the broker can be reached."""
        if not (self.dialling or self.online or self.closed):
            self.dialling = True
            self._broker.later(self._broker.jitter(_RECONNECT_MS), self._try)

    def _try(self) -> None:
        self.dialling = False
        if self.closed or self.online:
            return
        if self._broker.up and not self.cut_off:
            self._broker.admit(self)
            self.online = True
            self.half_open = False
            self._connected()
        else:
            self.dial()

    def lose(self) -> None:
        """Notice that the connection is gone."""
        if self.online:
            self.online = False
            self._lost()
        self.dial()

    def close(self) -> None:
        """Be gone without a word, as when power fails."""
        self.closed = True
        self.online = False

    def send(self, message: bytes) -> None:
        """Publish on the box's upward topic, if there is a connection."""
        if self.online:
            self._broker.published(self, message)


class Broker:
    """One broker between the boxes of a precinct and its gateway: the topics of one election.

    An `other` election's topics are another object, which has its outages from this one.
    """

    def __init__(
        self, schedule: Schedule, chance: random.Random, weather: Weather, struck: Strikes
    ) -> None:
        self._schedule = schedule
        self._chance = chance
        self._sky = Sky(weather, chance, struck)
        self.up = True
        self._life = 0
        self._clients: dict[BoxId, BrokerClient] = {}
        self._subscriber: Subscriber | None = None
        self._gateway_cut_off = False
        self._held: dict[int, Publication] = {}
        self._numbers = 0
        self.other: Broker | None = None
        #: Told of everything that is published.
        self.tap: Callable[[bytes], None] | None = None

    def calm(self, weather: Weather) -> None:
        """Change the weather, and end every outage."""
        self._sky.become(weather)
        self.up = True
        self._gateway_cut_off = False
        for client in self._clients.values():
            client.cut_off = False
            if client.half_open:
                client.lose()
        self._deliver_again()

    def later(self, delay: int, do: Callable[[], None]) -> None:
        """Plan something for a client."""
        self._schedule.after(delay, do)

    def jitter(self, most: int) -> int:
        """Return a delay up to `most`, drawn."""
        return 1 + self._chance.randrange(most)

    def admit(self, client: BrokerClient) -> None:
        """Let a client take over its box's session; whoever had it loses its connection."""
        before = self._clients.get(client.box)
        self._clients[client.box] = client
        if before is not None and before is not client:
            before.lose()

    def mislead(self, box: BoxId, data: bytes) -> None:
        """Let whoever controls the broker publish on a box's downward topic."""
        self._schedule.after(_TRANSIT_MS, self._hand_down, box, data)

    # Upward

    def published(self, client: BrokerClient, data: bytes) -> None:
        """Take a publication of a box; what a dead connection carries is lost."""
        if self.tap is not None:
            self.tap(data)
        if not self.up or client.cut_off or client.half_open:
            return
        for delay, found in self._weathered(data):
            self._schedule.after(delay, self._store, client.box, found, self._life)

    def plant(self, topic: BoxId, data: bytes) -> None:
        """Let whoever controls the broker publish on a box's topic."""
        self._schedule.after(_TRANSIT_MS, self._store, topic, data, self._life)

    def _weathered(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return what comes through of one message: after which delay, and which bytes."""
        if self._sky.is_clear:
            return [(_TRANSIT_MS, data)]
        if self._sky.falls(FaultKind.MESSAGE_LOSS):
            return []
        delay = _TRANSIT_MS
        if self._sky.falls(FaultKind.MESSAGE_DELAY):
            delay += self._chance.randrange(_LATE_MS)
        if self._sky.falls(FaultKind.MESSAGE_REORDERING):
            delay += 2_000
        if self._sky.falls(FaultKind.MESSAGE_CORRUPTION):
            data = changed(data, self._chance)
        through = [(delay, data)]
        if self._sky.falls(FaultKind.MESSAGE_DUPLICATION):
            through.append((delay + self._chance.randrange(_LATE_MS), data))
        return through

    def _store(self, topic: BoxId, data: bytes, life: int) -> None:
        if life != self._life or not self.up:
            return
        self._numbers += 1
        publication = Publication(self._numbers, topic, data)
        self._held[publication.number] = publication
        self._hand_over(publication)

    def _hand_over(self, publication: Publication) -> None:
        if self._subscriber is not None and not self._gateway_cut_off:
            self._subscriber.delivered(publication)

    def subscribe(self, subscriber: Subscriber | None) -> None:
        """Connect the gateway, or let it be gone; its session stays."""
        self._subscriber = subscriber
        self._deliver_again()

    def _deliver_again(self) -> None:
        if self.up:
            for publication in list(self._held.values()):
                self._hand_over(publication)

    def acknowledge(self, number: int) -> None:
        """Forget a publication: the gateway has settled it."""
        if self.up and not self._gateway_cut_off:
            self._held.pop(number, None)

    # Downward

    def answer(self, box: BoxId, data: bytes) -> None:
        """Publish on a box's downward topic."""
        if self.tap is not None:
            self.tap(data)
        if not self.up or self._gateway_cut_off:
            return
        for delay, found in self._weathered(data):
            self._schedule.after(delay, self._hand_down, box, found)

    def _hand_down(self, box: BoxId, data: bytes) -> None:
        client = self._clients.get(box)
        if client is None or not client.online:
            return
        if self.up and not client.cut_off and not client.half_open:
            client.took(data)

    # Outages

    def restart(self, lasts: int, *, amnesia: bool) -> None:
        """Go down for a while; every connection is lost, and with amnesia what was held."""
        self.up = False
        self._life += 1
        if amnesia:
            self._held.clear()
        for client in list(self._clients.values()):
            client.lose()
        self._schedule.after(lasts, self._return, self._life)
        if self.other is not None:
            self.other.restart(lasts, amnesia=amnesia)

    def _return(self, life: int) -> None:
        if life == self._life:
            self.up = True
            self._deliver_again()

    def cut_gateway_off(self, lasts: int) -> None:
        """Let the gateway lose its connection for a while."""
        self._gateway_cut_off = True
        self._schedule.after(lasts, self._gateway_returns)

    def _gateway_returns(self) -> None:
        self._gateway_cut_off = False
        self._deliver_again()

    def cut_off(self, box: BoxId, lasts: int) -> bool:
        """Let a box lose its connection for a while; tell whether it had any to lose."""
        client = self._clients.get(box)
        if client is None or client.closed:
            return False
        client.cut_off = True
        client.lose()
        self._schedule.after(lasts, self._reconnect, client)
        return True

    @staticmethod
    def _reconnect(client: BrokerClient) -> None:
        client.cut_off = False

    def half_open(self, box: BoxId) -> bool:
        """Let a box's connection die without either side noticing; tell whether there was one."""
        client = self._clients.get(box)
        if client is None or not client.online:
            return False
        client.half_open = True
        self._schedule.after(KEEPALIVE_MS, self._notice, client)
        return True

    @staticmethod
    def _notice(client: BrokerClient) -> None:
        if client.half_open:
            client.lose()
