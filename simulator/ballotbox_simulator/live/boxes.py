"""Simulated boxes on real roads: the device's own roads, with a crew beside each box."""

import os
import random
import tty
from typing import Final

from ballotbox_device.core.courier import Pace
from ballotbox_device.host.broker_tls import BrokerTls
from ballotbox_device.host.mqtt_road import MqttRoad
from ballotbox_device.host.stream_road import StreamRoad
from ballotbox_simulator.crew import Crew

#: A rehearsal is over in a minute: boxes ask again sooner than in the field.
REHEARSAL_PACE: Final = Pace(first_ms=1_500, longest_ms=8_000)


class MqttBox(MqttRoad):
    """A simulated box behind a broker; `sharded` puts its shard into its topic."""

    def __init__(
        self,
        crew: Crew,
        host: str,
        port: int,
        chance: random.Random,
        tls: BrokerTls | None = None,
        *,
        sharded: bool = False,
    ) -> None:
        outgoing = crew.device.outgoing
        super().__init__(outgoing, host, port, chance, REHEARSAL_PACE, tls, sharded=sharded)
        self.crew = crew


class PtyBox(StreamRoad):
    """A simulated box on a real pseudo-terminal; `path` is the port that the gateway opens."""

    def __init__(self, crew: Crew) -> None:
        # The slave stays open here too, so that a gateway that is killed does not hang us up.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        super().__init__(crew.device.outgoing, self._master, os.urandom(8), REHEARSAL_PACE)
        self.crew = crew

    def unplug(self) -> None:
        """Pull the cable for good: the other end sees a hang-up."""
        self.close()
        os.close(self._master)
        os.close(self._slave)


Box = MqttBox | PtyBox
