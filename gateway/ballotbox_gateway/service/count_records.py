"""The counts by hand that a ledger holds, as a desk tells of them and as they are read again."""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ballotbox_gateway.core.hand_counts import NO_VERSIONS
from ballotbox_gateway.core.ports import Ledger, StoredReport
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.count_sheet import CountSheet
from ballotbox_gateway.service.count_standings import CountStandings, standings_at
from ballotbox_gateway.service.reasons import count_in_words
from ballotbox_protocol.election.identifiers import PrecinctId
from ballotbox_protocol.election.law.law import Law
from ballotbox_protocol.wire.hand_count import HandCount, decode_hand_count, hand_count_place
from ballotbox_protocol.wire.hand_count_check import contest_of, sheet_of
from ballotbox_protocol.wire.trust import Trusted


@dataclass(frozen=True)
class Recorded:
    """One version in the log, and what was decided about it; correctable: others may follow it."""

    count: HandCount
    verdict: str
    why: str
    leaf: int
    origin: str
    in_force: bool
    correctable: bool = True

    @property
    def standing(self) -> str:
        """Where it stands and what was decided, for people."""
        return f"{self.origin}, leaf {self.leaf}, {self.verdict}: {self.why}"

    def sheet(self, trusted: Trusted, laws: Mapping[bytes, Law]) -> CountSheet | None:
        """Return the sheet that it was counted on, None when its law or contest is not known."""
        return sheet_counted_on(self.count, trusted, laws)

    def __str__(self) -> str:
        force = ", in force" if self.in_force else ""
        reason = f" ({self.count.reason})" if self.count.reason else ""
        name = f"{self.count.id.hex()[:16]}  contest {self.count.contest}"
        return f"{name} version {self.count.version}{reason}: {self.standing}{force}"


def sheet_counted_on(
    count: HandCount, trusted: Trusted, laws: Mapping[bytes, Law]
) -> CountSheet | None:
    """Return the sheet of a count, None when its law or contest is not known."""
    law = laws.get(count.law_digest)
    station = trusted.election.precinct_by_number.get(count.precinct)
    if law is None or station is None:
        return None
    contest = contest_of(count, trusted)
    bound = None if contest is None else sheet_of(count, law, contest)
    if bound is None:
        return None
    return CountSheet(trusted, station, count.contest, count.law_digest, bound)


def stored_counts(ledger: Ledger, precinct: int, contest: int) -> dict[str, Any]:
    """Return the versions of one station and contest as JSON-able values, in their order."""
    found = standings_at(ledger, hand_count_place(PrecinctId(precinct), contest))
    return {
        "origin": ledger.binding().origin,
        "counts": [
            _told(row, ledger) | {"in_force": row.id == found.in_force, "why": why_so(row, found)}
            for row in found.rows
        ],
    }


def why_so(row: StoredReport, found: CountStandings) -> str:
    """Return why a version is what it is, for people."""
    return "; ".join(filter(None, (count_in_words(row.reason), found.aside(row.id))))


def _told(row: StoredReport, ledger: Ledger) -> dict[str, Any]:
    # As it stands beside the newest leaf: officers may have signed the same numbers again.
    (entry,) = ledger.entries(row.newest, row.newest + 1)
    return {
        "count": b64encode(entry.ruling or b"").decode(),
        "correctable": row.own_reason not in NO_VERSIONS,
        "verdict": row.verdict.name.lower(),
        "leaf": row.newest,
    }


def recorded_in(answer: Mapping[str, Any]) -> list[Recorded]:
    """Return the versions that a desk told of."""
    return [
        Recorded(
            decode_hand_count(b64decode(each["count"])),
            each["verdict"],
            each["why"],
            each["leaf"],
            answer["origin"],
            each["in_force"],
            each["correctable"],
        )
        for each in answer["counts"]
    ]


def to_be_corrected(recorded: Sequence[Recorded]) -> Recorded | None:
    """Return the version that the next one corrects, None when it is the first; raises Problem."""
    last = newest(recorded)
    if last is None and any(each.correctable for each in recorded):
        what = "has versions that exclude each other, or wait for another: none can be corrected"
        raise Problem(
            "the count",
            what,
            "Two officers name the one that stands: ballotbox-gateway hand-count name",
        )
    return last


def newest(recorded: Sequence[Recorded]) -> Recorded | None:
    """Return the version that the next one corrects, None when there is none.

    What was accepted goes before what was set aside for what it says, and of these the newest.
    Nothing can follow while versions exclude each other and none of them is named.
    """
    ranks = {"quarantined": 1, "accepted": 2}
    disputed = any(each.verdict == "evidence" for each in recorded)
    if disputed and not any(each.in_force for each in recorded):
        return None
    known = [each for each in recorded if each.correctable and each.verdict in ranks]
    return max(known, key=lambda each: (ranks[each.verdict], each.count.version), default=None)
