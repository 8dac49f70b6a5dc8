"""What can be read from a ledger for people: where each box stands, what is set aside and why."""

from collections import Counter
from typing import Any, Final

from ballotbox_gateway.core.head import BoxHead
from ballotbox_gateway.core.ports import Ledger, LedgerFailure, StoredReport
from ballotbox_gateway.service.reasons import in_words
from ballotbox_protocol.election.identifiers import NO_REPORT, PrecinctId
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.checkpoint import CheckpointFault, parse_note
from ballotbox_protocol.wire.report import decode_report
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason, Verdict

#: What a log is that its own signed checkpoint contradicts, and what to do.
CONVICTED: Final = (
    "the ledger is an older copy or was changed, or the key signs elsewhere. Stop, and put the "
    "newest ledger in its place"
)
#: Boxes named one by one in an overview; beyond it only their number.
_NAMED_MAX: Final = 20


def outline(trusted: Trusted) -> dict[str, Any]:
    """Return what can be said without the ledger; what it alone knows is None."""
    return {
        "election": trusted.election.name,
        "election_digest": trusted.digest.hex(),
        "mode": trusted.election.mode.name.lower(),
        "register_version": trusted.register.version,
        "log": None,
        "counts": None,
        "boxes": None,
        "convicted_by": None,
    }


def overview(ledger: Ledger, trusted: Trusted) -> dict[str, Any]:
    """Return the state of log and boxes as JSON-able values; no votes are in it."""
    binding, head, heads = ledger.binding(), ledger.log_head(), ledger.box_heads()
    return {
        "origin": binding.origin,
        **outline(trusted),
        "log": {"size": head.size, "root": head.root.hex()},
        "counts": _counts(ledger),
        "boxes": _boxes(heads, trusted),
        "convicted_by": [_checkpoint(note) for note in ledger.contradictions()],
    }


def _checkpoint(note: bytes) -> dict[str, Any]:
    signed = parse_note(note)
    if isinstance(signed, CheckpointFault):
        raise LedgerFailure(f"a stored checkpoint is none: {signed.name}")
    told = signed.checkpoint
    return {"size": told.size, "root": told.root.hex(), "note": note.decode()}


def _counts(ledger: Ledger) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {"leaves": {}, "refused": {}, "unauthentic": {}}
    for (tally, reason), count in sorted(ledger.counts().items()):
        counts[tally.name.lower()][reason.name] = count
    return counts


def _boxes(heads: list[BoxHead], trusted: Trusted) -> dict[str, Any]:
    expected = trusted.register.expected
    reported = {head.box for head in heads}
    silent = [box for box in expected if box not in reported]
    return {
        "expected": len(expected),
        "silent": len(silent),
        "silent_named": [box.hex() for box in silent[:_NAMED_MAX]],
        "by_state": dict(Counter(head.facts.state.name.lower() for head in heads)),
        "with_final": sum(head.facts.final != NO_REPORT for head in heads),
        "waiting": [_waiting(head) for head in heads if head.waiting][:_NAMED_MAX],
        "disputed": [head.box.hex() for head in heads if head.disputed][:_NAMED_MAX],
        "over_registered": _over_registered(heads, trusted)[:_NAMED_MAX],
    }


def _over_registered(heads: list[BoxHead], trusted: Trusted) -> list[dict[str, Any]]:
    """Return the precincts with more ballots in their boxes than voters on their list.

    A remark and never a reason: the box counted what was put in, and people say why it is so much.
    """
    ballots: Counter[PrecinctId] = Counter()
    entries = trusted.register.entries_of
    for head in heads:
        ballots[entries[head.box][0].precinct] += head.facts.counters.ballots
    precincts = trusted.election.precinct_by_number
    return [
        {"precinct": number, "ballots": found, "registered": precincts[number].registered}
        for number, found in sorted(ballots.items())
        if found > precincts[number].registered
    ]


def _waiting(head: BoxHead) -> dict[str, Any]:
    return {"box": head.box.hex(), "reports": head.waiting, "for": head.sequence + 1}


def set_aside(ledger: Ledger) -> list[dict[str, Any]]:
    """Return the reports that do not count now, box by box: held, quarantined, in evidence."""
    return [
        _described(row, head)
        for head in ledger.box_heads()
        for row in ledger.reports_of(head.box, 0, None)
        if row.verdict is not Verdict.ACCEPTED
    ]


def _described(row: StoredReport, head: BoxHead) -> dict[str, Any]:
    report = decode_report(cose.parse(row.data).payload)
    why = in_words(row.reason)
    if row.reason is Reason.GAP_BEFORE:
        why = f"waiting for report {head.sequence + 1}"
    return {
        "report": row.id.hex(),
        "box": row.box.hex(),
        "precinct": report.precinct,
        "sequence": row.sequence,
        "kind": report.kind.name.lower(),
        "verdict": row.verdict.name.lower(),
        "reason": row.reason.name,
        "why": why,
    }
