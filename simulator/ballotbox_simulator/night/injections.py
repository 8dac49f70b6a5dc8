"""What can be done to a publication of the night, and what its refusal must name.

One row of `INJECTIONS` is one injection: how it is planted, and the evidence. All of them go the
same way: the page of 22:00 is published, the injection is planted, the same log is published again,
which must be refused with the evidence and leave the page as it was; without the injection the same
bytes must come out once more.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import Report, ReportKind, decode_report, encode_report
from ballotbox_simulator.inner_gateway import LEDGER
from ballotbox_simulator.night.definition import LIST
from ballotbox_simulator.night.hold import EVENING, HeldNight, publish
from ballotbox_simulator.publishing import PublishedPage
from ballotbox_tabulation.core import outcome
from ballotbox_tabulation.core.publication import Document, Source, build_result
from ballotbox_tabulation.core.totals import Tabulation, share_percent


@dataclass(frozen=True, slots=True)
class Injection:
    """See the module; evidence: what the refusal must say, every one of these."""

    name: str
    title: str
    evidence: tuple[str, ...]
    planted: Callable[[HeldNight], AbstractContextManager[None]]


@contextmanager
def _edited_database(held: HeldNight) -> Iterator[None]:
    """While inside, the largest final in the centre's ledger says more votes than were cast."""
    with closing(sqlite3.connect(held.centre / LEDGER)) as ledger:
        rows = ledger.execute("SELECT first, data FROM reports").fetchall()
        finals = {first: data for first, data in rows if _report(data).kind is ReportKind.FINAL}
        first = max(finals, key=lambda each: _report(finals[each]).counters.accepted)
        _store(ledger, first, _with_more_votes(finals[first], held))
    try:
        yield
    finally:
        with closing(sqlite3.connect(held.centre / LEDGER)) as ledger:
            _store(ledger, first, finals[first])


def _store(ledger: sqlite3.Connection, first: int, data: bytes) -> None:
    with ledger:
        ledger.execute("UPDATE reports SET data = ? WHERE first = ?", (data, first))


def _report(data: bytes) -> Report:
    return decode_report(cose.parse(data).payload)


def _with_more_votes(data: bytes, held: HeldNight) -> bytes:
    """Return a report whose first list has got as many votes more as there are ballots in all."""
    envelope = cose.parse(data)
    report = decode_report(envelope.payload)
    votes = list(report.votes or ())
    votes[Layout.of(held.authority.trusted.election).spans[LIST].votes.start] += (
        held.night.targets.ballots
    )
    payload = encode_report(replace(report, votes=tuple(votes)))
    return cose.assemble(envelope.protected, payload, envelope.signature)


@contextmanager
def _doubled_formula(_: HeldNight) -> Iterator[None]:
    """While inside, the nation's table takes the two largest rows of the list in twice."""

    def doubled(tabulation: Tabulation, source: Source) -> Document:
        result = build_result(tabulation, source)
        contest = result["nation"]["contests"][LIST]
        by_votes = sorted(contest["options"], key=lambda option: -option["votes"])
        for option in by_votes[:2]:
            option["votes"] *= 2
            option["share_percent"] = share_percent(option["votes"], contest["base"]["value"])
        return result

    # The module's own table of names: what it imported it does not promise to anyone.
    names = vars(outcome)
    names["build_result"] = doubled
    try:
        yield
    finally:
        names["build_result"] = build_result


INJECTIONS: Final = {
    each.name: each
    for each in (
        Injection(
            "doubled-formula",
            "a formula of the nation's table takes two rows in twice",
            ("SUM: a total is the sum of its parts",),
            _doubled_formula,
        ),
        Injection(
            "edited-database",
            "a stored final is changed under the log",
            ("[REPORT_ID]", "the report is another than the one the leaf decided about"),
            _edited_database,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of an injection: the publication's answer, and what should have been otherwise."""

    answer: PublishedPage | str
    objections: tuple[str, ...]


def attempt(held: HeldNight, injection: Injection) -> Attempt:
    """Publish with the injection planted, and once more without it."""
    folder = held.plan.out / EVENING
    before = _contents(folder)
    with injection.planted(held):
        answer = publish(held, EVENING)
    found = [*_not_refused(answer, injection)]
    if _contents(folder) != before:
        found.append("the last good page did not stay as it was")
    again = publish(held, EVENING)
    if not isinstance(again, PublishedPage) or _contents(folder) != before:
        found.append(f"without {injection.name} the same page does not come out again")
    return Attempt(answer, tuple(found))


def _not_refused(answer: PublishedPage | str, injection: Injection) -> Iterator[str]:
    if isinstance(answer, PublishedPage):
        yield f"{injection.name} was published"
        return
    for words in injection.evidence:
        if words not in answer:
            yield f"the refusal does not name {words!r}: {answer}"


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
