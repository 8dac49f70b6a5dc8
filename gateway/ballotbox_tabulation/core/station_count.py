"""One station's numbers as one source has them: what a match is made of, wherever it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ballotbox_protocol.election.identifiers import require
from ballotbox_protocol.election.law.law import Value

#: A name longer than this is no name of a station.
STATION_CHARACTERS_MAX: Final = 400


class Source(Enum):
    """Who counted: the box, the people at the station, and those who keyed in their protocol."""

    BOX = "box"
    HAND = "hand"
    KEYED = "keyed"


@dataclass(frozen=True, slots=True)
class StationCount:
    """What a source says of a station, in the order of the source's columns.

    `row` is where it stands in its table from 1, or 0 when it does not come from a table.
    """

    station: str
    source: Source
    values: Sequence[Value]
    row: int = 0

    def __post_init__(self) -> None:
        named = self.station.strip(", ")
        require(named, "station", "is empty; name the column that names a station")
        short = len(self.station) <= STATION_CHARACTERS_MAX
        require(short, "station", f"has more than {STATION_CHARACTERS_MAX} characters")
