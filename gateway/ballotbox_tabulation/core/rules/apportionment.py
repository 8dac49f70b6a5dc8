"""Seats from votes, exactly: fractions all the way, and what is tied is nobody's."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ballotbox_tabulation.core.rules.rules import Method


@dataclass(frozen=True, slots=True)
class Apportionment:
    """The certain seats of each list, and the lists between which `tied_seats` more are tied.

    Of every tied list at most one more seat is in question. `seats` and `tied_seats` together are
    all seats, unless no list has a vote.
    """

    seats: tuple[int, ...]
    tied: tuple[int, ...] = ()
    tied_seats: int = 0


def apportion(
    votes: Sequence[int], seats: int, method: Method, first_divisor: Fraction | None = None
) -> Apportionment:
    """Return what each list is certain of; the order of `votes` decides nothing.

    `first_divisor` is asked of MODIFIED_SAINTE_LAGUE alone.
    """
    # A list without a vote can hold a seat in no method, but equal zeros would look like a tie.
    standing = {at: each for at, each in enumerate(votes) if each}
    if not standing:
        return Apportionment((0,) * len(votes))
    found = _evaluator(method, first_divisor).evaluate(standing, seats)
    certain = tuple(found.get(at, 0) for at in range(len(votes)))
    for key, count in found.items():
        if isinstance(key, frozenset):
            return Apportionment(certain, tuple(sorted(key)), count)
    return Apportionment(certain)


def _evaluator(method: Method, first_divisor: Fraction | None) -> Any:  # noqa: ANN401 - untyped library
    from votelib.component.divisor import d_hondt, modified_first_coef, sainte_lague
    from votelib.evaluate.proportional import HighestAverages, LargestRemainder

    if method is Method.LARGEST_REMAINDER:
        return LargestRemainder("hare")
    if method is Method.D_HONDT:
        return HighestAverages(d_hondt)
    if method is Method.SAINTE_LAGUE:
        return HighestAverages(sainte_lague)
    return HighestAverages(modified_first_coef(sainte_lague, first_divisor))
