"""Whether a machine holds a plan: each limit, what the plan takes of it, and what to change."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ballotbox_simulator.rehearse.core.document import LimitPart

#: Open files that a process takes beside its connections.
_OTHER_FILES: Final = 128
#: A closed connection keeps its port for a minute, and a storm closes them all: two of each.
_PORTS_PER_BOX: Final = 2
#: Addresses of the loopback network that sources are spread over, 127.0.1.1 and on.
LOOPBACK_SOURCES: Final = 250
#: KiB of a box: in the tester, per sheet in its journal and slots, in broker and gateway, and of
#: the kernel for both ends of its connection.
_TESTER_KIB: Final = 14.0
_SHEET_KIB: Final = 0.25
_PARTS_KIB: Final = 6.0
_KERNEL_KIB: Final = 20.0
#: MiB of each process before its first box, and of the register for each box once more in each.
_PROCESS_MIB: Final = 90.0
_REGISTER_KIB: Final = 3.0


@dataclass(frozen=True, slots=True)
class Machine:
    """What the machine allows; `pseudo_terminals` is None where the kernel has no such limit."""

    cores: int
    open_files: int
    ports: int
    memory_available_mib: int
    listen_queue: int
    pseudo_terminals: int | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """What a plan brings.

    embedded: broker and gateway are on this machine. spread: sources are addresses of loopback.
    others: boxes of the plan that other machines hold.
    """

    boxes: int
    sheets: int
    workers: int
    embedded: bool
    spread: bool
    parts: int
    others: int = 0

    @property
    def whole(self) -> int:
        """How many boxes the plan has, on whatever machine."""
        return self.boxes + self.others


def sources_needed(load: Load, machine: Machine) -> int:
    """Return over how many source addresses the boxes must be spread."""
    return max(1, -(-load.boxes * _PORTS_PER_BOX // machine.ports))


def limits_of(load: Load, machine: Machine) -> tuple[LimitPart, ...]:
    """Return every limit with what the plan takes of it."""
    return tuple(_limits(load, machine))


def _limits(load: Load, machine: Machine) -> Iterator[LimitPart]:
    yield _files(load, machine)
    yield _ports(load, machine)
    yield _memory(load, machine)
    yield LimitPart(
        "cores",
        machine.cores,
        load.workers,
        "processes",
        load.workers <= 4 * machine.cores,
        f"{load.workers} processes hold the boxes: set tester.workers to {machine.cores} or fewer",
    )
    yield LimitPart(
        "net.core.somaxconn",
        machine.listen_queue,
        0,
        "connections waiting",
        enough=True,
        words="a broker may let so many wait; what comes beyond is asked again after a second",
    )
    if machine.pseudo_terminals is not None:
        yield LimitPart(
            "kernel.pty.max",
            machine.pseudo_terminals,
            0,
            "pseudo-terminals",
            enough=True,
            words="all boxes of a rehearsal are on the broker, none on a serial line",
        )


def _files(load: Load, machine: Machine) -> LimitPart:
    in_worker = -(-load.boxes // max(1, load.workers))
    needed = (load.whole if load.embedded else in_worker) + _OTHER_FILES
    who = "the broker" if load.embedded else "each process"
    words = (
        f"{who} needs one for each connection: allow more with `ulimit -n {needed}` (as root: "
        "LimitNOFILE or /etc/security/limits.conf), or rehearse fewer boxes"
    )
    return LimitPart(
        "open files", machine.open_files, needed, "files", machine.open_files >= needed, words
    )


def _ports(load: Load, machine: Machine) -> LimitPart:
    addresses = LOOPBACK_SOURCES if load.spread else 1
    available, needed = machine.ports * addresses, load.boxes * _PORTS_PER_BOX
    words = (
        "each connection takes a port of its source address, and keeps it for a minute after: "
        "widen net.ipv4.ip_local_port_range, or rehearse fewer boxes on this machine"
    )
    return LimitPart("local ports", available, needed, "ports", available >= needed, words)


def _memory(load: Load, machine: Machine) -> LimitPart:
    parts = _PARTS_KIB if load.embedded else 0.0
    box_kib = _TESTER_KIB + _SHEET_KIB * load.sheets + _KERNEL_KIB
    shared = (load.workers + load.parts) * (_PROCESS_MIB + load.whole * _REGISTER_KIB / 1_024)
    needed = (load.boxes * box_kib + load.whole * parts) / 1_024 + shared
    enough = machine.memory_available_mib >= needed
    words = "boxes keep their journals in memory: free some, or rehearse fewer boxes or sheets"
    return LimitPart("memory", machine.memory_available_mib, round(needed), "MiB", enough, words)


def refusals(limits: tuple[LimitPart, ...]) -> list[str]:
    """Return why the plan does not fit, and what to change; nothing when it does."""
    return [
        f"{each.name}: {each.needed:,.0f} {each.unit} are needed, {each.available:,.0f} are "
        f"allowed: {each.words}"
        for each in limits
        if not each.enough
    ]
