"""One contest of a result as the pages show it, with its decision when there is one."""

from itertools import islice
from typing import Any, Final

from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.core.result_status import is_settled
from ballotbox_tabulation.plot import BARS_MAX, Bar, Drawing, drawing_of
from ballotbox_tabulation.site.languages import Language
from ballotbox_tabulation.site.paths import contest_page, station_page
from ballotbox_tabulation.site.words import (
    AHEAD,
    BELOW,
    CHART,
    ELECTED,
    VOTES,
)

#: So many contests stand in full on the first page; of more, only lists and referendums do.
_IN_FULL_MAX: Final = 4
#: A contest of so many stations has them in a table on its own page.
_STATIONS_MAX: Final = 400
_REGIONAL: Final = "regional: "
_FIRST_KINDS: Final = ("list", "referendum")


class Contests:
    """The contests of one result; what does not depend on a language is found once."""

    def __init__(self, result: Document) -> None:
        self._result = result
        self._complete = is_settled(result)
        self._decisions = {each["contest"]: each for each in result.get("decisions", ())}
        self._count = len(result["contests"])
        # By contest: a drawing is most of the work of its page.
        self._drawings: dict[int, Drawing] = {}

    def views(self, language: Language) -> list[Document]:
        """Return every contest, as the templates take it."""
        return [self._view(at, language) for at in range(self._count)]

    def stations(self, contest: int) -> list[Document]:
        """Return the stations where a contest was voted on; none when they are too many."""
        found = (
            {**_named(each), "tally": each["contests"][contest]}
            for each in self._result["precincts"]
            if each["contests"] is not None and each["contests"][contest]["ballots"]
        )
        some = list(islice(found, _STATIONS_MAX + 1))
        return some if len(some) <= _STATIONS_MAX else []

    def _view(self, at: int, language: Language) -> Document:
        named = self._result["contests"][at]
        decision = self._decisions.get(named["name"])
        view: Document = {
            "number": at + 1,
            "name": named["name"],
            "page": contest_page(at + 1),
            "votes_allowed": named["votes_allowed"],
            "options": named["options"],
            "complete": self._complete,
            "in_full": self._count <= _IN_FULL_MAX or _comes_first(named, decision),
            "rows": [],
            "leaders": [],
        }
        counted = self._result["nation"]["contests"]
        if counted is None or not counted[at]["ballots"]:
            return view
        view |= _counted(counted[at], decision, language, settled=self._complete)
        return view | {"chart": self._chart(at, view, language)}

    def _chart(self, at: int, view: Document, language: Language) -> str:
        bars = [
            Bar(row["name"], row["votes"], _bar_text(row, language), option=not row["against_all"])
            for row in view["rows"][:BARS_MAX]
        ]
        if at not in self._drawings:
            self._drawings[at] = drawing_of(bars)
        listed = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
        return self._drawings[at].svg(
            [bar.text for bar in bars],
            f"{view['name']}: {language.gettext(VOTES)}",
            f"{language.gettext(CHART)} {listed}.",
            f"chart-{view['number']}",
        )


def _comes_first(named: Document, decision: Document | None) -> bool:
    return named["kind"] == "party_list" or (
        decision is not None and decision["kind"] in _FIRST_KINDS
    )


def _named(precinct: Document) -> Document:
    number = precinct["number"]
    return {"number": number, "name": precinct["name"], "page": station_page(number)}


def _counted(
    tally: Document, decision: Document | None, language: Language, *, settled: bool
) -> Document:
    decided = {} if decision is None else {each["name"]: each for each in decision["options"]}
    rows = []
    for option in tally["options"]:
        of_option = decided.get(option["name"], {})
        note = _note(of_option, decision, language, settled=settled)
        rows.append(_row(option, of_option) | {"note": note})
    # What is for nobody stands last; among equals the order is the ballot's.
    rows.sort(key=lambda row: (row["against_all"], -row["votes"]))
    most = max(row["votes"] for row in rows)
    has_seats = decision is not None and decision["kind"] == "list"
    return {
        "ballots": tally["ballots"],
        "blank": tally["blank"],
        "undervotes": tally["undervotes"],
        "overvotes": tally["overvotes"],
        "base": tally["base"] if decision is None else decision.get("base", tally["base"]),
        "decision": decision,
        "rows": rows,
        "leaders": [row for row in rows if row["votes"] == most] if most else [],
        "has_seats": has_seats,
        "seats_given": sum(row["seats"] or 0 for row in rows),
        "all": sum(row["votes"] for row in rows) + tally["undervotes"] + tally["overvotes"],
    }


def _row(option: Document, decided: Document) -> dict[str, Any]:
    return {
        "name": option["name"],
        "votes": option["votes"],
        "share": decided.get("share_percent", option["share_percent"]),
        "seats": decided.get("seats"),
        "against_all": bool(decided.get("against_all", False)),
        "won": bool(decided.get("elected") or decided.get("passed")),
    }


def _note(
    decided: Document, decision: Document | None, language: Language, *, settled: bool
) -> str:
    """Return which threshold a list did not reach, or that somebody is elected or ahead."""
    if decided.get("elected"):
        return language.gettext(ELECTED if settled else AHEAD)
    failed: str | None = decided.get("failed")
    if failed is None or decision is None:
        return ""
    regional = failed.startswith(_REGIONAL)
    needed = decision["thresholds"]["regional_percent" if regional else "national_percent"]
    below = language.gettext(BELOW) % {"percent": language.plain_percent(needed)}
    return f"{below}: {failed.removeprefix(_REGIONAL)}" if regional else below


def _bar_text(row: dict[str, Any], language: Language) -> str:
    share = f" · {language.percent(row['share'])}" if row["share"] else ""
    return f"{language.number(row['votes'])}{share}"
