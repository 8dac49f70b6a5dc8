"""Whether gateways that forgot are convicted by what boxes hand over, and nobody else ever is.

A box keeps every checkpoint that it has verified and is asked until it has answered. So whatever
else happens, the proof must have come by the end of the day.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from ballotbox_protocol.wire.checkpoint import Checkpoint, verify_checkpoint
from ballotbox_protocol.wire.message import MessageKind
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
        elif _holds(log, told):
            yield f"is convicted by the checkpoint of its own first {told.size} leaves"


class HandedOver:
    """The checkpoints that reached each gateway in its present life."""

    def __init__(self) -> None:
        self._reached: dict[tuple[str, int], list[bytes]] = defaultdict(list)

    def heard(self, gateway: GatewayNode, data: bytes) -> None:
        """Take what reached a gateway."""
        if data[:1] == bytes((MessageKind.HELD,)):
            self._reached[gateway.name, gateway.life].append(data[1:])

    def to(self, gateway: GatewayNode) -> Sequence[bytes]:
        """Return the notes that the process which runs there was handed."""
        return self._reached[gateway.name, gateway.life]


def never_convicted(
    log: ReadLog,
    gateway: GatewayNode,
    key: bytes,
    notes: Sequence[bytes],
) -> Iterator[str]:
    """Yield why there should be a proof against a log of which there is none."""
    if gateway.ledger.contradictions():
        return
    for note in notes:
        told = verify_checkpoint(note, gateway.name, key)
        if isinstance(told, Checkpoint) and not _holds(log, told):
            yield f"was handed its own checkpoint of {told.size} other leaves, and kept nothing"
            return
    exposed = [index for index, leaf in enumerate(log.leaves) if leaf.reason in _EXPOSED]
    if exposed:
        words = "tells of a checkpoint beyond this log, and it was never handed over"
        yield f"leaf {exposed[0]} {words}"


def _holds(log: ReadLog, told: Checkpoint) -> bool:
    return told.size <= log.size and log.root(told.size) == told.root
