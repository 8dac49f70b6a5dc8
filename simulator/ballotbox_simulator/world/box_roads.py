"""A box's end of its road: a serial line or the broker."""

import random

from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.broker import Broker, BrokerClient
from ballotbox_simulator.world.schedule import Schedule
from ballotbox_simulator.world.serial_line import LineEnd, SerialLine

_BOX_SIDE = 0


class SerialBoxRoad:
    """A box on a serial line; each time it is switched on its link has a new session."""

    def __init__(
        self, schedule: Schedule, box: BoxNode, line: SerialLine, chance: random.Random
    ) -> None:
        self.line = line
        self._schedule = schedule
        self._box = box
        self._chance = chance
        self._end: LineEnd | None = None

    def switched_on(self) -> None:
        """Open the link."""
        end = LineEnd(
            self._schedule, self._chance.randbytes(8), self._box.take_in, self._box.linked
        )
        self._end = end
        end.attach(self.line, _BOX_SIDE)

    def switched_off(self) -> None:
        """Let the line fall silent."""
        if self._end is not None:
            self._end.detach()
            self._end = None

    def move(self, line: SerialLine) -> None:
        """Plug the box's cable into another port."""
        if self._end is not None:
            self._end.detach()
        self.line = line
        if self._end is not None:
            self._end.attach(line, _BOX_SIDE)

    def send(self, message: bytes) -> None:
        """Hand a message to the link, which may still carry it from the time before."""
        if self._end is not None:
            self._end.repeat(message)

    def flush(self) -> None:
        """Start sending."""
        if self._end is not None:
            self._end.flush()


class MqttBoxRoad:
    """A box at the broker; each time it is switched on it connects anew."""

    def __init__(self, box: BoxNode, broker: Broker) -> None:
        self._box = box
        self._broker = broker
        self._client: BrokerClient | None = None

    def switched_on(self) -> None:
        """Connect."""
        box = self._box
        self._client = BrokerClient(
            self._broker, box.kit.identity.box, box.take_in, box.linked, box.unlinked
        )
        self._client.dial()

    def switched_off(self) -> None:
        """Be gone."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def send(self, message: bytes) -> None:
        """Publish."""
        if self._client is not None:
            self._client.send(message)

    def flush(self) -> None:
        """Nothing waits here."""
