"""What somebody with a box's key can sign: authentic reports that no box ever made."""

from dataclasses import replace
from typing import Final

from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.report import ReportKind, decode_report, encode_report

_STUFFED: Final = 10


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
