"""Judging one protocol: which relations broke, by how much, and what single line would mend it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter
from typing import Final

from ballotbox_protocol.election.identifiers import COUNT_MAX
from ballotbox_protocol.election.law.binding import NOT_BELOW_ZERO, BoundLaw, Column, Equation
from ballotbox_protocol.election.law.formula import Comparison
from ballotbox_protocol.election.law.law import Mark, Relation, Value

#: How many corrections of one failure are tried, and how many of them are told.
_TRIED: Final = 8
_TOLD: Final = 3
#: Of one protocol so many changes are tried in all: a law made to break for everything ends.
_TRIALS_MAX: Final = 64
#: A line is at most so long in the words of a failure.
_LINES_TOLD: Final = 12


class Outcome(Enum):
    """What a relation says about one protocol."""

    HELD = "held"
    BROKEN = "broken"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Correction:
    """A change of one number after which a relation holds; `leaves` are those still broken."""

    column: Column
    old: int
    new: int
    leaves: tuple[str, ...]

    def __str__(self) -> str:
        rest = f", but {', '.join(self.leaves)} would be broken" if self.leaves else ""
        return f"{self.column} {self.new} instead of {self.old}{rest}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A broken relation: both sides, the numbers they come from, and what would mend it."""

    relation: Relation
    option: str
    left: int
    right: int
    lines: tuple[tuple[Column, int], ...]
    corrections: tuple[Correction, ...]

    @property
    def excess(self) -> int:
        """By how much the left side is more than the right, or less when negative."""
        return self.left - self.right

    def __str__(self) -> str:
        told = ", ".join(f"{column} {value}" for column, value in self.lines[:_LINES_TOLD])
        rest = len(self.lines) - _LINES_TOLD
        more = f" and {rest} more" if rest > 0 else ""
        at = f" for {self.option}" if self.option else ""
        than = f"{abs(self.excess)} {'more' if self.excess > 0 else 'less'} than {self.right}"
        formula = self.relation.formula
        text = " ".join(formula.text.split()) if formula else ""
        mend = (
            f"; would mend it: {'; '.join(map(str, self.corrections))}" if self.corrections else ""
        )
        return f"{self.relation.name}{at}, {text}: {self.left} is {than} ({told}{more}){mend}"


class Judge:
    """Judges protocols by one bound law; prepared once, asked for every station."""

    def __init__(self, bound: BoundLaw) -> None:
        self.bound = bound
        self._tests = tuple(_test_of(each) for each in bound.equations)
        self._numbered = tuple(enumerate(self._tests))
        # A mark is not below zero; any other relation says nothing without the number.
        self._columns = tuple(
            frozenset(() if each.relation is NOT_BELOW_ZERO else each.columns)
            for each in bound.equations
        )

    def broken(self, counts: Sequence[int]) -> list[int]:
        """Return the indexes of the equations that a protocol without marks breaks."""
        return [index for index, breaks in self._numbered if breaks(counts)]

    def outcomes(self, values: Sequence[Value]) -> tuple[Outcome, ...]:
        """Return what each equation says; one that needs a marked number is undecided."""
        marked = frozenset(at for at, value in enumerate(values) if isinstance(value, Mark))
        counts = _counts(values)
        return tuple(
            Outcome.UNDECIDED if columns & marked else _OUTCOMES[breaks(counts)]
            for columns, breaks in zip(self._columns, self._tests, strict=True)
        )

    def failures(self, values: Sequence[Value]) -> tuple[Failure, ...]:
        """Return each broken relation with its numbers and corrections, in the law's order."""
        counts = _counts(values)
        outcomes = self.outcomes(values)
        judged = [at for at, said in enumerate(outcomes) if said is not Outcome.UNDECIDED]
        broken = [at for at in judged if outcomes[at] is Outcome.BROKEN]
        repair = _Repair(self, counts, judged, broken)
        return tuple(each for at in broken for each in self._failures_of(at, counts, repair))

    def _failures_of(self, at: int, counts: Sequence[int], repair: "_Repair") -> Iterator[Failure]:
        equation = self.bound.equations[at]
        for option in equation.asked:
            excess = equation.excess(counts, option)
            if equation.holds(excess):
                continue
            columns = [c for c in equation.columns if equation.coefficient(c, option)]
            yield Failure(
                relation=equation.relation,
                option="" if option is None else str(self.bound.columns[option]),
                left=equation.left.value(counts, option),
                right=equation.right.value(counts, option),
                lines=tuple((self.bound.columns[c], counts[c]) for c in columns),
                corrections=repair.of(equation, option, excess),
            )

    def breaks(self, at: int, counts: Sequence[int]) -> bool:
        """Tell whether a protocol without marks breaks one equation."""
        return self._tests[at](counts)


