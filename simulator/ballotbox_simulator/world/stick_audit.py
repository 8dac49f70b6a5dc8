"""What sticks may do: carry a log and its receipts, once, to where they belong, and nothing else.

What stands in the ledgers is read before and after each thing that people do with a stick; the
reconciliation at the end of the day then holds both logs and all receipts against each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ballotbox_gateway.core.carrying import Taken
from ballotbox_gateway.core.ports import Ledger


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a ledger is: its own log, another one taken in, and what a third has receipted."""

    size: int
    taken: int
    delivered: int

    @staticmethod
    def of(ledger: Ledger, lower: str, upper: str) -> "Standing":
        """Read it; `lower` and `upper` are the ends of the stick's way."""
        log = ledger.lower_log(lower)
        taken = log.size if log is not None else 0
        return Standing(ledger.log_head().size, taken, ledger.delivered(upper))


def packing_moved(before: Standing, after: Standing) -> Iterator[str]:
    """Yield what a stick did by being packed alone."""
    if before != after:
        yield f"packing a stick moved the ledger from {before} to {after}"


def wrong_place_took(before: Standing, after: Standing, taken: Sequence[Taken]) -> Iterator[str]:
    """Yield what a gateway took from a stick that is for others, or that it tried to."""
    if before != after:
        yield f"took from a stick that is not for it: {before}, then {after}"
    elif taken:
        yield "looked for leaves on a stick that is not for it"


def part_taken(before: Standing, after: Standing, taken: Sequence[Taken]) -> Iterator[str]:
    """Yield what came of a stick of which a part is missing, or cut short."""
    if after.taken > before.taken:
        yield f"took leaves {before.taken} to {after.taken} from a stick that was copied in part"
    if any(each.returned for each in taken):
        yield "gave receipts to a stick that was copied in part"
    if not any(each.fault for each in taken):
        yield "found no fault with a stick that was copied in part"


def taken_wrongly(
    before: Standing, after: Standing, stop: int, taken: Sequence[Taken]
) -> Iterator[str]:
    """Yield what is wrong with what was taken from a whole stick that ends before leaf `stop`."""
    if after.taken < before.taken:
        yield f"has forgotten leaves {after.taken} to {before.taken} over a stick"
    if after.taken > max(before.taken, stop):
        yield f"took {after.taken} leaves from a stick that ends before {stop}"
    if after.taken > before.taken and not any(each.returned for each in taken):
        yield f"took leaves {before.taken} to {after.taken} from a stick and receipted none"


def again_taken(before: Standing, after: Standing) -> Iterator[str]:
    """Yield what a stick did that had brought everything before."""
    if before != after:
        yield f"a stick that came before moved the ledger from {before} to {after}"


def receipts_left(after: Standing, stop: int, faults: Sequence[object]) -> Iterator[str]:
    """Yield that receipts of all leaves before `stop` came back and are not stored."""
    if not faults and after.delivered < stop:
        yield f"receipts up to leaf {stop} came back on a stick, and {after.delivered} are stored"
