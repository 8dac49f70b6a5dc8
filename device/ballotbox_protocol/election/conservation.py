"""The conservation laws, each written once.

The box asserts them, the gateway checks them, the auditor uses them. A law that breaks is a value
naming the law and the two numbers that disagree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from ballotbox_protocol.election.counters import COUNTER_NAMES, Counters, counts_of
from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.tally import ContestTally, Layout


class Law(IntEnum):
    """The laws, by their stable numbers; never renumbered."""

    PRESENTED = 1
    BOX_COUNTER = 2
    PENDING = 3
    PORTABLE = 4
    BALLOTS = 5
    LIFETIME = 6
    ZERO = 7
    SETTLED = 8
    SLOTS = 9
    BLANK = 10
    OVERVOTES = 11
    PREFERENCES = 12
    CARRIED = 13
    COVERED = 14
    MONOTONE = 15
    FROZEN = 16
    CORRECTION = 17
    OPTION = 18
    MARKED = 19
    ONE_FINAL = 20
    VOTES_BOUND = 21
    SHARES = 22
    CLOSED = 23


MEANING: dict[Law, str] = {
    Law.PRESENTED: "presented = accepted + returned + pending",
    Law.BOX_COUNTER: "accepted = box counter",
    Law.PENDING: "at most one sheet is pending",
    Law.PORTABLE: "portable ≤ accepted",
    Law.BALLOTS: "ballots ≤ accepted",
    Law.LIFETIME: "lifetime = lifetime at the zero report + accepted",
    Law.ZERO: "every counter but lifetime is zero before the poll opens",
    Law.SETTLED: "nothing is pending at final",
    Law.SLOTS: "votes + undervotes + overvotes = ballots × votes allowed",
    Law.BLANK: "blank × votes allowed ≤ undervotes",
    Law.OVERVOTES: "overvotes are whole ballots: a multiple of votes allowed",
    Law.PREFERENCES: "preferences within a list ≤ votes of the list",
    Law.CARRIED: "ballots of a contest ≤ accepted sheets",
    Law.COVERED: "ballots of a contest on every first sheet = ballots",
    Law.MONOTONE: "no counter but pending falls",
    Law.FROZEN: "no counter changes after final",
    Law.CORRECTION: "a correction leaves every counter as it was",
    Law.OPTION: "votes of an option ≤ ballots neither blank nor overvoted",
    Law.MARKED: "votes ≥ ballots neither blank nor overvoted: each holds at least one",
    Law.ONE_FINAL: "a total uses exactly one accepted final of each box",
    Law.VOTES_BOUND: "votes in a total ≤ its ballots × votes allowed",
    Law.SHARES: "shares sum to no more than 100 % of the base they name",
    Law.CLOSED: "while the poll is closed accepted grows by portable ballots alone",
}


@dataclass(frozen=True, slots=True)
class Breach:
    """A broken law: which one, where, and the two numbers between which it broke."""

    law: Law
    left: int
    right: int
    where: str = ""

    def __str__(self) -> str:
        place = f" in {self.where}" if self.where else ""
        return f"{MEANING[self.law]}: {self.left} against {self.right}{place}"


def counter_breach(counters: Counters) -> Breach | None:
    """Return the first law that one set of counters breaks by itself, or None."""
    c = counters
    if c.presented != c.accepted + c.returned + c.pending:
        return Breach(Law.PRESENTED, c.presented, c.accepted + c.returned + c.pending)
    if c.accepted != c.box:
        return Breach(Law.BOX_COUNTER, c.accepted, c.box)
    if c.pending > 1:
        return Breach(Law.PENDING, c.pending, 1)
    if c.portable > c.accepted:
        return Breach(Law.PORTABLE, c.portable, c.accepted)
    if c.ballots > c.accepted:
        return Breach(Law.BALLOTS, c.ballots, c.accepted)
    if c.lifetime < c.accepted:
        return Breach(Law.LIFETIME, c.lifetime, c.accepted)
    return None


def zero_breach(counters: Counters) -> Breach | None:
    """Return the breach when anything but the lifetime counter is not zero (law D5)."""
    for name in COUNTER_NAMES:
        value = getattr(counters, name)
        if value and name != "lifetime":
            return Breach(Law.ZERO, value, 0, name)
    return None


def settled_breach(counters: Counters) -> Breach | None:
    """Return the breach when a sheet is still pending at final."""
    return Breach(Law.SETTLED, counters.pending, 0) if counters.pending else None


def monotone_breach(before: Counters, after: Counters) -> Breach | None:
    """Return the first counter that fell between two reports of one box (law D3)."""
    for name, old, new in zip(COUNTER_NAMES, counts_of(before), counts_of(after), strict=True):
        if new < old and name != "pending":
            return Breach(Law.MONOTONE, new, old, name)
    return None


def closed_breach(before: Counters, after: Counters) -> Breach | None:
    """Return the breach when sheets from elsewhere than portable boxes came in after the close."""
    fixed, found = before.accepted - before.portable, after.accepted - after.portable
    return None if found == fixed else Breach(Law.CLOSED, found, fixed)


def frozen_breach(before: Counters, after: Counters, law: Law = Law.FROZEN) -> Breach | None:
    """Return the first counter that changed although `law` froze them all."""
    for name, old, new in zip(COUNTER_NAMES, counts_of(before), counts_of(after), strict=True):
        if new != old:
            return Breach(law, new, old, name)
    return None


def lifetime_breach(lifetime_at_zero: int, counters: Counters) -> Breach | None:
    """Return the breach when the lifetime counter moved by other than `accepted` (law D4)."""
    expected = lifetime_at_zero + counters.accepted
    if counters.lifetime == expected:
        return None
    return Breach(Law.LIFETIME, counters.lifetime, expected)


class VoteLaws:
    """The laws of a row of votes against its box's counters, prepared for one election."""

    def __init__(self, election: Election, layout: Layout | None = None) -> None:
        self.layout = layout or Layout.of(election)
        first_sheets = [set(style.sheets[0]) for style in election.styles]
        self._covered = set.intersection(*first_sheets)

    def breach(self, row: Sequence[int], counters: Counters) -> Breach | None:
        """Return the first law that `row` breaks, alone or against `counters`, or None."""
        return next(self.breaches(row, counters), None)

    def breaches(self, row: Sequence[int], counters: Counters) -> Iterator[Breach]:
        """Yield every law that `row` breaks, contest by contest."""
        for index, span in enumerate(self.layout.spans):
            tally = self.layout.read(row, index)
            where = span.contest.name
            yield from _contest_breaches(tally, span.contest.votes_allowed, where)
            if tally.ballots > counters.accepted:
                yield Breach(Law.CARRIED, tally.ballots, counters.accepted, where)
            if index in self._covered and tally.ballots != counters.ballots:
                yield Breach(Law.COVERED, tally.ballots, counters.ballots, where)


