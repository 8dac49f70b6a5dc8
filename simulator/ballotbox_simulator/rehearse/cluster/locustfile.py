"""One rehearsal on several machines: a Locust user holds a shard of the boxes.

The master runs the conductor of `ballotbox-sim rehearse` in a process of its own and relays its
lines; each user runs a process of the tester. Locust adds statistics, its page and the exit code.
"""

import base64
import json
import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path
from threading import Thread
from time import monotonic, sleep, time
from typing import Any, ClassVar, Final
from uuid import uuid4

from locust import User, constant, events, task
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from ballotbox_simulator.rehearse.cluster.clocks import order_for, told_from
from ballotbox_simulator.rehearse.cluster.relayed_team import ALL
from ballotbox_simulator.rehearse.cluster.shard_statistics import counted

_CONDUCTOR: Final = "ballotbox_simulator.rehearse.cluster.conductor_process"
_WORKER: Final = "ballotbox_simulator.rehearse.worker"
_CHUNK: Final = 2**18
_LONG_S: Final = 3_600
#: A worker reports every three seconds, and an open page asks every two until the end.
_SHOWN_S: Final = 6.0


def _ahead() -> float:
    """Return by how much the time of the day is ahead of this machine's monotonic clock."""
    return time() - monotonic()


def _run(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _write(process: subprocess.Popen[bytes], line: str) -> None:
    if process.stdin is not None:
        process.stdin.write(line.encode() + b"\n")
        process.stdin.flush()


class Conducting:
    """The master's side: the conductor's process, and which user has which shard."""

    def __init__(self, environment: Environment, plan: str, out: str, shards: int) -> None:
        self._environment = environment
        self._runner: Any = environment.runner
        self._numbers = count()
        self._jobs: dict[int, str] = {}
        self._places: dict[int, tuple[str, str]] = {}
        self._process = _run(_CONDUCTOR, plan, out, str(shards))
        # Locust makes threads of the standard library its own, and waits of them as well.
        Thread(target=self._follow, daemon=True).start()

    def seat(self, user: str, client: str) -> None:
        """Give a user the next shard."""
        number = next(self._numbers)
        self._places[number] = (user, client)
        if number in self._jobs:
            self._send(number, self._jobs[number])

    def hear(self, user: str, told: dict[str, Any], ahead: float) -> None:
        """Pass on what the process of a user's shard says."""
        number = next(each for each, place in self._places.items() if place[0] == user)
        if told["say"] == "made":
            path = Path(json.loads(self._jobs[number])["made_file"])
            with path.open("ab") as file:
                file.write(base64.b64decode(told["data"]))
            return
        said = told_from(told, _ahead() - ahead)
        _write(self._process, json.dumps(said | {"shard": number}))

    def _follow(self) -> None:
        for line in self._process.stdout or ():
            number, said = json.loads(line)
            if number == ALL:
                for each in self._places:
                    self._send(each, said)
            else:
                self._jobs[number] = said
                if number in self._places:
                    self._send(number, said)
        code = self._process.wait()
        self._environment.process_exit_code = code
        if self._environment.web_ui is not None:
            sleep(_SHOWN_S)
        self._runner.quit()

    def _send(self, number: int, line: str) -> None:
        user, client = self._places[number]
        message = {"user": user, "line": line, "ahead": _ahead()}
        self._runner.send_message("shard-line", message, client)


class Shard(User):
    """A shard of boxes, in a process of its own."""

    wait_time = constant(0)
    #: The shards of this process, by the names of their users.
    serving: ClassVar[dict[str, "Shard"]] = {}

    def on_start(self) -> None:
        """Ask for a shard."""
        self.name = uuid4().hex
        self._process = _run(_WORKER)
        self._made = Path(tempfile.mkdtemp()) / "made"
        self._refused = 0
        self._begun = False
        Shard.serving[self.name] = self
        self.environment.runner.send_message("shard-seat", {"user": self.name})

    @task
    def hold(self) -> None:
        """Relay what the shard says until it has ended."""
        for line in self._process.stdout or ():
            told = json.loads(line)
            if told["say"] == "second":
                self._count(told)
            if told["say"] == "ended":
                self._count(told["last"])
                self._send_made()
            self._tell(told)
        self._process.wait()
        sleep(_LONG_S)

    def take(self, line: str, ahead: float) -> None:
        """Pass the job or an order on to the process."""
        if self._begun:
            _write(self._process, order_for(line, ahead - _ahead()))
            return
        self._begun = True
        _write(self._process, json.dumps(json.loads(line) | {"made_file": str(self._made)}))

    def on_stop(self) -> None:
        """End the process."""
        Shard.serving.pop(self.name, None)
        if self._process.poll() is None:
            self._process.terminate()

    def _count(self, told: dict[str, Any]) -> None:
        for each in counted(told, self._refused):
            for _ in range(each.count):
                self.environment.events.request.fire(
                    request_type="MQTT",
                    name=each.name,
                    response_time=each.ms,
                    response_length=0,
                    exception=RuntimeError("refused") if each.failed else None,
                    context={},
                )
        self._refused = told["refused"]

    def _send_made(self) -> None:
        with self._made.open("rb") as file:
            while chunk := file.read(_CHUNK):
                self._tell({"say": "made", "data": base64.b64encode(chunk).decode()})
        self._made.unlink()

    def _tell(self, told: dict[str, Any]) -> None:
        message = {"user": self.name, "told": told, "ahead": _ahead()}
        self.environment.runner.send_message("shard-said", message)


def _arguments(parser: Any) -> None:  # noqa: ANN401 - Locust's own parser
    parser.add_argument("--plan", default="quick", help="Plan of the rehearsal")
    parser.add_argument("--results", default="rehearsal-out", help="Where its results go")


def _begin(environment: Environment, **_: object) -> None:
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        runner.register_message("shard-line", _take)
    elif runner is not None:
        _prepare(environment)


def _take(environment: Environment, msg: Any, **_: object) -> None:  # noqa: ANN401, ARG001
    shard = Shard.serving.get(msg.data["user"])
    if shard is not None:
        shard.take(msg.data["line"], msg.data["ahead"])


def _prepare(environment: Environment) -> None:
    """Have the conductor begin with the test, and the users' messages reach it."""
    options: Any = environment.parsed_options
    runner: Any = environment.runner
    on: Any = environment.events
    held: list[Conducting] = []

    def begin(**_: object) -> None:
        shards = options.num_users or 1
        if held:
            return
        held.append(Conducting(environment, options.plan, options.results, shards))

    def seat(environment: Environment, msg: Any, **_: object) -> None:  # noqa: ANN401, ARG001
        held[0].seat(msg.data["user"], msg.node_id)

    def hear(environment: Environment, msg: Any, **_: object) -> None:  # noqa: ANN401, ARG001
        held[0].hear(msg.data["user"], msg.data["told"], msg.data["ahead"])

    on.test_start.add_listener(begin)
    runner.register_message("shard-seat", seat)
    runner.register_message("shard-said", hear)
    if not isinstance(runner, MasterRunner):
        runner.register_message("shard-line", _take)


_ON: Any = events
_ON.init_command_line_parser.add_listener(_arguments)
_ON.init.add_listener(_begin)
