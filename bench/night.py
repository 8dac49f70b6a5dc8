"""A gateway's night: many boxes whose reports wait in a real broker, sent by one publisher."""

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from units import running_seconds

from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import Instant
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.definition import BallotStyle, Contest, ContestKind, Option
from ballotbox_protocol.election.tally import Marks
from ballotbox_protocol.wire.message import Message, MessageKind, topic_of
from ballotbox_protocol.wire.report import ClockQuality, ReportKind
from ballotbox_simulator.authority import Authority, Plan, make_authority
from ballotbox_simulator.crew import OPENING, Crew, new_crew
from ballotbox_simulator.live.broker import Broker, find_broker
from ballotbox_simulator.live.processes import GatewayProcess, Roads

ORIGIN, UPPER = "bench.example/precinct", "bench.example/centre"
VOTE_LINES = 33
PATIENCE_S = 120


def at(hour: int) -> Instant:
    """Return a box's clock."""
    return Instant(1_795_939_200 + hour * 3_600, ClockQuality.FREE_RUNNING, hour * 3_600_000)


def authority_of(boxes: int) -> Authority:
    """Return an election with one contest of 33 options and `boxes` boxes."""
    options = tuple(Option(f"Party {n}") for n in range(VOTE_LINES))
    contest = Contest("Parliament", ContestKind.CHOOSE_ONE, 1, options)
    style = BallotStyle("ALL", ((0,),))
    return make_authority(
        Plan(1, boxes, (ORIGIN, UPPER), registered=64, contests=(contest,), styles=(style,))
    )


def crew_at_close(authority: Authority, rules: ElectionRules, number: int) -> Crew:
    """Return a box that is closed after a few ballots; its final is not made yet."""
    crew = new_crew(authority, rules, authority.boxes[number], 1)
    crew.switch_on(at(0))
    crew.act(at(0), *OPENING)
    for ballot in range(number % 5 + 1):
        crew.feed(Sheet(0, 0, (Marks(frozenset({(number + ballot) % VOTE_LINES})),)), at(1))
    return crew


@dataclass(frozen=True, slots=True)
class Cost:
    """What one backlog took: CPU of the gateway process and wall time, both per report."""

    cpu_s: float
    wall_s: float


class Night:
    """A broker, a gateway process, and a publisher that stands for all boxes."""

    def __init__(
        self,
        directory: Path,
        authority: Authority,
        upstream: tuple[str, str] | None = None,
        prepare: Callable[[Path], None] = lambda _ledger: None,
        process: type[GatewayProcess] = GatewayProcess,
    ) -> None:
        """`prepare` is given the new gateway's empty ledger before the gateway starts."""
        self.authority = authority
        self._process = process
        self._stack = ExitStack()
        self.broker = self._stack.enter_context(Broker(find_broker(), directory / "broker"))
        protocol = "5" if self.broker.program.mqtt5 else "3.1.1"
        mqtt = (self.broker.host, self.broker.port, protocol)
        #: Received since the last `forget`.
        self.receipts = 0
        #: Is told of each receipt by its topic, on the thread of the publisher.
        self.on_receipt: Callable[[str], None] = lambda _topic: None
        self._client = self._connect()
        self.ledger = directory / "gateway" / "ledger.sqlite"
        self._open(directory, Roads(mqtt=mqtt, upstream=upstream), prepare)

    def _open(self, directory: Path, roads: Roads, prepare: Callable[[Path], None]) -> None:
        self.gateway = self._process(directory / "gateway", self.authority, ORIGIN, roads)
        self._stack.callback(self.gateway.close)
        prepare(self.ledger)
        asyncio.run(self.gateway.start(PATIENCE_S))
        self._await_subscription()

    def _connect(self) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="bench-publisher")
        client.max_inflight_messages_set(2_000)
        client.on_message = self._count
        client.connect(self.broker.host, self.broker.port)
        client.subscribe(topic_of(self.authority.trusted.digest, b"", "down").replace("//", "/+/"))
        client.loop_start()
        return client

    def _count(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if message.payload[:1] == bytes((MessageKind.RECEIPT,)):
            self.receipts += 1
            self.on_receipt(message.topic)

    def _await_subscription(self) -> None:
        self.until(lambda: self.gateway.status()["roads"][0]["state"] == "up", "gateway on MQTT")

    def forget(self) -> None:
        """Count receipts from nought."""
        self.receipts = 0

    def until(self, condition: Callable[[], bool], what: str, every_s: float = 0.005) -> None:
        """Wait for a condition; raises TimeoutError naming what did not happen."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(what)
            time.sleep(every_s)

    def admit(self, reports: Sequence[tuple[Crew, bytes]]) -> Cost:
        """Let the reports wait in the broker, then let the gateway have them all at once."""
        pids = self.pids
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        self.forget()
        published = [self.publish(crew, data) for crew, data in reports]
        for each in published:
            each.wait_for_publish(PATIENCE_S)
        cpu, began = sum(map(running_seconds, pids)), time.monotonic()
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        self.until(lambda: self.receipts >= len(reports), "receipts")
        wall = time.monotonic() - began
        used = sum(map(running_seconds, pids)) - cpu
        return Cost(used / len(reports), wall / len(reports))

    @property
    def pids(self) -> Sequence[int]:
        """The processes of the gateway."""
        return (self.gateway.pid,)

    def _topic(self, crew: Crew) -> str:
        return topic_of(crew.device.outgoing.election, crew.device.outgoing.box, "up")

    def publish(self, crew: Crew, data: bytes) -> paho.MQTTMessageInfo:
        """Send one report as its box would."""
        topic = self._topic(crew)
        return self._client.publish(topic, Message(MessageKind.REPORT, data).to_bytes(), qos=1)

    def close(self) -> None:
        """End everything."""
        self._client.disconnect()
        self._client.loop_stop()
        self._stack.close()


def mean_batch(ledger: Path, first: int, stop: int) -> float:
    """Return how many leaves a commit had, of leaves `first` to `stop` of a gateway that ended."""
    with closing(sqlite3.connect(ledger)) as connection:
        ask = "SELECT count(*) FROM checkpoints WHERE size > ? AND size <= ?"
        ((commits,),) = connection.execute(ask, (first, stop)).fetchall()
    return (stop - first) / float(commits)


def made(crew: Crew, kinds: Sequence[ReportKind]) -> list[tuple[Crew, bytes]]:
    """Return the crew's reports of these kinds."""
    return [(crew, each.data) for each in crew.made if each.kind in kinds]


def close_and_finish(crews: Sequence[Crew]) -> None:
    """Bring every box to its final."""
    for crew in crews:
        crew.act(at(12), Action.CLOSE, Action.FINISH)
