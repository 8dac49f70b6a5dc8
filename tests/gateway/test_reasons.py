"""Every reason code is produced by a test, and by the cause that it names."""

from dataclasses import replace

import pytest

from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.election.register import ClosedAs, Closure, origin_id
from ballotbox_protocol.wire.verdict import Reason
from tests.gateway import causes_at_the_door, causes_by_law, causes_in_content
from tests.gateway.causes import CAUSES, K
from tests.gateway.scene import Scene
from tests.gateway.scripted import (
    ORIGIN,
)

#: Each enters its causes when it is imported.
ENTERED = (causes_at_the_door, causes_in_content, causes_by_law)


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
def test_reason_has_its_cause(reason: Reason) -> None:
    assert reason in CAUSES, f"no cause here produces {reason.name}: add one"
    assert CAUSES[reason]() is reason


def test_report_that_waited_is_judged_by_where_it_came_in() -> None:
    scene = Scene().until(K.OPEN)
    missing, waiting = scene.box.report(K.TURNOUT), scene.box.report(K.TURNOUT)
    scene.admit(waiting)
    entry = scene.given.trusted.register.boxes[0]
    closed = Closure(ClosedAs.REPLACED, ((origin_id(ORIGIN), scene.ledger.log_head().size),))
    scene.with_entries(replace(entry, closed=closed))
    assert scene.answer(missing).reason is Reason.CLOSED_ENTRY
    assert scene.row(waiting).reason is Reason.GAP_CLOSED


def test_portable_ballots_come_in_after_the_close_and_nothing_else_does() -> None:
    scene = Scene().until(K.CLOSE)
    carried = scene.counters(
        presented=12, accepted=12, box=12, ballots=12, lifetime=112, portable=2
    )
    portable = {"state": PollState.PORTABLE, "counters": carried}
    assert scene.send(K.TURNOUT, **portable).reason is Reason.IN_ORDER
    stuffed = replace(carried, portable=1)
    assert scene.send(K.TURNOUT, counters=replace(stuffed, portable=3)).reason is Reason.LAW_CLOSED
    assert scene.send(K.OPEN, counters=stuffed).reason is Reason.LAW_CLOSED


def test_the_lifetime_counter_stands_still_before_the_zero_report_too() -> None:
    scene = Scene().until(K.BOOT)
    moved = scene.counters(lifetime=101)
    assert scene.send(K.INCIDENT, counters=moved).reason is Reason.LAW_LIFETIME
    assert scene.send(K.ZERO, counters=moved).reason is Reason.LAW_LIFETIME
    # Neither was believed, so the box can go on from what it said first.
    assert scene.send(K.ZERO, counters=replace(moved, lifetime=100)).reason is Reason.IN_ORDER


def test_a_sheet_may_be_pending_until_the_final_and_a_final_keeps_the_other_laws_too() -> None:
    scene = Scene().until(K.TURNOUT)
    pending = scene.counters(presented=11, pending=1)
    assert scene.send(K.TURNOUT, counters=pending).reason is Reason.IN_ORDER
    assert scene.send(K.CLOSE, counters=scene.counters(pending=0, returned=1)).reason is (
        Reason.IN_ORDER
    )
    portable = scene.counters(portable=11)
    assert scene.send(K.FINAL, counters=portable).reason is Reason.LAW_PORTABLE
