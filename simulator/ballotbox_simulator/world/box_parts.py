"""What a simulated box is made of, and whom it tells: identity, road, witness."""

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from ballotbox_device.core.identity import Identity
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.outputs import (
    PrintCopy,
    ReportMade,
)
from ballotbox_device.core.ports import Entropy, Memory
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.disk import (
    KEPT,
    LOST,
    Outcome,
    Torn,
)
from ballotbox_simulator.world.faults import FaultKind

if TYPE_CHECKING:
    from ballotbox_simulator.world.box_node import BoxNode


class BoxRoad(Protocol):
    """What carries a box's messages to a gateway."""

    def switched_on(self) -> None:
        """The box has power: begin to connect."""
        ...

    def switched_off(self) -> None:
        """The box has no power: be gone."""
        ...

    def send(self, message: bytes) -> None:
        """Carry a message, or lose it."""
        ...

    def flush(self) -> None:
        """Put onto the carrier what was handed over."""
        ...


class Witness(Protocol):
    """Who writes down what happens at a box."""

    def booted(self, box: "BoxNode", boot: int) -> None:
        """The firmware of a box has started."""
        ...

    def refused_as_full(self, box: "BoxNode") -> None:
        """A box takes no sheet because no report could tell one more."""
        ...

    def report_made(self, box: "BoxNode", report: ReportMade) -> None:
        """A report was signed."""
        ...

    def sheet_fell(self, box: "BoxNode", sheet: Sheet, *, insisted: bool) -> None:
        """A sheet fell into the container; `insisted`: its voter was told of it and said so."""
        ...

    def copied(self, box: "BoxNode", copy: PrintCopy, *, by_officers: bool) -> None:
        """A report was printed once more."""
        ...

    def receipt_taken(self, box: "BoxNode", data: bytes) -> None:
        """The box took a receipt as good."""
        ...

    def noted(self, node: str, what: str, detail: object = "") -> None:
        """Anything else worth a line in the transcript."""
        ...

    def struck(self, kind: FaultKind, node: str) -> None:
        """A fault struck a node."""
        ...

    def objected(self, box: "BoxNode", words: str) -> None:
        """Something at a box is not as it must be."""
        ...

    def healthy(self, node: str) -> None:
        """A node did its proper work: whatever struck it is overcome."""
        ...


@dataclass(frozen=True, slots=True)
class Kit:
    """What a box is made of, besides its power and its people.

    next_key: the key it signs with once its journal says that it has rotated.
    """

    authority: Authority
    rules: ElectionRules
    identity: Identity
    entropy: Entropy
    next_key: PrivateKey | None = None

    def identity_for(self, memory: Memory) -> Identity:
        """Return the identity with the key that the memory calls for; raises MemoryFault."""
        key = self.next_key
        # The report of a rotation names the key.
        if key is None or not any(each.journal.read().count(key.public) for each in memory.media):
            return self.identity
        rotation = RecordBook(memory).history.rotation
        if rotation is None or rotation.key != key.public:
            return self.identity
        return replace(self.identity, key=key)


def outcomes_of(kinds: frozenset[FaultKind]) -> tuple[Outcome, Outcome]:
    """Return what a power cut leaves of a box's unsynced writes on a day with these faults."""
    journal: Outcome = Torn(0) if FaultKind.MEMORY_TORN in kinds else LOST
    slots: Outcome = KEPT if FaultKind.MEMORY_REORDERED in kinds else LOST
    return journal, slots


def drawn(outcomes: tuple[Outcome, Outcome], chance: random.Random) -> tuple[Outcome, ...]:
    """Return what each file of both media keeps of its unsynced writes at one power cut."""
    second: tuple[Outcome, Outcome] = outcomes
    if outcomes != (LOST, LOST):
        second = chance.choice((outcomes, outcomes, (LOST, LOST), (KEPT, KEPT)))
    return tuple(_torn_somewhere(each, chance) for each in (*outcomes, *second))


def _torn_somewhere(outcome: Outcome, chance: random.Random) -> Outcome:
    if isinstance(outcome, Torn):
        return Torn(chance.randrange(24), chance.randrange(256))
    return outcome
