"""The control socket: lines of JSON over a Unix socket that only the box's owner may open.

Whoever can open it can vote. A box that has one says `debug` in every report.
"""

import asyncio
import json
import os
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from ballotbox_device.host.line_fields import LINE_MAX
from ballotbox_device.host.problem import Problem, reason_of

_OWNER_ONLY: Final = 0o177
#: Turns one line into its answer.
Obey = Callable[[bytes], dict[str, Any]]


@contextmanager
def listening_at(path: Path) -> Iterator[socket.socket]:
    """Have a listening socket at `path`, which must be free or left by a box that ended.

    Raises Problem.
    """
    with _listening(path) as listening:
        try:
            yield listening
        finally:
            path.unlink(missing_ok=True)


def _listening(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    try:
        _clear(path)
        before = os.umask(_OWNER_ONLY)
        try:
            listening.bind(str(path))
        finally:
            os.umask(before)
        listening.listen()
        listening.settimeout(0)
    except (OSError, Problem) as error:
        listening.close()
        if isinstance(error, Problem):
            raise
        remedy = "Give a short path in a directory that you may write to"
        raise Problem(f"--control {path}", reason_of(error), remedy) from error
    return listening


def _clear(path: Path) -> None:
    """Remove what a box that was killed has left; raises Problem for anything else."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    where = f"--control {path}"
    if not stat.S_ISSOCK(mode):
        raise Problem(where, "is there already and is no socket", "Give another path")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise Problem(where, "is the socket of a box that runs", "Give another path, or end that box")


class ControlServer:
    """Answers each line with one line, in order, for as many who connect."""

    def __init__(self, obey: Obey, failed: Callable[[BaseException], None]) -> None:
        self._obey = obey
        self._failed = failed
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def start(self, listening: socket.socket) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_unix_server(
            self._talk, sock=listening, limit=2 * LINE_MAX
        )

    async def close(self) -> None:
        """Stop listening, and let every answer that was begun be sent."""
        if self._server is not None:
            self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None  # noqa: S101 (a handler runs in a task)
        self._talks.add(talk)
        try:
            while line := await _line(reader):
                writer.write(_bytes(self._answer(line)))
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            # Who asked has gone; or the box ends, and what was answered is on its way.
            pass
        finally:
            self._talks.discard(talk)
            with suppress(ConnectionError):
                writer.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            return self._obey(line)
        except Exception as error:  # noqa: BLE001 (whatever it is ends the box)
            # What memory or core raise ends the box; who asked is told before that.
            self._failed(error)
            return {"ok": False, "field": "box", "problem": f"the box stopped: {error}"}


async def _line(reader: asyncio.StreamReader) -> bytes:
    """Return the next line without its end; b"" at the end of the connection."""
    try:
        return await reader.readline()
    except ValueError:
        # Far longer than any line may be: what follows of it would be taken for lines.
        return b""


def _bytes(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
