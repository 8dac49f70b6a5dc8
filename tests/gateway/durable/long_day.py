"""A gateway's simulated day of 24 hours, in a process of its own that says what memory it has.

Run as a program: folder, boxes, reports per box and hour, and `keeps` for one that forgets nothing.
"""

import asyncio
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ballotbox_gateway.adapters.roads import Letter
from ballotbox_gateway.core.correspondence import BATCH_MAX, Route
from ballotbox_gateway.core.ports import Ledger
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_gateway.service.reception import Reception
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.report import ReportKind
from tests.gateway.scripted import NOW, ROAD, ScriptedBox, authority, binding, intake

HOURS = 24
#: Until then the allocator and the caches have come to their size.
SETTLED = 6
#: Bytes a leaf may cost in memory: the tree keeps 32 of it and as many above it, in arrays that
#: grow ahead. A gateway that kept the report would need 400 more.
PER_LEAF_MAX = 120
_ROOT = Path(__file__).parents[3]
_REPORT = bytes((MessageKind.REPORT,))


@dataclass(frozen=True)
class Hour:
    """How things stand at the end of an hour."""

    memory_kib: int
    leaves: int
    receipts: int


def per_leaf(hours: list[Hour]) -> float:
    """Return how many bytes of memory each leaf has cost since things had settled."""
    first, last = hours[SETTLED - 1], hours[-1]
    return (last.memory_kib - first.memory_kib) * 1_024 / (last.leaves - first.leaves)


def lived(boxes: int, per_hour: int, *, keeps: bool = False) -> list[Hour]:
    """Let a process live such a day and return its hours."""
    words = [str(boxes), str(per_hour), "keeps" if keeps else "forgets"]
    with tempfile.TemporaryDirectory(prefix="bbx-") as folder:
        command = [sys.executable, "-m", "tests.gateway.durable.long_day", folder, *words]
        done = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return [Hour(*map(int, line.split())) for line in done.stdout.splitlines()]


class Crowd:
    """The boxes: each says so many reports an hour, and some of them twice."""

    def __init__(self, boxes: int, per_hour: int) -> None:
        self.given = authority(boxes)
        self._boxes = [ScriptedBox(self.given, number + 1) for number in range(boxes)]
        self._per_hour = per_hour
        self._chance = random.Random(15)
        self._began = False

    def hour(self) -> list[bytes]:
        """Return what is said in the next hour, the boxes one after the other."""
        said = []
        for _ in range(self._per_hour):
            for box in self._boxes:
                said += (
                    [box.report(ReportKind.TURNOUT, accept=1)] if self._began else (box.open_poll())
                )
                if self._chance.random() < 0.1:
                    said.append(said[-1])
                box.said.clear()
            self._began = True
        return said


class Road:
    """Counts what is answered and settled, and keeps nothing."""

    name = "road"

    def __init__(self) -> None:
        self.receipts = self.settled = 0

    def say(self, message: Message) -> None:
        self.receipts += message.kind is MessageKind.RECEIPT

    def settle(self, _token: object) -> None:
        self.settled += 1

    def flush(self) -> None:
        pass

    def hold(self) -> None:
        pass

    def resume(self) -> None:
        pass


class Day:
    """One gateway on a ledger in a file, and its clock."""

    def __init__(self, folder: Path, crowd: Crowd) -> None:
        path = folder / "ledger"
        create(path, binding(crowd.given.trusted))
        self.ledger: Ledger = open_ledger(path)
        self.now = NOW
        self.road = Road()
        self.failures: list[BaseException] = []
        admitting = intake(crowd.given, self.ledger)
        self.reception = Reception(admitting, lambda: self.now, self.failures.append)

    def hour(self, said: list[bytes]) -> None:
        """Take in what is said in an hour, spread over it."""
        route, began = Route(ROAD, self.road.say), self.now
        for first in range(0, len(said), BATCH_MAX):
            for report in said[first : first + BATCH_MAX]:
                self.reception.inbox.put(Letter(_REPORT + report, route, self.road))
            self.now = began + 3_600 * first // len(said)
            assert self.reception.decide(), self.failures
        self.now = began + 3_600


def memory_kib() -> int:
    """Return what of this process is in memory, as `VmRSS` of proc(5)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("the kernel does not tell the memory of a process")


async def _live(folder: Path, boxes: int, per_hour: int, *, keeps: bool) -> None:
    crowd = Crowd(boxes, per_hour)
    day, kept = Day(folder, crowd), []
    for _ in range(HOURS):
        said = crowd.hour()
        day.hour(said)
        kept += said if keeps else []
        sys.stdout.write(f"{memory_kib()} {day.ledger.log_head().size} {day.road.receipts}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    where, boxes, per_hour, what = sys.argv[1:]
    asyncio.run(_live(Path(where), int(boxes), int(per_hour), keeps=what == "keeps"))
