"""What can be done to a publication of the night, and what its refusal must name.

One row of `INJECTIONS` is one injection: how it is planted, and the evidence. All of them go the
same way: the pages of 22:00 are up, the injection is planted, the same log is published again,
which must be refused with the evidence and leave the last good publication as it was, with its time
and the reason on its pages; without the injection the same numbers must be drafted once more.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any, Final

from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import Report, ReportKind, decode_report, encode_report
from ballotbox_simulator.inner_gateway import LEDGER
from ballotbox_simulator.night.audit import STAYS
from ballotbox_simulator.night.definition import LIST
from ballotbox_simulator.night.held import HeldNight
from ballotbox_simulator.night.office import Means
from ballotbox_simulator.night.program import Edit, changed
from ballotbox_simulator.night.publishing import export, publish, written
from ballotbox_simulator.publishing import PublishedPage
from ballotbox_tabulation.publication_folder import RESULT

#: Where an injected publication would stand if nothing stopped it.
ATTEMPT: Final = "attempt"
#: The log that is drafted once more; the pages of an attempt go on showing theirs.
_AGAIN: Final = "again"
#: The formula of the summary takes the two largest rows of the list in twice.
DOUBLED: Final = (
    Edit(
        "ballotbox_tabulation/core/publication.py",
        "contest.options, tally.votes, tally.preferences, strict=True",
        "contest.options, _summary(contest, tally.votes), tally.preferences, strict=True",
    ),
    Edit(
        "ballotbox_tabulation/core/publication.py",
        "def _contests_in_full(",
        """def _summary(contest: Contest, votes: tuple[int, ...]) -> tuple[int, ...]:
    if contest.kind.name != "PARTY_LIST":
        return votes
    largest = sorted(range(len(votes)), key=lambda at: -votes[at])[:2]
    return tuple(count * (1 + (at in largest)) for at, count in enumerate(votes))


def _contests_in_full(""",
    ),
)


@dataclass(frozen=True, slots=True)
class Injection:
    """See the module; evidence: what the refusal must say, every one of these.

    planted: gives what the publication is computed with while it is there, and takes further
    changes of the program, by which a test takes checks out.
    """

    name: str
    title: str
    evidence: tuple[str, ...]
    planted: Callable[[HeldNight, Sequence[Edit]], AbstractContextManager[Means]]


@contextmanager
def _doubled_formula(held: HeldNight, more: Sequence[Edit]) -> Iterator[Means]:
    """Two officers sign the release of a program whose formula is wrong, and it runs."""
    program = changed(held.office.folder / "program", [*DOUBLED, *more])
    yield held.office.authorise(program, version=2)


@contextmanager
def _wrong_program(held: HeldNight, more: Sequence[Edit]) -> Iterator[Means]:
    """The same program runs, and nobody released it."""
    program = changed(held.office.folder / "program", [*DOUBLED, *more])
    yield Means(program, held.means.release)


@contextmanager
def _edited_database(held: HeldNight, more: Sequence[Edit]) -> Iterator[Means]:
    """While inside, the largest final in the centre's ledger says more votes than were cast."""
    means = held.means
    if more:
        program = changed(held.office.folder / "program", more)
        means = held.office.authorise(program, version=2)
    first, final = _largest_final(held)
    _store(held, first, _with_more_votes(final, held))
    try:
        yield means
    finally:
        _store(held, first, final)


def _largest_final(held: HeldNight) -> tuple[int, bytes]:
    """Return the final with the most sheets, and where its row lies in the ledger."""
    with closing(sqlite3.connect(held.centre / LEDGER)) as ledger:
        rows = ledger.execute("SELECT box, first, data FROM reports").fetchall()
    # What officers released stands there as well, and is no box's.
    boxes = set(held.authority.boxes)
    reports = [(first, data) for box, first, data in rows if box in boxes]
    finals = [row for row in reports if _report(row[1]).kind is ReportKind.FINAL]
    return max(finals, key=lambda row: _report(row[1]).counters.accepted)


def _store(held: HeldNight, first: int, data: bytes) -> None:
    with closing(sqlite3.connect(held.centre / LEDGER)) as ledger, ledger:
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


INJECTIONS: Final = {
    each.name: each
    for each in (
        Injection(
            "doubled-formula",
            "officers sign the release of a program whose summary takes two rows in twice",
            (
                "SUM: a total is the sum of its parts",
                "SECOND: a second computation, by SQL over the log, finds the same",
            ),
            _doubled_formula,
        ),
        Injection(
            "wrong-program",
            "the program that runs is not the released one",
            ("nothing was computed", "the program is not the released one: it is"),
            _wrong_program,
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


def attempt(held: HeldNight, injection: Injection, more: Sequence[Edit] = ()) -> Attempt:
    """Publish with the injection planted, then draft without it; `more`: see Injection."""
    before, shown = _result(held.office.published), held.shown
    with injection.planted(held, more) as means:
        answer = written(held, publish(held, ATTEMPT, means))
    found = [*_not_refused(answer, injection)]
    if not found:
        found += _not_told(held.office.reason, held.plan.out / shown, injection)
        if held.office.reason.exists():
            shutil.copyfile(held.office.reason, held.office.kept_reason(injection.name))
    if _result(held.office.published) != before:
        found.append("the last good publication did not stay as it was")
    found += _not_drafted_again(held, before)
    return Attempt(answer, tuple(found))


def _not_refused(answer: PublishedPage | str, injection: Injection) -> Iterator[str]:
    if isinstance(answer, PublishedPage):
        yield f"{injection.name} was published"
        return
    for words in injection.evidence:
        if words not in answer:
            yield f"the refusal does not name {words!r}: {answer}"


def _not_told(reason: Path, pages: Path, injection: Injection) -> Iterator[str]:
    """Yield what the reason file, or the first page that stays up, does not say."""
    told = json.loads(reason.read_bytes()) if reason.exists() else {}
    page = (pages / "en" / "index.html").read_text("utf-8")
    said = " ".join([told.get("reason", ""), *told.get("evidence", ())])
    for words in injection.evidence:
        if words not in said:
            yield f"{reason.name} does not name {words!r}"
        if str(escape(words)) not in page:
            yield f"the page that stays does not name {words!r}"
    released = (told.get("stays") or {}).get("released_at") or "no time"
    if STAYS not in page or released not in page:
        yield "the page that stays does not say since when it stands"


def _not_drafted_again(held: HeldNight, before: dict[str, Any]) -> Iterator[str]:
    """Yield what comes otherwise of the same log when nothing is planted."""
    said = held.office.draft(held.means, export(held, _AGAIN))
    if said.status != 0:
        yield f"without the injection the same log is refused: {said.words}"
        return
    drafted = _result(held.office.draft_folder)
    if drafted["nation"] != before["nation"]:
        yield "without the injection other numbers come out"


def _result(folder: Path) -> dict[str, Any]:
    document: dict[str, dict[str, Any]] = json.loads((folder / RESULT).read_bytes())
    return document["result"]
