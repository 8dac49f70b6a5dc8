"""Which namings of versions of a count by hand hold, among all of one station and contest.

A naming may overrule others that it lists. One that none of those here overrules holds; so what
holds follows from which namings are here, and not from their order.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire.statements import Ruling


class Naming(NamedTuple):
    """Two officers' word that one version stands."""

    id: ReportId
    version: ReportId
    overrules: tuple[ReportId, ...] = ()


def naming_of(ruling: Ruling) -> Naming:
    """Return what a ruling of kind NAME says."""
    return Naming(ruling.id, ruling.report, ruling.overrules)


def that_hold(namings: Iterable[Naming]) -> tuple[Naming, ...]:
    """Return the namings, all of one station and contest, that no other of them overrules."""
    given = {each.id: each for each in namings}
    overruled = {own for each in given.values() for own in each.overrules}
    return tuple(each for own, each in given.items() if own not in overruled)


def in_favour_of(namings: Iterable[Naming]) -> frozenset[ReportId]:
    """Return the versions that namings which hold name; more than one contradict each other."""
    return frozenset(each.version for each in that_hold(namings))
