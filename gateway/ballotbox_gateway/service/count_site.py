"""What the local page shows and takes: sheets to be filled in, drafts of counts, copies to print.

It holds no count and no key. Typed numbers are judged where they arrive; whatever a ledger knows
is asked at the desk of its election, on the loop that owns it.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ballotbox_gateway.adapters.count_http import PATIENCE_S, Order, Place
from ballotbox_gateway.adapters.http_questions import Questions
from ballotbox_gateway.adapters.law_files import load_laws
from ballotbox_gateway.config import Config
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.count_html import (
    SheetView,
    closed_page,
    law_page,
    problem_page,
    sheet_page,
    start_page,
    station_page,
)
from ballotbox_gateway.service.count_page import COPIES_MAX, count_page
from ballotbox_gateway.service.count_records import Recorded, recorded_in, to_be_corrected
from ballotbox_gateway.service.count_sheet import (
    HOW_TO_WRITE,
    CountSheet,
    failure_in_words,
    is_blocked,
    issued_in,
    laws_for,
    open_sheet,
    read_value,
)
from ballotbox_protocol.election.law.binding import Column
from ballotbox_protocol.election.law.judgement import Failure
from ballotbox_protocol.election.law.law import Law, Value
from ballotbox_protocol.wire.trust import Trusted

#: Of an election with more precincts, only the one that is asked for is shown.
LISTED_MAX: Final = 50
#: Digits of an id that are shown and typed: nobody finds another count with the same ones.
_ID_DIGITS: Final = 16


class Counting(Protocol):
    """One election as the page sees it; `answer` is called on the loop that owns its ledger."""

    config: Config
    trusted: Trusted

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer as the desk does."""
        ...


@dataclass(frozen=True)
class _Election:
    name: str
    office: Counting
    laws: Mapping[bytes, Law]

    @property
    def trusted(self) -> Trusted:
        return self.office.trusted


