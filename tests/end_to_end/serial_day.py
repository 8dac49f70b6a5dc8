"""A box on a pseudo-terminal, its whole day, and what a gateway must have of it in the end."""

import json
import os
import tty
from contextlib import asynccontextmanager

from ballotbox_device.core.courier import Pace
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import Instant
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.host.stream_road import StreamRoad
from ballotbox_protocol.wire.report import ClockQuality
from ballotbox_simulator.crew import FINISHING, OPENING, new_crew
from ballotbox_simulator.workload import voters_of
from tests.patience import PATIENCE_S, soon

QUICK = Pace(first_ms=300, longest_ms=1_000)


def at(seconds):
    return Instant(1_800_000_000 + seconds, ClockQuality.SYNCHRONISED, seconds * 1_000)


def switched_on(election, number=0):
    """A simulated box with its people, at the start of its day."""
    rules = ElectionRules.of(election.trusted)
    crew = new_crew(election, rules, election.boxes[number], seed=7)
    crew.switch_on(at(0))
    return crew


def vote(crew, ballots):
    election = crew.authority.trusted.election
    precinct = election.precincts[0]
    voters = voters_of(election, precinct, crew.device.outgoing.box, 7).ballots()
    for number in range(ballots):
        for sheet in next(voters).sheets:
            crew.feed(sheet, at(60 + number))


@asynccontextmanager
async def plugged(crew, name):
    """The box on a terminal whose slave the gateway finds under `name`."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    name.unlink(missing_ok=True)
    name.symlink_to(os.ttyname(slave))
    road = StreamRoad(crew.device.outgoing, master, os.urandom(8), QUICK)
    await road.connect()
    try:
        yield road
    finally:
        road.close()
        name.unlink()
        os.close(master)
        os.close(slave)


def configured(gateway, name):
    gateway.folder.mkdir(exist_ok=True)
    gateway.configure(f'[[serial]]\nport = "{name}"\nbaud = 921600\n')
    gateway.init()
    return gateway


def status(gateway):
    return json.loads(gateway.command("status", "--json").stdout)


async def day(crew, road):
    """A whole day, and the wait until every report of it has its receipt."""
    crew.act(at(10), *OPENING)
    vote(crew, 5)
    crew.turnout(at(500))
    crew.act(at(1_000), Action.CLOSE, *FINISHING)
    road.pump()
    await soon(lambda: road.unanswered == 0, "all receipts", PATIENCE_S * 4)


def assert_once(gateway, *crews):
    """Every report has its one leaf, in order, and nothing else ever reached the admission."""
    shown = status(gateway)
    made = sum(crew.device.outgoing.count for crew in crews)
    assert shown["log"]["size"] == made, shown
    counts = {"leaves": {"IN_ORDER": made}, "refused": {}, "unauthentic": {}}
    assert shown["counts"] == counts, shown
    assert shown["boxes"]["with_final"] == len(crews), shown


def assert_plain(gateway):
    """No byte of a line has reached the log."""
    assert all(line.isprintable() for line in gateway.lines), gateway.lines