_OUTCOMES: Final = {True: Outcome.BROKEN, False: Outcome.HELD}


class _Repair:
    """Finds the smallest changes of one number that mend a broken relation."""

    def __init__(
        self, judge: Judge, counts: Sequence[int], judged: Sequence[int], broken: Sequence[int]
    ) -> None:
        self._judge = judge
        self._counts = counts
        self._judged = judged
        equations = judge.bound.equations
        self._shared = Counter(column for at in broken for column in equations[at].columns)
        self._tried: dict[tuple[int, int], tuple[str, ...]] = {}

    def of(self, equation: Equation, option: int | None, excess: int) -> tuple[Correction, ...]:
        """Return the best corrections: those that leave least broken, then the smallest."""
        changes = sorted(
            (-self._shared[column], abs(change), column, change)
            for column in equation.columns
            if (change := self._change(equation, option, column, excess))
        )[: min(_TRIED, _TRIALS_MAX - len(self._tried))]
        tried = sorted(
            (len(leaves := self._leaves(column, change)), size, column, change, leaves)
            for _, size, column, change in changes
        )
        return tuple(
            self._correction(column, change, leaves)
            for _, _, column, change, leaves in tried[:_TOLD]
        )

    def _correction(self, column: int, change: int, leaves: tuple[str, ...]) -> Correction:
        old = self._counts[column]
        return Correction(self._judge.bound.columns[column], old, old + change, leaves)

    def _change(self, equation: Equation, option: int | None, column: int, excess: int) -> int:
        """Return the least change of a column that mends the relation, 0 when there is none."""
        factor = equation.coefficient(column, option)
        if not factor:
            return 0
        if equation.formula.comparison is Comparison.EQUAL:
            change, rest = divmod(-excess, factor)
            if rest:
                return 0
        else:
            # Away from zero: the next whole number that is enough.
            change = -(-abs(excess) // abs(factor)) * (-1 if (excess > 0) == (factor > 0) else 1)
        return change if 0 <= self._counts[column] + change <= COUNT_MAX else 0

    def _leaves(self, column: int, change: int) -> tuple[str, ...]:
        known = self._tried.get((column, change))
        if known is None:
            counts = list(self._counts)
            counts[column] += change
            equations = self._judge.bound.equations
            known = tuple(
                equations[at].relation.name for at in self._judged if self._judge.breaks(at, counts)
            )
            self._tried[column, change] = known
        return known


def _counts(values: Sequence[Value]) -> list[int]:
    """Return the numbers with zero for marks, which no equation that is judged reads."""
    return [0 if isinstance(value, Mark) else value for value in values]


_Total = Callable[[Sequence[int]], int]


def _test_of(equation: Equation) -> Callable[[Sequence[int]], bool]:
    """Return a quick test whether a protocol breaks the equation."""
    total = _total_of(equation)
    if not equation.options:
        return _breaks(equation.formula.comparison, total)
    return _breaks_for_one(equation, total)


def _breaks(comparison: Comparison, total: _Total) -> Callable[[Sequence[int]], bool]:
    if comparison is Comparison.EQUAL:
        return lambda counts: total(counts) != 0
    if comparison is Comparison.AT_MOST:
        return lambda counts: total(counts) > 0
    return lambda counts: total(counts) < 0


def _breaks_for_one(equation: Equation, total: _Total) -> Callable[[Sequence[int]], bool]:
    """Return the test of a relation asked of each option: the extremes decide for all of them."""
    options = equation.options
    first = options[0]
    change = equation.left.each.get(first, 0) - equation.right.each.get(first, 0)

    def breaks(counts: Sequence[int]) -> bool:
        base = total(counts)
        votes = [counts[option] for option in options]
        extremes = (base + change * max(votes), base + change * min(votes))
        return not all(map(equation.holds, extremes))

    return breaks


def _total_of(equation: Equation) -> _Total:
    """Return left less right without what single options add, as quickly as it can be had."""
    constant = equation.left.constant - equation.right.constant
    factors = {column: equation.coefficient(column, None) for column in equation.columns}
    plus = _sum_of([column for column, factor in factors.items() if factor == 1])
    minus = _sum_of([column for column, factor in factors.items() if factor == -1])
    rest = [(column, factor) for column, factor in factors.items() if factor not in (-1, 0, 1)]
    if not rest:
        return lambda counts: plus(counts) - minus(counts) + constant
    return lambda counts: (
        plus(counts) - minus(counts) + constant + sum(f * counts[c] for c, f in rest)
    )


def _sum_of(columns: Sequence[int]) -> _Total:
    if not columns:
        return lambda _counts: 0
    if len(columns) == 1:
        return itemgetter(columns[0])
    taken = itemgetter(*columns)
    return lambda counts: sum(taken(counts))
