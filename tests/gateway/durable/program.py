"""A small real program that may be killed at any moment: a gateway, the centre above it, a copy.

Run as a program it is a nursery: it imports everything once, then forks one process per order that
it reads, since what takes a second is not to be killed but to be born. What senders were told goes
into the file `told`, one line each, written at once: it survives the process, as their memory does.

The parts are the product's own: `open_intake`, `Reception`, `SqliteLedger`, `SecondCopy`. Only what
stands at their ports is from here: the road, a signer, and the names of the steps between them.
"""

import asyncio
import json
import os
import random
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ballotbox_gateway.adapters.roads import Letter
from ballotbox_gateway.adapters.second_copy import SecondCopy
from ballotbox_gateway.config import Config
from ballotbox_gateway.core.correspondence import Route
from ballotbox_gateway.core.intake import Identity
from ballotbox_gateway.core.ports import DiskFull, LedgerFailure
from ballotbox_gateway.core.upward import UpwardConflict
from ballotbox_gateway.ledger import sqlite
from ballotbox_gateway.service.opening import Opened, create_ledger, open_intake
from ballotbox_gateway.service.reception import Reception
from ballotbox_protocol.wire.message import Message, MessageKind
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, ROAD, ScriptedBox, authority

GIVEN = authority()
BOXES = (1, 2)
#: So many WAL pages are moved into the file: small, so that a short day does it several times.
PAGES = 24
EXIT_LEDGER = 3
REPORT = bytes((MessageKind.REPORT,))

#: The steps of a report's way, in order; a process can be told to die at the n-th of each.
STEPS = (
    *("read", "judged", "before commit", "after commit", "receipt given", "acknowledged"),
    *("sent up", "centre judged", "centre before commit", "centre after commit"),
    *("receipts came down", "before the cursor", "cursor moved", "before the copy", "copied"),
    "closed",
)


@dataclass(frozen=True)
class Order:
    """One life of the program.

    step, number: die at this step, the number-th time. again: everything is sent once more, as
    after a restart. early: acknowledge before the commit, as no gateway may.
    """

    folder: str
    seed: int
    step: str = ""
    number: int = 0
    again: bool = False
    early: bool = False


class Steps:
    """Counts the steps and ends the process at the ordered one."""

    def __init__(self, order: Order, done: Callable[[str], None] = lambda _step: None) -> None:
        self.passed: Counter[str] = Counter()
        self._order = order
        self._done = done

    def __call__(self, step: str) -> None:
        self.passed[step] += 1
        self._done(step)
        if step == self._order.step and self.passed[step] == self._order.number:
            os.kill(os.getpid(), signal.SIGKILL)

    def write(self, folder: Path) -> None:
        """Leave in a file how often each step was passed."""
        (folder / "steps").write_text(json.dumps(self.passed))

    @staticmethod
    def read(folder: Path) -> Counter[str]:
        """Return what `write` left."""
        return Counter(json.loads((folder / "steps").read_text()))


def config(folder: Path, origin: str) -> Config:
    """The settings of one of the two gateways; the centre keeps no second copy."""
    name = "centre" if origin == CENTRE else "precinct"
    copy = None if origin == CENTRE else folder / "copy"
    return Config.model_construct(
        ledger_file=folder / f"{name}.sqlite", second_copy=copy, origin=origin
    )


@cache
def reports() -> tuple[tuple[bytes, ...], ...]:
    """What each box says of its day."""
    return tuple(tuple(ScriptedBox(GIVEN, number).day(3)) for number in BOXES)


def schedule(seed: int, *, again: bool = False) -> list[list[bytes]]:
    """The reports as they come in: boxes mixed, some early, some twice, in batches of any size."""
    chance = random.Random(f"{seed} {again}")
    queues = [list(day) for day in reports()]
    line = []
    while any(queues):
        queue = chance.choice([each for each in queues if each])
        at = 1 if len(queue) > 1 and chance.random() < 0.2 else 0
        line.append(queue.pop(at))
        if chance.random() < 0.15:
            line.append(chance.choice(line))
    batches = []
    while line:
        size = chance.randint(1, 6)
        batches.append(line[:size])
        line = line[size:]
    return batches


class _Signer:
    def __init__(self, key: Any, signed: Callable[[], None]) -> None:
        self.public = key.public
        self._key = key
        self._signed = signed

    def sign(self, data: bytes) -> bytes:
        signature = self._key.sign(data)
        self._signed()
        return signature


