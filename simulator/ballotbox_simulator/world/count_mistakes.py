"""What people who count by hand get wrong: each kind of mistake, made on the numbers of one sheet.

A mistake that changes nothing (two options with as many votes, swapped) was not made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ballotbox_protocol.election.law.law import Mark, Value
from ballotbox_simulator.world.faults import FaultKind

_MARKS: Final = (Mark.NO_DATA, Mark.ILLEGIBLE)
_K = FaultKind


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is written on a sheet: the lines of the law and the votes, of `allowed` a ballot."""

    allowed: int
    lines: tuple[Value, ...]
    votes: tuple[Value, ...]

    def with_value(self, column: int, value: Value) -> "Numbers":
        """Return the sheet with another value in a column, lines before votes."""
        values = [*self.lines, *self.votes]
        values[column] = value
        many = len(self.lines)
        return replace(self, lines=tuple(values[:many]), votes=tuple(values[many:]))

    @property
    def values(self) -> tuple[Value, ...]:
        """The values of all columns."""
        return self.lines + self.votes


def _misread(numbers: Numbers, detail: int) -> Numbers:
    """Read one number with its digits swapped, or one too high or low."""
    column, kind = detail % len(numbers.values), detail // len(numbers.values)
    value = numbers.values[column]
    if isinstance(value, Mark):
        return numbers
    swapped = int(str(value)[::-1])
    if kind % 2 and swapped != value:
        return numbers.with_value(column, swapped)
    return numbers.with_value(column, value - 1 if kind % 4 >= 2 and value else value + 1)


def _swap(numbers: Numbers, detail: int) -> Numbers:
    """Write the votes of two options in each other's place."""
    first = detail % len(numbers.votes)
    others = [at for at, votes in enumerate(numbers.votes) if votes != numbers.votes[first]]
    if not others:
        return numbers
    second = others[detail // len(numbers.votes) % len(others)]
    votes = list(numbers.votes)
    votes[first], votes[second] = votes[second], votes[first]
    return replace(numbers, votes=tuple(votes))


def _leave_out(numbers: Numbers, detail: int) -> Numbers:
    """Write a word where a number should stand."""
    column = detail % len(numbers.values)
    return numbers.with_value(column, _MARKS[detail // len(numbers.values) % len(_MARKS)])


def one_too_many(numbers: Numbers, detail: int) -> Numbers:
    """Return the sheet with one ballot counted twice: everything still adds up."""
    option = len(numbers.lines) + detail % len(numbers.votes)
    counted = numbers
    for column, by in ((0, 1), (2, numbers.allowed - 1), (option, 1)):
        value = counted.values[column]
        if isinstance(value, Mark):
            return numbers
        counted = counted.with_value(column, value + by)
    return counted


#: How each kind that changes the numbers of the first version is made.
ON_THE_SHEET: Final[Mapping[FaultKind, Callable[[Numbers, int], Numbers]]] = {
    _K.COUNT_LOWERED: one_too_many,
    _K.COUNT_MISREAD: _misread,
    _K.COUNT_SWAPPED: _swap,
    _K.COUNT_UNREADABLE: _leave_out,
}


def written(numbers: Numbers, mistakes: Mapping[FaultKind, int]) -> tuple[Numbers, list[FaultKind]]:
    """Return what is written for these numbers, and which of the mistakes it holds."""
    made = []
    for kind, mistake in ON_THE_SHEET.items():
        if kind in mistakes:
            changed = mistake(numbers, mistakes[kind])
            made += [kind] if changed != numbers else []
            numbers = changed
    return numbers, made
