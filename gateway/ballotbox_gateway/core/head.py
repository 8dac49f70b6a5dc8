"""What a gateway knows of one box: where its chain stands and what it is believed to have said.

The chain (sequence, last) moves with every report judged in order. The facts move only with
reports that were accepted or released: nothing is built on a word in quarantine.
"""

from struct import Struct
from typing import Final, NamedTuple

from ballotbox_protocol.election.counters import COUNTER_NAMES, Counters
from ballotbox_protocol.election.identifiers import NO_REPORT, BoxId, PollState, ReportId
from ballotbox_protocol.wire.report import Report, ReportKind

#: Stands for "no report yet" where a sequence is expected, and for an epoch not known yet.
NONE_YET: Final = -1


class Facts(NamedTuple):
    """The box's last believed word; every ratchet and law between reports starts from here.

    sequence: of the report that these facts come from. epoch: the key epoch that reports must
    now carry. firmware: its firmware's number. lifetime_at_zero: the lifetime counter in the zero
    report. All are NONE_YET before.
    final, correction: the accepted final and the last accepted correction, or NO_REPORT.
    """

    sequence: int = NONE_YET
    epoch: int = NONE_YET
    boot: int = NONE_YET
    journal_size: int = 0
    state: PollState = PollState.SETUP
    counters: Counters = Counters()
    lifetime_at_zero: int = NONE_YET
    final: ReportId = NO_REPORT
    correction: ReportId = NO_REPORT
    correction_sequence: int = NONE_YET
    firmware: int = NONE_YET

    def after(self, report: Report, report_id: ReportId) -> "Facts":
        """Return the facts once `report` is believed."""
        kind = report.kind
        counters = report.counters
        is_correction = kind is ReportKind.CORRECTION
        return Facts(
            report.sequence,
            report.epoch + (kind is ReportKind.KEY_ROTATION),
            report.boot,
            report.journal.size,
            report.state,
            counters,
            counters.lifetime if kind is ReportKind.ZERO else self.lifetime_at_zero,
            report_id if kind is ReportKind.FINAL else self.final,
            report_id if is_correction else self.correction,
            report.sequence if is_correction else self.correction_sequence,
            report.firmware_sequence,
        )

    def with_verdict_on(self, report: Report, report_id: ReportId) -> "Facts":
        """Return the facts once a report older than them, or beyond a gap, is believed.

        It cannot move the ratchets, but which zero, final and correction count it does decide.
        """
        if report.kind is ReportKind.ZERO and self.lifetime_at_zero == NONE_YET:
            return self._replace(lifetime_at_zero=report.counters.lifetime)
        if report.kind is ReportKind.FINAL:
            return self._replace(final=report_id)
        if report.kind is ReportKind.CORRECTION and report.sequence > self.correction_sequence:
            return self._replace(correction=report_id, correction_sequence=report.sequence)
        return self


class BoxHead(NamedTuple):
    """One box's row in the ledger; `version` rises by one with every change (0: no row yet).

    waiting: how many of its reports wait for others. disputed: how many of its sequences have
    rivals of which none has been named. branched: rivals were seen at least once, so reports
    beyond the head may be stored already.
    """

    box: BoxId
    version: int = 0
    sequence: int = NONE_YET
    last: ReportId = NO_REPORT
    waiting: int = 0
    disputed: int = 0
    branched: bool = False
    facts: Facts = Facts()


_PACKED: Final = Struct(f">qqqqB{len(COUNTER_NAMES)}Iq32s32sqq")


def pack_facts(facts: Facts) -> bytes:
    """Return the facts as the fixed-size bytes that a ledger stores."""
    c = facts.counters
    return _PACKED.pack(
        facts.sequence,
        facts.epoch,
        facts.boot,
        facts.journal_size,
        facts.state,
        c.presented,
        c.accepted,
        c.returned,
        c.pending,
        c.portable,
        c.box,
        c.ballots,
        c.lifetime,
        facts.lifetime_at_zero,
        facts.final,
        facts.correction,
        facts.correction_sequence,
        facts.firmware,
    )


def unpack_facts(data: bytes) -> Facts:
    """Return the facts that `pack_facts` packed; raises ValueError for any other bytes."""
    if len(data) != _PACKED.size:
        raise ValueError(f"facts have {len(data)} bytes, not {_PACKED.size}")
    sequence, epoch, boot, journal, state, *counters, lifetime, final, correction, at, firmware = (
        _PACKED.unpack(data)
    )
    return Facts(
        sequence,
        epoch,
        boot,
        journal,
        PollState(state),
        Counters(*counters),
        lifetime,
        ReportId(final),
        ReportId(correction),
        at,
        firmware,
    )
