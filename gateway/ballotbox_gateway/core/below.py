"""Verdicts of lower gateways on one report, and the verdict that follows from all of them.

What was set aside is kept, packed as 17 bytes each: origin id and code; of a log that stands in the
place of another also that it has spoken, as ACCEPTED, which outweighs nothing. A gateway holds a
report for want of others, which this one may have from elsewhere: anybody who recorded a report can
play it to a gateway that lacks what came before it.

What is kept follows from all words, but only words that change a verdict make a leaf: whoever reads
a log again knows the others by what the log does not say, see `recall`.
"""

from typing import Final, NamedTuple

from ballotbox_protocol.election.identifiers import ORIGIN_ID_SIZE, OriginId
from ballotbox_protocol.wire.verdict import SEVERITY, Reason, Verdict

_WIDTH = ORIGIN_ID_SIZE + 1
_REASON_BELOW = {
    Verdict.QUARANTINED: Reason.QUARANTINED_BELOW,
    Verdict.EVIDENCE: Reason.EVIDENCE_BELOW,
}
#: Stands for a lower gateway of which a log tells that it was, and not which it was.
SOMEBODY: Final = OriginId(bytes(ORIGIN_ID_SIZE))


class Word(NamedTuple):
    """What a lower gateway says of a report, also for the closed logs `replaced` by its own.

    since: the logs that stand in the place of its own, which is closed when there is one.
    """

    origin: OriginId
    verdict: Verdict
    replaced: frozenset[OriginId] = frozenset()
    since: frozenset[OriginId] = frozenset()


def hear(below: bytes, word: Word) -> bytes:
    """Return what is set aside after a lower gateway has spoken; its last word counts.

    What a closed log set aside is judged anew in the log that stands in its place, whichever of the
    two is heard first, but for evidence: that two signed reports contradict each other is so
    wherever it was seen.
    """
    kept = [part for part in _parts(below) if not _is_unsaid(part, word)]
    if word.verdict in _REASON_BELOW and not _is_judged_since(kept, word):
        kept.append(word.origin + bytes((word.verdict,)))
    elif word.replaced:
        kept.append(word.origin + bytes((Verdict.ACCEPTED,)))
    return b"".join(kept)


def _is_judged_since(kept: list[bytes], word: Word) -> bool:
    """Tell whether a log has spoken that stands in the place of the word's own."""
    if word.verdict is Verdict.EVIDENCE or not word.since:
        return False
    return any(part[:ORIGIN_ID_SIZE] in word.since for part in kept)


def _parts(below: bytes) -> list[bytes]:
    return [below[at : at + _WIDTH] for at in range(0, len(below), _WIDTH)]


def _is_unsaid(part: bytes, word: Word) -> bool:
    origin, code = part[:ORIGIN_ID_SIZE], part[ORIGIN_ID_SIZE]
    if origin == SOMEBODY:
        # Who says the same may be the one; who says something else was perhaps never heard before.
        return code == word.verdict
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


def recall(below: bytes, own: Verdict, told: Verdict) -> bytes:
    """Return what lower gateways must have held against a report of which `told` was decided.

    `below` is what is known of it, `own` this gateway's verdict then. What outweighs the decision
    was taken back by then, and what it needs beyond its own verdict somebody had said.
    """
    kept = [
        part for part in _parts(below) if SEVERITY[Verdict(part[ORIGIN_ID_SIZE])] <= SEVERITY[told]
    ]
    needed = SEVERITY[told] > SEVERITY[own] and told in _REASON_BELOW
    if needed and all(part[ORIGIN_ID_SIZE] != told for part in kept):
        kept.append(SOMEBODY + bytes((told,)))
    return b"".join(kept)
