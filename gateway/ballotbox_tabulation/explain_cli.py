"""What `ballotbox-tabulate explain` says: everything that is known about one station."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from ballotbox_protocol.election.law.judgement import Failure, Judge, Outcome
from ballotbox_protocol.election.law.law import Mark, Value
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_tabulation.core.match_columns import MatchColumn
from ballotbox_tabulation.core.match_document import Document, Wording, percent
from ballotbox_tabulation.core.match_findings import Findings
from ballotbox_tabulation.core.recount import Stake
from ballotbox_tabulation.core.station_match import Sight, StationMatch
from ballotbox_tabulation.core.wording import count_reason_in_words, reason_in_words
from ballotbox_tabulation.given_table import Given
from ballotbox_tabulation.match_cli import exchange_words, findings_of
from ballotbox_tabulation.match_tables import Tables, read_tables
from ballotbox_tabulation.result_table import formed, is_result, read_result
from ballotbox_tabulation.screen_text import cut, few, table_of
from ballotbox_tabulation.trust_files import UnusableInput

#: With more numbers than this, options that agree are counted and not shown.
_NUMBERS_SHOWN: Final = 40
_TITLE_SHOWN: Final = 48
_STATE_WORDS: Final = {
    "agrees": "all sources have the same numbers",
    "differs": "the sources contradict each other",
    "open": "nothing contradicts, but not every number has a second source",
}


def explain_station(
    station: str,
    given: Sequence[Given],
    law_name: str | None,
    winners: int,
    contest: str | None = None,
) -> list[str]:
    """Return what is known about a station; raises UnusableInput and OSError."""
    if not given:
        raise UnusableInput("name at least one of --box, --hand and --keyed: where is STATION?")
    (first, *more) = given
    mapped = first.columns or first.own_columns or contest
    if not more and is_result(first.table) and not mapped:
        return _reports_alone(station, first)
    tables = read_tables(given, law_name, contest)
    _require_known(station, tables)
    findings = findings_of(tables, winners)
    return list(_told(tables.match.compare(station), tables, findings))


def _require_known(station: str, tables: Tables) -> None:
    stations = tables.match.stations()
    if station in stations:
        return
    like = [each for each in stations if station.casefold() in each.casefold()][:5]
    like = like or get_close_matches(station, stations[:20_000], n=3)
    hint = f"did you mean {few(list(map(repr, like)))}?" if like else f"one is {stations[0]!r}"
    raise UnusableInput(f"STATION {station}: is in none of the tables; {hint}")


def _told(match: StationMatch, tables: Tables, findings: Findings) -> Iterator[str]:
    words = Wording(findings, tables.law)
    yield f"Station {match.station}: {_STATE_WORDS[match.state.value]}"
    if len(match.sights) > 1:
        yield from _sights(match, tables, words)
    yield ""
    yield from _numbers(match, tables, words)
    for exchange in match.exchanges(findings.columns):
        sides = (words.named(exchange.first), words.named(exchange.second))
        swap = exchange_words(*sides, list(map(words.column, exchange.columns)))
        yield f"Probable swap, which no sum can see: {swap}."
    yield from _laws(match, tables)
    yield from _recount(match, findings, words)
    yield from _results(match, tables, findings)


def _sights(match: StationMatch, tables: Tables, words: Wording) -> Iterator[str]:
    for at, (source, sight) in enumerate(zip(words.sources, match.sights, strict=True)):
        rows = tables.match.repeated[at].get(match.station, [])
        aside = tables.match.aside[at].get(match.station)
        said = {
            Sight.READ: f"row {match.rows[at]}",
            Sight.NO_DATA: f"row {match.rows[at]} has no data: not zero",
            Sight.MISSING: "has no row of it",
            Sight.REPEATED: f"has it twice, in rows {few(list(map(str, rows)))}: not compared",
            Sight.ASIDE: f"row {match.rows[at]} is not compared: {aside.why if aside else ''}",
        }
        yield f"  {source}: {tables.sources[at].name}, {said[sight]}"


def _numbers(match: StationMatch, tables: Tables, words: Wording) -> Iterator[str]:
    columns = tables.match.columns
    values = [tables.match.values(at, match.station) for at in range(len(match.sights))]
    notes = {each.column: _note(each.off, each.odd, words) for each in match.differences}
    every = [*enumerate(columns.compared), *((-1, each) for each in columns.single)]
    shown = [
        (index, each)
        for index, each in every
        if len(every) <= _NUMBERS_SHOWN or index in notes or not each.group
    ]
    rows = [
        (str(each.column), _title(each, words), *_cells(each, values), notes.get(index, ""))
        for index, each in shown
    ]
    right = range(2, 2 + len(values))
    yield from table_of(("line", "legal name", *words.sources, ""), rows, right=right)
    if len(shown) < len(every):
        yield f"and {len(every) - len(shown)} more options, alike in every source that has them"


def _note(off: int, odd: int | None, words: Wording) -> str:
    apart = f"apart by {off:,}" if off else "a mark against a number"
    return apart if odd is None else f"{apart}; {words.sources[odd]} stands alone"


def _title(column: MatchColumn, words: Wording) -> str:
    title = words.title(column)
    return title if len(title) <= _TITLE_SHOWN else f"{title[: _TITLE_SHOWN - 1]}…"


def _cells(column: MatchColumn, values: Sequence[Sequence[Value] | None]) -> Iterator[str]:
    for place, of_source in zip(column.places, values, strict=True):
        cell = None if place is None or of_source is None else of_source[place]
        yield _shown(cell)


def _shown(cell: Value | None) -> str:
    return cell.value if isinstance(cell, Mark) else "" if cell is None else f"{cell:,}"


def _laws(match: StationMatch, tables: Tables) -> Iterator[str]:
    for at, source in enumerate(tables.sources):
        values = tables.match.values(at, match.station)
        if source.check is None or values is None:
            continue
        judge = Judge(source.check.bound)
        yield ""
        yield f"{source.source.value}: {_outcomes(judge, values)}"
        for failure in judge.failures(values):
            yield from _failure(failure, at, match, tables, judge)


def _outcomes(judge: Judge, values: Sequence[Value]) -> str:
    said: dict[Outcome, list[str]] = {outcome: [] for outcome in Outcome}
    for equation, outcome in zip(judge.bound.equations, judge.outcomes(values), strict=True):
        said[outcome].append(equation.relation.name)
    words = {
        Outcome.BROKEN: "breaks",
        Outcome.HELD: "keeps",
        Outcome.UNDECIDED: "cannot say, for a mark stands there, of",
    }
    return "; ".join(f"{words[each]} {few(said[each])}" for each in words if said[each])


def _failure(
    failure: Failure, at: int, match: StationMatch, tables: Tables, judge: Judge
) -> Iterator[str]:
    relation = failure.relation
    formula = " ".join(relation.formula.text.split()) if relation.formula else ""
    option = f" for {failure.option}" if failure.option else ""
    than = f"{abs(failure.excess):,} {'more' if failure.excess > 0 else 'less'}"
    kind = f"{relation.nature.value}, {relation.weight.value}"
    told = f"{failure.left:,} is {than} than {failure.right:,}"
    yield f"  {relation.name}{option} ({kind}): {formula}: {told}"
    yield f"    {cut('; '.join(f'{column} {value}' for column, value in failure.lines))}"
    yield from _witnessed(failure, at, match, tables, judge)
    if failure.corrections:
        yield f"    would mend it: {cut('; '.join(map(str, failure.corrections)))}"


def _witnessed(
    failure: Failure, at: int, match: StationMatch, tables: Tables, judge: Judge
) -> Iterator[str]:
    """Yield the numbers of other sources that would mend a failure: where to look first."""
    values = tables.match.values(at, match.station) or ()
    for each in match.differences:
        place = tables.match.columns.compared[each.column].places[at]
        for other, cell in zip(tables.sources, each.cells, strict=True):
            if place is None or not isinstance(cell, int) or cell == values[place]:
                continue
            mended = [*values[:place], cell, *values[place + 1 :]]
            left = (broken.relation for broken in judge.failures(mended))
            if failure.relation not in left:
                column = tables.sources[at].columns[place]
                change = f"{column} {cell:,} instead of {_shown(values[place])}"
                yield f"    what {other.source.value} has would mend it: {change}"


def _recount(match: StationMatch, findings: Findings, words: Wording) -> Iterator[str]:
    if len(match.sights) < 2:
        return
    yield ""
    at = next(
        (at for at, each in enumerate(findings.places, 1) if each.station == match.station), None
    )
    if at is None:
        yield "A recount would settle nothing here: every number has a second source."
        return
    yield f"Place in the order of recounts: {at:,} of {len(findings.places):,}."
    stake: Stake = findings.weigh(match)
    if stake.margin is not None:
        margin = stake.margin
        over = f"{words.column(margin.winner)} over {words.column(margin.loser)}"
        apart = f"{stake.votes:,} votes apart, {percent(stake.share):.4f} % of the margin"
        yield f"  {apart} of {margin.votes:,} that {over} has"
    elif stake.votes or stake.lines:
        yield f"  {stake.votes:,} votes and {stake.lines:,} in lines apart; no margin depends on it"
    if stake.lone:
        most = f"at most {percent(stake.lone_share):.4f} % of a margin"
        yield f"  {stake.lone:,} votes stand in one source alone, {most}"


def _results(match: StationMatch, tables: Tables, findings: Findings) -> Iterator[str]:
    """Yield what each result lists of the station; one that is two sources is told once."""
    told: list[list[str]] = []
    for source, result in sorted(tables.results.items(), key=lambda each: each[0].value):
        at = findings.columns.sources.index(source)
        row = match.rows[at]
        with formed(Path(tables.sources[at].name), f"--{source.value}"):
            lines = list(report_lines(result, result["precincts"][row - 1])) if row else []
        if lines and lines not in told:
            told.append(lines)
            yield ""
            yield from lines


def _reports_alone(station: str, given: Given) -> list[str]:
    result, _ = read_result(given.table, given.option)
    for precinct in result["precincts"]:
        if station in (str(precinct["number"]), precinct["name"]):
            with formed(given.table, given.option):
                return list(report_lines(result, precinct))
    known = [f"{each['number']} ({each['name']})" for each in result["precincts"]]
    raise UnusableInput(f"STATION {station}: is no precinct of the result; it has {few(known)}")


def report_lines(result: Document, precinct: Document) -> Iterator[str]:
    """Yield what a result says of a precinct: votes, boxes, and what became of their reports."""
    counted, expected = precinct["boxes_counted"], precinct["boxes_expected"]
    yield f"Precinct {precinct['number']}, {precinct['name']}: {counted} of {expected} boxes count"
    for contest, tally in zip(result["contests"], precinct["contests"] or (), strict=False):
        votes = zip(contest["options"], tally["votes"], strict=True)
        told = ", ".join(f"{option} {count:,}" for option, count in votes)
        yield f"  {contest['name']}: {tally['ballots']:,} ballots: {cut(told)}"
    for state, boxes in result["boxes"].items():
        for box in boxes:
            if box["precinct"] == precinct["number"]:
                yield f"  box {box['box']}: {state}{_waiting(box)}"
                yield from map(_report_line, box["reports"])
    for count in precinct.get("counted_by_hand", ()):
        yield _count_line(result, count)


def _count_line(result: Document, count: Document) -> str:
    contests, place = result["contests"], count["contest"]
    contest = contests[place]["name"] if place < len(contests) else f"contest {place}"
    why = count_reason_in_words(Reason(count["reason_code"]))
    force = "; in force" if count["in_force"] else ""
    leaves = ", ".join(map(str, count["leaves"]))
    told = f"version {count['version']}: {count['verdict']}, {why}{force}"
    return f"  counted by hand, {contest}: {told} (leaf {leaves}, {count['id'][:16]})"


def _waiting(box: Document) -> str:
    missing = box.get("waiting_for")
    return "" if missing is None else f", waiting for its report {missing}"


def _report_line(report: Document) -> str:
    leaves = ", ".join(map(str, report["leaves"]))
    why = reason_in_words(Reason(report["reason_code"]))
    what = f"{report['kind']} {report['sequence']}: {report['verdict']}, {why}"
    return f"    {what}; {report['use'].replace('_', ' ')} (leaf {leaves}, {report['id'][:16]})"
