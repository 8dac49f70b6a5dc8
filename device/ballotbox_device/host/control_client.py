"""The other end of the control socket: one question, one answer."""

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ballotbox_device.host.problem import Problem, reason_of


class Refusal(Exception):
    """The box did not do what it was asked; nothing was changed. `field` says what was wrong."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class Control:
    """A connection to the box behind the socket at `path`; raises Problem when there is none."""

    def __init__(self, path: Path) -> None:
        self._where = f"--control {path}"
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            remedy = f"Start the box first: ballotbox-device run --control {path} …"
            raise Problem(self._where, reason_of(error), remedy) from error
        self._stream = self._socket.makefile("rb")

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 (any JSON)
        """Return the answer to one line; raises Refusal, or Problem when the box has gone."""
        try:
            self._socket.sendall(json.dumps({"do": do, **fields}).encode() + b"\n")
            line = self._stream.readline()
        except OSError as error:
            raise self._gone() from error
        if not line:
            raise self._gone()
        answer: dict[str, Any] = json.loads(line)
        if not answer.pop("ok"):
            raise Refusal(answer["field"], answer["problem"])
        return answer

    def _gone(self) -> Problem:
        return Problem(self._where, "the box has ended", "Look at what it said, start it again")

    def close(self) -> None:
        """Let go of the box, which goes on."""
        self._stream.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()
