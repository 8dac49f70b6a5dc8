"""Is what fails at the day's last releases charged to the gateway whose call it was?"""

import pytest

from ballotbox_gateway.core.ports import LedgerFailure
from ballotbox_gateway.core.upward import UpwardFault
from ballotbox_simulator.world.ledgers import CommitTrouble, Killed
from ballotbox_simulator.world.plan import Day, DayPlan
from ballotbox_simulator.world.releasing import release
from ballotbox_simulator.world.releasing_below import release_below
from ballotbox_simulator.world.settlement import settle
from ballotbox_simulator.world.world import World


@pytest.fixture
def world():
    """A day without faults that has ended, on which results are released below too."""
    world = World(Day(1, DayPlan(boxes=1, ballots=0, portable=0)))
    world.run_safety()
    world.run_liveness()
    settle(world)
    return world


def _lower(world):
    return world.precincts[0].gateway


def test_both_logs_go_on_when_nothing_fails(world):
    before = _lower(world).ledger.log_head().size
    release(world)
    release_below(world)
    assert world.auditor.findings == []
    assert _lower(world).ledger.log_head().size == before + 2
    assert _lower(world).ledger.delivered(world.centre.name) == before + 2


def test_receipts_that_are_not_believed_end_it_in_words(world, monkeypatch):
    fault = UpwardFault("receipts", "are forged", "ask again")
    monkeypatch.setattr(_lower(world).intake, "upward_receipted", lambda *_: fault)
    release_below(world)
    said = " ".join(str(each) for each in world.auditor.findings)
    assert f"does not believe the receipts of {world.centre.name}: are forged" in said


@pytest.mark.parametrize("at", ["lower", "centre"])
@pytest.mark.parametrize("trouble", CommitTrouble)
def test_a_ledger_that_fails_ends_its_own_gateway(world, at, trouble):
    lower, centre = _lower(world), world.centre
    struck, other = (lower, centre) if at == "lower" else (centre, lower)
    struck.ledger.trouble = trouble
    release_below(world)
    assert struck.intake is None
    assert other.intake is not None
    assert world.auditor.findings == []


@pytest.mark.parametrize("fault", [Killed(), LedgerFailure("torn")])
def test_the_centre_that_ends_over_a_release_is_charged_once(world, fault, monkeypatch):
    def fails(*_):
        raise fault

    monkeypatch.setattr(world.centre.intake, "publish", fails)
    release(world)
    assert world.centre.intake is None
    named = [each for each in world.auditor.findings if "torn" in str(each)]
    assert len(named) == isinstance(fault, LedgerFailure)
