"""Side by side with thingsboard-gateway: as many messages through a real mosquitto, in one run.

The peer is run by a script that lives beside this project and installs it; neither is part of it.
The peer stores and forwards without looking at a signature. Ours is the whole program: signed
reports of 2,000 boxes, every check, each answered by a receipt. Both get their messages from one
publisher as fast as the broker takes them, first from devices never seen, then from the same ones
(warm), and are killed in the middle of a burst; nobody sends again, so what comes back comes from
the broker and the gateway's own store.
"""

import asyncio
import json
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path
from statistics import fmean
from typing import Any, Final, Self

import paho.mqtt.client as paho
from night import Night, at, authority_of, close_and_finish
from paho.mqtt.enums import CallbackAPIVersion
from units import Row, Stopwatch, cpu_seconds, resident_mib

from ballotbox_device.core.rules import ElectionRules
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.message import Message, MessageKind, topic_of
from ballotbox_simulator.crew import OPENING, Crew, new_crew

_ROOT: Final = Path(__file__).parents[1]
_SHARED: Final = Path(os.environ.get("BALLOTBOX_SHARED", _ROOT.parent / "shared"))
SCRIPT: Final = _SHARED / "bench" / "peer_thingsboard.py"
#: Where the peer is installed once; `make clean` removes it.
CACHE: Final = _ROOT / "build" / "peer"
PEER: Final = "thingsboard-gateway 3.8.5"
_DEVICES: Final = 2_000
#: Messages of each device in a part.
_EACH: Final = 10
MESSAGES: Final = _DEVICES * _EACH
_INFLIGHT: Final = 1_000
_PATIENCE_S: Final = 240.0
#: Nothing more is expected when the log has not grown for so long, as the peer's script has it.
_QUIET_S: Final = 12.0

Sent = Sequence[tuple[str, bytes]]


