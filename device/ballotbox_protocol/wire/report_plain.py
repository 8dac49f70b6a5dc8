"""A report without votes, incident, correction and new key, read and checked by one pattern.

Four of five reports of a log move no total: a reader needs to know that they are well formed, and
of their content little. `plain_report` holds such a body against every rule of `decode_report`;
what does not keep them all is for `decode_report` to read, or to refuse in words. `report_final`
does the same for finals, with the parts of a pattern that both have.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from ballotbox_protocol.election.identifiers import BoxId, ElectionDigest, OriginId, PollState
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.report_parts import ClockQuality, HeldCheckpoint


class PlainReport(NamedTuple):
    """What a reader of a log asks of a report that carries nothing but counters.

    turnout: of a report of turnout whose box knew the time, its clock in Unix seconds, and ballots.
    """

    kind: ReportKind
    election: ElectionDigest
    box: BoxId
    sequence: int
    held: HeldCheckpoint | None
    turnout: tuple[int, int] | None


_PLAIN: Final = {
    int(kind): kind
    for kind in ReportKind
    if kind
    not in (
        ReportKind.FINAL,
        ReportKind.INCIDENT,
        ReportKind.KEY_ROTATION,
        ReportKind.CORRECTION,
    )
}


def one_of(codes: Iterable[int]) -> bytes:
    """Return the pattern of one of these codes, each below 24."""
    return b"[" + b"".join(re.escape(bytes((int(code),))) for code in codes) + b"]"


_SHORT: Final = rb"[\x00-\x17]|\x18[\x18-\xff]|\x19[\x01-\xff]."
#: From 0 to COUNT_MAX, and to WIDE_MAX, in the shortest form.
COUNT: Final = rb"(?:" + _SHORT + rb"|\x1a(?!\x00\x00)[\x00-\x7f].{3})"
WIDE: Final = rb"(?:" + _SHORT + rb"|\x1a(?!\x00\x00).{4}|\x1b(?!\x00{4})\x00[\x00-\x1f].{6})"
DIGEST: Final = rb"\x58\x20.{32}"
#: An officer's key id and signature, each after its head.
SIGNATURE_SIZE: Final = 76
#: What the boxes' officers signed: how many, then all of it; nothing of both when nobody did.
SIGNATURES: Final = rb"\x17(?:\x80|([\x81-\x88])((?:\x82\x48.{8}\x58\x40.{64})+))"
_FORM: Final = re.compile(
    b"".join(
        (
            rb"\xb0\x00\x01\x01(" + one_of(_PLAIN) + rb")\x02\x58\x20(.{32})",
            rb"\x03" + COUNT + rb"\x04\x50(.{16})",
            rb"\x05" + COUNT + rb"\x06" + COUNT + rb"\x07(" + COUNT + rb")",
            rb"\x08" + DIGEST + rb"\x09\x82" + WIDE + DIGEST,
            rb"\x0a\xa8" + b"".join(bytes((key,)) + COUNT for key in range(6)),  # counters
            rb"\x06(" + COUNT + rb")\x07" + COUNT,
            rb"\x0c\x82" + DIGEST + COUNT + rb"\x0d\x82" + one_of(PollState) + rb"[\x00\x01]",
            rb"\x0e\x83(" + WIDE + rb")(" + one_of(ClockQuality) + rb")" + WIDE,
            rb"\x13(?:\xf6|\x83\x50(.{16})(" + WIDE + rb")\x58\x20(.{32}))",  # held
            SIGNATURES,
        )
    ),
    re.DOTALL,
)

#: The last of the groups that every such report has.
_QUALITY: Final = 7
_TURNOUT: Final = ReportKind.TURNOUT


def plain_report(body: bytes) -> PlainReport | None:
    """Return what `decode_report` would say of a plain report; None for all other bytes."""
    found = _FORM.fullmatch(body)
    if found is None:
        return None
    code, election, box, sequence = found.group(1, 2, 3, 4)
    held = None
    if found.lastindex != _QUALITY:
        origin, size, root, count, signed = found.group(8, 9, 10, 11, 12)
        if count is not None and len(signed) != (count[0] & 0x0F) * SIGNATURE_SIZE:
            return None
        if origin is not None:
            held = HeldCheckpoint(OriginId(origin), number_of(size), root)
    kind = _PLAIN[code[0]]
    turnout = _turnout(found) if kind is _TURNOUT else None
    return PlainReport(
        kind, ElectionDigest(election), BoxId(box), number_of(sequence), held, turnout
    )


def _turnout(found: re.Match[bytes]) -> tuple[int, int] | None:
    ballots, time, quality = found.group(5, 6, _QUALITY)
    return None if quality[0] == ClockQuality.UNSET else (number_of(time), number_of(ballots))


def number_of(data: bytes) -> int:
    """Return the whole number in bytes that `COUNT` or `WIDE` found."""
    return data[0] if len(data) == 1 else int.from_bytes(data[1:])
