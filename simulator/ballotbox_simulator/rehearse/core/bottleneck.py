"""What limited a rehearsal: the part that was closest to what it can do while finals came in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ballotbox_simulator.rehearse.core.document import BottleneckPart

#: Below this share nothing was near its limit, and the plan's own pace decided.
NEAR: Final = 0.75
#: mosquitto and a gateway decide on one core each; so does each process of the tester.
_CORES_OF_ONE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Busy:
    """How many cores one part kept busy, in the mean of the time that counts, of its `most`.

    here: on the machine that conducts.
    """

    name: str
    cores: float
    most: float = _CORES_OF_ONE
    here: bool = True

    @property
    def share(self) -> float:
        """Which share of what it can do it did."""
        return min(1.0, self.cores / self.most)


def bottleneck(parts: Iterable[Busy], cores: int, everything: float = 0.0) -> BottleneckPart:
    """Return the part that was closest to its limit, or the machine as a whole when that was.

    everything: the cores that all that ran on the machine kept busy, ours or not.
    """
    busy = sorted(parts, key=lambda each: -each.cores)
    ours = sum(each.cores for each in busy if each.here)
    others = max(0.0, everything - ours)
    if others > ours and everything >= NEAR * cores:
        words = (
            f"Other work on this machine kept {others:.1f} of {cores} cores busy, and this "
            f"rehearsal had {ours:.1f}: hold it on a machine that does nothing else."
        )
        return BottleneckPart("other work", round(min(1.0, everything / cores), 3), words)
    most = max(busy, key=lambda each: each.cores / each.most, default=Busy("nothing", 0.0))
    share = most.share
    if max(ours, everything) / cores >= max(NEAR, share):
        users = ", ".join(f"{each.name} {each.cores:.2f}" for each in busy if each.here)
        words = f"The machine was full: of {cores} cores, {users}. More cores would help first."
        return BottleneckPart("machine", round(min(1.0, max(ours, everything) / cores), 3), words)
    if share >= NEAR:
        words = f"{most.name} kept one core busy for {share:.0%} of the time: it is the limit."
        return BottleneckPart(most.name, round(share, 3), words)
    words = (
        f"Nothing was near its limit: {most.name} was the busiest, {share:.0%} of "
        f"{'one core' if most.most == _CORES_OF_ONE else f'{most.most:g} cores'}. "
        "The plan's own pace decided."
    )
    return BottleneckPart(most.name, round(share, 3), words)


def bottleneck_elsewhere(testers: Iterable[Busy]) -> BottleneckPart:
    """Return what can be said where broker and gateway ran elsewhere: whether the tester was it."""
    most = max(testers, key=lambda each: each.cores, default=Busy("", 0.0))
    if most.cores >= NEAR * _CORES_OF_ONE:
        share = min(1.0, most.cores)
        words = f"The tester kept one core busy for {share:.0%} of the time ({most.name}): "
        return BottleneckPart("tester", round(share, 3), f"{words}it is the limit.")
    words = (
        "Broker and gateway ran elsewhere, and what they used was not seen: watch their machines."
    )
    return BottleneckPart("not seen", 0.0, words)
