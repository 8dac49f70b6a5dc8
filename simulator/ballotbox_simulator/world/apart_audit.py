"""Whether two elections at the same gateways stay apart: each has its own log and result.

What belongs where is known from what boxes signed and from whom they were to report to; the
addresses by which the product tells elections apart are never asked.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.report import decode_report
from ballotbox_simulator.world.auditor import Auditor, Breach
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.world import World


def hold_apart(one: World, other: World) -> None:
    """Object to whatever of one election is found in the other one, at any gateway."""
    for mine, theirs in ((one, other), (other, one)):
        for gateway in mine.gateways:
            for words in strangers_at(gateway, mine, theirs):
                mine.auditor.object_to(Breach.LAW, gateway.name, words)
        for words in strangers_published(mine.auditor.published, theirs.auditor.published):
            mine.auditor.object_to(Breach.LAW, "tabulation", words)
        for words in _foreign_receipts(mine, theirs):
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


def _foreign_receipts(mine: World, theirs: World) -> Iterator[str]:
    for node in theirs.gateways:
        if mine.auditor.receipts.get(node.name):
            yield f"took receipts of {node.name}, which is another election's log"


def strangers_published(
    mine: Mapping[str, Any] | None, theirs: Mapping[str, Any] | None
) -> Iterator[str]:
    """Yield what one result says that only the other one may."""
    if mine is not None and theirs is not None and mine["log"]["origin"] == theirs["log"]["origin"]:
        yield "both results are made of one log"
