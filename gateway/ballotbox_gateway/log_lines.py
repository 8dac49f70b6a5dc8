"""The lines of a gateway's log, for people or as JSON for a program; and the last faults.

Whatever came from outside is escaped in both: a line is one line, and no command to a terminal.
"""

import json
import logging
import time
from collections import deque
from typing import Any, Final

from ballotbox_gateway.plain_text import PlainFormatter, plain

#: Faults that are kept for whoever asks what has gone wrong.
FAULTS_KEPT: Final = 100
_FAULT_CHARACTERS_MAX: Final = 500


class JsonFormatter(logging.Formatter):
    """A record as one JSON object in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line = {
            "time": utc(record.created),
            "level": record.levelname.lower(),
            "mark": getattr(record, "mark", "").strip(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def formatter(kind: str) -> logging.Formatter:
    """Return what writes `text` or `json` lines."""
    if kind == "json":
        return JsonFormatter()
    return PlainFormatter("%(asctime)s %(mark)s%(levelname)-7s %(message)s")


class LastFaults(logging.Handler):
    """Keeps the newest warnings and errors of this process."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._kept: deque[dict[str, Any]] = deque(maxlen=FAULTS_KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        words = plain(record.getMessage())[:_FAULT_CHARACTERS_MAX]
        level = record.levelname.lower()
        self._kept.append({"time": utc(record.created), "level": level, "message": words})

    def listed(self) -> list[dict[str, Any]]:
        """Return what is kept, oldest first."""
        return list(self._kept)


def utc(seconds: float) -> str:
    """Return a Unix time as ISO 8601 has it, to the millisecond."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03}Z"


#: Those of this process; `run` fills it, the desk shows it.
LAST_FAULTS: Final = LastFaults()
