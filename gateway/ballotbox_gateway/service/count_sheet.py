"""The sheet on which officers write what they counted: its columns, and what is wrong with it.

What is not written yet breaks nothing: a sheet can be held against its law after each number.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.definition import Contest, Precinct
from ballotbox_protocol.election.identifiers import COUNT_MAX, InvalidField, PrecinctId
from ballotbox_protocol.election.law.binding import BoundLaw
from ballotbox_protocol.election.law.judgement import Failure, Judge
from ballotbox_protocol.election.law.law import Law, Mark, Value
from ballotbox_protocol.election.law.sheet import bind_sheet
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.trust import Trusted

#: What may be typed for a number that is not there.
MARK_OF: Final = {"-": Mark.NO_DATA, "?": Mark.ILLEGIBLE} | {mark.value: mark for mark in Mark}
HOW_TO_WRITE: Final = (
    f'write a whole number from 0 to {COUNT_MAX}, "no data" (-) or "illegible" (?)'
)


@dataclass(frozen=True)
class CountSheet:
    """The columns of one station's count of one contest by one law."""

    trusted: Trusted
    precinct: Precinct
    contest_index: int
    law_digest: bytes
    bound: BoundLaw

    @property
    def contest(self) -> Contest:
        """The contest that is counted."""
        return self.trusted.election.contests[self.contest_index]

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """Of each column, its number or group and its title or option, for people."""
        titles = {line.number: line.title for line in self.bound.law.lines}
        return tuple((each.line, each.option or titles[each.line]) for each in self.bound.columns)

    def failures(self, values: Sequence[Value | None]) -> tuple[Failure, ...]:
        """Return what the values written so far break."""
        given = [Mark.NO_DATA if value is None else value for value in values]
        return Judge(self.bound).failures(given)

    def count(
        self, values: Sequence[Value], before: HandCount | None = None, reason: str | None = None
    ) -> HandCount:
        """Return the count to be signed, as a correction of `before`; raises Problem."""
        size = len(self.bound.law.lines)
        numbers = (line.number for line in self.bound.law.lines)
        options = len(self.contest.options)
        groups = dict.fromkeys(column.line for column in self.bound.columns if column.option)
        starts = range(size, len(values), options)
        try:
            first = HandCount(
                election=self.trusted.digest,
                precinct=self.precinct.number,
                contest=self.contest_index,
                law=self.bound.law.name,
                law_digest=self.law_digest,
                lines=tuple(zip(numbers, values, strict=False)),
                options=tuple(
                    (group, tuple(values[at : at + options]))
                    for group, at in zip(groups, starts, strict=True)
                ),
            )
            return first if before is None else _correction(first, before, reason)
        except InvalidField as error:
            raise Problem(error.field, error.problem, "Correct it, and enter it again") from error


def _correction(count: HandCount, before: HandCount, reason: str | None) -> HandCount:
    unchanged = (count.law_digest, count.values) == (before.law_digest, before.values)
    if unchanged:
        what = f"is what version {before.version} says already"
        raise Problem("the count", what, "Nothing was changed")
    return replace(count, version=before.version + 1, corrects=before.id, reason=reason)


def read_value(text: str) -> Value:
    """Return the value that a person typed; raises ValueError that says what may be written."""
    typed = text.strip().lower()
    if typed in MARK_OF:
        return MARK_OF[typed]
    if not (typed.isascii() and typed.isdigit() and len(typed) <= len(str(COUNT_MAX))):
        raise ValueError(f"{text.strip()!r}: {HOW_TO_WRITE}")
    number = int(typed)
    if number > COUNT_MAX:
        raise ValueError(f"{text.strip()!r}: {HOW_TO_WRITE}")
    return number


def open_sheet(
    trusted: Trusted,
    laws: Mapping[bytes, Law],
    precinct: int,
    contest: str | None = None,
    law: str | None = None,
) -> CountSheet:
    """Return the sheet of a station's contest, each named where there are several; else Problem."""
    station = _station(trusted, precinct)
    index = _contest(trusted, station, contest)
    digest = _law(laws, law)
    groups = [group.name for group in laws[digest].groups]
    try:
        bound = bind_sheet(laws[digest], trusted.election.contests[index], groups)
    except InvalidField as error:
        what = f"does not fit this contest: {error}"
        raise Problem(f"law {laws[digest].name}", what, "Count by another law") from error
    return CountSheet(trusted, station, index, digest, bound)


def laws_for(trusted: Trusted, laws: Mapping[bytes, Law], precinct: int, contest: str) -> list[str]:
    """Return the names of the laws that fit a contest of a precinct; raises Problem."""
    station = _station(trusted, precinct)
    index = _contest(trusted, station, contest)
    return [law.name for law in laws.values() if _fits(law, trusted.election.contests[index])]


def _fits(law: Law, contest: Contest) -> bool:
    try:
        bind_sheet(law, contest, [group.name for group in law.groups])
    except InvalidField:
        return False
    return True


def issued_in(trusted: Trusted, precinct: int, contest: str | None = None) -> list[int]:
    """Return the contests of a precinct, or the one that is named; raises Problem."""
    station = _station(trusted, precinct)
    if contest is not None:
        return [_contest(trusted, station, contest)]
    styles = (trusted.election.styles[at] for at in station.styles)
    return sorted({at for style in styles for at in style.contests})


def _station(trusted: Trusted, precinct: int) -> Precinct:
    station = trusted.election.precinct_by_number.get(PrecinctId(precinct))
    if station is None:
        what = "is no precinct of this election"
        raise Problem(f"precinct {precinct}", what, "Take its number from the definition")
    return station


def _contest(trusted: Trusted, station: Precinct, wanted: str | None) -> int:
    election = trusted.election
    issued = issued_in(trusted, station.number)
    names = {election.contests[at].name: at for at in issued}
    listed = "; ".join(f"{at} {name}" for name, at in names.items())
    if wanted is None and len(issued) == 1:
        return issued[0]
    found = [at for name, at in names.items() if wanted in (name, str(at))]
    if len(found) != 1:
        what = "is needed" if wanted is None else f"{wanted!r} is none of this precinct"
        raise Problem("contest", what, f"Give number or name: {listed}")
    return found[0]


def _law(laws: Mapping[bytes, Law], wanted: str | None) -> bytes:
    found = [digest for digest, law in laws.items() if wanted in (None, law.name)]
    if len(found) != 1:
        names = ", ".join(law.name for law in laws.values())
        what = "is needed" if wanted is None else f"{wanted!r} is none in use here"
        raise Problem("law", what, f"Name one: {names}")
    return found[0]


def is_blocked(sheet: CountSheet, values: Sequence[Value | None]) -> bool:
    """Tell whether the values break a relation that blocks."""
    return any(each.relation.blocks for each in sheet.failures(values))


def in_words(sheet: CountSheet, values: Sequence[Value | None]) -> Iterator[str]:
    """Yield what is wrong with the values written so far, a line each."""
    yield from map(failure_in_words, sheet.failures(values))


def failure_in_words(failure: Failure) -> str:
    """Return one broken relation as a line for people."""
    blocks = "blocks" if failure.relation.blocks else "noted"
    nature = failure.relation.nature.value
    return f"{blocks}, {nature}: {failure.relation.title}. {failure}"
