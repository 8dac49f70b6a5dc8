"""Results of this program as sources of a match: what they list is named in them already."""

from collections.abc import Sequence
from dataclasses import dataclass

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.binding import BoundLaw
from ballotbox_protocol.election.law.law import Law
from ballotbox_tabulation.core.listed_counts import (
    ListedCounts,
    contest_counted,
    counted_by_boxes,
    counted_by_hand,
)
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.core.station_count import Source
from ballotbox_tabulation.given_table import Given
from ballotbox_tabulation.result_table import formed, is_result, read_document
from ballotbox_tabulation.trust_files import UnusableInput


@dataclass(frozen=True, slots=True)
class Listed:
    """A result, and what it lists of the contest that is matched, with the law over it."""

    result: Document
    counts: ListedCounts
    bound: BoundLaw | None


def listed_sources(
    given: Sequence[Given], law: Law | None, digest: str, contest: str | None
) -> dict[Source, Listed]:
    """Return the counts by hand that a result lists, and those of boxes beside them.

    digest: that of the law's file, in hexadecimal; counts by another are set aside.
    There are none when no result is given as --hand. Raises UnusableInput.
    """
    named = {each.source: each for each in given}
    hand, box = named.get(Source.HAND), named.get(Source.BOX)
    if hand is None or not is_result(hand.table):
        if contest is not None:
            unasked = "is for counts by hand that a result lists: --hand RESULT"
            raise UnusableInput(f"--contest {contest}: {unasked}")
        return {}
    if hand.own_columns:
        needless = "a result names its own lines and options; leave it out"
        raise UnusableInput(f"--hand-columns {hand.own_columns}: {needless}")
    place, by_hand = _by_hand(hand, law, digest, contest)
    if box is None or not is_result(box.table) or box.own_columns:
        return {Source.HAND: by_hand}
    return {Source.HAND: by_hand, Source.BOX: _by_boxes(box, by_hand, place, law)}


def _by_hand(hand: Given, law: Law | None, digest: str, contest: str | None) -> tuple[int, Listed]:
    result = read_document(hand.table, hand.option)
    try:
        with formed(hand.table, hand.option):
            place = contest_counted(result, contest)
            counts = counted_by_hand(result, place, law, digest)
            return place, _listed(result, counts, place, law)
    except InvalidField as error:
        raise UnusableInput(f"--{error}") from error


def _by_boxes(box: Given, by_hand: Listed, place: int, law: Law | None) -> Listed:
    result = read_document(box.table, box.option)
    with formed(box.table, box.option):
        if result["election"]["digest"] != by_hand.result["election"]["digest"]:
            strange = "is the result of another election than --hand"
            raise UnusableInput(f"{box.option} {box.table}: {strange}; take both of one election")
        group = _only_group(box, by_hand.counts)
        return _listed(result, counted_by_boxes(result, place, group), place, law)


def _only_group(box: Given, counts: ListedCounts) -> str:
    if len(counts.options) != 1:
        groups = ", ".join(counts.options) or "none"
        unclear = f"which of the groups counted by hand is the boxes'? There is: {groups}"
        raise UnusableInput(f"{box.option} {box.table}: {unclear}; name a map: --box-columns")
    (group,) = counts.options
    return group


def _listed(result: Document, counts: ListedCounts, place: int, law: Law | None) -> Listed:
    bound = counts.bind(law, result["contests"][place]) if law else None
    return Listed(result, counts, bound)
