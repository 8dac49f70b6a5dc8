"""The pages of one language, from their templates."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from ballotbox_tabulation.core.document_list import DocumentList
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.core.published import statement_document
from ballotbox_tabulation.core.result_status import (
    OPEN_STATES,
    SAID_BY_OFFICERS,
    is_settled,
    status_of,
)
from ballotbox_tabulation.core.wording import recompute_command, verify_command
from ballotbox_tabulation.site.contest_view import Contests
from ballotbox_tabulation.site.folder import RESULT
from ballotbox_tabulation.site.languages import Language, language
from ballotbox_tabulation.site.names import in_order_of_names, initial
from ballotbox_tabulation.site.paths import (
    ENTERED,
    RELEASED,
    contest_page,
    missing_page,
    names_page,
    range_page,
    station_page,
    up,
)
from ballotbox_tabulation.site.shell import Shell
from ballotbox_tabulation.site.site import Released, Site
from ballotbox_tabulation.site.station_view import Stations
from ballotbox_tabulation.site.words import FILES, MEANING, RECEIPT, STATE, STATEMENT, STATUS
from ballotbox_tabulation.templating import translated_templates

if TYPE_CHECKING:
    from jinja2 import Environment

#: Stations on a page of a range, at least; of more stations the root, so that both lists fit.
_RANGE_MIN: Final = 50
_MISSING_A_PAGE: Final = 500
_FRONT: Final = "index.html"
#: Name and bytes of one page.
Page = tuple[str, bytes]


class Pages:
    """Makes the pages of a site in one language; `stations` and `contests` are those of its result.

    The boxes of `stations` say which files their reports have.
    """

    def __init__(self, site: Site, code: str, stations: Stations, contests: Contests) -> None:
        self._site = site
        self._language: Language = language(code)
        self._stations = stations
        self._contests = contests
        self._environment = _templates(code)
        self._views = contests.views(self._language)
        self._ranges = list(_ranges(stations.precincts))
        by_name = in_order_of_names(stations.precincts)
        self._names = [group for _, group in _ranges(by_name)]
        self._shared = _shared(site, self._language)

    def front(self) -> bytes:
        """Return the page that opens first, which lies above the folders of the languages."""
        return self._render("front.html", _FRONT, self._front(), root="", home=self._own)

    @property
    def _own(self) -> str:
        return f"{self._language.code}/"

    def all(self) -> Iterator[Page]:
        """Yield every page of this language; the first page comes last."""
        yield from self._station_pages()
        for first, group in self._ranges:
            told = {"first": first, "last": group[-1]["number"], "stations": _linked(group)}
            yield self._page("range.html", range_page(first), told)
        for at, group in enumerate(self._names, 1):
            told = {"first": group[0]["name"], "last": group[-1]["name"]}
            told |= {"stations": _linked(group)}
            yield self._page("range.html", names_page(at), told)
        yield from self._missing_pages()
        for at, view in enumerate(self._views):
            told = {"contest": view | {"stations": self._contests.stations(at)}}
            yield self._page("contest.html", contest_page(at + 1), told)
        told = {"ranges": self._range_links(), "names": self._name_links()}
        told |= {"initials": self._initials()}
        yield self._page("stations.html", "stations.html", told)
        yield self._page("data.html", "data.html", self._data())
        yield self._page("front.html", _FRONT, self._front())

    def _front(self) -> Document:
        nation = self._site.result["nation"]
        expected = nation["boxes_expected"]
        waiting = sum(len(self._site.result["boxes"][state]) for state in OPEN_STATES)
        done = 100 * nation["boxes_counted"] / expected if expected else 100
        return {"contests": self._views, "waiting": waiting, "progress": f"{done:.2f}"}

    def _station_pages(self) -> Iterator[Page]:
        shell = None
        links = DocumentList(_link, self._stations.numbers)
        at = 0
        for first, group in self._ranges:
            for precinct in group:
                boxes = self._stations.boxes_of(precinct["number"])
                told = self._stations.view(precinct) | {
                    "boxes": boxes,
                    "range_page": range_page(first),
                    "before": links[at - 1] if at else None,
                    "after": links[at + 1] if at + 1 < len(links) else None,
                    "command": self._receipt_command(boxes),
                }
                page = links[at]["page"]
                shell = shell or self._shell("station.html", page)
                yield f"{self._own}{page}", shell.page(page, told)
                at += 1

    def _shell(self, template: str, page: str) -> Shell:
        return Shell(self._environment, f"site/{template}", self._shared, up(page))

    def _receipt_command(self, boxes: Sequence[Document]) -> str:
        """Return the command that checks the first report of a station, "" without any."""
        for report in (each for box in boxes for each in box["reports"] if each["files"]):
            signed, receipt = (
                report["files"][name].rpartition("/")[2] for name in ("report", "receipt")
            )
            return (
                f"ballotbox-verify receipt {receipt} --report {signed} --election election.cose "
                f"--register register.cose --root {self._site.result['election']['root']}"
            )
        return ""

    def _missing_pages(self) -> Iterator[Page]:
        result = self._site.result
        names = {each["number"]: each["name"] for each in result["precincts"]}
        boxes = [
            {
                "box": box["box"],
                "number": box["precinct"],
                "name": names[box["precinct"]],
                "page": station_page(box["precinct"]),
                "title": STATE[state],
                "waiting_for": box.get("waiting_for"),
            }
            for state in OPEN_STATES
            for box in result["boxes"][state]
        ]
        states = [
            {"key": key, "title": STATE[key], "meaning": MEANING[key], "count": count}
            for key in OPEN_STATES
            if (count := len(result["boxes"][key]))
        ]
        count = max(1, -(-len(boxes) // _MISSING_A_PAGE))
        pages = [missing_page(number) for number in range(1, count + 1)]
        for at, page in enumerate(pages):
            shown = boxes[at * _MISSING_A_PAGE : (at + 1) * _MISSING_A_PAGE]
            told = {"states": states, "total": len(boxes), "pages": pages, "place": at + 1}
            yield self._page("missing.html", page, told | {"boxes": shown})

    def _range_links(self) -> list[Document]:
        return [
            {"first": first, "last": group[-1]["number"], "page": range_page(first)}
            for first, group in self._ranges
        ]

    def _name_links(self) -> list[Document]:
        return [
            {"first": group[0]["name"], "last": group[-1]["name"], "page": names_page(at)}
            for at, group in enumerate(self._names, 1)
        ]

    def _initials(self) -> list[Document]:
        """Return each letter with the first station under it."""
        found: dict[str, str] = {}
        for at, group in enumerate(self._names, 1):
            for each in group:
                place = f"{names_page(at)}#station-{each['number']}"
                found.setdefault(initial(each["name"]), place)
        return [{"letter": letter, "page": page} for letter, page in found.items()]

    def _data(self) -> Document:
        result, released = self._site.result, self._site.released
        files = FILES | ({} if released is None else {RELEASED: STATEMENT})
        files |= {ENTERED: RECEIPT} if released is not None and released.receipt else {}
        return {
            "files": [{"name": name, "words": words} for name, words in files.items()],
            "rules": result.get("rules"),
            "log": result["log"],
            "page_of": station_page,
            "command": recompute_command(result),
        }

    def _page(self, template: str, page: str, told: Document) -> Page:
        return f"{self._own}{page}", self._render(template, page, told)

    def _render(self, template: str, page: str, told: Document, **place: str) -> bytes:
        shown = self._shared | _place(page) | place | told
        return self._environment.get_template(f"site/{template}").render(shown).encode()


def _place(page: str) -> dict[str, str]:
    home = up(page)
    return {"page": page, "home": home, "root": f"../{home}"}


def _shared(site: Site, spoken: Language) -> dict[str, Any]:
    """Return what every page of a language is given."""
    result = site.result
    status = status_of(result)
    latest = result["log"]["latest_time"]
    return {
        "site": site,
        "result": result,
        "digest": site.digest,
        "election": result["election"],
        "nation": result["nation"],
        "language": spoken,
        # Of words that come from outside the templates; unlike `_` it leaves them to be escaped.
        "say": spoken.gettext,
        "languages": [language(code) for code in site.languages],
        "status": {"words": spoken.gettext(STATUS[status]), "open": not is_settled(result)},
        "released": None if site.released is None else _released(site.released),
        "unreleased": site.released is None and status in SAID_BY_OFFICERS,
        "verify": verify_command(result, RELEASED, RESULT),
        "counted_at": "" if latest is None else spoken.moment(latest),
    }


def _released(released: Released) -> Document:
    said = {"checked": released.checked, "entered": bool(released.receipt)}
    return statement_document(released.statement) | said


@cache
def _templates(code: str) -> "Environment":
    """Return the templates in one language; to compile them takes as long as fifty stations."""
    spoken = language(code)
    environment = translated_templates(spoken.translations)
    environment.filters |= _filters(spoken)
    return environment


def _filters(spoken: Language) -> dict[str, Callable[..., str]]:
    """Return what the pages of stations write values with; the template asks nothing else."""
    return {
        "number": spoken.number,
        "signed": spoken.signed,
        "value": spoken.value,
        "percent": spoken.percent,
        "reason": spoken.reason,
        "count_reason": spoken.count_reason,
        "say": spoken.gettext,
    }


def _ranges(precincts: Sequence[Document]) -> Iterator[tuple[int, Sequence[Document]]]:
    size = max(_RANGE_MIN, int(len(precincts) ** 0.5))
    for at in range(0, len(precincts), size):
        group = precincts[at : at + size]
        yield group[0]["number"], group


def _linked(precincts: Sequence[Document]) -> list[Document]:
    return [{**each, "page": _page_of(each)} for each in precincts]


def _link(number: int) -> Document:
    return {"number": number, "page": station_page(number)}


def _page_of(precinct: Document) -> str:
    return station_page(precinct["number"])
