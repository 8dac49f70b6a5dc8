"""The auditor's look at registers: no gateway may use one that opens a box which was ended."""

from collections.abc import Iterator, Mapping

from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_simulator.world.gateway_node import GatewayNode


def undone(ended: Mapping[BoxId, int], gateway: GatewayNode) -> Iterator[str]:
    """Yield the boxes open at a gateway although they were ended, by the version that did it.

    They were ended from the start of every log: an end that names a place is a later one.
    """
    register = gateway.trusted.register
    for entry in register.boxes:
        is_open = entry.closed is None or entry.closed.positions
        if is_open and register.version >= ended.get(entry.box, register.version + 1):
            version = ended[entry.box]
            yield f"uses register {register.version}, which opens a box that {version} ended"
