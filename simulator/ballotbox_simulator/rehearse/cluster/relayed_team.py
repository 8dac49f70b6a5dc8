"""A team on other machines: whoever relays its lines has our standard input and output."""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Final

from ballotbox_simulator.rehearse.core.shares import Place
from ballotbox_simulator.rehearse.job import Job
from ballotbox_simulator.rehearse.team import Team

#: The number that means all of them.
ALL: Final = -1
_LINE_MAX: Final = 2**22


class RelayedTeam(Team):
    """Writes `[number, line]` for each line to a process, reads `{"shard": number, …}` from it."""

    elsewhere = True

    async def start(self, jobs: Sequence[Job]) -> list[Place]:
        """Hand out the jobs; return where the process of each is. Raises TesterFailed."""
        self._size = len(jobs)
        loop = asyncio.get_running_loop()
        said = asyncio.StreamReader(limit=_LINE_MAX)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(said), sys.stdin)
        self._listeners.append(asyncio.create_task(self._hear(said)))
        for number, job in enumerate(jobs):
            _relay(number, job.line().decode().strip())
        return await self._places()

    def order(self, what: str, value: float | None = None) -> None:
        """Give all processes an order."""
        _relay(ALL, json.dumps([what, value]))

    async def _hear(self, said: asyncio.StreamReader) -> None:
        while line := await said.readline():
            told = json.loads(line)
            self._take(told.pop("shard"), told)
        self._failure = self._failure or "whoever relays the tester's lines has gone"
        self._news.set()


def _relay(number: int, line: str) -> None:
    sys.stdout.write(json.dumps([number, line]) + "\n")
    sys.stdout.flush()
