"""Bodies of reports in which one number has each value at which a reader could go wrong."""

from collections.abc import Iterator
from typing import Any

from ballotbox_protocol.election.identifiers import COUNT_MAX, WIDE_MAX, PollState
from ballotbox_protocol.wire import cbor

#: Where the shortest form of a number grows, and where numbers end.
EDGES = (0, 1, 23, 24, 255, 256, 65_535, 65_536, 2**31, 2**32 - 1, 2**32, 2**53 - 1, 2**53)
#: A number of each field of a body, and the greatest that the field may hold.
NUMBERS = {
    (1,): 9,
    (3,): COUNT_MAX,
    (5,): COUNT_MAX,
    (6,): COUNT_MAX,
    (7,): COUNT_MAX,
    (9, 0): WIDE_MAX,
    **{(10, counter): COUNT_MAX for counter in range(8)},
    (12, 1): COUNT_MAX,
    (13, 0): max(PollState),
    (13, 1): 1,
    (14, 0): WIDE_MAX,
    (14, 1): 2,
    (14, 2): WIDE_MAX,
    (19, 1): WIDE_MAX,
}


def bodies_at(
    items: dict[int, Any], place: tuple[int, ...], last: int
) -> Iterator[tuple[int, bytes]]:
    """Yield values up to and beyond `last`, each with the body that has it at `place`."""
    items[19] = [bytes(16), 1, bytes(32)]
    for value in {*EDGES, last, last + 1, 2**63 - 1}:
        holder, key = (items, place[0]) if len(place) == 1 else (items[place[0]], place[1])
        before, holder[key] = holder[key], value
        yield value, cbor.encode(items)
        holder[key] = before
