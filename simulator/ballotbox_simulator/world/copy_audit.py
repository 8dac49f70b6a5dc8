"""The two copies of a box's memory at the end of a day: alike, or mended by the next boot."""

from typing import Final

from ballotbox_device.core.device import Device
from ballotbox_device.core.ports import MemoryFault
from ballotbox_simulator.disk import BoxDisk
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.faults import FaultKind

#: Who damages both copies at one place leaves nothing to mend them with.
_BEYOND_MENDING: Final = frozenset({FaultKind.MEMORY_ROT_BOTH})


def copies_differ(box: BoxNode, struck: set[FaultKind]) -> str:
    """Return what is wrong with the copies of a box that runs, or nothing."""
    if box.device is None or alike(box.disk) or struck & _BEYOND_MENDING:
        return ""
    twin, kit = box.disk.copy(), box.kit
    try:
        memory = twin.memory
        device = Device(kit.identity_for(memory), kit.rules, memory, kit.entropy)
        device.start(box.clock.instant())
    except MemoryFault as fault:
        return f"one copy of the memory cannot mend the other: {fault}"
    if device.counters != box.device.counters:
        return f"mended, the memory tells {device.counters}"
    return "" if alike(twin) else "the copies of the memory differ after they were mended"


def alike(disk: BoxDisk) -> bool:
    """Tell whether the copies of a memory are."""
    contents = [file.read() for file in disk.files]
    return contents[:2] == contents[2:]
