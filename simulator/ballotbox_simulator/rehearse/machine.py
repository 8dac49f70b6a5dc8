"""What this machine allows and what its processes use, as the kernel tells."""

import os
import platform
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ballotbox_simulator.live.families import started_by
from ballotbox_simulator.rehearse.core.document import LimitPart, MachinePart
from ballotbox_simulator.rehearse.core.limits import Machine
from ballotbox_simulator.rehearse.core.shares import Place

_SYS: Final = Path("/proc/sys")
_GROUPS: Final = Path("/sys/fs/cgroup")
_SPARE_FILES: Final = 128
#: How often a part is looked at anew whose processes come and go.
_LOOKS: Final = 5


def read_machine() -> Machine:
    """Return the limits of this machine; raises OSError where the kernel does not tell."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    low, high = map(int, (_SYS / "net/ipv4/ip_local_port_range").read_text().split())
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        open_files=2**31 if hard == resource.RLIM_INFINITY else hard,
        ports=high - low + 1,
        memory_available_mib=_memory_available(),
        listen_queue=int((_SYS / "net/core/somaxconn").read_text()),
        pseudo_terminals=_number(_SYS / "kernel/pty/max"),
    )


def read_place() -> Place:
    """Return this machine as a process on it tells of it; raises OSError as `read_machine`."""
    boot = (_SYS / "kernel/random/boot_id").read_text().strip()
    return Place(platform.node(), boot, read_machine())


def _memory_available() -> int:
    free = _kib_of("/proc/meminfo", "MemAvailable:") // 1_024
    room = read_container_room()
    return free if room is None else min(free, room)


def read_container_room(groups: Path = _GROUPS) -> int | None:
    """Return the MiB that the limit of our container or service leaves; None when it has none.

    groups: where the control groups of version 2 are; of version 1 none is read. Raises OSError.
    """
    own = Path("/proc/self/cgroup").read_text().rsplit("::/", 1)[-1].strip()
    folder = next((each for each in (groups / own, groups) if (each / "memory.max").exists()), None)
    if folder is None or (limit := (folder / "memory.max").read_text().strip()) == "max":
        return None
    used = int((folder / "memory.current").read_text())
    # What files left in memory is given back when it is needed.
    spare = _kib_of(str(folder / "memory.stat"), "inactive_file ")
    return max(0, int(limit) - used + spare) // 2**20


def machine_part(limits: tuple[LimitPart, ...]) -> MachinePart:
    """Return the machine as the result document has it."""
    return MachinePart(
        system=platform.platform(),
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        python=platform.python_version(),
        memory_mib=_kib_of("/proc/meminfo", "MemTotal:") // 1_024,
        limits=limits,
    )


def allow_open_files(connections: int) -> None:
    """Raise the soft limit of this process, and of those it starts, as far as is needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _SPARE_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@dataclass(frozen=True, slots=True)
class Use:
    """What a part has used so far: seconds of CPU, and resident MiB now."""

    cpu_s: float
    memory_mib: float


@dataclass(frozen=True, slots=True)
class _Process:
    """Ticks of a process and of those it has outlived; its pages, and those of them shared."""

    ticks: int
    outlived: int
    resident: int
    shared: int


def use_of(pid: int) -> Use | None:
    """Return what a process uses and those it has started; None when there is no such process.

    Pages that several share are counted once, at the one that has most of them. None as well while
    processes come and go too fast to be told one from the other.
    """
    whole, started = _process(pid), started_by(pid)
    for _ in range(_LOOKS):
        members = [found for each in started if (found := _process(each))]
        before = (whole and whole.outlived, started)
        whole, started = _process(pid), started_by(pid)
        if whole is None:
            return None
        # One that ended in between would be counted twice, or not at all.
        if before == (whole.outlived, started) and len(members) == len(started):
            return _together(whole, members)
    return None


def _process(pid: int) -> _Process | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        _, resident, shared, *_ = map(int, Path(f"/proc/{pid}/statm").read_text().split())
    except (OSError, IndexError, ValueError):
        return None
    user, system, *outlived = map(int, fields[11:15])
    return _Process(user + system, sum(outlived), resident, shared)


def _together(whole: _Process, members: list[_Process]) -> Use:
    each = (whole, *members)
    ticks = whole.outlived + sum(one.ticks for one in each)
    pages = sum(one.resident - one.shared for one in each) + max(one.shared for one in each)
    return Use(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


def own_use() -> Use:
    """Return what this process uses."""
    return use_of(os.getpid()) or Use(0.0, 0.0)


def busy_seconds() -> float:
    """Return the CPU time that everything on this machine has used since it started."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _waiting, interrupt, soft, *_ = map(int, fields)
    return (user + nice + system + interrupt + soft) / os.sysconf("SC_CLK_TCK")


def anonymous_kib() -> int:
    """Return the anonymous memory of this process."""
    return _kib_of("/proc/self/smaps_rollup", "Anonymous:")


def _kib_of(file: str, name: str) -> int:
    """Return the number that follows a name in a file, in the unit that the file has."""
    for line in Path(file).read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise OSError(f"{file} does not tell {name}")


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except OSError:
        return None


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
