"""A box of the rehearsal: the device's own road, with a stopwatch for each report.

Its socket is connected by the loop from a source address of its own and then given to the MQTT
library, whose own way would stop all boxes while a busy broker does not answer.
"""

import asyncio
import errno
import os
import random
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from ballotbox_protocol.election.identifiers import OriginId
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.crew import Crew
from ballotbox_simulator.live.boxes import MqttBox
from ballotbox_simulator.rehearse.job import Broker, own
from ballotbox_simulator.rehearse.shared_tls import SharedTls
from ballotbox_simulator.rehearse.tally import Tally

_REACH_S: Final = 10.0


class _GivenSocket(paho.Client):
    """A client of a socket that is connected already."""

    __slots__ = ("given",)
    given: socket.socket | None

    def _create_socket_connection(self) -> socket.socket:
        given, self.given = self.given, None
        return given or super()._create_socket_connection()


class FleetBox(MqttBox):
    """One box and its crew; `origin` is the log whose receipts count."""

    # Beside the road's own dictionary: one with more than thirty names is shared by no two boxes,
    # and takes two kibibytes of each.
    __slots__ = (
        "_awaited", "_broker", "_counted", "_dialled_at", "_origin", "_tally", "_was_online",
        "is_cut", "number", "on_road",
    )  # fmt: skip

    def __init__(
        self,
        crew: Crew,
        number: int,
        broker: Broker,
        origin: OriginId,
        tally: Tally,
        chance: random.Random,
    ) -> None:
        box = crew.device.outgoing.box
        tls = SharedTls(*(Path(own(each, box)) for each in broker.tls)) if broker.tls else None
        super().__init__(crew, broker.host, broker.port, chance, tls, sharded=broker.sharded)
        self.number = number
        self.is_cut = False
        #: It may report; what it made before waits without anybody's being to blame.
        self.on_road = True
        self._broker = broker
        self._origin = origin
        self._tally = tally
        self._dialled_at = 0.0
        self._counted = self._was_online = False
        #: When the reports were made that hold no receipt yet, by their sequence number.
        self._awaited: dict[int, float] = {}

    def settle(self) -> None:
        """Note the reports that the crew's last steps have made, and send them."""
        made = self.crew.made
        if made:
            now = monotonic()
            for report in made:
                self._awaited[report.sequence] = now
            self._tally.report(len(made) if self.on_road else 0, now)
            made.clear()
        self.pump()

    def take_road(self) -> None:
        """Begin to report, what was made before included; it is late from now on."""
        self.on_road = True
        now = monotonic()
        self._awaited = dict.fromkeys(self._awaited, now)
        self._tally.report(len(self._awaited), now)

    def cut(self) -> None:
        """Lose the network: the connection ends now, and none is made until it is mended."""
        self.is_cut = True
        self.drop_line()

    def mend(self) -> None:
        """Have the network back; the road dials when its delay is over."""
        self.is_cut = False

    def drop_line(self) -> None:
        """End the connection as a network does: nobody says goodbye."""
        line = None if self._client is None else self._client.socket()
        if line is not None:
            with suppress(OSError), socket.socket(fileno=os.dup(line.fileno())) as same:
                same.shutdown(socket.SHUT_RDWR)

    def _take_in(self, data: bytes) -> None:
        super()._take_in(data)
        if self._awaited:
            self._note_answers()

    def _note_answers(self) -> None:
        outgoing, tally = self.outgoing, self._tally
        for sequence in list(self._awaited):
            answer = outgoing.answer_of(self._origin, sequence)
            if answer == Verdict.ACCEPTED:
                tally.receipt(self._awaited.pop(sequence))
            elif answer is not None and answer != Verdict.HELD:
                tally.refused += 1
                del self._awaited[sequence]

    async def _dialled(self) -> paho.Client:
        if self.is_cut:
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
        self._dialled_at = monotonic()
        if self._tls is not None:
            return await super()._dialled()
        client = self._new_client()
        client.given = await self._line()
        self._connect(client, self._broker.host)
        return client

    async def _line(self) -> socket.socket:
        """Return a socket that is connected from this box's source address; raises OSError."""
        host, port = self._address
        sources = self._broker.sources
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            line.settimeout(0)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if sources:
                line.bind((sources[self.number % len(sources)], 0))
            async with asyncio.timeout(_REACH_S):
                await asyncio.get_running_loop().sock_connect(line, (host, port))
        except BaseException:
            line.close()
            raise
        return line

    def _new_client(self) -> _GivenSocket:
        client = _GivenSocket(
            CallbackAPIVersion.VERSION2,
            client_id=self.outgoing.box.hex(),
            protocol=MQTTProtocolVersion.MQTTv5 if self._five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.given = None
        if self._broker.username is not None:
            name = own(self._broker.username, self.outgoing.box)
            client.username_pw_set(name, self._broker.password)
        return client

    def _subscribed(
        self,
        client: paho.Client,
        userdata: object,
        mid: int,
        reasons: Sequence[ReasonCode],
        properties: object,
    ) -> None:
        super()._subscribed(client, userdata, mid, reasons, properties)
        if self._online.is_set() and not self._counted:
            self._tally.connections += 1
            self._tally.reconnects += self._was_online
            self._counted = self._was_online = True
            self._tally.connected(self._dialled_at)

    def _lost(self) -> None:
        super()._lost()
        if self._counted:
            self._counted = False
            self._tally.connections -= 1
