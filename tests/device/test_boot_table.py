"""Does boot do what the table says for each thing a power cut leaves, and stop at all others?"""

import itertools

import pytest

from ballotbox_device.core import units
from ballotbox_device.core.events import DropAnswered
from ballotbox_device.core.outputs import AskDropped, ReportMade
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import DOUBT, DROPPED, FED, RELEASE
from ballotbox_device.core.recovery import BOOT_TABLE, Findings, Repair, repair_for
from ballotbox_device.core.slot_format import SlotCondition
from ballotbox_device.core.transport import SheetState
from ballotbox_protocol.wire.report import IncidentCode
from ballotbox_simulator.disk import BoxDisk
from tests.device.polling_place import AWAY, HOME_1, PollingPlace, report_in

ODD = (
    SlotCondition.EMPTY,
    SlotCondition.TORN,
    SlotCondition.RESERVED,
    SlotCondition.HALF_MARKED,
)
EVERYTHING = [Findings(*cell) for cell in itertools.product(SheetState, ODD, (-2, -1, 0, 1, 2))]

# What the field notes promise, a second time and in other words:
# which records a repair writes, whether the sheet ends up counted, and whether a person is asked.
PROMISED = {
    (SheetState.NONE, SlotCondition.EMPTY, 0): (0, 0, False),
    (SheetState.NONE, SlotCondition.TORN, 0): (0, 0, False),
    (SheetState.NONE, SlotCondition.RESERVED, 0): (0, 0, False),
    (SheetState.NONE, SlotCondition.RESERVED, -1): (1, 0, False),
    (SheetState.NONE, SlotCondition.HALF_MARKED, -1): (1, 0, False),
    (SheetState.TAKEN, SlotCondition.EMPTY, 0): (0, 1, False),
    (SheetState.TAKEN, SlotCondition.TORN, 0): (0, 1, False),
    (SheetState.TAKEN, SlotCondition.RESERVED, 0): (0, 1, False),
    (SheetState.RELEASED, SlotCondition.EMPTY, 0): (0, 1, False),
    (SheetState.RELEASED, SlotCondition.TORN, 0): (0, 1, False),
    (SheetState.RELEASED, SlotCondition.EMPTY, 1): (1, 0, False),
    (SheetState.RELEASED, SlotCondition.HALF_MARKED, 0): (1, 0, False),
    (SheetState.RELEASED, SlotCondition.RESERVED, 0): (None, None, True),
    (SheetState.IN_DOUBT, SlotCondition.EMPTY, 1): (1, 0, False),
    (SheetState.IN_DOUBT, SlotCondition.HALF_MARKED, 0): (1, 0, False),
    (SheetState.IN_DOUBT, SlotCondition.RESERVED, 0): (None, None, True),
}


#: What the journal tells of a sheet that is there.
WAY_TO = {
    SheetState.NONE: [],
    SheetState.TAKEN: [FED],
    SheetState.RELEASED: [FED, RELEASE],
    SheetState.IN_DOUBT: [FED, RELEASE, DOUBT],
}


def place_with(findings, copies=2):
    """Return a place, power off, whose memory shows the findings after one counted sheet."""
    place = PollingPlace(BoxDisk(copies))
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    place.feed(AWAY)
    journals, slot_files = place.disk.files[::2], place.disk.files[1::2]
    drops = 2 if findings.surplus == -1 and findings.sheet is SheetState.NONE else 1
    for record in [FED, RELEASE, DROPPED] * (drops - 1) + WAY_TO[findings.sheet]:
        for journal in journals:
            journal.append(units.frame(record.to_bytes()))
    counted = drops + findings.surplus - 1
    slot = place.rules.slots.encode(HOME_1)
    states = {
        SlotCondition.TORN: b"\x0f" + slot[1:-1] + b"\0",
        SlotCondition.RESERVED: slot,
        SlotCondition.HALF_MARKED: b"\x1f" + slot[1:],
    }
    size = len(slot)
    found = place.disk.slots.read()
    empty = [n for n in range(0, len(found), size) if found[n] == 0]
    written = [b"\xff" + slot[1:]] * counted
    written += [states[findings.odd]] if findings.odd in states else []
    for content in written:
        offset = empty.pop()
        for slots in slot_files:
            slots.write(offset, content)
    for file in place.disk.files:
        file.sync()
    place.disk.power_off()
    return place


def test_the_table_is_the_one_that_was_promised():
    assert set(map(tuple, BOOT_TABLE)) == set(PROMISED)


@pytest.mark.parametrize("copies", [1, 2])
@pytest.mark.parametrize("findings", BOOT_TABLE)
def test_each_cell_brings_memory_together(findings, copies):
    place = place_with(findings, copies)
    device = place.new_device()
    outputs = device.start(place.now())
    accepted, returned, asked = PROMISED[findings]
    assert (AskDropped() in outputs) is asked
    counters = device.counters
    assert counters.accepted == counters.box
    if not asked:
        assert (counters.accepted, counters.returned) == (1 + accepted, returned)
        assert counters.pending == 0
        for slots in place.disk.files[1::2]:
            assert 0x0F not in slots.read()[:: place.rules.slots.size]
    else:
        assert counters.pending == 1
    told = [report_in(o.data).incident for o in outputs if isinstance(o, ReportMade)]
    codes = [incident and incident.code for incident in told]
    repair = BOOT_TABLE[findings]
    # That a sheet is in doubt is told once.
    told_now = findings.sheet is SheetState.RELEASED
    expected = {
        Repair.NOTHING: [None],
        Repair.ASK: [None, IncidentCode.DROP_UNCERTAIN] if told_now else [None],
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
        (
            Findings(SheetState.RELEASED, SlotCondition.EMPTY, 2),
            "the sheet is RELEASED, no unfinished slot, .*",
        ),
        (
            Findings(SheetState.NONE, SlotCondition.TORN, -1),
            "the sheet is NONE, a torn unfinished slot, counted slots minus recorded drops = -1",
        ),
    ],
)
def test_what_stops_the_box_is_told_as_it_was_found(findings, told):
    with pytest.raises(MemoryFault, match=f": {told}$"):
        repair_for(findings)
