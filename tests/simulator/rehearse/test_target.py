"""Is what a target says of itself told as it is, and nothing made up when it says nothing?"""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from ballotbox_gateway.problem import Problem
from ballotbox_simulator.live.broker import Broker, BrokerProgram, BrokerUnavailable
from ballotbox_simulator.live.processes import GatewayFailed, GatewayProcess
from ballotbox_simulator.rehearse import target
from ballotbox_simulator.rehearse.target import Embedded, Standing


class Gateway:
    def __init__(self, answer: Any, *, is_running: bool = True) -> None:
        self.is_running = is_running
        self._answer = answer

    def status(self) -> dict[str, Any]:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def log_size(self) -> int:
        return int(self.status()["log"]["size"])


def standing_of(gateway: Gateway, *, centre: bool = True) -> Standing:
    embedded = Embedded.__new__(Embedded)
    embedded._gateways = {"gateway": gateway}
    embedded._has_centre = centre
    return asyncio.run(embedded.standing())


def test_a_gateway_below_a_centre_says_what_it_holds_and_what_waits() -> None:
    assert standing_of(Gateway({"log": {"size": 7}, "upstream": {"waiting": 3}})) == (
        Standing(7, 3)
    )
    # While its database is away, it knows nothing of its log.
    assert standing_of(Gateway({"log": None, "upstream": None})) == Standing(None, None)
    assert standing_of(Gateway({"problem": "the ledger failed"})) == Standing(None, None)


def test_a_gateway_alone_is_not_made_to_go_through_every_box() -> None:
    gateway = Gateway({"log": {"size": 7}, "upstream": None})
    asked: list[str] = []
    gateway.status = lambda: asked.append("status") or {"log": {"size": 7}}
    gateway.log_size = lambda: asked.append("log size") or 7

    assert standing_of(gateway, centre=False) == Standing(7, None)
    assert asked == ["log size"]


@pytest.mark.parametrize(
    "gateway",
    [
        Gateway({}, is_running=False),
        Gateway(Problem("control", "the gateway ended while it was asked", "Ask again")),
        Gateway(ConnectionRefusedError()),
    ],
    ids=["it is down", "it is killed while it is asked", "nobody listens"],
)
@pytest.mark.parametrize("centre", [False, True])
def test_a_gateway_that_is_killed_says_nothing_and_ends_no_rehearsal(
    gateway: Gateway, *, centre: bool
) -> None:
    assert standing_of(gateway, centre=centre) == Standing(None, None)


def a_process(code: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)


def a_broker(folder: Path, process: "subprocess.Popen[bytes] | None") -> Broker:
    program = BrokerProgram("mosquitto", Path("/nonexistent"), mqtt5=True, demonstration_only=False)
    broker = Broker(program, folder, 1)
    broker._process = process
    return broker


def test_a_part_that_ends_by_itself_is_seen_and_one_that_is_ended_is_not(tmp_path: Path) -> None:
    embedded, gateway = Embedded.__new__(Embedded), GatewayProcess.__new__(GatewayProcess)
    gateway._process = a_process("")
    gateway._process.communicate()
    running = a_process("input()")
    embedded._daemon = a_broker(tmp_path, running)
    embedded._gateways = {"gateway": gateway}
    try:
        assert list(embedded.gone()) == ["gateway"]
        embedded._daemon.kill()
        gateway.stop()
        assert list(embedded.gone()) == []
    finally:
        running.kill()
        running.communicate()


def test_nothing_is_started_beside_itself(tmp_path: Path) -> None:
    running, gateway = a_process("input()"), GatewayProcess.__new__(GatewayProcess)
    gateway._process, gateway.origin = running, "o.example"
    try:
        with pytest.raises(BrokerUnavailable, match="runs already"):
            a_broker(tmp_path, running).start()
        with pytest.raises(GatewayFailed, match="runs already"):
            asyncio.run(gateway.start())
    finally:
        running.kill()
        running.communicate()


def test_a_start_is_waited_for_even_when_it_is_interrupted() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), []

    def start() -> None:
        begun.set()
        may_end.wait(10)
        ended.append("started")

    async def interrupted() -> None:
        work = asyncio.create_task(target.to_the_end(start))
        await asyncio.to_thread(begun.wait, 10)
        work.cancel()
        for _ in range(20):
            await asyncio.sleep(0)
        assert not work.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert ended == ["started"]

    asyncio.run(interrupted())
