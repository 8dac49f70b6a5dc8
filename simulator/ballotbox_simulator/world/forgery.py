"""What somebody with a box's key can sign: authentic reports that no box ever made."""

from dataclasses import replace
from typing import Final

from ballotbox_protocol.election.identifiers import PollState, ReportId
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.report import ReportKind, decode_report, encode_report

_STUFFED: Final = 10


def forged_final(last: bytes, key: PrivateKey, votes: tuple[int, ...], **counters: int) -> bytes:
    """Return a final that follows `last` with these votes, and these counters in place of its own.

    Raises InvalidField when no report can say so.
    """
    envelope = cose.parse(last)
    report = decode_report(envelope.payload)
    forged = replace(
        report,
        kind=ReportKind.FINAL,
        sequence=report.sequence + 1,
        previous=ReportId(cose.statement_id(envelope.statement)),
        state=PollState.FINAL,
        counters=replace(report.counters, **counters),
        votes=votes,
        signatures=(),
    )
    return cose.sign(key.public, key.sign, cose.MessageType.REPORT, encode_report(forged))


def forged_successor(last: bytes, key: PrivateKey, detail: int) -> bytes:
    """Return a turnout report that follows `last` and claims ten more accepted sheets.

    detail: its lowest bits say how far its sequence number is ahead of the next one.
    """
    envelope = cose.parse(last)
    report = decode_report(envelope.payload)
    counters = report.counters
    stuffed = replace(
        counters,
        presented=counters.presented + _STUFFED,
        accepted=counters.accepted + _STUFFED,
        box=counters.box + _STUFFED,
        ballots=counters.ballots + _STUFFED,
        lifetime=counters.lifetime + _STUFFED,
    )
    forged = replace(
        report,
        kind=ReportKind.TURNOUT,
        sequence=report.sequence + 1 + detail % 3,
        previous=ReportId(cose.statement_id(envelope.statement)),
        counters=stuffed,
        votes=None,
        incident=None,
        corrects=None,
        new_key=None,
        signatures=(),
    )
    return cose.sign(key.public, key.sign, cose.MessageType.REPORT, encode_report(forged))
