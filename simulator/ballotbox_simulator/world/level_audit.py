"""What went upward, held against what is there: no milder verdict, no receipt for what is gone.

And what boxes signed, held against all logs: a report that was answered stands somewhere.
"""

from base64 import b64decode
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from ballotbox_gateway.core.ports import Ledger
from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire.checkpoint import Checkpoint, verify_checkpoint
from ballotbox_protocol.wire.leaf import LeafType
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.log_reading import ReadLog
from ballotbox_simulator.world.upward_link import Refused

#: From mild to severe, written down here apart from the product. What waits below for want of other
#: reports need not wait above.
_SEVERITY: Final = {
    Verdict.ACCEPTED: 0,
    Verdict.HELD: 0,
    Verdict.QUARANTINED: 1,
    Verdict.EVIDENCE: 2,
}


def milder_above(lower: ReadLog, upper: ReadLog, taken: int) -> Iterator[str]:
    """Yield the reports and counts that count for more above than in the leaves that went there.

    Reports that officers ruled on are left out: a ruling lifts what was held against them below.
    """
    ruled = {leaf.report for leaf in upper.leaves if leaf.type is LeafType.RULING}
    for identity in (lower.reports.keys() | lower.counted) - ruled:
        below = lower.newest_below(identity, taken)
        if below is None:
            continue
        above = upper.newest(identity) if identity in upper.places else None
        if above is None or _SEVERITY[above.verdict] < _SEVERITY[below.verdict]:
            verdict = "nothing" if above is None else above.verdict.name
            yield f"{identity.hex()[:16]} is {below.verdict.name} below and {verdict} above"


def taken_of(upper: Ledger, origin: str) -> tuple[int, bytes] | None:
    """Return size and root of the lower log that the upper gateway says it has taken in."""
    lower = upper.lower_log(origin)
    if lower is None:
        return None
    _, size, root, *_ = lower.note.split(b"\n")
    return int(size), b64decode(root)


def wrong_proofs(
    refused: Sequence[Refused], origin: str, key: bytes, *, forgot: bool
) -> Iterator[str]:
    """Yield where two checkpoints of one size prove two logs and were not shown, or prove none."""
    for each in refused:
        two = _are_two((each.taken, each.sent), origin, key)
        if each.proof and not _are_two(each.proof, origin, key):
            yield f"has a proof against {origin} that proves nothing"
        elif each.proof and not forgot:
            yield f"has a proof against {origin}, which never forgot anything"
        elif two and not each.proof:
            yield f"saw {origin} sign two logs of one size, and kept no proof"


def _are_two(notes: Sequence[bytes], origin: str, key: bytes) -> bool:
    signed = [verify_checkpoint(note, origin, key) for note in notes]
    found = [each for each in signed if isinstance(each, Checkpoint)]
    return (
        len(found) == len(notes) == len({each.root for each in found})
        and len({each.size for each in found}) == 1
    )


def broken_upper_receipts(lower: GatewayNode, log: ReadLog, upper: ReadLog) -> Iterator[str]:
    """Yield the delivered leaves whose stored receipt is not for a leaf of the upper log."""
    for index in range(lower.ledger.delivered(upper.origin)):
        stored = lower.ledger.upper_receipt(upper.origin, index)
        receipt = None if stored is None else Receipt.from_bytes(stored)
        if not isinstance(receipt, Receipt):
            yield f"leaf {index} was delivered and has no receipt from above"
        elif upper.raw[receipt.index : receipt.index + 1] != [receipt.leaf]:
            yield f"what leaf {index} was receipted for above is not there"
        elif upper.leaves[receipt.index].report != log.leaves[index].report:
            yield f"leaf {index} has a receipt from above for another report"


def missing_reports(
    signed: Sequence[ReportId], logs: Collection[ReadLog], ledgers: Collection[Ledger]
) -> Iterator[str]:
    """Yield the reports of a box that are in no log and were refused by nobody."""
    for sequence, identity in enumerate(signed):
        if any(identity in log.places for log in logs):
            continue
        if not any(ledger.refusal(identity) for ledger in ledgers):
            yield f"report {sequence} was answered, and is in no log and among no refusals"
