"""What a shard says each second, as the requests that Locust counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hdrh.histogram import HdrHistogram

from ballotbox_simulator.rehearse.core.latency import PER_MS

#: Of what is told of a second, the histogram, and what Locust is to call its entries.
_KINDS = (("connects", "connect"), ("receipts", "receipt"))


@dataclass(frozen=True, slots=True)
class Counted:
    """So many requests of one name that took as long; failed: they were refused."""

    name: str
    count: int
    ms: float
    failed: bool = False


def counted(told: dict[str, Any], refused_before: int) -> Iterator[Counted]:
    """Yield what came in one second; every receipt and every connection once."""
    for field, name in _KINDS:
        if told[field]:
            histogram = HdrHistogram.decode(told[field])
            for item in histogram.get_recorded_iterator():
                if item.count_added_in_this_iter_step:
                    ms = item.value_iterated_to / PER_MS
                    yield Counted(name, item.count_added_in_this_iter_step, ms)
    if refused := told["refused"] - refused_before:
        yield Counted("receipt", refused, 0.0, failed=True)
