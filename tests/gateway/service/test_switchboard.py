"""On a road that two elections share: does each get its own, and can neither stop the other?"""

import asyncio
from dataclasses import dataclass

import pytest

from ballotbox_gateway.adapters.roads import CarrierState, Letter
from ballotbox_gateway.core.addressing import Addresses
from ballotbox_gateway.marking import MarkFilter, marked
from ballotbox_gateway.service.reception import Reception
from ballotbox_gateway.service.switchboard import SharedRoad, Switchboard
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.statements import Hello, sign_statement
from ballotbox_protocol.wire.trust import Trusted
from tests.gateway.scripted import NOW, ORIGIN, ScriptedBox, intake, memory
from tests.gateway.service.test_reception import REPORT, WatchedRoad
from tests.gateway.two_elections import OFFICIAL, official, rehearsal
from tests.patience import soon


@dataclass
class Line(WatchedRoad):
    """A serial line as the switchboard sees it."""

    state: CarrierState = CarrierState.UP
    trouble: str = "noise"


@dataclass
class Office:
    trusted: Trusted
    origin: str
    reception: Reception
    ledger: object
    full: str = ""


class Hall:
    """Two elections around one line, on the running loop."""

    def __init__(self):
        self.line = Line([])
        self.route = self.line.route()
        pairs = ((rehearsal(), ORIGIN), (official(), OFFICIAL))
        self.dress, self.day = self.offices = [self._office(*pair) for pair in pairs]
        self.board = Switchboard(self.offices)
        self.shared = SharedRoad(self.line, self.board)
        for office in self.offices:
            office.reception.carriers.append(self.shared)

    def _office(self, given, origin):
        ledger, failures = memory(given, origin), []
        with marked(f"[{origin}] "):
            reception = Reception(intake(given, ledger, origin), lambda: NOW, failures.append)
        office = Office(given.trusted, origin, reception, ledger)
        reception.reserve = lambda: office.full
        return office

    def put(self, *messages):
        for message in messages:
            self.board.put(Letter(message, self.route, self.line))

    def sizes(self):
        return [office.ledger.log_head().size for office in self.offices]

    async def idle(self):
        inboxes = [office.reception.inbox for office in self.offices]
        await soon(lambda: not any(map(len, inboxes)), "empty inboxes")


def reports(given, number=1):
    return [REPORT + each for each in ScriptedBox(given, number).day(1)]


def run(scenario):
    async def inside():
        await scenario(Hall())

    asyncio.run(inside())


async def both_days(hall):
    dress, day = reports(rehearsal()), reports(official())[:3]
    for each in zip(dress, day, strict=False):
        hall.put(*each)
    hall.put(*dress[3:])
    await hall.idle()
    assert hall.sizes() == [6, 3]
    assert [each.kind for each in hall.line.sent] == [MessageKind.RECEIPT] * 9


def test_reports_of_two_elections_in_any_order_land_each_in_its_own_log():
    run(both_days)


def test_without_the_dispatch_the_official_reports_are_refused(monkeypatch):
    """The negative control: no other check would have brought them home."""
    monkeypatch.setattr(Addresses, "of_message", lambda self, _message: self._elections[0])
    with pytest.raises(AssertionError, match=r"\[6, 0\]"):
        run(both_days)


def test_an_election_whose_disk_is_full_does_not_stop_the_other():
    async def scenario(hall):
        hall.dress.full = "the disk is full"
        hall.put(reports(rehearsal())[0])
        await soon(lambda: hall.dress.reception.disk_full, "a full disk")
        assert not hall.line.held
        limit = hall.dress.reception.inbox.limit
        hall.put(*[REPORT + b"x"] * (limit + 9), *reports(official()))
        await soon(lambda: hall.sizes() == [0, 6], "the official day")
        assert len(hall.dress.reception.inbox) == limit
        # What is new for it is dropped, and the box says it again when there is room.
        assert hall.board.room > 0
        assert not hall.line.held
        hall.dress.full = ""
        await hall.idle()
        hall.put(*reports(rehearsal()))
        await soon(lambda: hall.sizes() == [6, 6], "the rehearsal's day")

    run(scenario)


def test_where_no_election_can_store_anything_the_road_is_held():
    async def scenario(hall):
        for office, given in zip(hall.offices, (rehearsal(), official()), strict=True):
            office.full = "the disk is full"
            hall.put(reports(given)[0])
        await soon(lambda: all(o.reception.disk_full for o in hall.offices), "two full disks")
        hall.put(*[REPORT + b"x"] * hall.board.room)
        hall.shared.resume()
        assert hall.line.held
        for office in hall.offices:
            office.full = ""
        await hall.idle()
        assert not hall.line.held

    run(scenario)


def test_a_challenge_is_given_by_whichever_election_can_answer():
    async def scenario(hall):
        hall.put(Message(MessageKind.HELLO_WANTED).to_bytes())
        await hall.idle()
        hall.dress.full = "the disk is full"
        hall.put(reports(rehearsal())[0])
        await soon(lambda: hall.dress.reception.disk_full, "a full disk")
        hall.put(Message(MessageKind.HELLO_WANTED).to_bytes())
        await soon(lambda: len(hall.line.sent) == 2, "a second challenge")
        assert {each.kind for each in hall.line.sent} == {MessageKind.CHALLENGE}

    run(scenario)


def test_what_a_shared_road_leads_to_is_logged_as_a_thing_of_its_election(caplog):
    caplog.handler.addFilter(MarkFilter())

    async def scenario(hall):
        for given in (official(), rehearsal()):
            before = len(hall.line.sent)
            hall.put(Message(MessageKind.HELLO_WANTED).to_bytes())
            await soon(lambda: len(hall.line.sent) > before, "a challenge")  # noqa: B023
            box = ScriptedBox(given)
            stale = Hello(given.trusted.digest, box.box, bytes(16), 1, 0)
            signed = sign_statement(stale, box.key.public, box.key.sign)
            hall.put(Message(MessageKind.HELLO, signed).to_bytes())
            await hall.idle()

    run(scenario)
    refused = [each.mark for each in caplog.records if "hello is refused" in each.message]
    assert refused == [f"[{OFFICIAL}] ", f"[{ORIGIN}] "]


def test_the_road_is_shown_in_both_elections_as_it_is():
    async def scenario(hall):
        assert (hall.shared.name, hall.shared.state, hall.shared.trouble) == (
            "watched",
            CarrierState.UP,
            "noise",
        )
        hall.shared.settle("token")
        hall.shared.flush()
        assert hall.line.events == [("settle", "token"), ("flush",)]

    run(scenario)
