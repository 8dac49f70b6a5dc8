"""What a night must keep to be a go, and whether it did."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ballotbox_protocol.election.identifiers import require

#: Of these none is allowed, in any plan.
_ALWAYS_NONE: Final = frozenset({"lost", "doubled"})


@dataclass(frozen=True, slots=True)
class Objectives:
    """What is asked of a rehearsal; None: nothing is asked of that.

    receipted_99_s: seconds from the close until 99 of 100 reports made since then hold a receipt.
    receipt_p99_ms: milliseconds within which 99 of 100 receipts of those come.
    memory_kib: of each connected box, before voters come. That nothing is lost or counted twice is
    asked always.
    """

    receipted_99_s: float | None = None
    receipt_p99_ms: float | None = None
    memory_kib: float | None = None

    def __post_init__(self) -> None:
        for name in ("receipted_99_s", "receipt_p99_ms", "memory_kib"):
            limit = getattr(self, name)
            require(limit is None or limit > 0, f"objectives.{name}", "must be above 0")

    def limit(self, name: str) -> float | None:
        """Return what is asked of one thing that is measured, None when nothing is."""
        return 0 if name in _ALWAYS_NONE else getattr(self, name)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a rehearsal came to, of what objectives ask; None: not reached, or not seen."""

    receipted_99_s: float | None
    receipt_p99_ms: float | None
    lost: int | None
    doubled: int | None
    memory_kib: float | None


@dataclass(frozen=True, slots=True)
class Judged:
    """One objective: `limit` and `measured` in `unit`, and in words what was asked."""

    name: str
    words: str
    unit: str
    limit: float
    measured: float | None
    met: bool

    def __str__(self) -> str:
        found = "was not reached" if self.measured is None else f"was {self.measured:g} {self.unit}"
        return f"{self.words} {found}; at most {self.limit:g} {self.unit} was asked"


_WORDS = (
    (
        "receipted_99_s",
        "Time from the close until 99 % of the reports made since then held a receipt",
        "s",
    ),
    (
        "receipt_p99_ms",
        "Time of the slowest receipt but for 1 %, of reports made since the close",
        "ms",
    ),
    ("lost", "Number of reports that are missing somewhere", "reports"),
    ("doubled", "Number of reports that count more than once", "reports"),
    ("memory_kib", "Memory of the tester for each connected box, before voters come", "KiB"),
)


def judged(asked: Objectives, measured: Measured) -> tuple[Judged, ...]:
    """Return each objective that was asked, met or not; what was not measured is not met."""
    return tuple(_judged(asked, measured))


def _judged(asked: Objectives, measured: Measured) -> Iterator[Judged]:
    for name, words, unit in _WORDS:
        limit, found = asked.limit(name), getattr(measured, name)
        if limit is not None:
            met = found is not None and found <= limit
            yield Judged(name, words, unit, limit, found, met)
