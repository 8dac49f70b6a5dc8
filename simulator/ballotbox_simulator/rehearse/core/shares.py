"""A plan shared out among machines: what each share takes of the limits of its machine.

Processes on one machine share its ports and its memory, so their shares are added up before
anything is judged, whoever started them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ballotbox_simulator.rehearse.core.document import LimitPart, RehearsalMachine
from ballotbox_simulator.rehearse.core.limits import Load, Machine, limits_of, refusals


@dataclass(frozen=True, slots=True)
class Place:
    """A machine as a process on it tells of it; boot: of which start of which kernel it is."""

    name: str
    boot: str
    machine: Machine

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other machine: a container has a name and ports of its own."""
        return self.name, self.boot

    def told(self) -> dict[str, Any]:
        """Return it as JSON-able values."""
        return asdict(self)


def place_of(told: dict[str, Any]) -> Place:
    """Return the place that `Place.told` has told."""
    return Place(told["name"], told["boot"], Machine(**told["machine"]))


def names_of(places: Sequence[Place]) -> dict[tuple[str, str], str]:
    """Return a name for each machine that no other one has."""
    keys = dict.fromkeys(place.key for place in places)
    called = [name for name, _ in keys]
    return {
        (name, boot): name if called.count(name) == 1 else f"{name} ({boot[:8]})"
        for name, boot in keys
    }


def shared_out(
    load: Load, own: Place, places: Sequence[Place], boxes: Sequence[int]
) -> tuple[RehearsalMachine, ...]:
    """Return every machine with its share of a load, and what it takes.

    own: the machine that conducts, which has broker and gateway where they are embedded. places,
    boxes: of each process of the tester, where it runs and how many it holds.
    """
    has_parts = (own,) if load.embedded else ()
    names = names_of([*places, *has_parts])
    return tuple(_share(load, key, name, own, places, boxes) for key, name in names.items())


def _share(
    load: Load,
    key: tuple[str, str],
    name: str,
    own: Place,
    places: Sequence[Place],
    boxes: Sequence[int],
) -> RehearsalMachine:
    held = [count for place, count in zip(places, boxes, strict=True) if place.key == key]
    share = replace(
        load,
        boxes=sum(held),
        others=load.whole - sum(held),
        workers=len(held),
        embedded=False,
        parts=0,
    )
    machine = _least([place.machine for place in (*places, own) if place.key == key])
    limits = limits_of(share, machine)
    if load.embedded and key == own.key:
        # What is allowed to broker and gateway is what is allowed to whoever starts them.
        whole = replace(share, embedded=True, parts=load.parts)
        theirs = replace(machine, open_files=own.machine.open_files)
        limits = _fullest([*limits_of(whole, theirs), *limits])
    return RehearsalMachine(name, machine.cores, sum(held), len(held), limits)


def _least(told: Sequence[Machine]) -> Machine:
    """Return a machine of which several processes have told: what the poorest of them may use."""
    return replace(
        told[0],
        open_files=min(each.open_files for each in told),
        ports=min(each.ports for each in told),
        memory_available_mib=min(each.memory_available_mib for each in told),
    )


def share_refusals(machines: Sequence[RehearsalMachine]) -> list[str]:
    """Return of each machine why it does not hold its share, and what to change."""
    return [f"{each.name}: {told}" for each in machines for told in refusals(each.limits)]


def tightest(machines: Sequence[RehearsalMachine]) -> tuple[LimitPart, ...]:
    """Return each limit once: that of the machine whose share takes most of it."""
    return _fullest([limit for machine in machines for limit in machine.limits])


def _fullest(limits: Sequence[LimitPart]) -> tuple[LimitPart, ...]:
    found: dict[str, LimitPart] = {}
    for limit in limits:
        known = found.get(limit.name)
        if known is None or _taken(limit) > _taken(known):
            found[limit.name] = limit
    return tuple(found.values())


def _taken(limit: LimitPart) -> float:
    return limit.needed / max(1.0, limit.available)
