"""A sheet of a ballot as the scanner hands it over, and why one goes back to the voter."""

from dataclasses import dataclass
from enum import IntEnum

from ballotbox_protocol.election.tally import Marks


@dataclass(frozen=True, slots=True)
class Sheet:
    """One read sheet.

    style: index of its ballot style in the definition. number: which sheet of the style, from 0.
    marks: one entry for each contest on the sheet, in reading order. readable: False when the
    scanner could not read all of it. portable: it comes from a portable box. stamped: it bears the
    stamp. marginal: a target is so faintly marked that it may have been meant; it counts as none.
    """

    style: int
    number: int
    marks: tuple[Marks, ...]
    readable: bool = True
    portable: bool = False
    stamped: bool = True
    marginal: bool = False


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
    UNDERVOTED = 10
    MARGINAL = 11
    NO_STAMP = 12
    JAMMED = 13
    DOUBLE_FED = 14
    SKEWED = 15
    TOO_SHORT = 16
    TOO_LONG = 17
    SCANNER_DIRTY = 18
    VOTER_WANTS_IT_BACK = 19
