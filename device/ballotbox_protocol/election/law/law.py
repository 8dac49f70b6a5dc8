"""A law as data: the lines of a protocol under their legal names, and what must hold among them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_protocol.election.law.formula import RESERVED, Formula, Vocabulary, parse_formula
from ballotbox_protocol.election.law.tokens import LINE_FORM, NAME_FORM, InvalidFormula

LINES_MAX: Final = 200
GROUPS_MAX: Final = 16
PARAMETERS_MAX: Final = 16
RELATIONS_MAX: Final = 64
#: The longest text that says something about a law, in characters.
WORDS_MAX: Final = 2_000
PARAMETER_MAX: Final = 1_000_000


class Weight(Enum):
    """Whether a broken relation blocks: `hard` does, `mild` is shown and blocks nothing."""

    HARD = "hard"
    MILD = "mild"


class Nature(Enum):
    """What it means when a relation breaks.

    arithmetic: both sides rest on one count, so somebody added or copied wrongly.
    physical: the sides rest on two counts of paper or people, so something may be missing.
    """

    ARITHMETIC = "arithmetic"
    PHYSICAL = "physical"


class Confirmation(Enum):
    """How a relation is known: read in its source, concluded from it, or not found at all."""

    CONFIRMED = "confirmed"
    DERIVED = "derived"
    NOT_FOUND = "not_found"


class Mark(Enum):
    """What stands where no number can: a value of its own, never zero."""

    NO_DATA = "no data"
    ILLEGIBLE = "illegible"


#: What a cell of a protocol holds.
Value = int | Mark


@dataclass(frozen=True, slots=True)
class Line:
    """A numbered line of the protocol; `original` is its legal name, "" when it was not found."""

    number: str
    title: str
    original: str = ""

    def __post_init__(self) -> None:
        written = "must be letters, digits, dots and dashes, at most 24: 3, 11a, APTO"
        require(LINE_FORM.fullmatch(self.number), "line.number", written)
        _require_words(self.title, "line.title")
        _require_words(self.original, "line.original", least=0)


@dataclass(frozen=True, slots=True)
class Group:
    """A group of options whose votes are lines of the protocol, one for each option."""

    name: str
    title: str

    def __post_init__(self) -> None:
        _require_name(self.name, "options.name")
        _require_words(self.title, "options.title")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that differs per election, such as the marks allowed on a ballot."""

    name: str
    title: str
    default: int | None = None

    def __post_init__(self) -> None:
        _require_name(self.name, "parameter.name")
        _require_words(self.title, "parameter.title")
        if self.default is not None:
            require_parameter(self.default, "parameter.default")


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation of a law; `formula` is None exactly when it was looked for and not found."""

    name: str
    title: str
    state: Confirmation
    source: str
    formula: Formula | None = None
    weight: Weight = Weight.MILD
    nature: Nature = Nature.PHYSICAL

    def __post_init__(self) -> None:
        _require_words(self.title, "relation.title")
        _require_words(self.source, "relation.source")
        found = self.state is not Confirmation.NOT_FOUND
        wrong = "is missing" if found else "must be left out of what was not found"
        require(found == (self.formula is not None), "relation.holds", wrong)
        blocks = self.weight is Weight.HARD and self.state is not Confirmation.CONFIRMED
        require(not blocks, "relation.weight", "must be mild: only a confirmed relation may block")

    @property
    def blocks(self) -> bool:
        """Tell whether a protocol that breaks it is refused."""
        return self.weight is Weight.HARD


@dataclass(frozen=True, slots=True)
class Law:
    """The protocol of one law: its lines, its options, and the relations that it must keep."""

    name: str
    title: str
    country: str
    source: str
    lines: tuple[Line, ...]
    relations: tuple[Relation, ...]
    groups: tuple[Group, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    original: str = ""
    about: str = ""
    not_found: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        _require_words(self.title, "title")
        _require_words(self.country, "country")
        _require_words(self.source, "source")
        for text in (self.original, self.about, *self.not_found):
            _require_words(text, "about", least=0)
        _require_some(self.lines, LINES_MAX, "line")
        _require_some(self.relations, RELATIONS_MAX, "relation")
        require(len(self.groups) <= GROUPS_MAX, "options", f"at most {GROUPS_MAX} groups")
        many = f"at most {PARAMETERS_MAX} parameters"
        require(len(self.parameters) <= PARAMETERS_MAX, "parameter", many)
        _require_distinct((each.number for each in self.lines), "line.number")
        _require_distinct((each.name for each in self.relations), "relation.name")
        for each in self.relations:
            short = "must be letters, digits, dots and dashes: R1, K2a"
            require(LINE_FORM.fullmatch(each.name), "relation.name", short)
        names = [each.name for each in self.groups] + [each.name for each in self.parameters]
        _require_distinct(names, "options.name or parameter.name")

    @property
    def vocabulary(self) -> Vocabulary:
        """What its formulas may name."""
        return vocabulary_of(self.lines, self.groups, self.parameters)


def vocabulary_of(
    lines: Iterable[Line], groups: Iterable[Group], parameters: Iterable[Parameter]
) -> Vocabulary:
    """Return what formulas over these may name."""
    return Vocabulary(
        frozenset(each.number for each in lines),
        frozenset(each.name for each in groups),
        frozenset(each.name for each in parameters),
    )


def read_formula(text: str, vocabulary: Vocabulary, path: str) -> Formula:
    """Return the formula at `path` of a law file; raises InvalidField with line and column."""
    try:
        return parse_formula(text, vocabulary)
    except InvalidFormula as error:
        raise InvalidField(path, str(error)) from error


def require_parameter(value: int, field_name: str) -> None:
    """Raise InvalidField unless a parameter may have this value."""
    allowed = 1 <= value <= PARAMETER_MAX
    require(allowed, field_name, f"must be a whole number from 1 to {PARAMETER_MAX}")


def _require_words(text: str, field_name: str, least: int = 1) -> None:
    fits = least <= len(text) <= WORDS_MAX and (text.isprintable() or "\n" in text)
    require(fits, field_name, f"must be {least} to {WORDS_MAX} characters that can be printed")


def _require_name(name: str, field_name: str) -> None:
    require(NAME_FORM.fullmatch(name), field_name, "must be ASCII letters, digits, _; at most 32")
    require(name not in RESERVED, field_name, f"must not be {' or '.join(RESERVED)}")


def _require_some(items: tuple[object, ...], most: int, field_name: str) -> None:
    require(1 <= len(items) <= most, field_name, f"there must be 1 to {most}, not {len(items)}")


def _require_distinct(names: Iterable[str], field_name: str) -> None:
    seen: set[str] = set()
    for name in names:
        require(name not in seen, field_name, f"{name!r} stands twice")
        seen.add(name)
