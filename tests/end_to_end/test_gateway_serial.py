"""A box on a pseudo-terminal: from a voter's sheet to a stored receipt, through pulls and kills."""

import asyncio
import fcntl
import os
from pathlib import Path

from ballotbox_device.core.poll import Action
from ballotbox_simulator.crew import FINISHING, OPENING
from tests.end_to_end.serial_day import at, configured, plugged, status, switched_on, vote
from tests.patience import soon


def test_a_whole_day_on_one_line_ends_with_a_receipt_for_every_report(gateway, election, tmp_path):
    crew, name = switched_on(election), tmp_path / "line"

    async def scenario():
        async with plugged(crew, name) as road:
            await asyncio.to_thread(gateway.start)
            crew.act(at(10), *OPENING)
            vote(crew, 20)
            crew.turnout(at(500))
            crew.act(at(1_000), Action.CLOSE, *FINISHING)
            road.pump()
            await soon(lambda: road.unanswered == 0, "all receipts")

    configured(gateway, name)
    asyncio.run(scenario())
    shown = status(gateway)
    assert shown["counts"]["leaves"] == {"IN_ORDER": crew.device.outgoing.count}
    assert shown["boxes"]["with_final"] == 1
    assert shown["fresh_boxes"] == 1
    assert gateway.stop() == 0


def test_the_cable_is_pulled_and_the_gateway_killed_and_nothing_is_missing(
    gateway, election, tmp_path
):
    crew, name = switched_on(election, 1), tmp_path / "line"

    async def scenario():
        async with plugged(crew, name) as road:
            await asyncio.to_thread(gateway.start)
            crew.act(at(10), *OPENING)
            road.pump()
            await soon(lambda: road.unanswered == 0, "the first receipts")
        await asyncio.to_thread(gateway.await_line, "WARNING serial port")
        crew.turnout(at(100))
        async with plugged(crew, name) as road:
            await soon(lambda: road.unanswered == 0, "the receipt after the pull")
            crew.turnout(at(200))
            road.pump()
            await asyncio.to_thread(gateway.kill)
            crew.turnout(at(300))
            await asyncio.to_thread(gateway.start)
            await soon(lambda: road.unanswered == 0, "the receipts after the kill")

    configured(gateway, name)
    asyncio.run(scenario())
    shown = status(gateway)
    assert shown["log"]["size"] == crew.device.outgoing.count
    assert shown["counts"]["leaves"] == {"IN_ORDER": crew.device.outgoing.count}
    gateway.stop()


def test_a_busy_port_is_told_by_check_and_by_run(gateway, tmp_path):
    name = tmp_path / "line"
    configured(gateway, name)
    master, slave = os.openpty()
    name.symlink_to(os.ttyname(slave))
    try:
        fcntl.flock(slave, fcntl.LOCK_EX)
        checked = gateway.process("check")
        told = f"is in use by {self_name()} (process {os.getpid()}). "
        assert checked.returncode == 1
        assert f"FAIL  serial port {name}: {told}" in checked.stdout
        with gateway.running():
            line = gateway.await_line("is in use by")
            assert f"serial port {name} {told}Close that program, or correct serial.port" in line
            fcntl.flock(slave, fcntl.LOCK_UN)
            gateway.await_line("open, waiting for a box")
    finally:
        os.close(master)
        os.close(slave)


def self_name():
    return Path("/proc/self/comm").read_text().strip()
