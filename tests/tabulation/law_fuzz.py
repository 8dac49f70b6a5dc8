"""Damaged formulas, laws, maps and tables by the seed: their own errors, or right answers."""

import io
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.binding import BoundLaw, bind
from ballotbox_protocol.election.law.formula import Comparison, Formula, Take, Term, parse_formula
from ballotbox_protocol.election.law.judgement import Judge
from ballotbox_protocol.election.law.law import Law
from ballotbox_protocol.election.law.source import load_law
from ballotbox_protocol.election.law.tokens import InvalidFormula
from ballotbox_tabulation.core.column_map import load_map
from ballotbox_tabulation.core.law_check import LawCheck
from ballotbox_tabulation.protocol_table import read_rows
from tests.protocol.laws import LAWS, SMALL
from tests.tabulation.small_table import HEAD, MAP

_LAWS = tuple(map(load_law, (*LAWS.values(), SMALL)))
_KNOWN = _LAWS[-1].vocabulary
_SIGNS = ("+", "-", "−", "*", "=", "<=", ">=", "≤", "≥", "(", ")", "[", "]", " ", "\n")
_ATOMS = ("[1]", "[11a]", "[2]", "sum(votes)", "each(votes)", "M", "0", "7", "1000000000")
_FORMULAS = tuple(
    (relation.formula.text, law.vocabulary)
    for law in _LAWS
    for relation in law.relations
    if relation.formula is not None
)
_LETTERS = "01,-?\"'=[]{}.#\\ \n\r\tabMé\u202e\x00\ud7ff\ufeff"
_TABLE = HEAD + '1,U,7,10,9,4,5\n2,L,8,?,9,5,4\n2,"a\nb",9,-1,9,12,-4\n'


@dataclass
class FuzzTally:
    """How many inputs were tried, how many of them were read, and what went wrong."""

    inputs: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def add(self, other: "FuzzTally") -> None:
        """Take in what another part of the campaign found."""
        self.inputs += other.inputs
        self.read += other.read
        self.findings += other.findings


def fuzz(kind: str, first: int, count: int) -> FuzzTally:
    """Try inputs of one kind, one for each seed from `first` on."""
    tally = FuzzTally()
    for seed in range(first, first + count):
        chance = random.Random(f"{kind} {seed}")
        tally.inputs[kind] += 1
        try:
            tally.read[kind] += KINDS[kind](chance)
        except AssertionError as error:
            tally.findings.append(f"{kind} {seed}: wrong: {error}")
        except Exception as error:  # noqa: BLE001 - any error that is not their own is a finding
            tally.findings.append(f"{kind} {seed}: {type(error).__name__}: {error}")
    return tally


def _damaged(chance: random.Random, text: str) -> str:
    for _ in range(chance.randint(0, 4)):
        at = chance.randrange(len(text) + 1)
        cut = chance.choice((0, 0, 1, 2, 9))
        put = "".join(chance.choices(_LETTERS, k=chance.choice((0, 1, 1, 3))))
        text = text[:at] + put + text[at + cut :]
    return text


def _formula(chance: random.Random) -> bool:
    if chance.random() < 0.3:
        words = (chance.choice((_ATOMS, _SIGNS)) for _ in range(chance.randint(0, 9)))
        text, known = "".join(map(chance.choice, words)), _KNOWN
    else:
        text, known = chance.choice(_FORMULAS)
        text = _damaged(chance, text)
    try:
        read = parse_formula(text, known)
    except InvalidFormula as error:
        lines = text.split("\n")
        inside = 1 <= error.line <= len(lines) and error.column <= len(lines[error.line - 1]) + 1
        _require(inside and error.column >= 1, text)
        return False
    _require(read.operands, text)
    return True


def _require(right: object, what: object) -> None:
    assert right, what


def _law(chance: random.Random) -> bool:
    text = _damaged(chance, chance.choice((SMALL, SMALL, *LAWS.values())))
    try:
        law = load_law(text)
    except InvalidField:
        return False
    _judge(law, chance)
    return True


def _judge(law: Law, chance: random.Random) -> None:
    """Hold the quick answers to what the formulas say term by term, and corrections to theirs."""
    options = {group.name: ("a", "b") for group in law.groups}
    parameters = {each.name: chance.randint(1, 3) for each in law.parameters}
    bound = bind(law, [line.number for line in law.lines], options, parameters)
    judge = Judge(bound)
    row = [chance.choice((0, 1, 2, 9, 500, -1)) for _ in bound.columns]
    slow = [at for at in range(len(bound.equations)) if _breaks(bound, at, row, parameters)]
    assert judge.broken(row) == slow, row
    for failure in judge.failures(row):
        for correction in failure.corrections:
            mended = list(row)
            mended[bound.columns.index(correction.column)] = correction.new
            left = {each.relation.name for each in judge.failures(mended)}
            assert left == set(correction.leaves), (row, str(failure))


def _breaks(bound: BoundLaw, at: int, row: list[int], parameters: dict[str, int]) -> bool:
    formula = bound.equations[at].formula
    compare = {
        Comparison.EQUAL: int.__eq__,
        Comparison.AT_MOST: int.__le__,
        Comparison.AT_LEAST: int.__ge__,
    }[formula.comparison]
    if bound.equations[at].relation.name == "≥0":
        return min(row) < 0
    asked = _asked(bound, formula)
    sides = (
        tuple(sum(_worth(bound, term, row, parameters, one) for term in side) for side in sides)
        for one in asked
        for sides in ((formula.left, formula.right),)
    )
    return not all(compare(left, right) for left, right in sides)


def _asked(bound: BoundLaw, formula: Formula) -> list[int | None]:
    groups = [each.name for each in formula.operands if each.take is Take.EACH]
    at = [index for index, column in enumerate(bound.columns) if column.line in groups]
    return [*at] if groups else [None]


def _worth(
    bound: BoundLaw, term: Term, row: list[int], parameters: dict[str, int], one: int | None
) -> int:
    worth = term.factor
    for name in term.parameters:
        worth *= parameters[name]
    operand = term.operand
    if operand is None:
        return worth
    if operand.take is Take.EACH and one is not None:
        return worth * row[one]
    return worth * sum(
        value
        for column, value in zip(bound.columns, row, strict=True)
        if column.line == operand.name
    )


_SMALL_LAW = load_law(SMALL)


def _map(chance: random.Random) -> bool:
    try:
        load_map(_damaged(chance, MAP), _SMALL_LAW).bind(_SMALL_LAW)
    except InvalidField:
        return False
    return True


def _table(chance: random.Random) -> bool:
    text = _damaged(chance, _TABLE)
    columns = load_map(MAP, _SMALL_LAW)
    check = LawCheck(columns.bind(_SMALL_LAW))
    try:
        for row in read_rows(io.StringIO(text, newline=""), columns):
            assert len(row.values) == len(check.bound.columns), text
            assert row.station.isprintable(), text
            check.add(row)
    except InvalidField:
        return False
    return True


KINDS: dict[str, Callable[[random.Random], bool]] = {
    "formula": _formula,
    "law": _law,
    "map": _map,
    "table": _table,
}
