"""The local door to a running gateway: one JSON object asks, one JSON object answers, per line.

A Unix socket that only the gateway's own user can open. Everything said through it is either
public (status, log) or signed by two officers (rulings), so it carries no further secret.
"""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from ballotbox_gateway.problem import Problem

Answering = Callable[[dict[str, Any]], dict[str, Any]]

#: The longest is a stretch of a lower log that came on a stick; only the own user can ask at all.
_QUESTION_MAX: Final = 2**27
_ANSWER_MAX: Final = 2**28
_PATIENCE_S: Final = 30.0
_OWNER_ONLY: Final = 0o177


class ControlServer:
    """Answers questions on the running loop; `answer` must not block for long."""

    def __init__(self, path: Path, answer: Answering) -> None:
        self._path = path
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen; raises Problem when the socket cannot be made or another gateway answers."""
        if is_answering(self._path):
            remedy = "Stop it first: one ledger has one writer"
            raise Problem(str(self._path), "another gateway is running here", remedy)
        door = socket.socket(socket.AF_UNIX)
        try:
            # What is left there nobody listens to: its gateway was killed.
            self._path.unlink(missing_ok=True)
            before = os.umask(_OWNER_ONLY)
            try:
                door.bind(str(self._path))
            finally:
                os.umask(before)
        except OSError as error:
            door.close()
            words = (error.strerror or str(error)).lower()
            raise Problem(str(self._path), words, "Correct control_socket") from error
        self._server = await asyncio.start_unix_server(self._talk, sock=door, limit=_QUESTION_MAX)

    async def stop(self) -> None:
        """Close the door."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)
        for writer in tuple(self._open):
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self._reply(line)).encode() + b"\n")
                await writer.drain()
        except (ValueError, ConnectionError):
            pass  # a line too long, or nobody there any more
        finally:
            self._open.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _reply(self, line: bytes) -> dict[str, Any]:
        try:
            question = json.loads(line)
        except ValueError:
            question = None
        if not isinstance(question, dict):
            return {"problem": "the question is not a JSON object"}
        return self._answer(question)


class ControlClient:
    """Asks a running gateway; use it as a context."""

    def __init__(self, path: Path) -> None:
        """Connect; raises OSError when no gateway listens there."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_PATIENCE_S)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._path = path
        self._answers = self._socket.makefile("rb")

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the answer; raises Problem when the gateway ends meanwhile."""
        try:
            self._socket.sendall(json.dumps(question).encode() + b"\n")
            line = self._answers.readline(_ANSWER_MAX)
        except OSError as error:
            raise self._gone() from error
        if not line.endswith(b"\n"):
            raise self._gone()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _gone(self) -> Problem:
        return Problem(str(self._path), "the gateway ended while it was asked", "Ask again")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._socket.close()


def is_answering(path: Path) -> bool:
    """Tell whether a gateway listens at this socket."""
    try:
        ControlClient(path).__exit__()
    except OSError:
        return False
    return True
