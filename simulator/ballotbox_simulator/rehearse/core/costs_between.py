"""Unit costs of a load that lies between those of several rehearsals.

A report costs less in company: the more come at once, the more are stored by one commit. The line
that one rehearsal draws through its seconds is steep and begins low when few come at once, and is
flat and begins high when many do. So the line of another load is taken from those of the nearest
rehearsals: the cost of a report between two of them by the logarithm of their peaks, what is used
without any by their boxes, and beyond the outermost all is as it was there.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import log
from statistics import linear_regression
from typing import Final

from ballotbox_protocol.election.identifiers import require
from ballotbox_simulator.rehearse.core.unit_costs import PartCosts, UnitCosts

_ONE_SET_UP: Final = (
    "must be of one set-up: rehearse with the same ledger, gateways, centre and tls in [embedded]"
)


def costs_at(measured: Sequence[UnitCosts], boxes: int, peak_per_s: float) -> UnitCosts:
    """Return the costs at a load, out of one rehearsal or of several; raises InvalidField.

    boxes: connected to one broker. peak_per_s: reports a second in the densest part of the burst.
    Everything else is as in the rehearsal with the most boxes.
    """
    if len(measured) > 1:
        require(len({each.machine for each in measured}) == 1, "measured", "must be of one machine")
        require(len({each.set_up for each in measured}) == 1, "measured", _ONE_SET_UP)
        require(all(each.peak_per_s > 0 for each in measured), "measured", "has no closing burst")
    ordered = sorted(measured, key=lambda each: (each.peak_per_s, each.boxes))
    largest = max(ordered, key=lambda each: each.boxes)
    parts = tuple(_part(part, ordered, boxes, peak_per_s) for part in largest.parts)
    return replace(largest, parts=parts)


def _part(
    largest: PartCosts, ordered: Sequence[UnitCosts], boxes: int, peak_per_s: float
) -> PartCosts:
    found = [(each, part) for each in ordered if (part := each.of(largest.kind)) is not None]
    us = _between([(each.peak_per_s, part.us_per_report) for each, part in found], peak_per_s)
    idle = _on_line([(each.boxes, part.idle_cores) for each, part in found], boxes)
    return replace(largest, us_per_report=us, idle_cores=idle)


def _between(points: Sequence[tuple[float, float]], at: float) -> float:
    """Return the value at a peak, from (peak, value) in the order of the peaks."""
    for (low, first), (high, last) in pairwise(points):
        if low < at <= high:
            share = log(at / low) / log(high / low)
            return first + share * (last - first)
    return points[0][1] if at <= points[0][0] else points[-1][1]


def _on_line(points: Sequence[tuple[int, float]], at: int) -> float:
    sizes = [size for size, _ in points]
    values = [value for _, value in points]
    if len(set(sizes)) == 1:
        return sum(values) / len(values)
    line = linear_regression(sizes, values)
    within = min(max(at, min(sizes)), max(sizes))
    return max(0.0, line.intercept + line.slope * within)
