"""A day at one ledger: reports come in, receipts go out, and the disk below knows when.

The ledger is the production `SqliteLedger`, opened and checked as a start does; it is closed and
opened again in the middle, and its WAL is moved into the file every few commits.
"""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from ballotbox_gateway.adapters.roads import Letter
from ballotbox_gateway.core.correspondence import Route
from ballotbox_gateway.ledger import sqlite
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.opening import Opened, create_ledger
from ballotbox_gateway.service.reception import Reception
from ballotbox_protocol.wire.message import Message, MessageKind
from tests.gateway.durable.audit import Told, open_side
from tests.gateway.durable.program import GIVEN, PAGES, REPORT, config, schedule
from tests.gateway.durable.recorder import Do, Op, Record, recording
from tests.gateway.scripted import NOW, ORIGIN, ROAD

#: The ledger is closed and opened again after so many batches.
_REOPENED = 5
#: How often a batch is tried while the disk is full.
_TRIED = 3

LEDGER = config(Path(), ORIGIN).ledger_file.name


@dataclass
class Day:
    """What was told, and after how many operations of the disk each word was said.

    created: the operations that made the ledger. openings: how often it was opened; erred_in: the
    opening in which the disk failed; after_error: what was said in that opening afterwards.
    """

    record: Record
    created: int = 0
    openings: int = 0
    erred_in: int = 0
    after_error: int = 0
    told: Told = field(default_factory=Told)
    said_at: list[int] = field(default_factory=list)
    settled_at: list[int] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    name: str = "day"

    def error(self) -> None:
        """Take note that the disk has failed."""
        self.erred_in = self.openings

    def _spoken(self) -> None:
        self.after_error += 0 < self.openings == self.erred_in

    def say(self, message: Message) -> None:
        self._spoken()
        if message.kind is MessageKind.RECEIPT:
            self.told.receipts.append(message.payload)
            self.said_at.append(len(self.record.ops))

    def settle(self, token: object) -> None:
        self._spoken()
        self.told.settled.append(str(token))
        self.settled_at.append(len(self.record.ops))

    def flush(self) -> None:
        pass

    def hold(self) -> None:
        pass

    def resume(self) -> None:
        pass

    def until(self, operations: int) -> Told:
        """What had been told when so many operations were done."""
        receipts = [each for each, at in zip(self.told.receipts, self.said_at, strict=True)
                    if at <= operations]  # fmt: skip
        settled = [each for each, at in zip(self.told.settled, self.settled_at, strict=True)
                   if at <= operations]  # fmt: skip
        return Told(receipts, settled)


@contextmanager
def under_ledger() -> Iterator[Record]:
    """Record what ledgers do meanwhile, and have the WAL moved into the file every few commits."""
    pages, sync = sqlite.CHECKPOINT_PAGES, sqlite.sync_folder
    with recording() as record:

        def sync_directory(directory: Path) -> None:
            sync(directory)
            record.ops.append(Op(Do.FOLDER_SYNC, ""))

        sqlite.CHECKPOINT_PAGES, sqlite.sync_folder = PAGES, sync_directory
        try:
            yield record
        finally:
            sqlite.CHECKPOINT_PAGES, sqlite.sync_folder = pages, sync


def lived(folder: Path, seed: int) -> Day:
    """Live one day from the creation of the ledger on, with nothing going wrong."""
    with under_ledger() as record:
        create_ledger(config(folder, ORIGIN), GIVEN.trusted)
        day = Day(record, created=len(record.ops))
        asyncio.run(live(folder, seed, day))
    return day


async def live(folder: Path, seed: int, day: Day) -> None:
    """Live a day on a ledger that exists; ends early when the ledger fails."""
    chance = random.Random(seed)
    opened = None
    try:
        for number, batch in enumerate(_pieces(schedule(seed), chance)):
            if number % _REOPENED == 0:
                if opened is not None:
                    _close(opened)
                    opened = None
                day.openings += 1
                opened = open_side(folder, ORIGIN)
                reception = _reception(opened, day, NOW + 1_000 * seed)
            if not _decided(reception, day, batch):
                return
    except Problem as problem:
        day.failures.append(problem)
    finally:
        if opened is not None:
            _close(opened)


def _close(opened: Opened) -> None:
    # SQLite keeps to itself what fails while it closes a file; from a disk in Python it comes out.
    with suppress(apsw.Error):
        opened.ledger.close()


def _pieces(batches: list[list[bytes]], chance: random.Random) -> Iterator[list[bytes]]:
    for batch in batches:
        cut = chance.randint(0, len(batch))
        yield from (piece for piece in (batch[:cut], batch[cut:]) if piece)


def _decided(reception: Reception, day: Day, batch: list[bytes]) -> bool:
    """Let a batch come in, and try it again where there is no room; tell whether to go on."""
    route = Route(ROAD, day.say)
    for report in batch:
        reception.inbox.put(Letter(REPORT + report, route, day, report[-8:].hex()))
    for _ in range(_TRIED):
        if reception.decide():
            break
    return not day.failures


def _reception(opened: Opened, day: Day, now: int) -> Reception:
    reception = Reception(opened.intake, lambda: now, day.failures.append)
    reception.carriers.append(day)
    return reception
