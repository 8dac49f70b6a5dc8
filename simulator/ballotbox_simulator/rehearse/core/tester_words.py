"""What the processes of a tester used, in words: the busiest, the latest, the ones near a limit."""

from collections.abc import Iterator, Sequence

from ballotbox_simulator.rehearse.core.bottleneck import NEAR
from ballotbox_simulator.rehearse.core.document import RehearsalProcess


def in_words(process: RehearsalProcess) -> str:
    """Return which process it is and what it used."""
    where = f" on {process.machine}" if process.machine else ""
    return (
        f"{process.name}{where}, with {process.boxes:,} boxes: since the close it kept "
        f"{process.cores:.2f} of a core busy, when its machine was busy with "
        f"{process.machine_busy:.2f} of "
        f"{process.machine_cores}, held {process.memory_mib:,.0f} MiB, and was "
        f"{process.lag_ms:,.0f} ms late at most"
    )


def with_processes(words: str, processes: Sequence[RehearsalProcess], *, valid: bool) -> str:
    """Return what is said of a tester, and of that process of it which the saying rests on."""
    if not processes:
        return words
    if valid:
        return f"{words} Busiest was {in_words(max(processes, key=lambda each: each.cores))}."
    return f"{words}; latest was {in_words(max(processes, key=lambda each: each.lag_ms))}"


def pressed(processes: Sequence[RehearsalProcess]) -> Iterator[str]:
    """Yield a remark for each process that decides on one core and had little of it left."""
    for each in processes:
        if each.cores >= NEAR:
            yield f"the tester may have set the pace: {in_words(each)}"
