"""Switches and parts that report a change: what each says, and which let no sheet in meanwhile.

Only changes are told: a switch that says twice what it said before says nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from ballotbox_protocol.wire.report import IncidentCode


class Part(IntEnum):
    """What of a box can be in order or not; the names are those of its panel's lights."""

    COVER = 1
    SEAL = 2
    MAINS = 3
    BATTERY = 4
    PRINTER = 5
    SCANNER = 6


class Signal(IntEnum):
    """What a switch or a part says."""

    COVER_OPENED = 1
    COVER_CLOSED = 2
    SEAL_BROKEN = 3
    MAINS_LOST = 4
    MAINS_BACK = 5
    BATTERY_LOW = 6
    BATTERY_CHARGED = 7
    PAPER_OUT = 8
    PRINTER_JAMMED = 9
    PRINTER_READY = 10
    SCANNER_DIRTY = 11
    SCANNER_CLEANED = 12
    SEAL_RENEWED = 13


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a signal says of a part; `code`: the incident it is reported as, `detail` with it."""

    part: Part
    in_order: bool
    code: IncidentCode | None = None
    detail: int = 0


MEANINGS: Final[Mapping[Signal, Meaning]] = MappingProxyType(
    {
        Signal.COVER_OPENED: Meaning(Part.COVER, in_order=False, code=IncidentCode.COVER_OPENED),
        Signal.COVER_CLOSED: Meaning(Part.COVER, in_order=True),
        Signal.SEAL_BROKEN: Meaning(Part.SEAL, in_order=False, code=IncidentCode.SEAL_BROKEN),
        Signal.SEAL_RENEWED: Meaning(Part.SEAL, in_order=True),
        Signal.MAINS_LOST: Meaning(Part.MAINS, in_order=False, code=IncidentCode.MAINS_LOST),
        Signal.MAINS_BACK: Meaning(Part.MAINS, in_order=True),
        Signal.BATTERY_LOW: Meaning(Part.BATTERY, in_order=False, code=IncidentCode.BATTERY_LOW),
        Signal.BATTERY_CHARGED: Meaning(Part.BATTERY, in_order=True),
        Signal.PAPER_OUT: Meaning(
            Part.PRINTER, in_order=False, code=IncidentCode.PRINTER_FAILED, detail=1
        ),
        Signal.PRINTER_JAMMED: Meaning(
            Part.PRINTER, in_order=False, code=IncidentCode.PRINTER_FAILED, detail=2
        ),
        Signal.PRINTER_READY: Meaning(Part.PRINTER, in_order=True),
        Signal.SCANNER_DIRTY: Meaning(
            Part.SCANNER, in_order=False, code=IncidentCode.SCANNER_DIRTY
        ),
        Signal.SCANNER_CLEANED: Meaning(Part.SCANNER, in_order=True),
    }
)

#: While one of these is not in order no sheet is taken in.
BLOCKING: Final = frozenset({Part.COVER, Part.BATTERY, Part.SCANNER})
