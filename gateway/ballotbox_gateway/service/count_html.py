"""The words and fields of the local page. Styles and script are files beside; nothing is inline."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from urllib.parse import quote

from ballotbox_gateway.adapters.count_http import Place
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.count_page import COPIES_MAX
from ballotbox_gateway.service.count_records import Recorded
from ballotbox_gateway.service.count_sheet import CountSheet, in_words
from ballotbox_protocol.election.definition import Election, Precinct
from ballotbox_protocol.election.identifiers import COUNT_MAX, Mode, PrecinctId
from ballotbox_protocol.election.law.binding import Column
from ballotbox_protocol.election.law.law import Mark, Value
from ballotbox_protocol.wire.hand_count import REASON_MAX
from ballotbox_protocol.wire.trust import Trusted

#: Number, name and state of each contest of a precinct.
Contests = Sequence[tuple[int, str, str]]


@dataclass(frozen=True)
class SheetView:
    """A sheet to be filled in: what is recorded, what is corrected, what the fields begin with."""

    place: Place
    sheet: CountSheet
    recorded: Sequence[Recorded]
    before: Recorded | None
    values: Sequence[Value | None]


def start_page(
    elections: Iterable[tuple[str, Election, Sequence[tuple[Precinct, Contests]]]],
) -> str:
    """Return the first page: a field for the precinct and, where they are few, all precincts."""
    parts = []
    for name, election, stations in elections:
        most = COUNT_MAX
        parts.append(
            f"{_heading(election, 'Counts by hand')}"
            '<form class="find" action="/hand-count" method="get">'
            f'<input type="hidden" name="election" value="{escape(name)}">'
            f'<label for="find-{escape(name)}">Precinct number</label> '
            f'<input id="find-{escape(name)}" name="precinct" type="number" min="0" max="{most}" '
            "required autofocus> <button>Open</button></form>"
        )
        for station, contests in stations:
            parts.append(f"<h2>Precinct {station.number}, {escape(station.name)}</h2>")
            parts.append(_contests(name, station.number, contests))
    return _page("Counts by hand", "".join(parts))


def station_page(name: str, election: Election, precinct: int, contests: Contests) -> str:
    """Return the page of one precinct."""
    station = election.precinct_by_number[PrecinctId(precinct)]
    title = f"Precinct {precinct}, {station.name}"
    listed = _contests(name, precinct, contests)
    return _page(title, _heading(election, title, ("/", "Another precinct")) + listed)


def _contests(name: str, precinct: int, contests: Contests) -> str:
    items = "".join(
        f'<li><a href="{escape(Place(name, precinct, at).path)}">{escape(contest)}</a> '
        f'<span class="state">{escape(state)}</span></li>'
        for at, contest, state in contests
    )
    return f'<ul class="contests">{items}</ul>'


def law_page(place: Place, trusted: Trusted, contest: str, names: Iterable[str]) -> str:
    """Return the page that asks by which law it is counted."""
    items = "".join(
        f'<li><a href="{escape(place.path)}?law={quote(each)}">{escape(each)}</a></li>'
        for each in names
    )
    body = f"<h2>By which law is it counted?</h2><ul>{items}</ul>"
    return _page(contest, f"{_head(place, trusted, contest)}{body}")


def closed_page(
    place: Place, trusted: Trusted, contest: str, recorded: Sequence[Recorded], why: str
) -> str:
    """Return the page of a contest for which nothing more can be entered."""
    body = f'<p class="problem">{escape(why)}</p>{_versions(recorded)}'
    return _page(contest, f"{_head(place, trusted, contest)}{body}")


def problem_page(problem: Problem) -> str:
    """Return the page that tells what is in the way."""
    told = f'<h1>Counts by hand</h1><p class="problem">{escape(str(problem))}</p>'
    return _page("Counts by hand", f"{_back('/', 'To the precincts')}{told}")


def sheet_page(view: SheetView) -> str:
    """Return the sheet, which its script holds against the law while it is filled in."""
    place, sheet = view.place, view.sheet
    law = sheet.bound.law
    before = "" if view.before is None else view.before.count.id.hex()
    told = f"<p>{escape(law.title)} <small>({escape(law.name)})</small></p>"
    body = (
        f"{_head(place, sheet.trusted, sheet.contest.name)}{told}{_in_force(view)}"
        '<noscript><p class="problem">This page needs its script. Without one: '
        "<code>ballotbox-gateway hand-count type</code></p></noscript>"
        f'<form id="sheet" autocomplete="off" data-path="{escape(place.path)}" '
        f'data-law="{escape(law.name)}" data-corrects="{before}" novalidate>'
        f"{_how(view)}{_fields(view)}{_closing(view)}</form>{_signing()}{_marks()}"
    )
    return _page(f"{sheet.contest.name}, precinct {place.precinct}", body, script=True)


def _how(view: SheetView) -> str:
    heading = "Enter the count" if view.before is None else "Correct it"
    keys = (
        "Whole numbers. In place of one that cannot be told: <kbd>-</kbd> for “no data”, "
        "<kbd>?</kbd> for “illegible”. <kbd>Enter</kbd> or <kbd>↓</kbd> goes on, <kbd>↑</kbd> back."
    )
    return f'<h2>{heading}</h2><p class="how" id="how">{keys}</p>'


def _fields(view: SheetView) -> str:
    columns, labels = view.sheet.bound.columns, view.sheet.labels
    titles = {group.name: group.title for group in view.sheet.bound.law.groups}
    corrects = view.before is not None
    rows = [
        _row(at, _label(column, label), value, corrects=corrects)
        for at, (column, label, value) in enumerate(zip(columns, labels, view.values, strict=True))
    ]
    told = ""
    for name, group in groupby(enumerate(columns), lambda each: each[1].option and each[1].line):
        heading = f"<h3>{escape(titles[name])}</h3>" if name else ""
        told += heading + "".join(rows[at] for at, _ in group)
    return told


def _label(column: Column, label: tuple[str, str]) -> str:
    number, title = label
    return escape(title) if column.option else f"<b>{escape(number)}</b>{escape(title)}"


def _row(at: int, label: str, value: Value | None, *, corrects: bool) -> str:
    was = _shown(value)
    before = f'<p class="was" id="was{at}" hidden>was {escape(was)}</p>' if corrects else ""
    described = f"note{at} was{at}" if corrects else f"note{at}"
    return (
        f'<div class="row"><label for="v{at}">{label}</label>'
        f'<input id="v{at}" class="value" inputmode="numeric" autocomplete="off" maxlength="20" '
        f'value="{escape(was)}" data-was="{escape(was)}" aria-describedby="{described}">'
        f'{before}<p class="note" id="note{at}"></p></div>\n'
    )


def _closing(view: SheetView) -> str:
    reason = (
        f'<div class="reason"><label for="reason">Why is it corrected?</label>'
        f'<input id="reason" maxlength="{REASON_MAX}" autocomplete="off"></div>'
        if view.before is not None
        else ""
    )
    return (
        '<section id="verdict" aria-live="polite"><p id="progress"></p>'
        '<ol id="broken"></ol></section>'
        '<p class="really" id="really" hidden><input type="checkbox" id="as-counted"> '
        '<label for="as-counted">It was read again, and was really counted so</label></p>'
        f'{reason}<p><button id="hand-in">Hand in for signing</button></p>'
        '<p class="problem" id="problem" role="alert" hidden></p>'
    )


def _signing() -> str:
    """Return what appears when a count is handed in."""
    return (
        '<section id="signing" tabindex="-1" hidden aria-live="polite"><h2>To be signed</h2>'
        "<p>Nothing is stored yet. Two officers sign it on this machine, in a terminal: it shows "
        "the same numbers, asks, and takes their keys and passphrases, which this page never "
        'sees.</p><p><code id="command"></code></p>'
        '<p>Id <code id="draft"></code></p><p><button id="change">Change the numbers</button></p>'
        '</section><section id="stored" tabindex="-1" hidden><h2>Signed and stored</h2>'
        '<p id="standing"></p><p><a id="again" href="">Print copies, or correct it</a></p>'
        "</section>"
    )


def _marks() -> str:
    """Return what a phone has instead of the keys; the keyboard has them in the field itself."""
    return (
        '<div id="marks" aria-hidden="true">'
        '<button type="button" tabindex="-1" data-mark="no data">no data <kbd>-</kbd></button>'
        '<button type="button" tabindex="-1" data-mark="illegible">illegible <kbd>?</kbd></button>'
        "</div>"
    )


def _in_force(view: SheetView) -> str:
    before = view.before
    if before is None:
        return ""
    count = before.count
    verdict = "is in force" if before.in_force else f"is not in force: {before.verdict}"
    wrong = "".join(f"<li>{escape(each)}</li>" for each in in_words(view.sheet, count.values))
    notes = f"<ol>{wrong}</ol>" if wrong else ""
    return (
        f'<section class="force"><h2>Version {count.version} {verdict}</h2>{notes}'
        f'<form class="copies" action="{escape(view.place.path)}/print" method="get">'
        f'<input type="hidden" name="version" value="{count.version}">'
        '<label for="copies">Copies, one for each observer</label> '
        f'<input id="copies" name="copies" type="number" min="1" max="{COPIES_MAX}" value="1" '
        f"required> <button>Show them for printing</button></form>"
        f"{_versions(view.recorded)}</section>"
    )


def _versions(recorded: Sequence[Recorded]) -> str:
    items = "".join(f"<li>{escape(str(each))}</li>" for each in recorded)
    return f"<details><summary>All versions ({len(recorded)})</summary><ul>{items}</ul></details>"


def _head(place: Place, trusted: Trusted, contest: str) -> str:
    station = trusted.election.precinct_by_number[PrecinctId(place.precinct)]
    above = f"/hand-count/{quote(place.election)}/{place.precinct}"
    name = f"Precinct {place.precinct}, {station.name}"
    told = f'<p class="station">{escape(name)}</p>'
    return _heading(trusted.election, f"{contest}, counted by hand", (above, name)) + told


def _heading(election: Election, title: str, above: tuple[str, str] | None = None) -> str:
    official = election.mode is Mode.OFFICIAL
    mode = "" if official else f'<p class="mode">{election.mode.name}, NO ELECTION</p>'
    name = f'<p class="election">{escape(election.name)}</p>'
    return f"{mode}{_back(*above) if above else ''}{name}<h1>{escape(title)}</h1>"


def _back(path: str, words: str) -> str:
    return f'<nav><a href="{escape(path)}">← {escape(words)}</a></nav>'


def _shown(value: Value | None) -> str:
    if value is None:
        return ""
    return value.value if isinstance(value, Mark) else str(value)


def _page(title: str, body: str, *, script: bool = False) -> str:
    code = '<script src="/hand-count.js" defer></script>\n' if script else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<link rel="stylesheet" href="/hand-count.css">\n{code}'
        f"</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
