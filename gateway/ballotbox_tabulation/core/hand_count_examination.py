"""One count by hand examined by itself: who signed it, whether it keeps its law, what it says."""

from ballotbox_protocol.election.definition import Contest
from ballotbox_protocol.election.law.binding import BoundLaw
from ballotbox_protocol.election.law.judgement import Judge
from ballotbox_protocol.election.law.law import Mark, Value
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.hand_count_check import (
    Laws,
    contest_of,
    read_hand_count,
    sheet_of,
    standing_fault,
)
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import REASON_MEANING, Reason
from ballotbox_tabulation.core.findings import Findings, fails, holds, point, says

#: What the wire's words about reports do not fit.
_NO_COUNT = {
    Reason.BODY: "the bytes are no count by hand of this version",
    Reason.OLD_REGISTER: "the register lists no officer for a signature",
}


def examine_count(data: bytes, trusted: Trusted, laws: Laws) -> Findings:
    """Yield what holds of a count by hand, and then what it says."""
    count = read_hand_count(data, trusted)
    if not isinstance(count, HandCount):
        why = _NO_COUNT.get(count, REASON_MEANING[count])
        yield fails(f"officers of the register vouch for it: {why}")
        return
    yield says(f"id {count.id.hex()}")
    fault = standing_fault(count, trusted)
    role = count.role.name or ""
    signed = f"two officers with the role {role} in precinct {count.precinct} signed it"
    yield point(fault is not Reason.OFFICERS, signed)
    station = trusted.election.precinct_by_number.get(count.precinct)
    if station is None:
        yield fails(f"precinct {count.precinct} is one of the election")
        return
    contest = contest_of(count, trusted)
    if contest is None:
        yield fails(f"contest {count.contest} is one of precinct {count.precinct}")
        return
    yield says(f"counted by hand: precinct {count.precinct} {station.name}, {contest.name}")
    yield from _versions(count)
    yield from _relations(count, contest, laws)
    yield from _values(count, contest)


def _versions(count: HandCount) -> Findings:
    yield says(f"version {count.version}")
    if count.corrects is not None:
        yield says(f"it corrects {count.corrects.hex()}: {count.reason}")


def _relations(count: HandCount, contest: Contest, laws: Laws) -> Findings:
    yield says(f"law {count.law}, file {count.law_digest.hex()}")
    law = laws.get(count.law_digest)
    if law is None:
        yield says("that law is not at hand here: its relations were not checked")
        return
    sheet = sheet_of(count, law, contest)
    if sheet is None:
        yield fails("its lines and options are those of its law and its contest")
        return
    yield from _failures(sheet, count)


def _failures(sheet: BoundLaw, count: HandCount) -> Findings:
    failures = Judge(sheet).failures(count.values)
    blocking = [each for each in failures if each.relation.blocks]
    if not blocking:
        yield holds("it keeps every relation of its law that blocks")
    for each in failures:
        words = f"{each.relation.title}: {each}"
        yield fails(words) if each.relation.blocks else says(f"broken, but blocks nothing: {words}")


def _values(count: HandCount, contest: Contest) -> Findings:
    yield says(", ".join(f"[{number}] {_shown(value)}" for number, value in count.lines))
    names = [option.name for option in contest.options]
    for group, values in count.options:
        listed = ", ".join(
            f"{name} {_shown(value)}" for name, value in zip(names, values, strict=False)
        )
        yield says(f"{group}: {listed}")


def _shown(value: Value) -> str:
    return value.value if isinstance(value, Mark) else str(value)
