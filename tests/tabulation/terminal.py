"""A command whose errors go to a terminal, as a person sees it."""

import os
import pty
import subprocess
from threading import Thread
from typing import NamedTuple

_END = b"<end of what is shown>"


class Shown(NamedTuple):
    """How a command ended, what it printed, and what its terminal was given."""

    returncode: int
    stdout: bytes
    terminal: bytes


def on_terminal(command: list) -> Shown:
    """Run a command; its terminal is read while it runs, for it holds little that is not."""
    ours, theirs = pty.openpty()
    parts: list[bytes] = []

    def read() -> None:
        while not b"".join(parts[-2:]).endswith(_END):
            parts.append(os.read(ours, 65_536))

    reader = Thread(target=read)
    reader.start()
    environment = {**os.environ, "TERM": "xterm"}
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=theirs, env=environment, check=False
    )
    # Not every kernel wakes who reads when the other end is closed.
    os.write(theirs, _END)
    reader.join()
    os.close(theirs)
    os.close(ours)
    return Shown(done.returncode, done.stdout, b"".join(parts))
