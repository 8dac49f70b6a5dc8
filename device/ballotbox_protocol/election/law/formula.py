"""The formula language: two sums of lines, compared. Small, typed, and nothing in it can run.

    relation = sum ("=" | "<=" | ">=") sum
    sum      = ["-"] product { ("+" | "-") product }
    product  = factor { "*" factor }
    factor   = number | parameter | [line] | sum(options) | each(options) | "(" sum ")"

There are two types: numbers, known before any protocol is read (numerals and parameters), and
counts, which a protocol holds (lines and options). A product has at most one factor that is a
count, so every relation is linear. `each(options)` asks the relation of every option by itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ballotbox_protocol.election.law.tokens import NUMBER_MAX, Token, TokenKind, tokens_of

DEPTH_MAX: Final = 16
TERMS_MAX: Final = 64
#: How many parameters may be multiplied with each other.
DEGREE_MAX: Final = 3
#: The words that no group of options and no parameter may take.
RESERVED: Final = ("sum", "each")


class Comparison(Enum):
    """How the two sides of a relation stand to each other."""

    EQUAL = "="
    AT_MOST = "<="
    AT_LEAST = ">="


class Take(Enum):
    """What a formula takes from a protocol: a line, all options of a group, or each by itself."""

    LINE = "line"
    SUM = "sum"
    EACH = "each"


@dataclass(frozen=True, slots=True)
class Operand:
    """A count that a formula names: a line by its number, or a group of options by its name."""

    take: Take
    name: str

    def __str__(self) -> str:
        return f"[{self.name}]" if self.take is Take.LINE else f"{self.take.value}({self.name})"


@dataclass(frozen=True, slots=True)
class Term:
    """One summand: factor × parameters × operand; without an operand it is a number."""

    factor: int
    parameters: tuple[str, ...]
    operand: Operand | None


@dataclass(frozen=True, slots=True)
class Formula:
    """A relation between two sums, with the text it was read from."""

    text: str
    left: tuple[Term, ...]
    comparison: Comparison
    right: tuple[Term, ...]

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The counts it names, in the order in which they are first named."""
        terms = (*self.left, *self.right)
        return tuple(dict.fromkeys(term.operand for term in terms if term.operand is not None))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the formulas of a law may name."""

    lines: frozenset[str]
    groups: frozenset[str]
    parameters: frozenset[str]


_Key = tuple[tuple[str, ...], Operand | None]
_Sum = dict[_Key, int]


def parse_formula(text: str, vocabulary: Vocabulary) -> Formula:
    """Return the relation that `text` states; raises InvalidFormula with line and column."""
    return _Parser(text, vocabulary).formula()


class _Parser:
    """Reads the words from left to right, each exactly once."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._at = 0
        self._depth = 0
        self._vocabulary = vocabulary

    def formula(self) -> Formula:
        start = self._next
        left = self._sum()
        comparison = self._comparison()
        right = self._sum()
        if self._next.kind is not TokenKind.END:
            raise self._next.wrong(f"{self._next} is too much: the relation is complete before it")
        formula = Formula(self._text, _terms(left), comparison, _terms(right))
        _require_sense(formula, _added(left, right, -1, start), start)
        return formula

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += token.kind is not TokenKind.END
        return token

    def _is_sign(self, *signs: str) -> bool:
        return self._next.kind is TokenKind.SIGN and self._next.text in signs

    def _comparison(self) -> Comparison:
        token = self._take()
        if token.kind is TokenKind.SIGN and token.text in ("=", "<=", ">="):
            return Comparison(token.text)
        raise token.wrong(f"a comparison is expected (=, <= or >=), not {token}")

    def _sum(self) -> _Sum:
        negative = self._is_sign("-") and self._take()
        total = self._product()
        if negative:
            total = {key: -factor for key, factor in total.items()}
        while self._is_sign("+", "-"):
            sign = self._take()
            total = _added(total, self._product(), 1 if sign.text == "+" else -1, sign)
        return total

    def _product(self) -> _Sum:
        product = self._factor()
        while self._is_sign("*"):
            sign = self._take()
            product = _multiplied(product, self._factor(), sign)
        return product

    def _factor(self) -> _Sum:
        token = self._take()
        match token.kind:
            case TokenKind.NUMBER:
                return {((), None): int(token.text)}
            case TokenKind.LINE:
                return _one(self._operand(Take.LINE, token, self._vocabulary.lines, "line"))
            case TokenKind.NAME:
                return self._named(token)
            case _ if token.text == "(":
                return self._nested(token)
            case _:
                raise token.wrong(f"a line, a number or a name is expected, not {token}")

    def _named(self, token: Token) -> _Sum:
        known = self._vocabulary
        if token.text in RESERVED:
            return _one(self._options(Take(token.text)))
        if token.text in known.parameters:
            return {((token.text,), None): 1}
        if token.text in known.groups:
            both = f"sum({token.text}) or each({token.text})"
            raise token.wrong(f"'{token.text}' is a group of options, not a count; write {both}")
        raise token.wrong(f"there is no parameter '{token.text}'; {_known(known.parameters)}")

    def _options(self, take: Take) -> Operand:
        self._require("(")
        name = self._take()
        operand = self._operand(take, name, self._vocabulary.groups, "group of options")
        self._require(")")
        return operand

    def _nested(self, opening: Token) -> _Sum:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise opening.wrong(f"parentheses are nested deeper than {DEPTH_MAX}")
        inner = self._sum()
        self._require(")")
        self._depth -= 1
        return inner

    def _require(self, sign: str) -> None:
        token = self._take()
        if token.kind is not TokenKind.SIGN or token.text != sign:
            raise token.wrong(f"'{sign}' is expected, not {token}")

    @staticmethod
    def _operand(take: Take, token: Token, known: frozenset[str], what: str) -> Operand:
        if token.text not in known:
            raise token.wrong(f"there is no {what} {token}; {_known(known)}")
        return Operand(take, token.text)


