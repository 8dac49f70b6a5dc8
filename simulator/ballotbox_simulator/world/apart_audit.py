"""Whether two elections at the same gateways stay apart: each has its own log and result.

What belongs where is known from what boxes signed and from whom they were to report to; the
addresses by which the product tells elections apart are never asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any, Final

from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.report import decode_report
from ballotbox_simulator.world.auditor import Auditor, Breach
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.world import World

#: So many objections of one sort; what follows would say the same.
_SAID_MAX: Final = 3


def hold_apart(one: World, other: World) -> None:
    """Object to whatever of one election is found in the other one, at any gateway."""
    for mine, theirs in ((one, other), (other, one)):
        for gateway in mine.gateways:
            for words in strangers_at(gateway, mine, theirs):
                mine.auditor.object_to(Breach.LAW, gateway.name, words)
        for words in islice(strangers_published(mine.auditor.published, mine, theirs), _SAID_MAX):
            mine.auditor.object_to(Breach.LAW, "tabulation", words)
        for words in islice(foreign_receipts(mine.auditor, theirs), _SAID_MAX):
            mine.auditor.object_to(Breach.RECEIPT, "boxes", words)


def strangers_at(gateway: GatewayNode, mine: World, theirs: World) -> Iterator[str]:
    """Yield what a gateway's log and ledger hold of the other election."""
    yield from _in_log(gateway, mine, theirs.auditor)
    for identity in theirs.auditor.signed:
        if gateway.ledger.report(identity) is not None or gateway.ledger.refusal(identity):
            yield f"keeps report {identity.hex()[:16]} of another election"
    for node in theirs.gateways:
        if gateway.ledger.lower_log(node.name) is not None:
            yield f"has taken in the log {node.name} of another election"
        if gateway.ledger.delivered(node.name):
            yield f"has delivered leaves to {node.name} of another election"
    for note in gateway.ledger.contradictions():
        if not note.startswith(gateway.name.encode() + b"\n"):
            yield "is convicted by a checkpoint of another log"


def _in_log(gateway: GatewayNode, mine: World, theirs: Auditor) -> Iterator[str]:
    digest = mine.authority.trusted.digest
    for index, entry in enumerate(gateway.ledger.entries(0, gateway.ledger.log_head().size)):
        if decode_leaf(entry.leaf).report in theirs.signed:
            yield f"leaf {index} is about a report of another election"
        if entry.report is not None and _election_of(entry.report) != digest:
            yield f"leaf {index} is about a report that names another election"


def _election_of(report: bytes) -> bytes:
    return decode_report(cose.parse(report).payload).election


def foreign_receipts(mine: Auditor, theirs: World) -> Iterator[str]:
    """Yield the receipts that people and boxes of one election took of the other one's logs."""
    logs = {node.name for node in theirs.gateways}
    for node, origin in mine.unproved:
        if origin in logs:
            yield f"{node} took a receipt of {origin}, which is another election's log"
    strange = _statements(theirs.auditor)
    for origin, leaves in mine.receipts.items():
        for index, (leaf, node) in sorted(leaves.items()):
            if decode_leaf(leaf).report in strange:
                what = f"leaf {index} of {origin}, about a report of another election"
                yield f"{node} took a receipt of {what}"


def strangers_published(
    result: Mapping[str, Any] | None, mine: World, theirs: World
) -> Iterator[str]:
    """Yield what one result names that only the other election has: reports, logs, its digest."""
    if result is None:
        return
    if result["election"]["digest"] != mine.authority.trusted.digest.hex():
        yield "the result names another election as its own"
    strange = _names(theirs) - _names(mine)
    for said in _texts(result):
        if said in strange:
            yield f"the result names {said[:40]}, which is of another election"


def _statements(auditor: Auditor) -> AbstractSet[ReportId]:
    return auditor.signed.keys() | auditor.by_hand.by_id.keys()


def _names(world: World) -> set[str]:
    trusted = world.authority.trusted
    ids = {each.hex() for each in _statements(world.auditor)}
    return ids | {trusted.digest.hex(), str(world.authority.root), *trusted.register.gateway_keys}


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a JSON document, names of fields left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from _texts(each)
