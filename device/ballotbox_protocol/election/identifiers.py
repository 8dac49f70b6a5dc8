"""The names of things, as types: identifiers that cannot be mixed up by accident."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Final, NewType

ElectionDigest = NewType("ElectionDigest", bytes)
BoxId = NewType("BoxId", bytes)
ReportId = NewType("ReportId", bytes)
PublicKey = NewType("PublicKey", bytes)
KeyId = NewType("KeyId", bytes)
OriginId = NewType("OriginId", bytes)
PrecinctId = NewType("PrecinctId", int)

DIGEST_SIZE: Final = 32
BOX_ID_SIZE: Final = 16
ORIGIN_ID_SIZE: Final = 16
KEY_ID_SIZE: Final = 8

#: Every count on the wire is below this bound, so sums of a nation's counts stay below int64.
COUNT_MAX: Final = 2**31 - 1
#: Bound of times, sizes and positions: every reader's numbers, doubles too, hold them exactly.
WIDE_MAX: Final = 2**53 - 1
#: `prev` of the first report of a box in an election.
NO_REPORT: Final = ReportId(bytes(DIGEST_SIZE))


class InvalidField(ValueError):
    """A value breaks the model; `field` names where it stands, the message how to mend it."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class Mode(IntEnum):
    """What an election is for; totals of two modes are never mixed (law G7)."""

    TEST = 1
    REHEARSAL = 2
    OFFICIAL = 3


class PollState(IntEnum):
    """The states of the poll in one box, in the order of an ordinary day."""

    SETUP = 1
    ZERO = 2
    OPEN = 3
    PAUSED = 4
    CLOSED = 5
    PORTABLE = 6
    FINAL = 7
    SEALED = 8


def require(condition: object, field: str, problem: str) -> None:
    """Raise InvalidField naming `field` unless `condition` holds; unlike assert, always active."""
    if not condition:
        raise InvalidField(field, problem)


@contextmanager
def standing_at(path: str) -> Iterator[None]:
    """Rename the field that a constructor refuses, `contest.name`, to where it stands."""
    try:
        yield
    except InvalidField as error:
        _, _, rest = error.field.partition(".")
        raise InvalidField(f"{path}.{rest}" if rest else path, error.problem) from None


def require_bytes(value: object, size: int, field: str) -> None:
    """Raise InvalidField unless `value` is a byte string of exactly `size` bytes."""
    if type(value) is not bytes or len(value) != size:
        raise InvalidField(field, f"must be {size} bytes")


def require_count(value: object, field: str, maximum: int = COUNT_MAX) -> None:
    """Raise InvalidField unless `value` is an integer from 0 to `maximum`."""
    if type(value) is not int or not 0 <= value <= maximum:
        raise InvalidField(field, f"must be a whole number from 0 to {maximum}")
