"""The cause of each reason code, entered by the modules beside this one."""

from collections.abc import Callable

from ballotbox_protocol.wire.report import (
    ReportKind,
)
from ballotbox_protocol.wire.verdict import Reason

K = ReportKind
Cause = Callable[[], Reason]
CAUSES: dict[Reason, Cause] = {}


def produces(reason: Reason) -> Callable[[Cause], Cause]:
    """Enter what produces a reason; there is one cause for each."""

    def enter(cause: Cause) -> Cause:
        assert CAUSES.setdefault(reason, cause) is cause
        return cause

    return enter
