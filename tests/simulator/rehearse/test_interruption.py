"""Does whatever tells a rehearsal to end let it end what it has started?"""

import asyncio
import os
import signal

import pytest

from ballotbox_simulator.rehearse.interruption import Interrupted, run_until_told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_lets_everything_be_ended(number: signal.Signals) -> None:
    ended = []

    async def night() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            ended.append("all")

    with pytest.raises(Interrupted):
        run_until_told(night())

    assert ended == ["all"]


def test_a_terminal_that_ends_under_nohup_ends_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)

    async def night() -> str:
        os.kill(os.getpid(), signal.SIGHUP)
        for _ in range(20):
            await asyncio.sleep(0)
        return "held"

    try:
        assert run_until_told(night()) == "held"
    finally:
        signal.signal(signal.SIGHUP, before)
