"""The words of the formula language, each with the line and the column where it stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

#: No formula of a law comes near these; what does is no formula.
FORMULA_CHARACTERS_MAX: Final = 600
NUMBER_MAX: Final = 1_000_000_000
#: How a line is numbered or named: `3`, `11a`, `12.1`, `APTO`.
LINE_FORM: Final = re.compile(r"[^\W_][\w.-]{0,23}")
#: What a group of options or a parameter may be called.
NAME_FORM: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_TOKEN: Final = re.compile(
    r"(?P<space>[ \t]+)|(?P<newline>\n)"
    rf"|\[(?P<line>{LINE_FORM.pattern})\]"
    r"|(?P<number>[0-9]+)"
    rf"|(?P<name>{NAME_FORM.pattern})"
    r"|(?P<sign><=|>=|[≤≥=+−*()-])"
)
_SAME_SIGN: Final = {"≤": "<=", "≥": ">=", "−": "-"}


class InvalidFormula(ValueError):
    """A formula cannot be read; line and column, from 1, say where in it."""

    def __init__(self, line: int, column: int, problem: str) -> None:
        super().__init__(f"line {line}, column {column}: {problem}")
        self.line = line
        self.column = column
        self.problem = problem


class TokenKind(Enum):
    """What a word of a formula is."""

    LINE = "line"
    NUMBER = "number"
    NAME = "name"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a formula; the text of a line is its number without the brackets."""

    kind: TokenKind
    text: str
    line: int
    column: int

    def wrong(self, problem: str) -> InvalidFormula:
        """Return the error that stands where this word does."""
        return InvalidFormula(self.line, self.column, problem)

    def __str__(self) -> str:
        written = {TokenKind.LINE: f"[{self.text}]", TokenKind.END: "the end of the formula"}
        return written.get(self.kind, f"'{self.text}'")


def tokens_of(text: str) -> tuple[Token, ...]:
    """Return the words of a formula, the last of which is its end; raises InvalidFormula."""
    if len(text) > FORMULA_CHARACTERS_MAX:
        raise InvalidFormula(1, 1, f"is longer than {FORMULA_CHARACTERS_MAX} characters")
    return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    line, began, at = 1, 0, 0
    while at < len(text):
        column = at - began + 1
        found = _TOKEN.match(text, at)
        if found is None:
            raise InvalidFormula(line, column, _unreadable(text[at]))
        at = found.end()
        if found.lastgroup == "newline":
            line, began = line + 1, at
        elif found.lastgroup != "space":
            yield _token(found, line, column)
    yield Token(TokenKind.END, "", line, len(text) - began + 1)


def _token(found: "re.Match[str]", line: int, column: int) -> Token:
    kind = TokenKind(found.lastgroup)
    word = found[kind.value]
    token = Token(kind, _SAME_SIGN.get(word, word), line, column)
    # Nine digits and one more: int() is never asked to read a page of them.
    too_long = kind is TokenKind.NUMBER and (len(word) > 10 or int(word) > NUMBER_MAX)
    if too_long:
        raise token.wrong(f"a number is at most {NUMBER_MAX}")
    return token


def _unreadable(character: str) -> str:
    if character == "[":
        return "a line is written as its number in brackets: [3] or [11a]"
    if character in "<>":
        return "write <=, >= or ="
    return f"{character!r} has no meaning here"
