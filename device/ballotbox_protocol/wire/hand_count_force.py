"""Which version of a count by hand is in force, given what was decided about each of them."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.verdict import Verdict


class Decided(NamedTuple):
    """One version, its newest verdict, and whether a naming that holds names it."""

    said: HandCount
    verdict: Verdict
    named: bool = False


def in_force(versions: Mapping[ReportId, Decided]) -> ReportId | None:
    """Return the version in force among all of one station and contest, None when there is none.

    It is the newest accepted one. There is none while a version is evidence and not settled.
    """
    evidence = {own for own, each in versions.items() if each.verdict is Verdict.EVIDENCE}
    if evidence - settled(versions):
        return None
    accepted = [own for own, each in versions.items() if each.verdict is Verdict.ACCEPTED]
    return max(accepted, key=lambda own: versions[own].said.version, default=None)


def settled(versions: Mapping[ReportId, Decided]) -> frozenset[ReportId]:
    """Return the versions that officers decided against: they named a rival, and no other.

    A rival of the version itself, or of one before it.
    """
    named = Counter(each.said.corrects for each in versions.values() if each.named)

    def is_settled(version: Decided | None) -> bool:
        while version is not None:
            count = version.said
            lost = version.verdict is Verdict.EVIDENCE and not version.named
            if lost and named[count.corrects] == 1:
                return True
            version = None if count.corrects is None else versions.get(count.corrects)
        return False

    return frozenset(own for own, each in versions.items() if is_settled(each))
