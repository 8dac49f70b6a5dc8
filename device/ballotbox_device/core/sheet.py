"""A sheet of a ballot as the scanner hands it over, and why one goes back to the voter."""

from dataclasses import dataclass
from enum import IntEnum

from ballotbox_protocol.election.tally import Marks


@dataclass(frozen=True, slots=True)
class Sheet:
    """One read sheet.

    style: index of its ballot style in the definition. number: which sheet of the style, from 0.
    marks: one entry for each contest on the sheet, in reading order. readable: False when the
    scanner could not read all of it. portable: it comes from a portable box.
    """

    style: int
    number: int
    marks: tuple[Marks, ...]
    readable: bool = True
    portable: bool = False


class ReturnReason(IntEnum):
    """Why a sheet is given back: for the voter's eyes, never written down."""

    UNREADABLE = 1
    UNKNOWN_STYLE = 2
    OTHER_PRECINCT = 3
    UNKNOWN_SHEET = 4
    FROM_PORTABLE_BOX = 5
    NOT_FROM_PORTABLE_BOX = 6
    OVERVOTED = 7
    BLANK = 8
    NOT_DROPPED = 9
