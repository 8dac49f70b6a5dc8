"""Days on which people count by hand, their mistakes, and what each mistake comes to."""

from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.log_reading import read_log
from ballotbox_simulator.world.plan import Day, DayPlan, RoadChoice
from ballotbox_simulator.world.strikes import schedule_strikes
from ballotbox_simulator.world.world import World

K = FaultKind
PLAN = DayPlan(boxes=2, ballots=12, portable=1, road=RoadChoice.MQTT, by_hand=1)
CLOSING = PLAN.hours.closing
ACCEPTED, HELD = Verdict.ACCEPTED, Verdict.HELD
QUARANTINED, EVIDENCE = Verdict.QUARANTINED, Verdict.EVIDENCE


def lived(*mistakes, plan=PLAN):
    """A world at the end of a day on which people made these mistakes."""
    strikes = tuple(Strike(kind, CLOSING, detail=detail) for kind, detail in mistakes)
    world = World(Day(1, plan, strikes=strikes))
    schedule_strikes(world)
    world.run_safety()
    world.run_liveness()
    return world


def logs(world):
    return [read_log(gateway, {}) for gateway in world.gateways]


RIGHT = (ACCEPTED, Reason.IN_ORDER)
DISPUTE = (EVIDENCE, Reason.SAME_SEQUENCE)
NAMED = (ACCEPTED, Reason.NAMED)
#: What people do, and what that comes to at the station and at the centre.
COMES_TO = {
    "no mistake": ([], [RIGHT], None),
    "one too high": ([(K.COUNT_MISREAD, 0)], [(QUARANTINED, Reason.RELATION), RIGHT], None),
    "one too high, and left": ([(K.COUNT_MISREAD, 4)], [(QUARANTINED, Reason.RELATION)], None),
    "options swapped": ([(K.COUNT_SWAPPED, 0)], [RIGHT], None),
    "no number": ([(K.COUNT_UNREADABLE, 0)], [RIGHT], None),
    "a ballot too many": ([(K.COUNT_LOWERED, 0)], [RIGHT, RIGHT], None),
    "two first counts": ([(K.COUNT_TWICE, 0)], [DISPUTE, DISPUTE], None),
    "one of them at the centre": ([(K.COUNT_TWICE, 1)], [RIGHT], [DISPUTE, DISPUTE]),
    "one of them named": ([(K.COUNT_TWICE, 0), (K.COUNT_NAMED, 0)], [NAMED, DISPUTE], None),
    "one of them named at the centre": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED, 3)],
        [DISPUTE, DISPUTE],
        [NAMED, DISPUTE],
    ),
    "named where both are known": (
        [(K.COUNT_TWICE, 1), (K.COUNT_NAMED, 0)],
        [RIGHT],
        [NAMED, DISPUTE],
    ),
    "the wrong one named": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED_WRONG, 0)],
        [NAMED, DISPUTE],
        None,
    ),
    "the wrong one named, and overruled at the centre": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED, 3), (K.COUNT_NAMED_WRONG, 0)],
        [DISPUTE, NAMED],
        [NAMED, DISPUTE],
    ),
    "the centre told otherwise": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED_APART, 4)],
        [DISPUTE, NAMED],
        [DISPUTE, DISPUTE],
    ),
    "the centre told otherwise, and settled": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED_APART, 0)],
        [DISPUTE, NAMED],
        [NAMED, DISPUTE],
    ),
    "named by one officer": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED_FORGED, 0)],
        [DISPUTE, DISPUTE],
        None,
    ),
    "named by one officer twice, at the centre": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED_FORGED, 7)],
        [DISPUTE, DISPUTE],
        None,
    ),
    "signed for another": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED_FORGED, 8)],
        [DISPUTE, DISPUTE],
        None,
    ),
    "named one of another station": (
        [(K.COUNT_TWICE, 0), (K.COUNT_NAMED_FORGED, 12)],
        [DISPUTE, DISPUTE],
        None,
    ),
    "the same in other hands": ([(K.COUNT_TWICE, 2)], [RIGHT], None),
    "counted again": ([(K.COUNT_CORRECTED, 0)], [RIGHT, RIGHT], None),
    "corrected at the centre": ([(K.COUNT_CORRECTED, 1)], [RIGHT], [RIGHT, RIGHT]),
    "one officer": ([(K.COUNT_ONE_OFFICER, 0)], [RIGHT], None),
    "another law": ([(K.COUNT_OTHER_LAW, 0)], [(QUARANTINED, Reason.LAW_UNKNOWN), RIGHT], None),
    "a correction of rivals": (
        [(K.COUNT_TWICE, 0), (K.COUNT_CORRECTED, 0)],
        [DISPUTE, DISPUTE, (HELD, Reason.BOX_DISPUTED)],
        None,
    ),
}
