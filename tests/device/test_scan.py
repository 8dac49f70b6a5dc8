"""Does the box read out of a scan what is on the paper, and say why when it cannot?"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.core.events import SheetInserted
from ballotbox_device.core.outputs import DropSheet, ReportMade, SheetReturned
from ballotbox_device.core.scan import (
    LENGTH_MM,
    LENGTH_TOLERANCE_MM,
    SKEW_MAX_MILLIDEGREES,
    Scan,
    Side,
    read_scan,
)
from ballotbox_device.core.sheet import ReturnReason, Sheet
from ballotbox_protocol.election.definition import PERCENT, MarkPolicy
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire.report import IncidentCode
from tests.device.polling_place import HOME_1, HOME_2, authority, report_in
from tests.device.test_poll import PollState, place_in
from tests.device.test_sheets import sheets_of
from tests.strategies import elections

ELECTION = authority().trusted.election
DARK, LIGHT = 60, 3


def targets_of(election, sheet):
    """Whether each target of a sheet is marked, in the reading order of its paper."""
    for contest, marks in zip(election.styles[sheet.style].sheets[sheet.number], sheet.marks,
                              strict=True):  # fmt: skip
        options = election.contests[contest].options
        yield from (option in marks.options for option in range(len(options)))
        for option, each in enumerate(options):
            for candidate in range(each.preferences):
                yield (option, candidate) in marks.preferences


def scan_of(sheet, *, election=ELECTION, flipped=False, **changes):
    """The plain scan of a sheet of which all is printed on the first side."""
    densities = tuple(DARK if dark else LIGHT for dark in targets_of(election, sheet))
    sides = (Side((sheet.style, sheet.number), densities), Side())
    return Scan(sides[::-1] if flipped else sides, **changes)


@st.composite
def scans(draw):
    """An election, a sheet, and a scan of it: any darkness, any split, either side up."""
    election = draw(elections())
    sheet = draw(sheets_of(election))
    policy = election.policy
    faint = draw(st.booleans())
    least_doubt = policy.definite if faint else policy.faint
    densities = [
        draw(st.integers(policy.definite, PERCENT) if dark else st.integers(0, least_doubt - 1))
        for dark in targets_of(election, sheet)
    ]
    split = draw(st.integers(0, len(densities)))
    sides = (
        Side((sheet.style, sheet.number), tuple(densities[:split])),
        Side(None, tuple(densities[split:])),
    )
    flags = {name: draw(st.booleans()) for name in ("portable", "stamped")}
    marginal = any(policy.faint <= density < policy.definite for density in densities)
    seen = Scan(sides[:: draw(st.sampled_from([1, -1]))], **flags)
    return election, replace(sheet, marginal=marginal, **flags), seen


@given(scans())
def test_the_marks_of_a_scan_are_those_of_the_sheet(drawn):
    election, sheet, scan = drawn
    assert read_scan(scan, election) == sheet


@pytest.mark.parametrize(
    ("density", "marked", "marginal"),
    [(9, False, False), (10, False, True), (24, False, True), (25, True, False)],
)
def test_the_thresholds_are_those_of_the_policy(density, marked, marginal):
    assert (ELECTION.policy.faint, ELECTION.policy.definite) == (10, 25)
    densities = (0, density, 0, 0)
    read = read_scan(Scan((Side((0, 1), densities), Side())), ELECTION)
    assert (1 in read.marks[0].options, read.marginal) == (marked, marginal)
    stricter = replace(ELECTION, policy=MarkPolicy(definite=90, faint=density + 1))
    read = read_scan(Scan((Side((0, 1), densities), Side())), stricter)
    assert (read.marks[0].options, read.marginal) == (frozenset(), False)


@pytest.mark.parametrize("flipped", [False, True])
def test_either_side_may_be_up(flipped):
    assert read_scan(scan_of(HOME_1, flipped=flipped), ELECTION) == HOME_1


NO_CODE = (Side(None, (DARK,) * 8), Side())
TWO_CODES = (Side((0, 1), (DARK, LIGHT, LIGHT, LIGHT)), Side((0, 1)))
FAULTS = {
    "jammed": ({"jammed": True}, ReturnReason.JAMMED),
    "two layers": ({"layers": 2}, ReturnReason.DOUBLE_FED),
    "short": ({"length_mm": LENGTH_MM - LENGTH_TOLERANCE_MM - 1}, ReturnReason.TOO_SHORT),
    "long": ({"length_mm": LENGTH_MM + LENGTH_TOLERANCE_MM + 1}, ReturnReason.TOO_LONG),
    "short for its kind": ({"nominal_mm": 420}, ReturnReason.TOO_SHORT),
    "askew": ({"skew_millidegrees": SKEW_MAX_MILLIDEGREES + 1}, ReturnReason.SKEWED),
    "askew the other way": (
        {"skew_millidegrees": -SKEW_MAX_MILLIDEGREES - 1},
        ReturnReason.SKEWED,
    ),
    "a line on one side": (
        {"sides": (Side((0, 0), (LIGHT,) * 8), Side(dirty=True))},
        ReturnReason.SCANNER_DIRTY,
    ),
    "no code": ({"sides": NO_CODE}, ReturnReason.UNREADABLE),
    "two codes": ({"sides": TWO_CODES}, ReturnReason.UNREADABLE),
}


@pytest.mark.parametrize(("changes", "reason"), FAULTS.values(), ids=FAULTS)
def test_each_fault_of_the_paper_has_its_reason(changes, reason):
    scan = scan_of(HOME_1)
    assert read_scan(scan, ELECTION) == HOME_1
    assert read_scan(replace(scan, **changes), ELECTION) is reason


TOLERATED = [
    {"length_mm": LENGTH_MM - LENGTH_TOLERANCE_MM},
    {"length_mm": LENGTH_MM + LENGTH_TOLERANCE_MM},
    {"skew_millidegrees": SKEW_MAX_MILLIDEGREES},
    {"skew_millidegrees": -SKEW_MAX_MILLIDEGREES},
]


@pytest.mark.parametrize("changes", TOLERATED)
def test_what_paper_may_differ_by_is_no_fault(changes):
    assert read_scan(scan_of(HOME_1, **changes), ELECTION) == HOME_1


def test_of_several_faults_the_one_that_spoils_the_others_is_told():
    faults = ["jammed", "two layers", "short", "askew", "a line on one side", "no code"]
    scan = scan_of(HOME_1)
    for name in reversed(faults):
        changes, reason = FAULTS[name]
        sides = {"sides": (replace(scan.sides[0], dirty=True), scan.sides[1])}
        scan = replace(scan, **(sides if name == "a line on one side" else changes))
        assert read_scan(scan, ELECTION) is reason


@pytest.mark.parametrize("targets", [0, 1, 3, 5])
def test_a_sheet_with_another_number_of_targets_is_not_readable(targets):
    read = read_scan(Scan((Side((0, 1), (LIGHT,) * targets), Side())), ELECTION)
    assert isinstance(read, Sheet)
    assert not read.readable
    assert read_scan(scan_of(HOME_2), ELECTION).readable


@pytest.mark.parametrize("code", [(2, 0), (-1, 0), (0, 2), (0, -1)])
def test_a_code_that_the_definition_does_not_know_goes_to_the_judge(code):
    read = read_scan(Scan((Side(code, ()), Side())), ELECTION)
    assert (read.style, read.number, read.marks) == (*code, ())


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Side((0, 0), (101,)), "side.densities"),
        (lambda: Side((0, 0), (-1,)), "side.densities"),
        (lambda: Scan((Side(), Side()), length_mm=-1), "scan.length_mm"),
        (lambda: Scan((Side(), Side()), nominal_mm=-1), "scan.nominal_mm"),
        (lambda: Scan((Side(), Side()), layers=0), "scan.layers"),
    ],
)
def test_what_no_scanner_measures_is_refused(make, field):
    with pytest.raises(InvalidField) as refusal:
        make()
    assert refusal.value.field == field


# A scan that a box is given


def test_a_scanned_sheet_goes_into_the_box_as_a_read_one_does():
    place = place_in(PollState.OPEN)
    assert place.device.on(SheetInserted(scan_of(HOME_1)), place.now()) == [DropSheet()]
    slots = {bytes(slot) for slot in slots_in(place)}
    assert place.rules.slots.encode(HOME_1) in slots


def slots_in(place):
    size = place.rules.slots.size
    content = place.disk.slots.read()
    return (content[at : at + size] for at in range(0, len(content), size))


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_read_goes_back_and_only_a_jam_is_reported(name):
    place = place_in(PollState.OPEN)
    changes, reason = FAULTS[name]
    returned, *told = place.on(SheetInserted(replace(scan_of(HOME_1), **changes)))
    assert returned == SheetReturned(reason)
    reports = [report_in(each.data) for each in told if isinstance(each, ReportMade)]
    codes = [(each.incident.code, each.incident.detail) for each in reports]
    assert codes == ([(IncidentCode.SHEET_JAMMED, 0)] if name == "jammed" else [])
    counters = place.device.counters
    assert (counters.presented, counters.returned, counters.pending) == (1, 1, 0)
    assert set(place.disk.slots.read()) == {0}
