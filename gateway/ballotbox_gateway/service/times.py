"""Times as people read them: how long, when, and until when."""

import time
from datetime import datetime
from typing import Final

_DAY_S: Final = 86_400
#: From here on days are told and no hours.
_HOURS_MAX_S: Final = 2 * _DAY_S


def span(seconds: int) -> str:
    """Return a time in the two largest units that it has, hours at most."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def long_span(seconds: int) -> str:
    """Return a time as `span` does, from two days on in whole days."""
    return span(seconds) if seconds < _HOURS_MAX_S else f"{seconds // _DAY_S} days"


def minute(at: int) -> str:
    """Return date and time of day in UTC of Unix seconds."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))


def clock(at: int, *, seconds: bool = False) -> str:
    """Return a time of day by this machine's clock and zone."""
    told = datetime.fromtimestamp(at).astimezone()
    return f"{told:%H:%M:%S}" if seconds else f"{told:%H:%M}"
