"""A sheet's way through the box as a table: which step leads from where to where.

Every step is a record of the journal, and the fold of the journal goes by this same table: a step
that is not in it can neither be made nor be read back. No record tells what the sheet says. The
diagram in device/POLL.md is generated from it.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from ballotbox_device.core.records import RecordType


class SheetState(IntEnum):
    """Where the sheet is, of which there is at most one."""

    NONE = 0
    TAKEN = 1
    RELEASED = 2
    IN_DOUBT = 3


class SheetStep(IntEnum):
    """What becomes of it; TOLD_IN and TOLD_OUT are a person's word."""

    TAKE = 1
    RETURN = 2
    RELEASE = 3
    DROP = 4
    GIVE_BACK = 5
    DOUBT = 6
    TOLD_IN = 7
    TOLD_OUT = 8


SHEET_STEPS: Final[Mapping[tuple[SheetState, SheetStep], SheetState]] = MappingProxyType(
    {
        (SheetState.NONE, SheetStep.TAKE): SheetState.TAKEN,
        (SheetState.TAKEN, SheetStep.RETURN): SheetState.NONE,
        (SheetState.TAKEN, SheetStep.RELEASE): SheetState.RELEASED,
        (SheetState.RELEASED, SheetStep.DROP): SheetState.NONE,
        (SheetState.RELEASED, SheetStep.GIVE_BACK): SheetState.NONE,
        (SheetState.RELEASED, SheetStep.DOUBT): SheetState.IN_DOUBT,
        # A sensor that latches without power may still tell.
        (SheetState.IN_DOUBT, SheetStep.DROP): SheetState.NONE,
        (SheetState.IN_DOUBT, SheetStep.GIVE_BACK): SheetState.NONE,
        (SheetState.IN_DOUBT, SheetStep.TOLD_IN): SheetState.NONE,
        (SheetState.IN_DOUBT, SheetStep.TOLD_OUT): SheetState.NONE,
    }
)

#: The record of each step; a person's word is one type with the word in its body.
STEP_RECORDS: Final[Mapping[SheetStep, RecordType]] = MappingProxyType(
    {
        SheetStep.TAKE: RecordType.FED,
        SheetStep.RETURN: RecordType.RETURNED,
        SheetStep.RELEASE: RecordType.RELEASE,
        SheetStep.DROP: RecordType.DROPPED,
        SheetStep.GIVE_BACK: RecordType.VOID,
        SheetStep.DOUBT: RecordType.DOUBT,
        SheetStep.TOLD_IN: RecordType.ANSWER,
        SheetStep.TOLD_OUT: RecordType.ANSWER,
    }
)
