"""Acceptance 1: does a gateway that is killed lose what it receipted, or have anything twice?

Real processes die by SIGKILL at each step of a report's way and at system calls; all calls of
many days are swept by `make soak SET=kill9`.
"""

from collections.abc import Iterator

import pytest

from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.gateway.durable.audit import twice
from tests.gateway.durable.kills import Killer, KillTally, spread
from tests.gateway.durable.nursery import CALLS, require_strace
from tests.gateway.durable.program import STEPS
from tests.gateway.scripted import NOW

SEED = 1


@pytest.fixture
def killer() -> Iterator[Killer]:
    killer = Killer()
    yield killer
    killer.close()


@pytest.fixture
def early() -> Iterator[Killer]:
    """Kills a gateway that acknowledges before it commits."""
    killer = Killer(early=True)
    yield killer
    killer.close()


def killed(killer: Killer, names: tuple[str, ...], most: int) -> KillTally:
    tally = KillTally()
    kills = [kill for kill in killer.kills(SEED) if kill.what in names]
    for index, kill in enumerate(spread(kills, most)):
        tally.add(killer.kill(SEED, kill, index))
    return tally


def test_no_step_of_a_reports_way_loses_or_doubles(killer: Killer) -> None:
    """Acceptance 1: kill -9 at each labelled step: receipted is stored, nothing is there twice."""
    tally = killed(killer, STEPS, most=2)
    assert tally.findings == []
    assert tally.at_steps == tally.runs >= 20


@pytest.mark.accept
def test_no_system_call_is_a_place_to_lose_at(killer: Killer) -> None:
    """Acceptance 1: kill -9 at system calls of files and roads."""
    require_strace()
    tally = killed(killer, CALLS, most=3)
    assert tally.findings == []
    assert tally.runs >= 20


def test_each_step_is_passed(killer: Killer) -> None:
    assert {kill.what for kill in killer.kills(SEED) if kill.is_step} == set(STEPS)


def test_acknowledging_early_is_found_out(early: Killer) -> None:
    """Acceptance 1, the control: a gateway that acknowledges before it commits loses reports."""
    tally = killed(early, ("acknowledged", "judged", "before commit"), most=2)
    assert tally.lost > 0


def test_a_decision_that_stands_twice_is_found_out() -> None:
    """Acceptance 1, the control of doubles."""
    leaf = encode_leaf(
        Leaf(LeafType.REPORT, bytes(32), Verdict.ACCEPTED, Reason.IN_ORDER, None, NOW)
    )
    assert twice([leaf]) == []
    assert len(twice([leaf, leaf])) == 1
