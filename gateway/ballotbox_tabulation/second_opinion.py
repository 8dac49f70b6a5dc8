"""The gate of the second computation: any difference to the digit refuses the whole result."""

import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Final

from ballotbox_tabulation.core.gates import BrokenGate, Gate
from ballotbox_tabulation.core.log import OpenedLog
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.second.comparing import differences
from ballotbox_tabulation.second.computation import counted_again
from ballotbox_tabulation.second.loading import Unreadable

_LAW: Final = "a second computation, by SQL over the log, finds the same"
#: A refusal keeps so many differences; one doubled sum moves every number there is.
_KEPT: Final = 1_000


class NotWorkedOut(Exception):
    """This machine could not finish the second computation: nothing is known of the result."""


def second_opinion(
    log: OpenedLog, result: Document, rules: bytes | None = None, status: str | None = None
) -> list[BrokenGate]:
    """Return where `result` differs from what SQL makes of the same log; nothing: to the digit.

    rules: the file of the rules by which it is decided; without one, nothing may be decided.
    status: what officers say of it, None where its boxes alone tell. Raises NotWorkedOut when there
    is no room for it, or the disk fails.
    """
    return list(islice(_differing(log, result, rules, status), _KEPT))


def _differing(
    log: OpenedLog, result: Document, rules: bytes | None, status: str | None
) -> Iterator[BrokenGate]:
    try:
        with counted_again(log.read, log.checkpoint, log.trusted) as second:
            election = log.trusted.election
            for each in differences(result, second, election, log.checkpoint, rules, status):
                yield BrokenGate(Gate.SECOND, _LAW, each.shown, each.found, each.where)
    except (Unreadable, sqlite3.Error) as error:
        if not _is_of_the_log(error):
            raise NotWorkedOut(f"the second computation stopped: {error}") from error
        yield BrokenGate(Gate.SECOND, _LAW, "a result", "none", f"the second computation: {error}")


def _is_of_the_log(error: Exception) -> bool:
    """Tell whether the log is at fault, or what was asked of SQL, such as a sum that is too large.

    A temporary file that went bad is the machine's trouble.
    """
    if isinstance(error, Unreadable | sqlite3.IntegrityError):
        return True
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
