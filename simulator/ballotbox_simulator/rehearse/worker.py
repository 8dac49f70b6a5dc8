"""One process of the tester: reads its job and its orders line by line, tells a line each second.

Run as `python -m ballotbox_simulator.rehearse.worker`; what it tells is JSON on standard output.
"""

import asyncio
import gc
import json
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from math import floor
from pathlib import Path
from time import monotonic
from typing import Any, Final

from ballotbox_device.host.problem import Problem as BoxProblem
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.register import origin_id
from ballotbox_simulator.rehearse.job import job_of
from ballotbox_simulator.rehearse.machine import (
    allow_open_files,
    anonymous_kib,
    busy_seconds,
    own_use,
    read_place,
)
from ballotbox_simulator.rehearse.shard import Shard
from ballotbox_simulator.rehearse.witness_file import truth_document, write_made

_TROUBLES: Final = 3
_LINE_MAX: Final = 2**22


class Worker:
    """A shard under orders."""

    def __init__(self, shard: Shard, memory_before: int) -> None:
        self._shard = shard
        self._memory_before = memory_before
        self._tasks: list[asyncio.Task[None]] = []
        self._orders: dict[str, Callable[[Any], None]] = {
            "connect": lambda _: self._begin(self._connect()),
            "start": lambda at: self._begin(self._day(at)),
            "close": lambda at: self._begin(self._burst(at)),
            "cut": shard.cut_area,
            "mend": shard.mend_area,
            "storm": shard.storm,
            "clone": shard.clone,
            "unclone": lambda _: shard.end_clones(),
            "silence": shard.silence,
        }

    async def run(self, orders: asyncio.StreamReader) -> None:
        """Follow orders until told to end, or until nobody gives any more."""
        self._begin(self._shard.feel_pulse())
        self._begin(self._tell_seconds())
        while line := await orders.readline():
            order, value = json.loads(line)
            if order == "end":
                break
            self._orders[order](value)
        for task in self._tasks:
            task.cancel()
        self._conclude()

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(_raise_what_failed)
        self._tasks.append(task)

    async def _connect(self) -> None:
        await self._shard.connect()
        boxes = self._shard.tally.connections
        tell("connected", boxes=boxes, memory_per_box_kib=self._memory_per_box())

    async def _day(self, start: float) -> None:
        await self._shard.hold_day(start)
        tell("voted")

    async def _burst(self, closing: float) -> None:
        await self._shard.close_polls(closing)
        tell("closed", at=monotonic())

    async def _tell_seconds(self) -> None:
        while True:
            second = floor(monotonic()) + 1
            await asyncio.sleep(second - monotonic())
            # A process whose loop is late is late with this, too.
            use = {"late_s": monotonic() - second, **asdict(own_use()), "busy_s": busy_seconds()}
            tally = self._shard.tally
            tell("second", second=second, trouble=tally.trouble, **tally.told(), **use)

    def _memory_per_box(self) -> float:
        boxes = self._shard.seats
        stored = sum(seat.box.crew.memory_size for seat in boxes) / 1_024
        return (anonymous_kib() - self._memory_before - stored) / len(boxes)

    def _conclude(self) -> None:
        shard, job = self._shard, self._shard.job
        last = shard.tally.told()
        memory = self._memory_per_box()
        shard.disconnect()
        crews = (seat.box.crew for seat in shard.seats)
        counted = write_made(Path(job.made_file), crews, origin_id(job.origins[0]))
        tell(
            "ended",
            last=last,
            truth=truth_document(shard.crews.truth),
            counted=counted.counted,
            receipted_sheets=counted.receipted,
            memory_at_end_kib=memory,
            troubles=shard.tally.troubles.most_common(_TROUBLES),
        )


def _raise_what_failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        tell("failed", words=repr(task.exception()))


def tell(what: str, **values: object) -> None:
    """Tell whoever started this process."""
    sys.stdout.write(json.dumps({"say": what, **values}) + "\n")
    sys.stdout.flush()


async def serve() -> None:
    """Do the job on standard input."""
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader(limit=_LINE_MAX)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    job = job_of(await orders.readline())
    # Whoever conducts may find that the boxes have no room here.
    tell("placed", **read_place().told())
    if json.loads(await orders.readline() or "[null]")[0] != "make":
        return
    allow_open_files(job.stop - job.first)
    try:
        shard = Shard(job)
        # What is garbage already must not hide what the boxes take.
        gc.collect()
        before = anonymous_kib()
        shard.make()
    except (Problem, BoxProblem) as problem:
        tell("failed", words=str(problem))
        return
    tell("ready")
    await Worker(shard, before).run(orders)


if __name__ == "__main__":
    asyncio.run(serve())
