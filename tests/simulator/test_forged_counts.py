"""Can somebody with a box's key put one invented number into a published total?

The box is cut off while the attacker speaks with its key: its true close report, then a final of
the attacker's own making. Afterwards the box comes back and says what it has to say.
"""

from dataclasses import fields

from hypothesis import given, settings
from hypothesis import strategies as st

from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import InvalidField, PollState
from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.report import ReportKind, decode_report
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.forgery import forged_final
from ballotbox_simulator.world.plan import Day, DayPlan, RoadChoice
from ballotbox_simulator.world.polling_day import HOUR, MINUTE
from ballotbox_simulator.world.settlement import settle
from ballotbox_simulator.world.strikes import schedule_strikes
from ballotbox_simulator.world.world import World

PLAN = DayPlan(boxes=2, ballots=6, portable=0, road=RoadChoice.MQTT)
CLOSING = PLAN.hours.closing
CUT_OFF = Strike(FaultKind.BOX_CUT_OFF, CLOSING - MINUTE, target=0, lasts=HOUR // 2)
EDITS = st.lists(st.tuples(st.integers(0, 200), st.integers(-2, 12)), max_size=4)
COUNTERS = st.dictionaries(
    st.sampled_from([field.name for field in fields(Counters)]), st.integers(-1, 12), max_size=2
)


def world_at_the_close():
    world = World(Day(1, PLAN, strikes=(CUT_OFF,)))
    schedule_strikes(world)
    world.schedule.run_until(CLOSING + MINUTE)
    box = world.precincts[0].boxes[0]
    assert box.device.state is PollState.SEALED
    return world, box


def edited(box, election, edits):
    """The row that the box's sheets make, with a few places changed."""
    row = list(decode_final(box).votes)
    for where, change in edits:
        place = where % Layout.of(election).size
        row[place] = max(0, row[place] + change)
    return tuple(row)


def decode_final(box):
    for sequence in reversed(range(box.device.outgoing.count)):
        report = decode_report(cose.parse(box.device.outgoing.report(sequence)).payload)
        if report.kind is ReportKind.FINAL:
            return report
    raise AssertionError("the box has no final")


@settings(max_examples=25)
@given(edits=EDITS, changes=COUNTERS)
def test_no_forged_final_is_ever_counted(edits, changes):
    world, box = world_at_the_close()
    final = decode_final(box)
    close = box.device.outgoing.report(final.sequence - 1)
    election = world.authority.trusted.election
    counters = {name: getattr(final.counters, name) + change for name, change in changes.items()}
    try:
        forged = forged_final(close, box.kit.identity.key, edited(box, election, edits), **counters)
    except (InvalidField, ValueError):
        return  # No report can say so: nothing to be sent.
    broker = world.precincts[0].broker
    outgoing = box.device.outgoing
    said = [outgoing.report(number) for number in range(final.sequence)]
    for report in (*said, forged):
        broker.plant(box.kit.identity.box, Message(MessageKind.REPORT, report).to_bytes())
    world.auditor.struck(FaultKind.STOLEN_KEY, box.name)
    world.run_safety()
    world.run_liveness()
    settle(world)
    assert not [each for each in world.auditor.findings if each.node != world.centre.name]
    (published,) = [
        state
        for state, boxes in world.auditor.published["boxes"].items()
        if any(each["box"] == box.kit.identity.box.hex() for each in boxes)
    ]
    true_final = forged == outgoing.report(final.sequence)
    assert published == ("counted" if true_final else "disputed")
