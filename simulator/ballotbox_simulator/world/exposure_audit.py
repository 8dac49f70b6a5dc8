"""Whether gateways that forgot are convicted by what boxes hold, and nobody else ever is."""

from collections.abc import Iterator
from typing import Final

from ballotbox_protocol.wire.checkpoint import Checkpoint, verify_checkpoint
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.log_reading import ReadLog

_EXPOSED: Final = frozenset({Reason.HELD_AHEAD, Reason.HELD_FORK})


def wrongly_convicted(log: ReadLog, gateway: GatewayNode, key: bytes) -> Iterator[str]:
    """Yield the stored notes that prove nothing against this log."""
    for note in gateway.ledger.contradictions():
        told = verify_checkpoint(note, gateway.name, key)
        if not isinstance(told, Checkpoint):
            yield "is convicted by a note that its key never signed"
        elif told.size <= log.size and log.root(told.size) == told.root:
            yield f"is convicted by the checkpoint of its own first {told.size} leaves"


def never_convicted(log: ReadLog, gateway: GatewayNode) -> Iterator[str]:
    """Yield what exposed a log of which nobody has the proof."""
    told = [index for index, leaf in enumerate(log.leaves) if leaf.reason in _EXPOSED]
    if told and not gateway.ledger.contradictions():
        yield f"leaf {told[0]} tells of a checkpoint beyond this log, and it was never handed over"