def _one(operand: Operand) -> _Sum:
    return {((), operand): 1}


def _added(left: Mapping[_Key, int], right: Mapping[_Key, int], sign: int, token: Token) -> _Sum:
    total = dict(left)
    for key, factor in right.items():
        total[key] = total.get(key, 0) + sign * factor
    return _bounded(total, token)


def _multiplied(left: _Sum, right: _Sum, token: Token) -> _Sum:
    if _counts(left) and _counts(right):
        raise token.wrong("a count cannot be multiplied by a count; one side must be a number")
    product: _Sum = {}
    for (parameters, operand), factor in left.items():
        for (more, other), times in right.items():
            key = (tuple(sorted((*parameters, *more))), operand or other)
            product[key] = product.get(key, 0) + factor * times
    return _bounded(product, token)


def _bounded(total: _Sum, token: Token) -> _Sum:
    """Return the sum without what has cancelled out; raises InvalidFormula when it is too much."""
    kept = {key: factor for key, factor in total.items() if factor}
    if any(abs(factor) > NUMBER_MAX for factor in kept.values()):
        raise token.wrong(f"a factor grows beyond {NUMBER_MAX} here")
    if any(len(parameters) > DEGREE_MAX for parameters, _ in kept):
        raise token.wrong(f"more than {DEGREE_MAX} parameters are multiplied with each other")
    if len(kept) > TERMS_MAX:
        raise token.wrong(f"the sum has more than {TERMS_MAX} terms")
    return kept


def _counts(total: _Sum) -> bool:
    return any(operand is not None for _, operand in total)


def _terms(total: _Sum) -> tuple[Term, ...]:
    return tuple(Term(factor, *key) for key, factor in total.items())


def _require_sense(formula: Formula, difference: _Sum, start: Token) -> None:
    if not _counts(difference):
        raise start.wrong("no protocol can break it: no line or option is left in it")
    each = [operand for operand in formula.operands if operand.take is Take.EACH]
    if len(each) > 1:
        raise start.wrong(f"only one group can be asked by itself, not {each[0]} and {each[1]}")


def _known(names: Iterable[str]) -> str:
    return f"known: {', '.join(sorted(names)) or 'none'}"
