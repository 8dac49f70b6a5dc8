"""Does a stick that is carried wrongly bring nothing twice, and is it seen when it does?"""

import pytest

from ballotbox_gateway.core.carrying import Taken
from ballotbox_gateway.core.stick import Returned
from ballotbox_gateway.core.upward import UpwardFault, UpwardReply
from ballotbox_simulator.world import stick_audit
from ballotbox_simulator.world.faults import STICK_KINDS, FaultKind, Strike
from ballotbox_simulator.world.plan import Day, DayPlan
from ballotbox_simulator.world.polling_day import HOUR
from ballotbox_simulator.world.run import run_day
from ballotbox_simulator.world.stick_audit import Standing

PLAN = DayPlan(precincts=2, boxes=1, ballots=5, portable=0)
AWAY = Strike(FaultKind.CENTRE_UNREACHABLE, 7 * HOUR, lasts=17 * HOUR)


@pytest.mark.parametrize("kind", sorted(STICK_KINDS))
@pytest.mark.parametrize("detail", [2, 3])
def test_a_day_with_a_stick_is_exact_and_the_stick_has_brought_receipts(kind, detail):
    strike = Strike(kind, 12 * HOUR, lasts=8 * HOUR, detail=detail)
    outcome = run_day(Day(1, PLAN, strikes=(AWAY, strike)), keep_lines=True)
    assert outcome.findings == ()
    assert outcome.struck[kind] == outcome.overcome[kind] == 1
    steps = [line for line in outcome.lines if "courier" in line]
    assert any("return" in line for line in steps), steps
    assert outcome.balance.lost == outcome.balance.doubled == 0


STOOD = Standing(size=9, taken=4, delivered=2)
MORE = Standing(size=12, taken=7, delivered=2)
REPLY = Returned("a", 0, UpwardReply("b", ()))
GOOD = Taken(4, 7, returned=REPLY)
BAD = Taken(4, 7, fault=UpwardFault("f", "p", "x"))


@pytest.mark.parametrize(
    ("found", "clean"),
    [
        (lambda: stick_audit.packing_moved(STOOD, MORE), stick_audit.packing_moved(STOOD, STOOD)),
        (
            lambda: stick_audit.wrong_place_took(STOOD, MORE, []),
            stick_audit.wrong_place_took(STOOD, STOOD, []),
        ),
        (lambda: stick_audit.wrong_place_took(STOOD, STOOD, [BAD]), ()),
        (
            lambda: stick_audit.part_taken(STOOD, MORE, [BAD]),
            stick_audit.part_taken(STOOD, STOOD, [BAD]),
        ),
        (lambda: stick_audit.part_taken(STOOD, STOOD, [GOOD, BAD]), ()),
        (lambda: stick_audit.part_taken(STOOD, STOOD, []), ()),
        (
            lambda: stick_audit.taken_wrongly(STOOD, MORE, 7, []),
            stick_audit.taken_wrongly(STOOD, MORE, 7, [GOOD]),
        ),
        (lambda: stick_audit.taken_wrongly(STOOD, MORE, 6, [GOOD]), ()),
        (lambda: stick_audit.taken_wrongly(MORE, STOOD, 7, [GOOD]), ()),
        (lambda: stick_audit.again_taken(STOOD, MORE), stick_audit.again_taken(STOOD, STOOD)),
        (
            lambda: stick_audit.receipts_left(STOOD, 3, []),
            stick_audit.receipts_left(STOOD, 2, []),
        ),
    ],
)
def test_the_auditor_sees_what_a_stick_must_not_do(found, clean):
    assert len(list(found())) == 1
    assert list(clean) == []
