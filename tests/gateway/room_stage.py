"""A room with boxes and a screen: the real pages over a real intake, at doors on this machine.

What only a running process knows (roads, disk, broker) is said by the test.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

from ballotbox_gateway.adapters.count_http import CountHttp
from ballotbox_gateway.adapters.http_questions import Questions
from ballotbox_gateway.adapters.screen_http import ScreenDoor
from ballotbox_gateway.config_pages import Page, Screen
from ballotbox_gateway.core.intake import Arrival
from ballotbox_gateway.service.screen_marks import Marks
from ballotbox_gateway.service.screen_site import ScreenSite
from ballotbox_gateway.service.screen_watch import ScreenWatch
from ballotbox_simulator.authority import Authority, Plan, make_authority
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, ROAD, ScriptedBox, intake, memory

QUIET = {
    "roads_down": [],
    "disk_full": False,
    "read_only": False,
    "signer_away": False,
    "database_away": False,
    "register_behind": False,
    "broker_remarks": "",
    "over_quota": [],
    "forked_below": [],
    "copy_trouble": False,
    "certificates": [],
}
ELECTION = "election"


@cache
def precinct(boxes: int = 4) -> Authority:
    """An election with all its boxes in one precinct."""
    return make_authority(
        Plan(seed=7, boxes=boxes, boxes_per_precinct=boxes, origins=(ORIGIN, CENTRE))
    )


class Office:
    """One election: what the process would know of it is in `says`; `asked` counts the looks."""

    origin = ORIGIN

    def __init__(self, given: Authority, precincts=()) -> None:
        self.given = given
        self.ledger = memory(given)
        self.intake = intake(given, self.ledger)
        self.watch = ScreenWatch(self.ledger, precincts)
        self.boxes = [ScriptedBox(given, n) for n in range(1, len(given.boxes) + 1)]
        self.says = dict(QUIET)
        self.upper: str | None = None
        self.asked = 0
        self.now = NOW

    def screen(self):
        self.asked += 1
        return self.watch.look(self.given.trusted, self.upper) | self.says

    def report(self, number, kind, **changes):
        """Let a box report, and take that in."""
        return self.admit(self.boxes[number - 1].report(kind, **changes))

    def admit(self, message):
        (answer,) = self.intake.admit([Arrival(message, ROAD)], self.now).answers
        return answer


class Counts:
    """The part of the local page that is not looked at here."""

    def problem(self, problem):
        return f"<p>{problem}</p>"


class Room:
    """The loop that owns the ledger, and both doors of the screen."""

    def __init__(self, offices, ports, token_file=None, **settings) -> None:
        self.offices = offices
        #: What a clock that only goes forward says: until it moves, nothing is read anew.
        self.seconds = 0.0
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        table = {"host": "127.0.0.1", "port": ports[1], "token_file": token_file} | settings
        screen, marks = Screen.model_validate(table), Marks()
        sites = [
            ScreenSite(
                offices, Questions(self.loop, 8), screen, marks, self.now, lambda: self.seconds
            )
            for _ in range(2)
        ]
        page = Page(port=ports[0])
        self.doors = [CountHttp(page, Counts(), sites[0]), ScreenDoor(screen, sites[1])]
        self.local, self.phone = (f"http://127.0.0.1:{port}" for port in ports)
        for door in self.doors:
            door.start()

    @property
    def office(self) -> Office:
        return next(iter(self.offices.values()))

    def now(self) -> int:
        return self.office.now

    def do(self, work):
        """Do something on the loop that owns the ledger, and wait until it is done."""

        async def done():
            return work()

        return asyncio.run_coroutine_threadsafe(done(), self.loop).result(30)

    def close(self) -> None:
        with ThreadPoolExecutor() as stopping:
            list(stopping.map(lambda door: door.stop(), self.doors))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@contextmanager
def room(offices=None, **settings) -> Iterator[Room]:
    opened = Room(offices or {ELECTION: Office(precinct())}, free_ports(2), **settings)
    try:
        yield opened
    finally:
        opened.close()