class _Road:
    """The way to the boxes: what is said and settled goes into a file, by one write each."""

    name = "told"

    def __init__(self, folder: Path, steps: Steps, *, early: bool) -> None:
        self._file = os.open(folder / "told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._steps = steps
        self.early = early

    def say(self, message: Message) -> None:
        if message.kind is MessageKind.RECEIPT:
            os.write(self._file, b"R " + message.payload.hex().encode() + b"\n")
            self._steps("receipt given")

    def acknowledge(self, token: object) -> None:
        os.write(self._file, f"A {token}\n".encode())
        self._steps("acknowledged")

    def settle(self, token: object) -> None:
        if not self.early:
            self.acknowledge(token)

    def flush(self) -> None:
        pass

    def hold(self) -> None:
        pass

    def resume(self) -> None:
        pass


class Station:
    """Precinct gateway, centre and second copy in one folder; made on a running loop."""

    def __init__(self, order: Order, steps: Steps) -> None:
        self.failure: BaseException | None = None
        self._order, self._steps = order, steps
        folder = Path(order.folder)
        self.precinct = self._opened(folder, ORIGIN, "")
        self.centre = self._opened(folder, CENTRE, "centre ")
        self._copy = SecondCopy(folder / "copy", ORIGIN, GIVEN.gateway_keys[ORIGIN].public)
        self._copied = 0
        self._road = _Road(folder, steps, early=order.early)
        self._now = NOW
        self._reception = Reception(self.precinct.intake, self._time, self._failed)
        self._reception.carriers.append(self._road)
        self._copy.begin(self.precinct.intake.empty_note())

    def _time(self) -> int:
        self._now += 1
        return self._now

    def _failed(self, error: BaseException) -> None:
        self.failure = error

    def _opened(self, folder: Path, origin: str, who: str) -> Opened:
        key = _Signer(GIVEN.gateway_keys[origin], lambda: self._steps(f"{who}judged"))
        opened = open_intake(config(folder, origin), GIVEN.trusted, Identity(origin, key))
        commit = opened.ledger.commit

        def stepwise(batch, expected):
            cursor = batch.delivery is not None
            self._steps("before the cursor" if cursor else f"{who}before commit")
            commit(batch, expected)
            self._steps("cursor moved" if cursor else f"{who}after commit")

        opened.ledger.commit = stepwise
        return opened

    def receive(self, batch: list[bytes]) -> bool:
        """Let one batch come in; tell whether it was decided."""
        route = Route(ROAD, self._road.say)
        for report in batch:
            token = report[-8:].hex()
            self._reception.inbox.put(Letter(REPORT + report, route, self._road, token))
            self._steps("read")
            if self._order.early:
                self._road.acknowledge(token)
        return self._reception.decide()

    def send_up(self, limit: int) -> bool:
        """Deliver one stretch to the centre; tell whether there was one."""
        batch = self.precinct.intake.next_upward(CENTRE, limit)
        if batch is None:
            return False
        self._steps("sent up")
        reply = self.centre.intake.admit_from_below(batch, self._time())
        self._steps("receipts came down")
        if isinstance(reply, UpwardConflict):
            fault = self.precinct.intake.upward_conflict(reply, CENTRE)
        else:
            fault = self.precinct.intake.upward_receipted(batch, reply, CENTRE, self._time())
        assert fault is None, fault
        return True

    def copy(self) -> None:
        """Bring the second copy to the log's end."""
        while (stretch := self.precinct.intake.next_stretch(self._copied, 1)) is not None:
            self._steps("before the copy")
            self._copy.write(stretch)
            self._copied = stretch.size
            self._steps("copied")

    def close(self) -> None:
        self.precinct.ledger.close()
        self.centre.ledger.close()
        self._steps("closed")


def day(station: Station, order: Order) -> Iterator[None]:
    """Live one schedule, yielding after every act."""
    chance = random.Random(order.seed)
    for batch in schedule(order.seed, again=order.again):
        station.receive(batch)
        yield
        if chance.random() < 0.5:
            station.send_up(chance.randint(1, 7))
            yield
        if chance.random() < 0.4:
            station.copy()
            yield
    while station.send_up(100):
        yield
    station.copy()
    yield


def prepare(folder: Path) -> None:
    """Make the two ledgers of a station."""
    create_ledger(config(folder, ORIGIN), GIVEN.trusted)
    create_ledger(config(folder, CENTRE), GIVEN.trusted)


async def live(order: Order, steps: Steps) -> int:
    """Live to the end of the schedule; the exit code is the one of `ballotbox-gateway run`."""
    sqlite.CHECKPOINT_PAGES = PAGES
    station = Station(order, steps)
    try:
        for _ in day(station, order):
            if station.failure is not None:
                return EXIT_LEDGER
    except DiskFull:
        return 0
    except LedgerFailure:
        return EXIT_LEDGER
    station.close()
    return 0


def _child(order: Order) -> int:
    folder = Path(order.folder)
    os.dup2(os.open(folder / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    steps = Steps(order)
    try:
        code = asyncio.run(live(order, steps))
    except BaseException:  # noqa: BLE001 - a process ends here, whatever it was
        traceback.print_exc()
        return 1
    steps.write(folder)
    return code


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    """Fork a process per order; say its id once it waits to be let go, then how it ended."""
    reports()
    for line in sys.stdin:
        order = Order(**json.loads(line))
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
            os._exit(_child(order))
        os.waitpid(child, os.WUNTRACED)
        _say(child)
        _, status = os.waitpid(child, 0)
        _say(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