def _contest_breaches(tally: ContestTally, allowed: int, where: str) -> Iterator[Breach]:
    slots = tally.ballots * allowed
    given = sum(tally.votes)
    used = given + tally.undervotes + tally.overvotes
    if used != slots:
        yield Breach(Law.SLOTS, used, slots, where)
    if tally.blank * allowed > tally.undervotes:
        yield Breach(Law.BLANK, tally.blank * allowed, tally.undervotes, where)
    overvoted, rest = divmod(tally.overvotes, allowed)
    if rest:
        yield Breach(Law.OVERVOTES, tally.overvotes, overvoted * allowed, where)
    marked = tally.ballots - tally.blank - overvoted
    most = max(tally.votes)
    if most > marked:
        yield Breach(Law.OPTION, most, marked, where)
    if given < marked:
        yield Breach(Law.MARKED, given, marked, where)
    if any(tally.preferences):
        yield from _preference_breaches(tally, where)


def _preference_breaches(tally: ContestTally, where: str) -> Iterator[Breach]:
    for votes, preferences in zip(tally.votes, tally.preferences, strict=True):
        if sum(preferences) > votes:
            yield Breach(Law.PREFERENCES, sum(preferences), votes, where)


def votes_bound_breach(tally: ContestTally, allowed: int, where: str) -> Breach | None:
    """Return the breach when an aggregate shows more votes than its ballots can hold (law G5)."""
    total, bound = sum(tally.votes), tally.ballots * allowed
    return Breach(Law.VOTES_BOUND, total, bound, where) if total > bound else None


def shares_breach(parts: Sequence[int], base: int, where: str) -> Breach | None:
    """Return the breach when parts exceed the whole they are shown as shares of (law G4)."""
    total = sum(parts)
    return Breach(Law.SHARES, total, base, where) if total > base else None
