"""Verdicts of lower gateways on one report, and the verdict that follows from all of them.

Only what was set aside is kept, packed as 17 bytes each: origin id and code. A gateway holds a
report for want of others, which this one may have from elsewhere: anybody who recorded a report can
play it to a gateway that lacks what came before it.
"""

from typing import NamedTuple

from ballotbox_protocol.election.identifiers import ORIGIN_ID_SIZE, OriginId
from ballotbox_protocol.wire.verdict import SEVERITY, Reason, Verdict

_WIDTH = ORIGIN_ID_SIZE + 1
_REASON_BELOW = {
    Verdict.QUARANTINED: Reason.QUARANTINED_BELOW,
    Verdict.EVIDENCE: Reason.EVIDENCE_BELOW,
}


class Word(NamedTuple):
    """What a lower gateway says of a report, also for the closed logs `replaced` by its own."""

    origin: OriginId
    verdict: Verdict
    replaced: frozenset[OriginId] = frozenset()


def hear(below: bytes, word: Word) -> bytes:
    """Return what is set aside after a lower gateway has spoken; its last word counts.

    What a closed log set aside is judged anew in the log that stands in its place, but for
    evidence: that two signed reports contradict each other is so wherever it was seen.
    """
    parts = [below[at : at + _WIDTH] for at in range(0, len(below), _WIDTH)]
    kept = [part for part in parts if not _is_unsaid(part, word)]
    if word.verdict in _REASON_BELOW:
        kept.append(word.origin + bytes((word.verdict,)))
    return b"".join(kept)


def _is_unsaid(part: bytes, word: Word) -> bool:
    origin, code = part[:ORIGIN_ID_SIZE], part[ORIGIN_ID_SIZE]
    return origin == word.origin or (origin in word.replaced and code != Verdict.EVIDENCE)


def combine(own: Verdict, reason: Reason, below: bytes, *, ruled: bool) -> tuple[Verdict, Reason]:
    """Return the more severe of this gateway's verdict and all verdicts from below.

    Officers' ruling overrides what lower gateways hold against a report; that there
    are rivals it overrides only by naming the report.
    """
    if not below:
        return own, reason
    worst = max((Verdict(code) for code in below[ORIGIN_ID_SIZE::_WIDTH]), key=SEVERITY.__getitem__)
    overruled = ruled and (worst is not Verdict.EVIDENCE or reason is Reason.NAMED)
    if overruled or SEVERITY[worst] <= SEVERITY[own]:
        return own, reason
    return worst, _REASON_BELOW[worst]
