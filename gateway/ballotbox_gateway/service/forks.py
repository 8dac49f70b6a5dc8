"""Gateways below that signed two logs under one name, as their own checkpoints prove here.

Kept while the process runs: who signed two logs tries to deliver again and is found again.
"""

import logging
from typing import Any, Final

from ballotbox_gateway.core.upward import UpwardConflict, UpwardFault, UpwardReply
from ballotbox_protocol.wire.checkpoint import SignedCheckpoint, parse_note

_log: Final = logging.getLogger(__name__)

#: What such a gateway is, and what to do.
FORKED: Final = (
    "its ledger is an older copy or was changed, or its key signs elsewhere. Stop that gateway, "
    "and put its newest ledger in its place"
)


class Forks:
    """The first proof against each gateway below; the register bounds how many there can be."""

    def __init__(self) -> None:
        self._proofs: dict[str, tuple[bytes, bytes]] = {}

    def hear(self, origin: str, answer: UpwardReply | UpwardConflict | UpwardFault) -> None:
        """Keep the proof that an answer to the gateway of `origin` rests on, and tell it once."""
        if isinstance(answer, UpwardFault) and answer.proof and origin not in self._proofs:
            self._proofs[origin] = answer.proof
            told = _described(origin, answer.proof)
            _log.error("%s signed two logs of %s leaves: %s", origin, told["size"], FORKED)

    def status(self) -> list[dict[str, Any]]:
        """Return the proofs as JSON-able values."""
        return [_described(origin, proof) for origin, proof in sorted(self._proofs.items())]


def _described(origin: str, proof: tuple[bytes, bytes]) -> dict[str, Any]:
    signed = [note for note in map(parse_note, proof) if isinstance(note, SignedCheckpoint)]
    return {
        "origin": origin,
        "size": signed[0].checkpoint.size,
        "roots": [note.checkpoint.root.hex() for note in signed],
        "notes": [note.decode() for note in proof],
    }
