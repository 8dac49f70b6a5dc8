"""What a power cut can leave behind, and what to do about each of it: one table.

A sheet goes through FED, reserve the slot + RELEASE, sync, drop, DROPPED + count the slot, sync. At
boot the journal tells D (drops recorded) and where the sheet was, the slots tell C (counted) and at
most one unfinished slot. Source of the table: device/JOURNAL.md, "Boot".
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.slot_format import SlotCondition
from ballotbox_device.core.transport import SheetState

_NO_SLOT: Final = SlotCondition.EMPTY


class Repair(IntEnum):
    """What boot does before anything else; the code is the detail of a MEMORY_REPAIRED incident."""

    NOTHING = 0
    ERASE = 1
    FINISH_MARK = 2
    VOID = 3
    VOID_AND_ERASE = 4
    RECORD_DROP = 5
    MARK_AND_RECORD_DROP = 6
    ASK = 7
    CUT_TAIL = 8
    EJECT = 9
    EJECT_AND_ERASE = 10
    SECOND_COPY = 11


class Findings(NamedTuple):
    """odd: condition of the unfinished slot, EMPTY for none. surplus: C − D."""

    sheet: SheetState
    odd: SlotCondition
    surplus: int


#: Any other findings cannot come from a power cut: the box stops.
BOOT_TABLE: Final[Mapping[Findings, Repair]] = MappingProxyType(
    {
        Findings(SheetState.NONE, _NO_SLOT, 0): Repair.NOTHING,
        # Given back already, and its slot is not yet erased.
        Findings(SheetState.NONE, SlotCondition.TORN, 0): Repair.ERASE,
        Findings(SheetState.NONE, SlotCondition.RESERVED, 0): Repair.ERASE,
        # DROPPED is durable, the mark is not.
        Findings(SheetState.NONE, SlotCondition.RESERVED, -1): Repair.FINISH_MARK,
        Findings(SheetState.NONE, SlotCondition.HALF_MARKED, -1): Repair.FINISH_MARK,
        # RELEASE was lost: the sheet never left the transport, which ejects it at power-on.
        Findings(SheetState.TAKEN, _NO_SLOT, 0): Repair.EJECT,
        Findings(SheetState.TAKEN, SlotCondition.TORN, 0): Repair.EJECT_AND_ERASE,
        Findings(SheetState.TAKEN, SlotCondition.RESERVED, 0): Repair.EJECT_AND_ERASE,
        # RELEASE is durable, the slot is not: the drop was never commanded.
        Findings(SheetState.RELEASED, _NO_SLOT, 0): Repair.VOID,
        Findings(SheetState.RELEASED, SlotCondition.TORN, 0): Repair.VOID_AND_ERASE,
        # The mark is durable, DROPPED is not: the mark proves the drop.
        Findings(SheetState.RELEASED, _NO_SLOT, 1): Repair.RECORD_DROP,
        Findings(SheetState.RELEASED, SlotCondition.HALF_MARKED, 0): Repair.MARK_AND_RECORD_DROP,
        Findings(SheetState.IN_DOUBT, _NO_SLOT, 1): Repair.RECORD_DROP,
        Findings(SheetState.IN_DOUBT, SlotCondition.HALF_MARKED, 0): Repair.MARK_AND_RECORD_DROP,
        # Both are durable and the drop was or was not commanded: only a person knows.
        Findings(SheetState.RELEASED, SlotCondition.RESERVED, 0): Repair.ASK,
        Findings(SheetState.IN_DOUBT, SlotCondition.RESERVED, 0): Repair.ASK,
    }
)


def repair_for(findings: Findings) -> Repair:
    """Return what to do; raises MemoryFault when no power cut can have caused the findings."""
    repair = BOOT_TABLE.get(findings)
    if repair is None:
        slot = "no" if findings.odd is _NO_SLOT else f"a {findings.odd.name.lower()}"
        raise MemoryFault(
            "journal and slots disagree in a way no power cut explains: the sheet is "
            f"{findings.sheet.name}, {slot} unfinished slot, "
            f"counted slots minus recorded drops = {findings.surplus}"
        )
    return repair