class CountSite:
    """The pages of all elections that a gateway serves. Its methods run on the server's loop."""

    def __init__(
        self,
        offices: Sequence[Counting],
        questions: Questions,
    ) -> None:
        """Load the laws that the settings name; raises Problem when one cannot be had."""
        self._questions = questions
        self._elections = {
            name: _Election(name, office, load_laws(office.config.laws))
            for office in offices
            for name in [office.config.name or "election"]
        }

    async def start(self) -> str:
        """Return the page that lists elections and precincts, and which have a count."""
        told = []
        for each in self._elections.values():
            stations = each.trusted.election.precincts
            few = stations if len(stations) <= LISTED_MAX else ()
            counted = [(station, await self._counted(each, station.number)) for station in few]
            told.append((each.name, each.trusted.election, counted))
        return start_page(told)

    async def station(self, election: str, precinct: int) -> str:
        """Return the page that lists the contests of a precinct; raises Problem."""
        found = self._election(election)
        contests = await self._counted(found, precinct)
        return station_page(election, found.trusted.election, precinct, contests)

    async def _counted(self, election: _Election, precinct: int) -> list[tuple[int, str, str]]:
        """Return number, name and state of each contest of a precinct; raises Problem."""
        told = []
        for at in issued_in(election.trusted, precinct):
            recorded = await self._recorded(election, precinct, at)
            name = election.trusted.election.contests[at].name
            told.append((at, name, _state(recorded)))
        return told

    async def sheet(self, place: Place) -> str:
        """Return the sheet of a contest, with the numbers that may be corrected; raises Problem."""
        election = self._election(place.election)
        recorded = tuple(await self._recorded_at(election, place))
        try:
            before = to_be_corrected(recorded)
        except Problem as problem:
            contest = election.trusted.election.contests[place.contest]
            return closed_page(place, election.trusted, contest.name, recorded, str(problem))
        names = self._laws_of(election, place, before)
        if len(names) > 1:
            contest = election.trusted.election.contests[place.contest]
            return law_page(place, election.trusted, contest.name, names)
        sheet = self._sheet(election, place, before)
        return sheet_page(SheetView(place, sheet, recorded, before, _values_on(sheet, before)))

    def check(self, place: Place, typed: Sequence[str]) -> dict[str, Any]:
        """Return what is wrong with what is typed so far, by column; raises Problem."""
        sheet = self._sheet(self._election(place.election), place, None)
        values, wrong = _read(sheet, typed)
        failures = sheet.failures(values)
        notes = [[each] if each else [] for each in wrong]
        index = {column: at for at, column in enumerate(sheet.bound.columns)}
        for failure in failures:
            for column, _ in failure.lines:
                notes[index[column]].append(_beside(failure, column))
        return {
            "notes": notes,
            "unreadable": [bool(each) for each in wrong],
            "broken": [
                {
                    "blocks": failure.relation.blocks,
                    "words": failure_in_words(failure),
                    "columns": sorted(index[column] for column, _ in failure.lines),
                }
                for failure in failures
            ],
        }

    async def draft(self, place: Place, order: Order) -> dict[str, Any]:
        """Hold a count until it is signed; return its id and the command that signs it.

        Raises Problem when it is not whole, or is not what may come next.
        """
        election = self._election(place.election)
        before = to_be_corrected(await self._recorded_at(election, place))
        if order.corrects != (before.count.id.hex() if before else None):
            what = "another version was stored since this page was opened"
            raise Problem("the count", what, "Open the sheet again, and correct what is there now")
        sheet = self._sheet(election, place, before)
        values = _whole(sheet, order.typed)
        blocked = is_blocked(sheet, values)
        if blocked and not order.as_counted:
            remedy = "Read the sheet again, or say that it was really counted so"
            raise Problem("the count", "breaks a relation of its law that blocks", remedy)
        if before is not None and not (order.reason or "").strip():
            raise Problem("reason", "is missing", "Say why the numbers are corrected")
        reason = (order.reason or "").strip() if before else None
        count = sheet.count(values, before.count if before else None, reason)
        text = b64encode(count.to_bytes()).decode()
        answer = await self._ask(election, ask="draft", count=text)
        name = str(answer["id"])
        command = self._command(election, name[:_ID_DIGITS], as_counted=blocked)
        return {"id": name, "short": name[:_ID_DIGITS], "command": command}

    def _command(self, election: _Election, name: str, *, as_counted: bool) -> str:
        which = f" --election {election.name}" if len(self._elections) > 1 else ""
        anyway = " --as-counted" if as_counted else ""
        keys = "--officer-key FIRST.key --officer-key SECOND.key"
        return f"ballotbox-gateway hand-count sign {name}{which}{anyway} {keys}"

    async def state(self, place: Place, name: str) -> dict[str, Any]:
        """Return whether a draft is signed and stored, still waits, or is not known any more."""
        election = self._election(place.election)
        for each in await self._recorded_at(election, place):
            if each.count.id.hex() == name:
                return {"state": "stored", "words": each.standing, "version": each.count.version}
        waiting = (await self._ask(election, ask="drafts"))["drafts"]
        return {"state": "waiting" if any(each["id"] == name for each in waiting) else "lost"}

    async def copies(self, place: Place, version: int, copies: int) -> str:
        """Return a version with its QR codes, ready for a printer; raises Problem."""
        if not 1 <= copies <= COPIES_MAX:
            raise Problem("copies", f"{copies} were asked for", f"Give 1 to {COPIES_MAX}")
        election = self._election(place.election)
        recorded = await self._recorded_at(election, place)
        found = [each for each in recorded if each.count.version == version]
        if len(found) != 1:
            what = "there is no such version, or several exclude each other"
            raise Problem(f"version {version}", what, "Open the sheet: it lists the versions")
        (each,) = found
        return count_page(self._sheet_of(election, each), each.count, each.standing, copies)

    def problem(self, problem: Problem) -> str:
        """Return a page that tells what is in the way."""
        return problem_page(problem)

    def _election(self, name: str) -> _Election:
        if name not in self._elections:
            what, known = f"there is no {name!r} here", ", ".join(self._elections)
            raise Problem("election", what, f"It serves: {known}")
        return self._elections[name]

    def _laws_of(self, election: _Election, place: Place, before: Recorded | None) -> Sequence[str]:
        """Return the law that is named, or was used before, or else those that fit."""
        named = place.law or (before.count.law if before else None)
        if named is not None:
            return [named]
        known, contest = election.laws, str(place.contest)
        return laws_for(election.trusted, known, place.precinct, contest)

    def _sheet(self, election: _Election, place: Place, before: Recorded | None) -> CountSheet:
        """Return the sheet of the only law that is meant; raises Problem."""
        names = self._laws_of(election, place, before)
        if not names:
            what = "none that is in use here fits this contest"
            raise Problem("law", what, "Name one that fits in `laws`")
        contest, law = str(place.contest), names[0] if len(names) == 1 else None
        return open_sheet(election.trusted, election.laws, place.precinct, contest, law)

    def _sheet_of(self, election: _Election, recorded: Recorded) -> CountSheet:
        sheet = recorded.sheet(election.trusted, election.laws)
        if sheet is None:
            what = "was counted by a law that is not in use here"
            raise Problem(f"version {recorded.count.version}", what, "Name that law in `laws`")
        return sheet

    async def _recorded_at(self, election: _Election, place: Place) -> list[Recorded]:
        issued_in(election.trusted, place.precinct, str(place.contest))
        return await self._recorded(election, place.precinct, place.contest)

    async def _recorded(self, election: _Election, precinct: int, contest: int) -> list[Recorded]:
        asked = {"ask": "counts", "precinct": precinct, "contest": contest}
        return recorded_in(await self._ask(election, **asked))

    async def _ask(self, election: _Election, **question: object) -> dict[str, Any]:
        answer = await self._questions.ask(lambda: election.office.answer(question), PATIENCE_S)
        if "problem" in answer:
            raise Problem("the gateway", str(answer["problem"]), "Its log says more")
        return answer


