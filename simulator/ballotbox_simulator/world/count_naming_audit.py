"""Namings of counts by hand, held against what people signed: each that was taken, and no other.

Which of them hold is reckoned here a second time, apart from the product.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from ballotbox_gateway.core.intake import RulingResult
from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire.statements import Ruling, decode_ruling
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.world.count_naming import NamingSheet
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.log_reading import ReadLog, read_log

_TAKEN: Final = frozenset({RulingResult.APPLIED, RulingResult.ALREADY})


def namings_in(log: ReadLog, stop: int | None = None) -> list[Ruling]:
    """Return the namings of counts among the first `stop` leaves, or all."""
    return [
        decode_ruling(data)
        for index, data in sorted(log.namings.items())
        if stop is None or index < stop
    ]


def named_by(namings: Iterable[Ruling]) -> frozenset[ReportId]:
    """Return the versions that are named by a naming which none of these lists."""
    given = list(namings)
    listed = [own for each in given for own in each.overrules]
    return frozenset(each.report for each in given if each.id not in listed)


@dataclass(slots=True)
class SignedNamings:
    """All that people signed to name a version, and what they were told: by the gateway's name."""

    signed: list[NamingSheet] = field(default_factory=list)
    taken: dict[str, list[NamingSheet]] = field(default_factory=lambda: defaultdict(list))

    def answer(
        self, gateway: GatewayNode, sheet: NamingSheet, result: RulingResult
    ) -> Iterator[str]:
        """Take what a gateway answered, and yield what is wrong with it."""
        if result in _TAKEN and not sheet.good:
            yield "a naming that two officers did not sign, or not of this, is taken"
        elif result is RulingResult.APPLIED:
            self.taken[gateway.name].append(sheet)
        elif result is RulingResult.ALREADY:
            yield from self._known(gateway, sheet)
        elif sheet.good and _must_be_taken(gateway, sheet.ruling):
            yield f"a naming that two officers signed is not taken: {result.name}"

    def _known(self, gateway: GatewayNode, sheet: NamingSheet) -> Iterator[str]:
        """Take what is said to be known: it stands there, or others have said as much."""
        log = read_log(gateway, {})
        if sheet.ruling.to_bytes() in log.namings.values():
            self.taken[gateway.name].append(sheet)
        elif not _is_said(namings_in(log), sheet.ruling):
            yield "a naming that is not there is said to be known"

    def faults(self, log: ReadLog) -> Iterator[str]:
        """Yield the namings of a log that nobody signed like this, or that stand twice."""
        good = [each.ruling.to_bytes() for each in self.signed if each.good]
        seen: set[bytes] = set()
        for index, data in sorted(log.namings.items()):
            if data not in good:
                yield f"leaf {index} is a naming that nobody signed like this"
            elif data in seen:
                yield f"leaf {index} says what was said of a count"
            seen.add(data)

    def missing(self, log: ReadLog) -> Iterator[str]:
        """Yield what a gateway took and its log has not."""
        there = log.namings.values()
        for sheet in self.taken.get(log.origin, ()):
            if sheet.ruling.to_bytes() not in there:
                yield f"the naming of {sheet.ruling.report.hex()[:16]} was taken, and is not there"


def unheard_above(lower: ReadLog, upper: ReadLog) -> Iterator[str]:
    """Yield the namings of a log that went upward which are not there."""
    above = {each.id for each in namings_in(upper)}
    for each in namings_in(lower):
        if each.id not in above:
            yield f"that {each.report.hex()[:16]} was named is not known above"


def _is_said(known: Sequence[Ruling], ruling: Ruling) -> bool:
    """Tell whether this is among what is known, or what is known names and overrules the same."""
    listed = {own for each in known for own in each.overrules}
    same = ruling.id in {each.id for each in known}
    return same or (ruling.report in named_by(known) and listed.issuperset(ruling.overrules))


def _must_be_taken(gateway: GatewayNode, ruling: Ruling) -> bool:
    """Tell whether a version is in dispute by its log, and every rival's naming overruled."""
    log = read_log(gateway, {})
    if ruling.report not in log.counted:
        return False
    leaf = log.newest(ruling.report)
    disputed = (leaf.verdict, leaf.reason) == (Verdict.EVIDENCE, Reason.SAME_SEQUENCE)
    known = namings_in(log)
    left = [each for each in known if each.id not in ruling.overrules]
    return disputed and named_by(known) & named_by(left) <= {ruling.report}
