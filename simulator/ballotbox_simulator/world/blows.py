"""What has struck where, and what that lets a day leave."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_simulator.world.faults import FaultClass, FaultKind, weakest


@dataclass(slots=True)
class Blows:
    """The faults that struck, by kind and by node, and which of them were overcome."""

    struck: Counter[FaultKind] = field(default_factory=Counter)
    overcome: Counter[FaultKind] = field(default_factory=Counter)
    at: dict[str, set[FaultKind]] = field(default_factory=lambda: defaultdict(set))
    #: What each box was made to forget, each time.
    forgotten: dict[str, list[list[ReportId]]] = field(default_factory=lambda: defaultdict(list))
    #: Boxes that were made to forget what no log has: nothing can contradict what they say anew.
    unheard: set[str] = field(default_factory=set)
    _open: dict[str, Counter[FaultKind]] = field(default_factory=dict)

    def strike(self, kind: FaultKind, node: str) -> None:
        """Note that `kind` struck `node`."""
        self.struck[kind] += 1
        self.at[node].add(kind)
        self._open.setdefault(node, Counter())[kind] += 1

    def heal(self, node: str) -> None:
        """Note that `node` does its proper work."""
        if node in self._open:
            self.overcome.update(self._open.pop(node))

    def weakest_at(self, *nodes: str) -> FaultClass:
        """Return the weakest class that struck any of these nodes."""
        if self.unheard.intersection(nodes):
            return FaultClass.UNDETECTABLE
        return weakest(frozenset().union(*(self.at.get(node, set()) for node in nodes)))

    @property
    def weakest(self) -> FaultClass:
        """The class that the whole day is held to."""
        return self.weakest_at(*self.at)
