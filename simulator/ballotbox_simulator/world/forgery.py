"""What somebody with a box's key can sign: authentic reports that no box ever made."""

from dataclasses import replace
from typing import Final

from ballotbox_protocol.election.identifiers import (
    BOX_ID_SIZE,
    COUNT_MAX,
    BoxId,
    PollState,
    ReportId,
)
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.report import JournalHead, ReportKind, decode_report, encode_report

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
        journal=_longer(report.journal),
        state=PollState.FINAL,
        counters=replace(report.counters, **counters),
        votes=votes,
        signatures=(),
    )
    return cose.sign(key.public, key.sign, cose.MessageType.REPORT, encode_report(forged))


def without_the_key(report: bytes, detail: int) -> bytes:
    """Return what somebody without the box's key makes of its report, by `detail`.

    Its signature is changed, or it is put under another body, or another key signs that body.
    """
    envelope = cose.parse(report)
    kind = detail % 3
    if kind == 0:
        return report[:-1] + bytes((report[-1] ^ 1,))
    told = decode_report(envelope.payload)
    counters = replace(
        told.counters, presented=told.counters.presented + 1, returned=told.counters.returned + 1
    )
    body = encode_report(replace(told, counters=counters))
    if kind == 1:
        return cose.assemble(envelope.protected, body, envelope.signature)
    foreign = PrivateKey.from_seed(bytes(32))
    signature = foreign.sign(cose.sig_structure(envelope.protected, body))
    return cose.assemble(envelope.protected, body, signature)


def forged_checkpoint(origin: str, detail: int) -> bytes:
    """Return the note of a longer log of this name that somebody without its key has signed."""
    foreign = PrivateKey.from_seed(bytes(32))
    told = Checkpoint(origin, 1_000 + detail % 1_000, bytes(range(32)))
    return sign_checkpoint(told, foreign.public, foreign.sign)


def of_a_stranger(report: bytes, detail: int) -> bytes:
    """Return a box's report as a box that nobody registered would have signed it."""
    told = decode_report(cose.parse(report).payload)
    stranger = PrivateKey.from_seed(detail.to_bytes(32, "big"))
    body = encode_report(replace(told, box=stranger_box(detail)))
    return cose.sign(stranger.public, stranger.sign, cose.MessageType.REPORT, body)


def stranger_box(detail: int) -> BoxId:
    """Return the name of a box that nobody registered."""
    return BoxId(detail.to_bytes(BOX_ID_SIZE, "big"))


def forged_successor(last: bytes, key: PrivateKey, detail: int, sheets: int = _STUFFED) -> bytes:
    """Return a turnout report that follows `last`, or rivals it, and claims what more it can.

    detail: its lowest bits say how far its sequence number is ahead of that of `last`.
    """
    envelope = cose.parse(last)
    report = decode_report(envelope.payload)
    counters = report.counters
    sheets = min(sheets, COUNT_MAX - counters.lifetime)
    stuffed = replace(
        counters,
        presented=counters.presented + sheets,
        accepted=counters.accepted + sheets,
        box=counters.box + sheets,
        ballots=counters.ballots + sheets,
        lifetime=counters.lifetime + sheets,
    )
    ahead = detail % 4
    forged = replace(
        report,
        kind=ReportKind.TURNOUT,
        sequence=report.sequence + ahead,
        previous=ReportId(cose.statement_id(envelope.statement)) if ahead else report.previous,
        journal=_longer(report.journal),
        counters=stuffed,
        votes=None,
        incident=None,
        corrects=None,
        new_key=None,
        signatures=(),
    )
    return cose.sign(key.public, key.sign, cose.MessageType.REPORT, encode_report(forged))


def _longer(head: JournalHead) -> JournalHead:
    """Return a head that passes for a later one: who has the key can write a journal as well."""
    return JournalHead(head.size + 1, bytes(reversed(head.root)))
