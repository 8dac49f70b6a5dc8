"""Is what a target says of itself told as it is, and nothing made up when it says nothing?"""

import asyncio
from typing import Any

import pytest

from ballotbox_gateway.problem import Problem
from ballotbox_simulator.rehearse.target import Embedded, Standing


class Gateway:
    def __init__(self, answer: Any, *, is_running: bool = True) -> None:
        self.is_running = is_running
        self._answer = answer

    def status(self) -> dict[str, Any]:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def standing_of(gateway: Gateway) -> Standing:
    embedded = Embedded.__new__(Embedded)
    embedded._gateways = {"gateway": gateway}
    return asyncio.run(embedded.standing())


def test_a_gateway_says_what_it_holds_and_what_waits() -> None:
    assert standing_of(Gateway({"log": {"size": 7}, "upstream": {"waiting": 3}})) == (
        Standing(7, 3)
    )
    assert standing_of(Gateway({"log": {"size": 7}, "upstream": None})) == Standing(7, None)


@pytest.mark.parametrize(
    "gateway",
    [
        Gateway({}, is_running=False),
        Gateway(Problem("control", "the gateway ended while it was asked", "Ask again")),
        Gateway(ConnectionRefusedError()),
    ],
    ids=["it is down", "it is killed while it is asked", "nobody listens"],
)
def test_a_gateway_that_is_killed_says_nothing_and_ends_no_rehearsal(gateway: Gateway) -> None:
    assert standing_of(gateway) == Standing(None, None)
