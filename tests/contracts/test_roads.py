"""Does every road upward keep the same promise? The same receipts, once, whichever comes first."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from ballotbox_gateway.core.ports import DiskFull
from ballotbox_gateway.core.upward import UpwardConflict, UpwardFault, UpwardReply
from tests.brokers import mosquitto
from tests.contracts.upward_roads import LEAVES, ROADS, Centre
from tests.gateway.adapters.upper_office import lower_gateway
from tests.gateway.scripted import CENTRE, NOW, ScriptedBox, arrivals, authority


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def day():
    return ScriptedBox(authority()).day()


class Below:
    """A precinct's gateway with a day of reports."""

    def __init__(self, day):
        self.intake, self.ledger = lower_gateway()
        self.intake.admit(arrivals(*day), NOW)
        LEAVES[:] = list(self.ledger.leaves(0))

    def drain(self, *roads, limit=2):
        """Deliver stretch after stretch, each by the next road in turn."""
        turn = 0
        while (batch := self.intake.next_upward(CENTRE, limit)) is not None:
            answer = roads[turn % len(roads)](batch)
            assert isinstance(answer, UpwardReply), answer
            assert self.intake.upward_receipted(batch, answer, CENTRE, NOW) is None
            turn += 1


@pytest.fixture
def below(day):
    return Below(day)


@pytest.fixture(scope="module")
def ways(broker, tmp_path_factory):
    """All roads to one centre; its office is new for each test."""
    folder = tmp_path_factory.mktemp("stick")
    with ExitStack() as open_ways, Centre() as centre:
        found = {
            name: open_ways.enter_context(make(centre, broker, folder))
            for name, make in ROADS.items()
        }
        yield centre, found
        open_ways.close()


@pytest.fixture
def office(ways):
    centre, _ = ways
    fresh = type(centre.office)(authority())
    centre.office.__dict__.update(fresh.__dict__)
    return centre.office


@pytest.fixture(params=ROADS)
def road(request, ways):
    return ways[1][request.param]


def test_every_leaf_goes_up_in_order_and_has_its_receipt(road, below, office, day):
    below.drain(road)
    assert office.ledger.log_head().size == len(day)
    assert below.ledger.delivered(CENTRE) == len(day)
    assert all(below.ledger.upper_receipt(CENTRE, at) for at in range(len(day)))


def test_what_comes_twice_is_stored_once_and_has_the_same_receipts(road, below, office, day):
    batch = below.intake.next_upward(CENTRE, 100)
    first = road(batch)
    assert isinstance(first, UpwardReply)
    assert road(batch) == first
    assert office.ledger.log_head().size == len(day)


@pytest.mark.parametrize("other", ROADS)
def test_what_one_road_brought_another_brings_no_second_time(road, other, ways, below, office, day):
    batch = below.intake.next_upward(CENTRE, 100)
    first = road(batch)
    assert ways[1][other](batch) == first
    assert office.ledger.log_head().size == len(day)
    assert below.intake.upward_receipted(batch, first, CENTRE, NOW) is None


def test_roads_may_take_turns(ways, below, office, day):
    below.drain(*ways[1].values())
    assert office.ledger.log_head().size == len(day)
    assert all(below.ledger.upper_receipt(CENTRE, at) for at in range(len(day)))


def test_what_does_not_lead_on_is_told_where_to_and_takes_nothing(road, below, office):
    whole = below.intake.next_upward(CENTRE, 100)
    answer = road(whole.after(3))
    assert answer == UpwardConflict(0)
    assert office.ledger.log_head().size == 0


def test_what_its_log_never_signed_is_refused_with_field_and_fix(road, below, office):
    batch = below.intake.next_upward(CENTRE, 100)
    swapped = replace(batch, entries=(batch.entries[1], batch.entries[0], *batch.entries[2:]))
    answer = road(swapped)
    assert isinstance(answer, UpwardFault)
    assert answer.field in ("checkpoint", "entries")
    assert answer.fix
    assert office.ledger.log_head().size == 0


def test_without_a_commit_above_there_is_no_receipt_and_the_next_try_is_whole(
    road, below, office, day
):
    office.trouble = DiskFull("no room")
    batch = below.intake.next_upward(CENTRE, 100)
    try:
        answer = road(batch)
    except DiskFull:
        answer = UpwardFault("body", "told to whoever imports", "again", retry=True)
    assert isinstance(answer, UpwardFault)
    assert answer.retry
    assert below.ledger.delivered(CENTRE) == office.ledger.log_head().size == 0
    office.trouble = None
    below.drain(road)
    assert office.ledger.log_head().size == len(day)
