"""Does the local page tell several elections apart, and say what it cannot show?"""

import asyncio
from types import SimpleNamespace

import pytest

from ballotbox_gateway.adapters.count_http import Order, Place
from ballotbox_gateway.adapters.http_questions import Busy, Questions
from ballotbox_gateway.core.ports import DiskFull
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service import count_site
from ballotbox_gateway.service.count_site import CountSite
from ballotbox_gateway.service.drafts import DRAFTS_MAX, Drafts
from ballotbox_protocol.election.identifiers import PrecinctId
from tests.gateway.scripted import authority, counted
from tests.house_law import TEXT

SOUND = ("105", "5", "60", "30", "10", "0")


class Desk:
    """An office whose desk says what a test wants."""

    def __init__(self, folder, name=None, laws=None) -> None:
        law = folder / "house.toml"
        law.write_text(TEXT)
        self.config = SimpleNamespace(name=name, laws=(str(law),) if laws is None else laws)
        self.trusted = authority().trusted
        self.asked = []
        self.says = {"counts": {"counts": [], "origin": "here"}, "draft": {"id": "ab" * 32}}

    def answer(self, question):
        self.asked.append(question)
        return self.says[question["ask"]]


def answered(work, *desks, waiting=8):
    """Run `work(site)` on the loop that answers as well."""

    async def scenario():
        site = CountSite(desks, Questions(asyncio.get_running_loop(), waiting))
        return await work(site)

    return asyncio.run(scenario())


def test_elections_are_listed_apart_and_named_in_the_command(tmp_path):
    dress, day = Desk(tmp_path, "dress"), Desk(tmp_path, "day")
    page = answered(lambda site: site.start(), dress, day)
    assert page.index('href="/hand-count/dress/1/0"') < page.index('href="/hand-count/day/1/0"')
    order = Order(SOUND, None, None, as_counted=False)
    told = answered(lambda site: site.draft(Place("day", 1, 1), order), dress, day)
    assert " hand-count sign abababababababab --election day --officer-key " in told["command"]
    assert day.asked[-1]["ask"] == "draft"
    assert all(each["ask"] != "draft" for each in dress.asked[-2:])
    with pytest.raises(Problem, match=r"there is no .wet. here\. It serves: dress, day"):
        answered(lambda site: site.sheet(Place("wet", 1, 1)), dress, day)


def test_many_precincts_are_not_listed_and_one_is_still_found(tmp_path, monkeypatch):
    monkeypatch.setattr(count_site, "LISTED_MAX", 1)
    desk = Desk(tmp_path)
    page = answered(lambda site: site.start(), desk)
    assert "Precinct number" in page
    assert "no count yet" not in page
    assert desk.asked == [], "nothing is asked of the ledger for a list that is not shown"
    assert "no count yet" in answered(lambda site: site.station("election", 1), desk)


def test_a_contest_that_no_law_fits_is_told(tmp_path):
    law = tmp_path / "odd.toml"
    law.write_text(TEXT.replace('"M"', '"N"').replace("M *", "N *"))
    desk = Desk(tmp_path, laws=(str(law),))
    with pytest.raises(
        Problem, match=r"law: none that is in use here fits this contest\. Name one"
    ):
        answered(lambda site: site.sheet(Place("election", 1, 1)), desk)


def test_what_the_gateway_cannot_say_is_told_as_it_says_it(tmp_path):
    desk = Desk(tmp_path)
    desk.says["counts"] = {"problem": "the disk is full"}
    with pytest.raises(Problem, match=r"the gateway: the disk is full\. Its log says more"):
        answered(lambda site: site.sheet(Place("election", 1, 1)), desk)


def test_a_gateway_that_has_too_much_to_do_is_not_asked_more(tmp_path):
    desk = Desk(tmp_path)
    with pytest.raises(Busy, match="too many requests are waiting"):
        answered(lambda site: site.start(), desk, waiting=0)
    assert desk.asked == []
    desk.answer = lambda _: (_ for _ in ()).throw(DiskFull("no room"))
    with pytest.raises(Busy, match="the ledger cannot store anything now"):
        answered(lambda site: site.start(), desk)


def test_so_many_drafts_are_held_and_the_oldest_make_room():
    drafts, election = Drafts(), authority()
    many = [counted(election, precinct=PrecinctId(at), officers=()) for at in range(DRAFTS_MAX + 2)]
    for count in many:
        drafts.keep(count)
    assert drafts.listed() == tuple(many[2:])
    drafts.keep(many[2])
    assert drafts.listed() == (*many[3:], many[2]), "handed in again, it is the newest"
    drafts.drop(many[3].id)
    drafts.drop(many[3].id)
    assert drafts.listed() == (*many[4:], many[2])
