"""A law file as a person writes it: TOML text in, a `Law` out; nothing in it can run.

`docs/examples/law.toml` shows and explains every key.
"""

from hashlib import sha256
from typing import Final

from ballotbox_protocol.election.identifiers import require, standing_at
from ballotbox_protocol.election.law.formula import Vocabulary
from ballotbox_protocol.election.law.law import (
    Confirmation,
    Group,
    Law,
    Line,
    Nature,
    Parameter,
    Relation,
    Weight,
    read_formula,
    vocabulary_of,
)
from ballotbox_protocol.election.source_table import Table, as_text, read_source

#: Many times the longest law that is known.
LAW_CHARACTERS_MAX: Final = 65_536
#: What a TOML reader does with a dotted key grows with the square of its length.
LINE_CHARACTERS_MAX: Final = 500

_TOP: Final = (
    *("name", "title", "original", "country", "source", "about", "not_found"),
    *("line", "options", "parameter", "relation"),
)
_LINE: Final = ("number", "title", "original")
_GROUP: Final = ("name", "title")
_PARAMETER: Final = ("name", "title", "default")
_RELATION: Final = ("name", "title", "holds", "weight", "nature", "state", "source")


def load_law(text: str) -> Law:
    """Return the law that TOML text describes; raises InvalidField naming the place in it."""
    require_short(text)
    top = read_source(text, _TOP)
    lines = tuple(map(_line, top.tables("line", _LINE)))
    groups = tuple(map(_group, top.tables("options", _GROUP)))
    parameters = tuple(map(_parameter, top.tables("parameter", _PARAMETER)))
    vocabulary = vocabulary_of(lines, groups, parameters)
    return Law(
        name=top.text("name"),
        title=top.text("title"),
        country=top.text("country"),
        source=top.text("source"),
        lines=lines,
        relations=tuple(_relation(each, vocabulary) for each in top.tables("relation", _RELATION)),
        groups=groups,
        parameters=parameters,
        original=_optional(top, "original"),
        about=_optional(top, "about"),
        not_found=top.each("not_found", as_text) if "not_found" in top else (),
    )


def law_digest(text: str) -> bytes:
    """Return the digest that names a law file: SHA-256 of its text, lines ended by LF, in UTF-8."""
    return sha256(text.encode()).digest()


def require_short(text: str) -> None:
    """Raise InvalidField for a file or a line of one that is longer than a person writes it."""
    fits = len(text) <= LAW_CHARACTERS_MAX
    require(fits, "file", f"is longer than {LAW_CHARACTERS_MAX} characters; is it the right one?")
    for number, line in enumerate(text.split("\n"), 1):
        short = len(line) <= LINE_CHARACTERS_MAX
        wrap = f"is longer than {LINE_CHARACTERS_MAX} characters; wrap it"
        require(short, f"line {number}", wrap)


def _optional(table: Table, key: str) -> str:
    return table.text(key) if key in table else ""


def _line(table: Table) -> Line:
    with standing_at(table.path):
        return Line(table.text("number"), table.text("title"), _optional(table, "original"))


def _group(table: Table) -> Group:
    with standing_at(table.path):
        return Group(table.text("name"), table.text("title"))


def _parameter(table: Table) -> Parameter:
    default = table.number("default") if "default" in table else None
    with standing_at(table.path):
        return Parameter(table.text("name"), table.text("title"), default)


def _relation(table: Table, vocabulary: Vocabulary) -> Relation:
    state = table.choice("state", Confirmation)
    found = state is not Confirmation.NOT_FOUND
    holds = table.text("holds") if found or "holds" in table else None
    formula = None if holds is None else read_formula(holds, vocabulary, table.at("holds"))
    weight = table.choice("weight", Weight) if found else Weight.MILD
    nature = table.choice("nature", Nature) if found else Nature.PHYSICAL
    with standing_at(table.path):
        return Relation(
            table.text("name"),
            table.text("title"),
            state,
            table.text("source"),
            formula,
            weight,
            nature,
        )