def _state(recorded: Sequence[Recorded]) -> str:
    """Return where the counts of one contest stand, in a few words."""
    if not recorded:
        return "no count yet"
    for each in recorded:
        if each.in_force:
            return f"version {each.count.version} in force"
    verdicts = ", ".join(dict.fromkeys(each.verdict for each in recorded))
    return f"none in force ({verdicts})"


def _values_on(sheet: CountSheet, before: Recorded | None) -> tuple[Value | None, ...]:
    """Return the numbers that a correction starts from, blanks where the sheet is another one."""
    if before is None or before.count.law_digest != sheet.law_digest:
        return (None,) * len(sheet.labels)
    return before.count.values


def _read(sheet: CountSheet, typed: Sequence[str]) -> tuple[list[Value | None], list[str]]:
    """Return the values that are typed, None for what is no value, and why each is none."""
    if len(typed) != len(sheet.labels):
        what = f"there are {len(typed)} values for {len(sheet.labels)} fields"
        raise Problem("the sheet", what, "Open it again")
    values: list[Value | None] = []
    wrong: list[str] = []
    for text in typed:
        value, why = None, ""
        try:
            value = read_value(text) if text.strip() else None
        except ValueError as error:
            why = str(error)
        values.append(value)
        wrong.append(why)
    return values, wrong


def _whole(sheet: CountSheet, typed: Sequence[str]) -> list[Value]:
    """Return the values of a sheet that is filled in; raises Problem naming the first gap."""
    values, wrong = _read(sheet, typed)
    whole: list[Value] = []
    columns = sheet.bound.columns
    for column, (_, title), value, why in zip(columns, sheet.labels, values, wrong, strict=True):
        if value is None:
            name = title if column.option else f"{column} {title}"
            raise Problem(name, why or "is not filled in", HOW_TO_WRITE.capitalize())
        whole.append(value)
    return whole


def _beside(failure: Failure, column: Column) -> str:
    """Return what stands beside one number of a broken relation, with what would mend all."""
    more = "more" if failure.excess > 0 else "less"
    told = f"{failure.relation.name}: {failure.left} is {abs(failure.excess)} {more} than"
    mends = (each for each in failure.corrections if each.column == column and not each.leaves)
    hint = next((f"; with {each.new} here it would hold" for each in mends), "")
    return f"{told} {failure.right}{hint}"
