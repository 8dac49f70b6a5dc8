"""Does the auditor object to everything that it is there for, and to nothing else?

Each test lets a calm day pass and then falsifies one thing, as a defect of the product would.
"""

from dataclasses import replace

import pytest

from ballotbox_device.core.outputs import ReportMade
from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.tally import Marks
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import decode_report, encode_report
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.plan import Day, DayPlan, RoadChoice
from ballotbox_simulator.world.run import run_day
from ballotbox_simulator.world.settlement import settle
from ballotbox_simulator.world.world import World

PLAN = DayPlan(boxes=2, ballots=4, portable=1, road=RoadChoice.MQTT)


@pytest.fixture
def world():
    world = World(Day(1, PLAN), keep_lines=True)
    world.run_safety()
    world.run_liveness()
    return world


def breaches(world):
    settle(world)
    return {(each.breach, each.node) for each in world.auditor.findings}


def test_a_calm_day_has_no_findings(world):
    assert breaches(world) == set()
    assert world.auditor.sheets == 10


def test_a_sheet_that_fell_and_is_in_no_total_is_lost(world):
    world.precincts[0].boxes[0].container.append(Sheet(0, 0, (Marks(frozenset({1})),)))
    assert (Breach.LOST, "box 1") in breaches(world)


def test_a_sheet_in_a_total_that_never_fell_is_doubled(world):
    world.precincts[0].boxes[1].container.pop()
    assert (Breach.DOUBLED, "box 2") in breaches(world)


def test_votes_for_another_are_wrong_though_the_sum_is_right(world):
    container = world.precincts[0].boxes[0].container
    sheet = container[0]
    other = Marks(frozenset({5 if 5 not in sheet.marks[0].options else 6}))
    container[0] = Sheet(sheet.style, sheet.number, (other,), portable=sheet.portable)
    assert breaches(world) == {(Breach.WRONG_VOTES, "box 1")}


def test_a_box_that_is_not_counted_for_no_reason_is_named():
    world = World(Day(1, PLAN))
    box = world.precincts[0].boxes[0]
    box.break_for_good("planted")
    world.run_safety()
    world.run_liveness()
    assert (Breach.NOT_NAMED, "box 1") in breaches(world)


def test_an_excused_box_may_be_missing_but_not_wrong(world):
    world.auditor.struck(FaultKind.BOX_BROKEN, "box 1")
    world.precincts[0].boxes[0].container.pop()
    assert (Breach.DOUBLED, "box 1") in breaches(world)


def test_what_is_not_delivered_in_time_is_a_breach_of_liveness():
    world = World(Day(1, PLAN))
    world.precincts[0].uplink.wake = lambda: None
    world.precincts[0].gateway.grown = lambda: None
    world.run_safety()
    world.run_liveness()
    found = breaches(world)
    assert (Breach.LIVENESS, world.precincts[0].gateway.name) in found


def test_a_receipt_whose_leaf_is_gone_is_found(world):
    origin = world.precincts[0].gateway.name
    world.auditor.receipts[origin][3] = (b"another leaf", "box 1")
    assert (Breach.RECEIPT, origin) in breaches(world)


def test_a_refusal_that_nothing_explains_is_found(world):
    precinct = world.precincts[0]
    box, report = world.auditor.heard_reports[0]
    precinct.broker.plant(box, report[:-1] + bytes((report[-1] ^ 1,)))
    world.run_liveness()
    assert (Breach.UNEXPLAINED, precinct.gateway.name) in breaches(world)


def next_report(world, **changes):
    """A report that box 1 might make next, signed with its key, changed."""
    box = world.precincts[0].boxes[0]
    last = cose.parse(box.kept_report(box.device.outgoing.count - 1))
    report = decode_report(last.payload)
    report = replace(
        report,
        sequence=report.sequence + 1,
        previous=cose.statement_id(last.statement),
        votes=None,
        kind=report.kind.TURNOUT,
    )
    changed = replace(report, **{name: value(report) for name, value in changes.items()})
    key = box.kit.identity.key
    data = cose.sign(key.public, key.sign, cose.MessageType.REPORT, encode_report(changed))
    return box, ReportMade(changed.kind, changed.sequence, data)


def counted(**changes):
    def value(report):
        fields = {name: getattr(report.counters, name) + by for name, by in changes.items()}
        return replace(report.counters, **fields)

    return value


@pytest.mark.parametrize(
    ("changes", "breach"),
    [
        ({"previous": lambda _: bytes(32)}, Breach.CHAIN),
        ({"counters": counted(accepted=-1, presented=-1, box=-1, lifetime=-1)}, Breach.LAW),
        ({"counters": counted(lifetime=1)}, Breach.LAW),
        ({"counters": counted(presented=1)}, Breach.LAW),
        ({"counters": counted(box=1)}, Breach.LAW),
        (
            {"counters": counted(accepted=1, presented=1, box=1, lifetime=1)},
            Breach.LAW,
        ),
        ({"kind": lambda report: report.kind.ZERO}, Breach.LAW),
    ],
    ids=["chain", "D3", "D4", "D2", "D6", "D10", "D5"],
)
def test_a_report_that_breaks_a_law_is_objected_to_when_it_is_signed(world, changes, breach):
    box, made = next_report(world, **changes)
    world.auditor.report_made(box, made)
    assert breach in {each.breach for each in world.auditor.findings}


def test_a_lawful_report_is_not_objected_to(world):
    world.auditor.report_made(*next_report(world))
    assert world.auditor.findings == []


def test_an_exception_of_the_product_is_a_finding(monkeypatch):
    def broken(self):
        raise RuntimeError("planted")

    monkeypatch.setattr(World, "settled", broken)
    outcome = run_day(Day(1, PLAN))
    assert [each.breach for each in outcome.findings] == [Breach.CRASH]
