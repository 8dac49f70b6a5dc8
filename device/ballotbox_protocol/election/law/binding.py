"""A law bound to what a protocol has: relations become equations over its columns.

A relation over a line or a group that the protocol does not have is not judged, and says why:
missing is not zero.
"""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_protocol.election.law.formula import Comparison, Formula, Operand, Take, Term
from ballotbox_protocol.election.law.law import (
    Confirmation,
    Law,
    Nature,
    Relation,
    Weight,
    require_parameter,
)

COLUMNS_MAX: Final = 1_024
#: Over all equations of a law: what it costs to judge one protocol has a bound.
COEFFICIENTS_MAX: Final = 20_000
#: What every law holds without saying so: a line that was computed to make a sum come out right
#: may be below zero, and the sum then holds. No relation of a law file can have this name.
NOT_BELOW_ZERO: Final = Relation(
    name="≥0",
    title="No number is below zero",
    state=Confirmation.DERIVED,
    source="ballots and people are counted from zero",
    formula=Formula(
        "every number >= 0",
        (Term(1, (), Operand(Take.EACH, "number")),),
        Comparison.AT_LEAST,
        (),
    ),
    weight=Weight.MILD,
    nature=Nature.ARITHMETIC,
)
_COMPARED: Final[Mapping[Comparison, Callable[[int, int], bool]]] = {
    Comparison.EQUAL: operator.eq,
    Comparison.AT_MOST: operator.le,
    Comparison.AT_LEAST: operator.ge,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One number of a protocol: a line, or an option of a group whose name then is `line`."""

    line: str
    option: str = ""

    def __str__(self) -> str:
        return f"{self.line} {self.option}" if self.option else f"[{self.line}]"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an equation: a number, coefficients by column, and what each option adds."""

    constant: int
    fixed: Mapping[int, int]
    each: Mapping[int, int]

    def value(self, values: Sequence[int], option: int | None = None) -> int:
        """Return what the side comes to, with `option` as the one that is asked by itself."""
        total = self.constant + sum(factor * values[at] for at, factor in self.fixed.items())
        return total if option is None else total + self.each.get(option, 0) * values[option]


@dataclass(frozen=True, slots=True)
class Equation:
    """A relation over columns, given by their index; `options` are asked one by one, if any."""

    relation: Relation
    formula: Formula
    left: Side
    right: Side
    options: tuple[int, ...]
    columns: tuple[int, ...]

    def coefficient(self, column: int, option: int | None) -> int:
        """Return by how much left less right grows when the column grows by one."""
        change = self.left.fixed.get(column, 0) - self.right.fixed.get(column, 0)
        if column == option:
            change += self.left.each.get(column, 0) - self.right.each.get(column, 0)
        return change

    def excess(self, values: Sequence[int], option: int | None) -> int:
        """Return left less right."""
        return self.left.value(values, option) - self.right.value(values, option)

    def holds(self, excess: int) -> bool:
        """Tell whether the relation holds when left less right comes to this."""
        return _COMPARED[self.formula.comparison](excess, 0)

    @property
    def asked(self) -> tuple[int | None, ...]:
        """What it is asked for: each of its options, or once for the whole protocol."""
        return self.options or (None,)


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A relation that says nothing about these protocols, and why."""

    relation: Relation
    why: str


@dataclass(frozen=True, slots=True)
class BoundLaw:
    """A law over the columns of given protocols."""

    law: Law
    columns: tuple[Column, ...]
    equations: tuple[Equation, ...]
    unjudged: tuple[Unjudged, ...]

    def blind_groups(self) -> tuple[tuple[Column, ...], ...]:
        """Return the columns whose values can be exchanged without any relation noticing."""
        alike: dict[tuple[object, ...], list[Column]] = {}
        for index, column in enumerate(self.columns):
            seen = tuple(_seen_of(each, index) for each in self.equations)
            alike.setdefault(seen, []).append(column)
        return tuple(tuple(group) for group in alike.values() if len(group) > 1)

    def uncovered(self) -> tuple[Column, ...]:
        """Return the columns that no relation looks at."""
        of_law = (each for each in self.equations if each.relation is not NOT_BELOW_ZERO)
        covered = {index for each in of_law for index in each.columns}
        return tuple(each for index, each in enumerate(self.columns) if index not in covered)


def bind(
    law: Law,
    lines: Iterable[str],
    options: Mapping[str, Sequence[str]],
    parameters: Mapping[str, int],
) -> BoundLaw:
    """Return the law over these lines and options, columns in this order; raises InvalidField."""
    columns = tuple(_columns(law, tuple(lines), options))
    many = f"must name 1 to {COLUMNS_MAX} columns with those of options"
    require(1 <= len(columns) <= COLUMNS_MAX, "lines", many)
    places: dict[str, list[int]] = {}
    for index, column in enumerate(columns):
        places.setdefault(column.line, []).append(index)
    numbers = _parameters(law, parameters)
    equations: list[Equation] = []
    unjudged: list[Unjudged] = []
    for relation in law.relations:
        why = _missing(relation, places)
        if relation.formula is None or why:
            unjudged.append(Unjudged(relation, why))
        else:
            equations.append(_equation(relation, relation.formula, places, numbers))
    equations.append(_not_below_zero(len(columns)))
    require(sum(map(_size, equations)) <= COEFFICIENTS_MAX, "options", "too many for this law")
    return BoundLaw(law, columns, tuple(equations), tuple(unjudged))


def _columns(
    law: Law, lines: tuple[str, ...], options: Mapping[str, Sequence[str]]
) -> Iterator[Column]:
    known = law.vocabulary
    for number in lines:
        require(number in known.lines, f"lines.{number}", "is no line of this law")
        require(lines.count(number) == 1, f"lines.{number}", "stands twice")
        yield Column(number)
    for group, names in options.items():
        path = f"options.{group}"
        require(group in known.groups, path, "is no group of options of this law")
        require(1 <= len(names) <= COLUMNS_MAX, path, f"must name 1 to {COLUMNS_MAX} options")
        require(len(set(names)) == len(names), path, "names an option twice")
        yield from (Column(group, name) for name in names)


def _parameters(law: Law, given: Mapping[str, int]) -> dict[str, int]:
    numbers = {each.name: each.default for each in law.parameters} | dict(given)
    for name, value in numbers.items():
        path = f"parameters.{name}"
        require(name in law.vocabulary.parameters, path, "is no parameter of this law")
        if value is None:
            raise InvalidField(path, "is missing: the law leaves it to each election")
        require_parameter(value, path)
    return {name: value for name, value in numbers.items() if value is not None}


def _missing(relation: Relation, places: Mapping[str, list[int]]) -> str:
    """Return why a relation cannot be judged, or "" when it can."""
    if relation.formula is None:
        return "no source states it"
    missing = [str(each) for each in relation.formula.operands if each.name not in places]
    return f"the protocols do not have {', '.join(missing)}" if missing else ""


def _equation(
    relation: Relation,
    formula: Formula,
    places: Mapping[str, list[int]],
    numbers: Mapping[str, int],
) -> Equation:
    left, right = (_side(terms, places, numbers) for terms in (formula.left, formula.right))
    each = tuple(sorted({*left.each, *right.each}))
    named = sorted({*left.fixed, *right.fixed, *each})
    return Equation(relation, formula, left, right, each, tuple(named))


def _not_below_zero(columns: int) -> Equation:
    """Return the equation that asks every column by itself."""
    every = tuple(range(columns))
    left = Side(0, {}, dict.fromkeys(every, 1))
    formula = cast("Formula", NOT_BELOW_ZERO.formula)
    return Equation(NOT_BELOW_ZERO, formula, left, Side(0, {}, {}), every, every)


def _size(equation: Equation) -> int:
    fixed = len(equation.left.fixed) + len(equation.right.fixed)
    return fixed * len(equation.asked) + len(equation.options)


def _side(
    terms: Iterable[Term], places: Mapping[str, list[int]], numbers: Mapping[str, int]
) -> Side:
    constant = 0
    fixed: dict[int, int] = {}
    each: dict[int, int] = {}
    for term in terms:
        factor = term.factor
        for name in term.parameters:
            factor *= numbers[name]
        if term.operand is None:
            constant += factor
        else:
            _add(each if term.operand.take is Take.EACH else fixed, term.operand, factor, places)
    return Side(constant, fixed, each)


def _add(
    into: dict[int, int], operand: Operand, factor: int, places: Mapping[str, list[int]]
) -> None:
    for index in places[operand.name]:
        into[index] = into.get(index, 0) + factor


def _seen_of(equation: Equation, column: int) -> tuple[int, int, int, int]:
    sides = (equation.left, equation.right)
    fixed = (side.fixed.get(column, 0) for side in sides)
    each = (side.each.get(column, 0) for side in sides)
    (left, right), (left_each, right_each) = fixed, each
    return left, right, left_each, right_each
