"""Processes of the small program: born quickly, watched by strace where that is allowed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from functools import cache
from pathlib import Path

import pytest

from tests.gateway.durable.program import Order

_ROOT = Path(__file__).parents[3]
#: What a gateway's files and roads are made with.
CALLS = ("write", "pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "rename", "mkdir")
KILLED = -signal.SIGKILL


class Unwatched(Exception):
    """A process cannot be watched; the text is strace's."""


class Nursery:
    """One forking server; `run` gives it an order and returns how that process ended."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.gateway.durable.program"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, order: Order, strace: tuple[str, ...] = ()) -> int:
        """Let a process live; strace: the options with which it is watched, or none."""
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(asdict(order)) + "\n")
        self._server.stdin.flush()
        child = self._line()
        watcher = attached(child, strace) if strace else None
        os.kill(child, signal.SIGCONT)
        code = self._line()
        if watcher is not None:
            watcher.communicate()
        return code

    def _line(self) -> int:
        assert self._server.stdout is not None
        return int(self._server.stdout.readline())

    def close(self) -> None:
        """Let the server end."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait()


def attached(process: int, options: tuple[str, ...]) -> "subprocess.Popen[str]":
    """Watch a process and all its threads; return once that has begun."""
    command = ["strace", "-f", *options, "-p", str(process)]
    watcher = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert watcher.stderr is not None
    told = watcher.stderr.readline()
    if "attached" not in told:
        watcher.communicate()
        raise Unwatched(told.strip())
    return watcher


@cache
def strace_trouble() -> str:
    """Return why no process can be watched here, or an empty text."""
    if shutil.which("strace") is None:
        return "strace is not installed: sudo apt-get install strace"
    # To watch a child of one's own is allowed more often than what is needed here.
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as idle:
        try:
            watcher = attached(idle.pid, ("-o", os.devnull, "-e", "trace=none"))
        except Unwatched as trouble:
            return f"ptrace is not allowed here: {trouble}"
        finally:
            idle.kill()
        watcher.communicate()
    return ""


def require_strace() -> None:
    """Skip, saying why, where no process can be watched."""
    if strace_trouble():
        pytest.skip(strace_trouble())


def killing(call: str, number: int) -> tuple[str, ...]:
    """The options that kill a process with SIGKILL at its number-th such system call."""
    inject = f"inject={call}:signal=SIGKILL:when={number}"
    return ("-o", "/dev/null", "-e", f"trace={call}", "-e", inject)


def listing(file: Path) -> tuple[str, ...]:
    """The options that list all calls in a file."""
    return ("-o", str(file), "-e", f"trace={','.join(CALLS)}")


def calls_in(file: Path) -> Counter[str]:
    """How often each call stands in such a list."""
    found = re.findall(r"^\d+\s+(\w+)\(", file.read_text(), re.MULTILINE)
    return Counter(call for call in found if call in CALLS)
