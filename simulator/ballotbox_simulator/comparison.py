"""Published numbers against a file of protocols: station by station, column by column."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ballotbox_simulator.precinct_protocols import COMPARED_LINES, ProtocolFile, ProtocolRow


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that is not what the file says; `published` is None for a missing station."""

    row: int
    label: str
    column: str
    in_file: int
    published: int | None

    def __str__(self) -> str:
        name = f"row {self.row} ({self.label})" if self.label else f"row {self.row}"
        found = "nothing" if self.published is None else str(self.published)
        return f"{name}, {self.column}: published {found}, the file says {self.in_file}"


def published_columns(precinct: Mapping[str, Any], votes: tuple[str, ...]) -> dict[str, int] | None:
    """Return a published precinct's numbers under the names of the protocol's columns."""
    if precinct["contests"] is None:
        return None
    contest, counters = precinct["contests"][0], precinct["counters"]
    lines = {
        "l07": counters["portable"],
        "l08": counters["accepted"] - counters["portable"],
        "l09": contest["blank"] + contest["overvotes"],
        "l10": sum(contest["votes"]),
    }
    return lines | dict(zip(votes, contest["votes"], strict=True))


def file_columns(row: ProtocolRow, votes: tuple[str, ...]) -> dict[str, int]:
    """Return a row's compared numbers by column."""
    lines = {name: row.lines[name] for name in COMPARED_LINES}
    return lines | dict(zip(votes, row.votes, strict=True))


def differences(result: Mapping[str, Any], file: ProtocolFile) -> Iterator[Difference]:
    """Yield each number of the published `result` that differs from the file's."""
    precincts = {precinct["number"]: precinct for precinct in result["precincts"]}
    for row in file.rows:
        expected = file_columns(row, file.vote_columns)
        found = published_columns(precincts[row.number], file.vote_columns)
        for column, value in expected.items():
            published = None if found is None else found[column]
            if published != value:
                yield Difference(row.number, row.label, column, value, published)


def column_totals(result: Mapping[str, Any], file: ProtocolFile) -> dict[str, tuple[int, int]]:
    """Return per column the file's sum and the published total of the nation."""
    nation = result["nation"]
    found: dict[str, int] = {}
    if nation["contests"] is not None:
        contest = nation["contests"][0]
        votes = [option["votes"] for option in contest["options"]]
        area = {"contests": [contest | {"votes": votes}], "counters": nation["counters"]}
        found = published_columns(area, file.vote_columns) or {}
    sums: dict[str, int] = dict.fromkeys((*COMPARED_LINES, *file.vote_columns), 0)
    for row in file.rows:
        for column, value in file_columns(row, file.vote_columns).items():
            sums[column] += value
    return {column: (value, found.get(column, 0)) for column, value in sums.items()}
