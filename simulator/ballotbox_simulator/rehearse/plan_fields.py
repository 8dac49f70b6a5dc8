"""What the fields of a plan are made of: times of the day, durations, weights."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

_CLOCK: Final = re.compile(r"([0-2][0-9]):([0-5][0-9])(?::([0-5][0-9]))?")
FASTEST: Final = "fastest"
_COMPRESSION_MAX: Final = 86_400
_DURATION: Final = re.compile(r"(?:([0-9]{1,3})h)?(?:([0-9]{1,4})m)?(?:([0-9]{1,6})s)?")


def _clock(value: object) -> object:
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('must be a time of the day in quotes, as "20:00" or "20:00:05"')
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3_600 + minutes * 60 + seconds


def _duration(value: object) -> object:
    found = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if found is None:
        raise ValueError('must be a duration in quotes, as "3h", "90s" or "1h30m"')
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3_600 + minutes * 60 + seconds


def _weights(value: object) -> object:
    # TOML writes a list; the model holds what nobody can append to.
    weights = tuple(value) if isinstance(value, list) else value
    numbers = isinstance(weights, tuple) and all(type(each) in (int, float) for each in weights)
    if not isinstance(weights, tuple) or not numbers or not weights:
        raise ValueError("must be a list of numbers, as [1, 2, 3]")
    if min(weights) < 0 or not 0 < sum(weights) < float("inf"):
        raise ValueError("must be weights of 0 or more, one of them above 0")
    return tuple(map(float, weights))


def _compression(value: object) -> object:
    if value == FASTEST:
        return value
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 1 <= value <= _COMPRESSION_MAX
    ):
        raise ValueError(f'must be a number from 1 to {_COMPRESSION_MAX}, or "{FASTEST}"')
    return float(value)


#: Seconds since midnight, written "20:00" or "20:00:05".
Clock = Annotated[int, BeforeValidator(_clock)]
#: Seconds, written "90s", "20m" or "1h30m".
Duration = Annotated[int, BeforeValidator(_duration)]
Weights = Annotated[tuple[float, ...], BeforeValidator(_weights), Field(max_length=288)]
#: How many times faster than real time, or "fastest".
Compression = Annotated[float | str, BeforeValidator(_compression)]
