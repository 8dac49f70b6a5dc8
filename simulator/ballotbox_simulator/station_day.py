"""One station's day, fed from its protocol: sheets that must make the box arrive at its numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import Instant
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.definition import (
    BallotStyle,
    Contest,
    ContestKind,
    Option,
    Precinct,
)
from ballotbox_protocol.election.identifiers import BoxId, PrecinctId
from ballotbox_protocol.election.tally import Marks
from ballotbox_protocol.wire.report import ClockQuality
from ballotbox_simulator.authority import Authority, Plan
from ballotbox_simulator.crew import FINISHING, OPENING, new_crew
from ballotbox_simulator.precinct_protocols import ProtocolFile, ProtocolRow
from ballotbox_simulator.workload import concern

ORIGIN: Final = "replay.example/centre"
#: 08:00 of the replayed day; a box's clock is evidence only, so every station may share it.
_MORNING: Final = 1_795_939_200
_HOUR: Final = 3_600


@dataclass(frozen=True, slots=True)
class StationDay:
    """What a station's box said, and how many sheets it was fed."""

    row: int
    box: BoxId
    fed: int
    reports: tuple[bytes, ...]


def plan_of(file: ProtocolFile, seed: int) -> Plan:
    """Return the election in which every row of the file is a precinct with one box."""
    options = tuple(Option(column) for column in file.vote_columns)
    contest = Contest("Votes by column", ContestKind.CHOOSE_ONE, 1, options)
    return Plan(
        seed=seed,
        boxes=len(file.rows),
        origins=(ORIGIN,),
        contests=(contest,),
        styles=(BallotStyle("ROW", ((0,),)),),
        name="Replay of precinct protocols",
        precincts=tuple(_precinct(row) for row in file.rows),
    )


def _precinct(row: ProtocolRow) -> Precinct:
    name = f"Row {row.number}: {row.label}" if row.label else f"Row {row.number}"
    return Precinct(PrecinctId(row.number), name[:200], row.registered, (0,))


def sheets_of(row: ProtocolRow, seed: int) -> Iterator[Sheet]:
    """Yield the station's sheets in the order of feeding: the stationary ones, then the portable.

    Invalid ballots are blank and overvoted by turns. The order is drawn from the seed.
    """
    marks = _all_marks(row)
    concern(seed, "order", row.number).shuffle(marks)
    for place, each in enumerate(marks):
        yield Sheet(0, 0, (each,), portable=place >= row.stationary)


def _all_marks(row: ProtocolRow) -> list[Marks]:
    blank, overvoted = Marks(), Marks(frozenset({0, 1}))
    invalid: Sequence[Marks] = (blank, overvoted) if len(row.votes) > 1 else (blank,)
    marks = [invalid[n % len(invalid)] for n in range(row.invalid)]
    for option, votes in enumerate(row.votes):
        marks += [Marks(frozenset({option}))] * votes
    return marks


def run_station(
    authority: Authority, rules: ElectionRules, row: ProtocolRow, box: BoxId, seed: int
) -> StationDay:
    """Run the whole day of one station through the firmware and return its signed reports."""
    crew = new_crew(authority, rules, box, seed)
    sheets = sheets_of(row, seed)
    crew.switch_on(_at(0))
    crew.act(_at(0), *OPENING)
    for sheet in islice(sheets, row.stationary):
        crew.feed(sheet, _at(6))
    crew.turnout(_at(6))
    crew.act(_at(12), Action.CLOSE, Action.ADMIT_PORTABLE)
    for sheet in sheets:
        crew.feed(sheet, _at(13))
    crew.act(_at(13), Action.END_PORTABLE, *FINISHING)
    return StationDay(row.number, box, crew.truth.fed, tuple(each.data for each in crew.made))


def _at(hour: int) -> Instant:
    return Instant(_MORNING + hour * _HOUR, ClockQuality.SYNCHRONISED, hour * _HOUR * 1_000)
