"""How a day's voters spread over its hours, and the closes of all boxes over the burst."""

from collections.abc import Sequence
from itertools import accumulate, pairwise


def shares(curve: Sequence[float], count: int) -> list[int]:
    """Return how many of `count` come in each part of the day that `curve` weighs.

    Together they are `count`; what the weights leave in fractions goes to the largest of them.
    """
    whole = sum(curve)
    exact = [count * weight / whole for weight in curve]
    parts = [int(each) for each in exact]
    by_fraction = sorted(range(len(curve)), key=lambda at: (parts[at] - exact[at], at))
    for at in by_fraction[: count - sum(parts)]:
        parts[at] += 1
    return parts


def moments(count: int, shape: Sequence[float], spread_s: float) -> list[float]:
    """Return `count` moments in order, from 0 to `spread_s`, as dense as `shape` weighs them."""
    whole = sum(shape)
    bounds = [0.0, *(each / whole for each in accumulate(shape))]
    part_s = spread_s / len(shape)
    found = []
    place = 0
    for number in range(count):
        quantile = (number + 0.5) / count
        while place < len(shape) - 1 and quantile > bounds[place + 1]:
            place += 1
        width = bounds[place + 1] - bounds[place]
        inside = (quantile - bounds[place]) / width if width > 0 else 0.0
        found.append((place + min(1.0, max(0.0, inside))) * part_s)
    return found


def divided(count: int, parts: int) -> list[range]:
    """Return the numbers from 0 to `count` - 1 in so many ranges of nearly one size."""
    edges = [count * number // parts for number in range(parts + 1)]
    return [range(first, stop) for first, stop in pairwise(edges)]
