"""What a power cut can leave behind, and what to do about each of it: one table.

A sheet goes through reserve the slot + RELEASE, sync, drop, DROPPED + count the slot, sync. At boot
the journal tells D (drops recorded) and whether a release is open, the slots tell C (counted) and
at most one unfinished slot. Source of the table: device/JOURNAL.md, "Boot".
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.slot_format import SlotCondition

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


class Release(IntEnum):
    """Whether the journal holds a release that nothing has settled."""

    NONE_OPEN = 0
    OPEN = 1


class Findings(NamedTuple):
    """odd: condition of the unfinished slot, EMPTY for none. surplus: C − D."""

    release: Release
    odd: SlotCondition
    surplus: int


#: Any other findings cannot come from a power cut: the box stops.
BOOT_TABLE: Final[Mapping[Findings, Repair]] = MappingProxyType(
    {
        Findings(Release.NONE_OPEN, _NO_SLOT, 0): Repair.NOTHING,
        # Reserved, but its RELEASE was lost: the sheet never left the transport.
        Findings(Release.NONE_OPEN, SlotCondition.TORN, 0): Repair.ERASE,
        Findings(Release.NONE_OPEN, SlotCondition.RESERVED, 0): Repair.ERASE,
        # DROPPED is durable, the mark is not.
        Findings(Release.NONE_OPEN, SlotCondition.RESERVED, -1): Repair.FINISH_MARK,
        Findings(Release.NONE_OPEN, SlotCondition.HALF_MARKED, -1): Repair.FINISH_MARK,
        # RELEASE is durable, the slot is not: the drop was never commanded.
        Findings(Release.OPEN, _NO_SLOT, 0): Repair.VOID,
        Findings(Release.OPEN, SlotCondition.TORN, 0): Repair.VOID_AND_ERASE,
        # The mark is durable, DROPPED is not: the mark proves the drop.
        Findings(Release.OPEN, _NO_SLOT, 1): Repair.RECORD_DROP,
        Findings(Release.OPEN, SlotCondition.HALF_MARKED, 0): Repair.MARK_AND_RECORD_DROP,
        # Both are durable and the drop was or was not commanded: only a person knows.
        Findings(Release.OPEN, SlotCondition.RESERVED, 0): Repair.ASK,
    }
)


def repair_for(findings: Findings) -> Repair:
    """Return what to do; raises MemoryFault when no power cut can have caused the findings."""
    repair = BOOT_TABLE.get(findings)
    if repair is None:
        slot = "no" if findings.odd is _NO_SLOT else f"a {findings.odd.name.lower()}"
        release = "an open" if findings.release else "no open"
        raise MemoryFault(
            f"journal and slots disagree in a way no power cut explains: {release} release, "
            f"{slot} unfinished slot, counted slots minus recorded drops = {findings.surplus}"
        )
    return repair
