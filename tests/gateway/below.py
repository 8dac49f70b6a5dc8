"""Precinct gateways with a centre above them, and lower logs that no honest gateway would make."""

from collections.abc import Sequence

from ballotbox_gateway.core.upward import (
    UpwardBatch,
    UpwardConflict,
    UpwardEntry,
    UpwardFault,
    UpwardReply,
)
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import Authority
from tests.gateway.scene import Scene
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, OTHER, authority, report_id


class Levels:
    """Two precinct gateways and the centre; `box` reports to whichever a test chooses."""

    def __init__(self, given: Authority | None = None) -> None:
        self.given = given or authority()
        self.lower = Scene(self.given, ORIGIN)
        self.other = Scene(self.given, OTHER)
        self.centre = Scene(self.given, CENTRE)
        self.box = self.lower.box

    def carry(self, scene: Scene, limit: int = 100) -> list[UpwardReply]:
        """Deliver all that a precinct gateway has, and store the centre's receipts there."""
        replies = []
        while (batch := scene.intake.next_upward(CENTRE, limit)) is not None:
            reply = self.take(batch)
            if isinstance(reply, UpwardConflict):
                assert scene.intake.upward_conflict(reply, CENTRE) is None
                continue
            assert isinstance(reply, UpwardReply), reply
            assert scene.intake.upward_receipted(batch, reply, CENTRE, NOW) is None
            replies.append(reply)
        return replies

    def take(self, batch: UpwardBatch) -> UpwardReply | UpwardConflict | UpwardFault:
        return self.centre.intake.admit_from_below(batch, NOW)


class LowerLog:
    """A lower log written by hand, signed with the real key of its gateway."""

    def __init__(self, given: Authority, origin: str = OTHER) -> None:
        self.given = given
        self.origin = origin
        self._leaves: list[bytes] = []

    def batch(self, *entries: UpwardEntry) -> UpwardBatch:
        """Append entries and return them as the next batch."""
        first = len(self._leaves)
        self._leaves += [entry.leaf for entry in entries]
        return UpwardBatch(self.origin, first, entries, self.note())

    def note(self, leaves: Sequence[bytes] | None = None) -> bytes:
        tree = Tree([leaf_hash(leaf) for leaf in (self._leaves if leaves is None else leaves)])
        key = self.given.gateway_keys[self.origin]
        return sign_checkpoint(
            Checkpoint(self.origin, tree.size, tree.root()), key.public, key.sign
        )


def entry_of(report: bytes, verdict: Verdict, reason: Reason) -> UpwardEntry:
    leaf = Leaf(LeafType.REPORT, report_id(report), verdict, reason, None, NOW)
    return UpwardEntry(encode_leaf(leaf), report, None)
