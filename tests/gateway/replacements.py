"""Officers' word that one log stands in another's place, and what logs below say around it."""

from dataclasses import replace

from ballotbox_gateway.core.upward import UpwardEntry
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.replacement import Replacement, decode_replacement
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import Authority, Plan, make_authority
from tests.gateway.below import Levels, entry_of
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, OTHER, counted, report_id


def statement(given, officers=2, **changes) -> bytes:
    """Two officers' word that OTHER stands in the place of ORIGIN, from leaf 3 on."""
    plain = Replacement(given.trusted.digest, ORIGIN, OTHER, 3)
    plain = replace(plain, **changes)
    signatures = given.consent(plain.payload(), MessageType.REPLACEMENT, officers)
    return replace(plain, signatures=signatures).to_bytes()


ENTRIES = {
    "report": lambda levels: levels.box.day(1)[0],
    "count": lambda levels: counted(levels.given),
}
WHY = {
    Verdict.ACCEPTED: Reason.IN_ORDER,
    Verdict.QUARANTINED: Reason.OFFICERS,
    Verdict.EVIDENCE: Reason.SAME_SEQUENCE,
}


def entry(what: bytes | HandCount, verdict: Verdict) -> UpwardEntry:
    if isinstance(what, bytes):
        return entry_of(what, verdict, WHY[verdict])
    leaf = Leaf(LeafType.HAND_COUNT, what.id, verdict, WHY[verdict], what.digest, NOW)
    return UpwardEntry(encode_leaf(leaf), None, what.to_bytes())


def begun(given: Authority, **changes) -> UpwardEntry:
    said = decode_replacement(statement(given, **changes))
    leaf = Leaf(LeafType.REPLACEMENT, said.id, Verdict.ACCEPTED, Reason.REPLACES, said.digest, NOW)
    return UpwardEntry(encode_leaf(leaf), None, said.to_bytes())


def verdict_above(levels: Levels, what: bytes | HandCount) -> Verdict:
    row = levels.centre.ledger.report(report_id(what) if isinstance(what, bytes) else what.id)
    assert row is not None
    return row.verdict


#: The log of OTHER was opened and lost before it could deliver anything.
NEXT = "rehearsal.example/third"


def of_three_logs() -> Levels:
    plan = Plan(seed=1, boxes=4, origins=(ORIGIN, OTHER, NEXT, CENTRE))
    return Levels(make_authority(plan))
