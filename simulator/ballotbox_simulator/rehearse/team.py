"""The processes of the tester: started, given orders, listened to, ended."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from ballotbox_simulator.rehearse.core.shares import Place, place_of
from ballotbox_simulator.rehearse.job import Job

_COMMAND: Final = (sys.executable, "-m", "ballotbox_simulator.rehearse.worker")
_LINE_MAX: Final = 2**22
_END_S: Final = 10.0


#: Is told the number of a process, and what it says of a second.
Heard = Callable[[int, dict[str, Any]], None]


class TesterFailed(RuntimeError):
    """A process of the tester did not do its work; the message says what it said last."""


class TooLate(TesterFailed):
    """Something took longer than it may."""


class Team:
    """One process for each job; `heard` is told of each process's second."""

    #: Whether the processes may be on other machines, which nobody has looked at yet.
    elsewhere = False

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._processes: list[asyncio.subprocess.Process] = []
        #: How many must have said something for all of them to have.
        self._size = 0
        self._listeners: list[asyncio.Task[None]] = []
        self._said: dict[str, dict[int, dict[str, Any]]] = {}
        self._news = asyncio.Event()
        self._failure = ""

    async def start(self, jobs: Sequence[Job]) -> list[Place]:
        """Start the processes; return where each of them is. Raises TesterFailed."""
        self._size = len(jobs)
        for number, job in enumerate(jobs):
            process = await asyncio.create_subprocess_exec(
                *_COMMAND,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_LINE_MAX,
                start_new_session=True,
            )
            self._processes.append(process)
            self._write(process, job.line())
            listening = asyncio.create_task(self._listen(number, process))
            self._listeners.append(listening)
        return await self._places()

    async def _places(self) -> list[Place]:
        return [place_of(told) for told in await self.all_say("placed")]

    async def make(self) -> None:
        """Have the processes make their boxes, and return when all have; raises TesterFailed."""
        self.order("make")
        await self.all_say("ready")

    def refuse(self, why: str) -> None:
        """Have it be over: raises TesterFailed, now and whenever it is asked again."""
        self._failure = self._failure or why
        raise TesterFailed(self._failure)

    async def _listen(self, number: int, process: asyncio.subprocess.Process) -> None:
        while process.stdout is not None and (line := await process.stdout.readline()):
            self._take(number, json.loads(line))
        if number not in self._said.get("ended", {}):
            self._failure = self._failure or f"process {number + 1} of the tester ended early"
        self._news.set()

    def _take(self, number: int, told: dict[str, Any]) -> None:
        """Take in one line of a process."""
        what = told.pop("say")
        if what == "second":
            self._heard(number, told)
        elif what == "failed":
            self._failure = told["words"]
        else:
            self._said.setdefault(what, {})[number] = told
        self._news.set()

    def order(self, what: str, value: float | None = None) -> None:
        """Give all processes an order."""
        for process in self._processes:
            self._write(process, json.dumps([what, value]).encode() + b"\n")

    def _write(self, process: asyncio.subprocess.Process, line: bytes) -> None:
        if process.stdin is not None:
            process.stdin.write(line)

    def have_said(self, what: str) -> bool:
        """Tell whether all have said something; raises TesterFailed."""
        if self._failure:
            raise TesterFailed(self._failure)
        return len(self._said.get(what, {})) == self._size

    async def all_say(self, what: str, patience_s: float = 600.0) -> list[dict[str, Any]]:
        """Return what each process said of something, when all have; raises TesterFailed."""
        try:
            async with asyncio.timeout(patience_s):
                while not self.have_said(what):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            told = f"not within {patience_s:.0f} s: every process of the tester {what}"
            raise TooLate(told) from None
        return [said for _, said in sorted(self._said[what].items())]

    async def end(self) -> None:
        """End the processes, whatever they do."""
        for process in self._processes:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.terminate()
        for process in self._processes:
            try:
                await asyncio.wait_for(process.wait(), _END_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        for listening in self._listeners:
            listening.cancel()
        await asyncio.gather(*self._listeners, return_exceptions=True)
