"""Does boot do what the table says for each thing a power cut leaves, and stop at all others?"""

import itertools

import pytest

from ballotbox_device.core import units
from ballotbox_device.core.events import DropAnswered
from ballotbox_device.core.outputs import AskDropped, ReportMade
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import DROPPED, RELEASE
from ballotbox_device.core.recovery import BOOT_TABLE, Findings, Release, Repair, repair_for
from ballotbox_device.core.slot_format import SlotCondition
from ballotbox_protocol.wire.report import IncidentCode
from tests.device.polling_place import AWAY, HOME_1, PollingPlace, report_in

ODD = (
    SlotCondition.EMPTY,
    SlotCondition.TORN,
    SlotCondition.RESERVED,
    SlotCondition.HALF_MARKED,
)
EVERYTHING = [Findings(*cell) for cell in itertools.product(Release, ODD, (-2, -1, 0, 1, 2))]

# What the field notes promise, a second time and in other words:
# which records a repair writes, whether the sheet ends up counted, and whether a person is asked.
PROMISED = {
    (Release.NONE_OPEN, SlotCondition.EMPTY, 0): (0, 0, False),
    (Release.NONE_OPEN, SlotCondition.TORN, 0): (0, 0, False),
    (Release.NONE_OPEN, SlotCondition.RESERVED, 0): (0, 0, False),
    (Release.NONE_OPEN, SlotCondition.RESERVED, -1): (1, 0, False),
    (Release.NONE_OPEN, SlotCondition.HALF_MARKED, -1): (1, 0, False),
    (Release.OPEN, SlotCondition.EMPTY, 0): (0, 1, False),
    (Release.OPEN, SlotCondition.TORN, 0): (0, 1, False),
    (Release.OPEN, SlotCondition.EMPTY, 1): (1, 0, False),
    (Release.OPEN, SlotCondition.HALF_MARKED, 0): (1, 0, False),
    (Release.OPEN, SlotCondition.RESERVED, 0): (None, None, True),
}


def place_with(findings):
    """Return a place, power off, whose memory shows the findings after one counted sheet."""
    place = PollingPlace()
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    place.feed(AWAY)
    journal, slots = place.disk.journal, place.disk.slots
    drops = 2 if findings.surplus == -1 and not findings.release else 1
    for record in [RELEASE, DROPPED] * (drops - 1) + [RELEASE] * findings.release:
        journal.append(units.frame(record.to_bytes()))
    counted = drops + findings.surplus - 1
    slot = place.rules.slots.encode(HOME_1)
    states = {
        SlotCondition.TORN: b"\x0f" + slot[1:-1] + b"\0",
        SlotCondition.RESERVED: slot,
        SlotCondition.HALF_MARKED: b"\x1f" + slot[1:],
    }
    size = len(slot)
    empty = [n for n in range(0, len(slots.read()), size) if slots.read()[n] == 0]
    for _ in range(counted):
        slots.write(empty.pop(), b"\xff" + slot[1:])
    if findings.odd in states:
        slots.write(empty.pop(), states[findings.odd])
    journal.sync()
    slots.sync()
    place.disk.power_off()
    return place


def test_the_table_is_the_one_that_was_promised():
    assert set(map(tuple, BOOT_TABLE)) == set(PROMISED)


@pytest.mark.parametrize("findings", BOOT_TABLE)
def test_each_cell_brings_memory_together(findings):
    place = place_with(findings)
    device = place.new_device()
    outputs = device.start(place.now())
    accepted, returned, asked = PROMISED[findings]
    assert (AskDropped() in outputs) is asked
    counters = device.counters
    assert counters.accepted == counters.box
    if not asked:
        assert (counters.accepted, counters.returned) == (1 + accepted, returned)
        assert counters.pending == 0
        assert 0x0F not in place.disk.slots.read()[:: place.rules.slots.size]
    else:
        assert counters.pending == 1
    told = [report_in(o.data).incident for o in outputs if isinstance(o, ReportMade)]
    codes = [incident and incident.code for incident in told]
    repair = BOOT_TABLE[findings]
    expected = {
        Repair.NOTHING: [None],
        Repair.ASK: [None, IncidentCode.DROP_UNCERTAIN],
    }
    assert codes == expected.get(repair, [None, IncidentCode.MEMORY_REPAIRED])
    if repair not in expected:
        assert told[1].detail == repair


@pytest.mark.parametrize("findings", BOOT_TABLE)
def test_a_second_boot_finds_nothing_to_do(findings):
    place = place_with(findings)
    device = place.new_device()
    if AskDropped() in device.start(place.now()):
        device.on(DropAnswered(dropped=True), place.now())
    place.disk.power_off()
    again = place.new_device()
    assert len(again.start(place.now())) == 1
    assert again.counters == device.counters


@pytest.mark.parametrize("findings", [each for each in EVERYTHING if each not in BOOT_TABLE])
def test_anything_else_stops_loudly(findings):
    with pytest.raises(MemoryFault, match="no power cut explains"):
        repair_for(findings)


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        (Findings(Release.OPEN, SlotCondition.EMPTY, 2), "an open release, no unfinished slot, .*"),
        (
            Findings(Release.NONE_OPEN, SlotCondition.TORN, -1),
            "no open release, a torn unfinished slot, counted slots minus recorded drops = -1",
        ),
    ],
)
def test_what_stops_the_box_is_told_as_it_was_found(findings, told):
    with pytest.raises(MemoryFault, match=f": {told}$"):
        repair_for(findings)
