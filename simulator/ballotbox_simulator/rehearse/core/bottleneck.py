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
    """How many cores one part kept busy, in the mean of the time that counts."""

    name: str
    cores: float


def bottleneck(parts: Iterable[Busy], cores: int) -> BottleneckPart:
    """Return the part that was closest to its limit, or the machine as a whole when that was."""
    busy = list(parts)
    machine = sum(each.cores for each in busy) / cores
    most = max(busy, key=lambda each: each.cores, default=Busy("nothing", 0.0))
    share = min(1.0, most.cores / _CORES_OF_ONE)
    if machine >= max(NEAR, share):
        users = ", ".join(
            f"{each.name} {each.cores:.2f}" for each in sorted(busy, key=lambda each: -each.cores)
        )
        words = f"The machine was full: of {cores} cores, {users}. More cores would help first."
        return BottleneckPart("machine", round(min(1.0, machine), 3), words)
    if share >= NEAR:
        words = f"{most.name} kept one core busy for {share:.0%} of the time: it is the limit."
        return BottleneckPart(most.name, round(share, 3), words)
    words = (
        f"Nothing was near its limit: {most.name} was the busiest, {share:.0%} of one core. "
        "The plan's own pace decided."
    )
    return BottleneckPart(most.name, round(share, 3), words)
