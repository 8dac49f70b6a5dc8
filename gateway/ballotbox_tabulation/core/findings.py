"""What an examination finds: points that hold or do not, and what is said without being one."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """What a finding tells: a point that holds, one that does not, or only what is said."""

    HOLDS = "holds"
    FAILS = "FAILS"
    SAYS = "says"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of an examination."""

    mark: Mark
    text: str


Findings = Iterator[Finding]


def holds(text: str) -> Finding:
    """Return the finding that a point holds."""
    return Finding(Mark.HOLDS, text)


def fails(text: str) -> Finding:
    """Return the finding that a point does not hold."""
    return Finding(Mark.FAILS, text)


def says(text: str) -> Finding:
    """Return what is said without being a point to check."""
    return Finding(Mark.SAYS, text)


def point(condition: object, text: str) -> Finding:
    """Return whether a point holds."""
    return holds(text) if condition else fails(text)
