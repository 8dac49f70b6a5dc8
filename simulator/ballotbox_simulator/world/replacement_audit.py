"""Whether a log that stands in a closed one's place says so, once, with what is lost of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from ballotbox_protocol.wire.leaf import LeafType
from ballotbox_protocol.wire.replacement import Replacement, decode_replacement
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.log_reading import ReadLog
from ballotbox_simulator.world.places import ClosedLog


def unsaid(closed: ClosedLog, opened: GatewayNode) -> Iterator[str]:
    """Yield what the log of `opened` fails to say of the one in whose place it stands."""
    told = list(_told(opened))
    where = [index for index, _ in told]
    if where != [0]:
        yield f"says {len(where)} times that it stands for another log, at {where}, not once at 0"
    for _, each in told:
        if (each.replaced, each.origin, each.kept) != _expected(closed, opened):
            yield f"says that {each.replaced} is lost from leaf {each.kept} on"


def unsaid_above(closed: ClosedLog, opened: GatewayNode, above: GatewayNode) -> Iterator[str]:
    """Yield what the log above fails to say of the closed one, once everything is delivered."""
    expected = _expected(closed, opened)
    told = [(each.replaced, each.origin, each.kept) for _, each in _told(above)]
    if told.count(expected) != 1:
        yield f"says {told.count(expected)} times, not once, what is lost of {expected[0]}"


def unnamed(closed: ClosedLog, opened: GatewayNode, result: Mapping[str, Any]) -> Iterator[str]:
    """Yield that a published result does not name what is lost."""
    shown = [
        (each["origin"], each["replaced_by"], each["lost_from"])
        for each in result["log"].get("replaced", ())
    ]
    if shown.count(_expected(closed, opened)) != 1:
        yield f"does not name what is lost of {closed.gateway.name}"


def uncalled(log: ReadLog, closed: int) -> Iterator[str]:
    """Yield that a log says more often than logs were closed that it stands for one."""
    told = sum(leaf.type is LeafType.REPLACEMENT for leaf in log.leaves)
    if told > closed:
        yield f"stands {told} times for another log, and {closed} were closed"


def _expected(closed: ClosedLog, opened: GatewayNode) -> tuple[str, str, int]:
    return closed.gateway.name, opened.name, closed.kept


def _told(gateway: GatewayNode) -> Iterator[tuple[int, Replacement]]:
    from_all = gateway.ledger.entries(0, gateway.ledger.log_head().size)
    for index, entry in enumerate(from_all):
        if entry.ruling is not None and entry.report is None:
            try:
                yield index, decode_replacement(entry.ruling)
            except ValueError:
                continue
