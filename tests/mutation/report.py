"""What a campaign says: a table, every survivor, rows like those of the measurements."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bench.units import Row, Stopwatch
from tests.mutation.mutants import Mutant
from tests.mutation.survivors import Change, change_of, diff_of
from tests.mutation.trial import Result, Verdict

#: Asked of every group, in percent.
FLOOR = 95.0
_NO_REASON = "NOT EXPLAINED: write the test that sees it, or the reason into survivors.toml"


class Finding(NamedTuple):
    """One fault and what became of it."""

    group: str
    mutant: Mutant
    result: Result


class Tally(NamedTuple):
    """One line of the table; a fault that made the tests run on and on was seen as well."""

    group: str
    killed: int
    survived: int
    timed_out: int

    @property
    def mutants(self) -> int:
        """All faults that were tried."""
        return self.killed + self.survived + self.timed_out

    @property
    def percent(self) -> float:
        """The share that was seen; what survivors.toml explains was not."""
        return 100 * (self.killed + self.timed_out) / self.mutants


def tallies(findings: Iterable[Finding]) -> list[Tally]:
    """Return the lines of the table in the order in which the groups were tried."""
    by_group: dict[str, list[Verdict]] = {}
    for finding in findings:
        by_group.setdefault(finding.group, []).append(finding.result.verdict)
    kinds = (Verdict.KILLED, Verdict.SURVIVED, Verdict.TIMED_OUT)
    return [Tally(name, *map(found.count, kinds)) for name, found in by_group.items()]


def unexplained(findings: Iterable[Finding], accepted: Mapping[Change, str]) -> list[Finding]:
    """Return the survivors that survivors.toml does not list."""
    survived = (each for each in findings if each.result.verdict is Verdict.SURVIVED)
    return [each for each in survived if change_of(each.mutant) not in accepted]


def shortfall(findings: list[Finding], accepted: Mapping[Change, str]) -> list[str]:
    """Return the groups below the floor in which a fault survived that nobody has explained."""
    open_groups = {each.group for each in unexplained(findings, accepted)}
    return [
        each.group
        for each in tallies(findings)
        if each.percent < FLOOR and each.group in open_groups
    ]


def row_of(tally: Tally, watch: Stopwatch) -> Row:
    """Return one line of the table in the form of a measurement."""
    seen_by = f"{tally.survived} of {tally.mutants} survived, {tally.timed_out} timed out"
    return watch.row(tally.percent, "% of planted faults seen", seen_by)


def lines(findings: list[Finding], accepted: Mapping[Change, str]) -> list[str]:
    """Return everything for people: the survivors with their reasons, then the table."""
    told = []
    for finding in findings:
        change = change_of(finding.mutant)
        if finding.result.verdict is Verdict.SURVIVED:
            told += [diff_of(finding.mutant), f"  = {accepted.get(change, _NO_REASON)}"]
        elif change in accepted:
            told.append(f"{diff_of(finding.mutant)}\n  = was seen: no longer a survivor")
    heads = f"{'group':<12}{'faults':>8}{'killed':>8}{'survived':>10}{'timeouts':>10}{'%':>8}"
    table = [
        f"{t.group:<12}{t.mutants:>8}{t.killed:>8}{t.survived:>10}{t.timed_out:>10}{t.percent:>8.1f}"
        for t in tallies(findings)
    ]
    return [*told, heads, *table]