class Unavailable(Exception):
    """There is no peer to compare with; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two did: messages and CPU seconds are of the gateway's process alone."""

    cold_per_s: float
    warm_per_s: float
    cpu_s_per_1000: float
    peak_mib: float
    lost: int
    doubled: int

    def __post_init__(self) -> None:
        for name in ("cold_per_s", "warm_per_s", "cpu_s_per_1000", "peak_mib"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: must be above 0, not {getattr(self, name)}")


def side_by_side(directory: Path) -> Iterator[Row]:
    """Measure both and yield the rows; nothing, and a line that says why, without the peer."""
    watch = Stopwatch("side_by_side.rate")
    try:
        require_script(SCRIPT)
        ours, peer = measured(directory)
    except Unavailable as why:
        print(f"side by side: skipped: {why}", file=sys.stderr)
        return
    print(comparison(ours, peer))
    yield from rows(watch, ours, peer)


def measured(directory: Path) -> tuple[Side, Side]:
    """Return our side and the peer's; raises Unavailable.

    A shared machine is now faster, now slower: ours is measured before and after the peer.
    """
    with OurGateway(directory) as ours:
        ours.meet()
        ours.serve()
        told = run_script(SCRIPT, "sqlite", directory)
        ours.serve()
        told |= run_script(SCRIPT, "kill", directory)
        ours.survive()
    return ours.side(), peer_side(told)


def require_script(script: Path) -> None:
    """Raise Unavailable when the script is not there."""
    if not script.exists():
        raise Unavailable(f"there is no {script.name} in shared/bench beside this project")


def run_script(script: Path, row: str, directory: Path) -> dict[str, Any]:
    """Have the script install the peer and measure one row, and return what it wrote.

    Raises Unavailable when the peer's package or the row cannot be had.
    """
    told = directory / f"peer-{row}.json"
    command = [sys.executable, str(script), "--n", str(MESSAGES), "--devices", str(_DEVICES)]
    options = ["--only", row, "--cache", str(CACHE), "--json", str(told)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if done.returncode != 0 or not told.exists():
        end = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise Unavailable(f"{script.name} did not measure {PEER}: {end}")
    found: dict[str, Any] = json.loads(told.read_text())
    return found


def peer_side(told: dict[str, Any]) -> Side:
    """Return the peer's side from what its script told; raises Unavailable where a row is short."""
    try:
        stored, killed = told["sqlite"], told["kill"]
        warm = stored["warm"]
        if not warm["reached_all"]:
            raise Unavailable(f"{PEER} did not forward all {warm['sent']} in time; try again")
        return Side(
            stored["cold"]["msgs_per_s"],
            warm["msgs_per_s"],
            warm["gateway_cpu_s_per_1000"],
            stored["peak_rss_mib"],
            killed["lost"],
            killed["duplicated_ids"],
        )
    except KeyError as error:
        raise Unavailable(f"the script told nothing of {error}; try again") from error


class OurGateway:
    """A gateway process of ours behind a broker, and the messages of all boxes; use as context."""

    def __init__(self, directory: Path) -> None:
        authority = authority_of(_DEVICES)
        rules = ElectionRules.of(authority.trusted)
        crews = [new_crew(authority, rules, box, 1) for box in authority.boxes]
        self._parts = our_messages(crews)
        self._burst = self._parts[-1]
        self._night = Night(directory / "ours", authority)
        self._cold_s = 0.0
        self._warm_s: list[float] = []
        self._cpu_s: list[float] = []
        self._peak = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._night.close()

    def meet(self) -> None:
        """Take in reports of boxes that it has never seen."""
        self._cold_s = _through(self._night, self._parts.pop(0))

    def serve(self) -> None:
        """Take in reports of boxes that it knows."""
        pid = self._night.gateway.pid
        cpu = cpu_seconds(pid)
        self._warm_s.append(_through(self._night, self._parts.pop(0)))
        self._cpu_s.append(cpu_seconds(pid) - cpu)
        self._peak = resident_mib(pid, peak=True)

    def survive(self) -> None:
        """Be killed while reports arrive, and started again."""
        _through_a_kill(self._night, self._parts.pop(0))

    def side(self) -> Side:
        """Return what was measured, once the gateway has ended."""
        lost, doubled = lost_and_doubled(self._night.ledger, self._burst)
        count = len(self._burst)
        warm, cpu = fmean(self._warm_s), fmean(self._cpu_s)
        return Side(
            count / self._cold_s, count / warm, cpu / count * 1_000, self._peak, lost, doubled
        )


#: Never seen, warm twice, killed in a burst.
_PARTS: Final = 4


def our_messages(crews: Sequence[Crew]) -> list[Sent]:
    """Return four times ten reports of every box: its opening first, its final last."""
    for crew in crews:
        crew.switch_on(at(0))
        crew.act(at(0), *OPENING)
        for number in range(_PARTS * _EACH - len(crew.made) - 2):
            crew.turnout(at(1 + number // 4))
    close_and_finish(crews)
    return [
        [_message(crew, number) for number in range(first, first + _EACH) for crew in crews]
        for first in range(0, _PARTS * _EACH, _EACH)
    ]


def _message(crew: Crew, number: int) -> tuple[str, bytes]:
    outgoing = crew.device.outgoing
    data = Message(MessageKind.REPORT, crew.made[number].data).to_bytes()
    return topic_of(outgoing.election, outgoing.box, "up"), data


def _through(night: Night, messages: Sent) -> float:
    """Publish, and return the seconds from the first message to the last receipt."""
    night.forget()
    with _Publisher(night, messages) as publisher:
        night.until(lambda: night.receipts >= len(messages), "receipts")
        ended = time.monotonic()
        return ended - publisher.began()


def _through_a_kill(night: Night, messages: Sent) -> None:
    """Publish, kill the gateway when half is receipted, start it again, and let it come to rest."""
    night.forget()
    with _Publisher(night, messages) as publisher:
        night.until(lambda: night.receipts >= len(messages) // 2, "half of the receipts", 0.002)
        night.gateway.kill()
        asyncio.run(night.gateway.start(_PATIENCE_S))
        publisher.began()
        size, since = -1, time.monotonic()
        while time.monotonic() - since < _QUIET_S:
            if (now := night.gateway.status()["log"]["size"]) != size:
                size, since = now, time.monotonic()
            time.sleep(0.2)


class _Publisher:
    """A process that publishes messages at QoS 1 as fast as the broker takes them."""

    def __init__(self, night: Night, messages: Sent) -> None:
        context = multiprocessing.get_context("spawn")
        self._told: Queue[float] = context.Queue()
        arguments = (night.broker.host, night.broker.port, messages, self._told)
        self._process = context.Process(target=publish, args=arguments, daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.join(_PATIENCE_S)
        self._process.kill()

    def began(self) -> float:
        """Return when the first message was published, once the broker has them all."""
        return self._told.get(timeout=_PATIENCE_S)


def publish(host: str, port: int, messages: Sent, told: "Queue[float]") -> None:
    """Publish all and tell when that began; the clock is the machine's and counts for all."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="bench-boxes")
    client.max_inflight_messages_set(_INFLIGHT)
    client.connect(host, port)
    client.loop_start()
    began = time.monotonic()
    published = [client.publish(topic, data, qos=1) for topic, data in messages]
    for each in published:
        each.wait_for_publish(_PATIENCE_S)
    told.put(began)
    client.disconnect()
    client.loop_stop()


def lost_and_doubled(ledger: Path, messages: Sent) -> tuple[int, int]:
    """Return how many of these reports have no leaf, and how many more than one."""
    with closing(sqlite3.connect(ledger)) as connection:
        ask = "SELECT id FROM leaves JOIN reports ON first = report_first"
        leaves = Counter(report for (report,) in connection.execute(ask))
    counts = [leaves[cose.message_id(data[1:])] for _, data in messages]
    return sum(not count for count in counts), sum(count > 1 for count in counts)


def comparison(ours: Side, peer: Side) -> str:
    """Return both sides as a table."""
    lines = [f"{MESSAGES:,} messages through mosquitto {'ours':>12} {PEER:>26}"]
    for what, attribute in (
        ("messages/s, warm", "warm_per_s"),
        ("messages/s, never seen before", "cold_per_s"),
        ("CPU s per 1,000, warm", "cpu_s_per_1000"),
        ("MiB at most", "peak_mib"),
        ("lost after kill -9", "lost"),
        ("doubled after kill -9", "doubled"),
    ):
        mine, other = getattr(ours, attribute), getattr(peer, attribute)
        lines.append(f"{what:<33} {mine:>12,.5g} {other:>26,.5g}")
    return "\n".join(lines)


def rows(watch: Stopwatch, ours: Side, peer: Side) -> Iterator[Row]:
    """Yield the rows of both sides; the ratio of the warm rates first."""
    how = f"{MESSAGES:,} messages, 2 cores with broker, publisher and collector"
    ratio = ours.warm_per_s / peer.warm_per_s
    yield watch.row(ratio, f"times {PEER}", f"{how}; our reports are signed, checked, receipted")
    for name, side, limit in (
        ("ours", ours, f"{how}; the verification"),
        ("peer", peer, f"{how}; converter and store; verifies nothing"),
    ):
        for what, value, unit in (
            ("per_s", side.warm_per_s, "messages/s, warm"),
            ("cold_per_s", side.cold_per_s, "messages/s, never seen"),
            ("cpu_per_1000", side.cpu_s_per_1000, "CPU s per 1,000, warm"),
            ("peak_rss", side.peak_mib, "MiB"),
            ("lost", side.lost, "messages after kill -9"),
            ("doubled", side.doubled, "messages after kill -9"),
        ):
            yield watch.row(value, unit, limit, f"side_by_side.{name}_{what}")
