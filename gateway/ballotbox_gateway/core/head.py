"""What a gateway knows of one box: where its chain stands and what it is believed to have said.

The chain (sequence, last) moves with every report judged in order. The facts below it move only
with reports that were accepted or released: nothing is built on a word in quarantine.
"""

from typing import Final, NamedTuple

from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import NO_REPORT, BoxId, PollState, ReportId

#: Stands for "no report yet" where a sequence is expected.
NO_SEQUENCE: Final = -1


class Facts(NamedTuple):
    """The box's last believed word; every ratchet and law between reports starts from here.

    sequence: of the report that these facts come from, or NO_SEQUENCE.
    epoch: the key epoch that reports must now carry, or None before the first report.
    lifetime_at_zero: the lifetime counter in the zero report, or None before it.
    final, correction: the accepted final and the last accepted correction.
    """

    sequence: int = NO_SEQUENCE
    epoch: int | None = None
    boot: int = -1
    journal_size: int = 0
    state: PollState = PollState.SETUP
    counters: Counters = Counters()
    lifetime_at_zero: int | None = None
    final: ReportId | None = None
    correction: ReportId | None = None
    correction_sequence: int = NO_SEQUENCE


class BoxHead(NamedTuple):
    """One box's row in the ledger; `version` rises by one with every change (0: no row yet).

    waiting: how many of its reports are held. disputed: how many of its sequences have rivals
    of which none has been named. branched: a rival of some report was ever seen, so reports
    beyond the head may be stored already.
    """

    box: BoxId
    version: int = 0
    sequence: int = NO_SEQUENCE
    last: ReportId = NO_REPORT
    waiting: int = 0
    disputed: int = 0
    branched: bool = False
    facts: Facts = Facts()
