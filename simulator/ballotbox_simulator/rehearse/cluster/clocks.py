"""Moments of one machine's monotonic clock as another machine's, and back.

Both know the time of the day; what their clocks of the day are apart, moments are apart as well.
Latencies are measured within one box and never cross.
"""

import json
from typing import Any, Final

#: Orders whose value is a moment.
_TIMED_ORDERS: Final = frozenset({"start", "close"})
#: Of what a process says, the field that is a moment.
_TIMED_FIELDS: Final = {"second": "second", "closed": "at"}


def order_for(line: str, shift: float) -> str:
    """Return an order as a machine must read it whose clock is ahead by `shift` seconds."""
    what, value = json.loads(line)
    return json.dumps([what, value + shift if what in _TIMED_ORDERS else value])


def told_from(told: dict[str, Any], shift: float) -> dict[str, Any]:
    """Return what a process says as one must read it whose clock is behind by `shift` seconds.

    Seconds are whole ones of the reader's clock.
    """
    name = _TIMED_FIELDS.get(told["say"])
    if name is None:
        return told
    moment = told[name] - shift
    return told | {name: round(moment) if name == "second" else moment}
