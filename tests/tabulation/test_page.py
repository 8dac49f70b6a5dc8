"""Does the page show the whole document and nothing else, to every reader, without any help?"""

import re
import shutil
import subprocess
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import pytest

from ballotbox_protocol.election.definition import (
    BallotStyle,
    Contest,
    ContestKind,
    Option,
    Precinct,
)
from ballotbox_protocol.election.register import ClosedAs, Closure, origin_id
from ballotbox_protocol.election.tally import Marks
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.authority import with_register
from ballotbox_tabulation import page as pages
from ballotbox_tabulation.core.wording import reason_in_words
from ballotbox_tabulation.page import _moment, render_page
from ballotbox_tabulation.plot import BARS_MAX, contest_svg
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import (
    ORIGIN,
    Ballot,
    LogBuilder,
    authority_of,
    count,
    simple_ballots,
)

_VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Reads a page as a strict parser would: what is opened is closed, ids are unique."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.stack, self.ids, self.links, self.tags, self.words = [], [], [], [], []
        self.feed(page.decode())
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name == "aria-labelledby":
                self.links += value.split()
            if name == "href":
                assert value.startswith("#"), value
                self.links.append(value[1:])
        if tag not in _VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if self.stack and self.stack[-1] != "style":
            self.words.append(data)

    def count(self, tag):
        return sum(each == tag for each, _ in self.tags)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    @property
    def numbers(self):
        return set(re.findall(r"\d+", re.sub(r"(?<=\d),(?=\d)", "", self.text)))


def full_log():
    """Boxes of every state, two in a precinct, a correction, an objection, an excess of ballots."""
    authority = authority_of(boxes=10, boxes_per_precinct=2, registered=12)
    log = LogBuilder(authority)
    row, counters = count(authority, simple_ballots(1234))
    log.morning(log.pen(8))
    unlisted = log.pen(8).final(row, counters, sequence=3, firmware=bytes(32))
    log.decide(unlisted)
    for number in range(2):
        log.day(log.pen(number), simple_ballots(1000 + number))
    pen = log.pen(2)
    log.decide(
        pen.correction(log.day(pen, simple_ballots(10)), count(authority, simple_ballots(10))[0])
    )
    pen = log.pen(3)
    for _ in range(43):
        log.decide(pen.write(ReportKind.TURNOUT))
    log.hold(pen.final(row, counters, sequence=1717))
    pen = log.pen(4)
    released = pen.final(row, counters)
    log.quarantine(released, Reason.BOOT)
    log.rule(RulingKind.RELEASE, released)
    log.quarantine(log.pen(5).final(row, counters), Reason.LAW_LIFETIME)
    one, other = log.pen(6).final(row, counters), log.pen(6).final(row, counters, boot=2)
    log.evidence(one)
    log.evidence(other)
    register = authority.trusted.register
    closure = Closure(ClosedAs.UNUSED, ((origin_id(ORIGIN), 0),))
    log.hold(log.pen(7).correction(one, row))
    boxes = (*register.boxes[:7], replace(register.boxes[7], closed=closure), *register.boxes[8:])
    log.authority = with_register(authority, replace(register, version=31, boxes=boxes))
    return log


@pytest.fixture(scope="module")
def published():
    return concluded(full_log())


@pytest.fixture(scope="module")
def page(published):
    return render_page(published, full_log().authority.trusted.election)


@pytest.fixture(scope="module")
def reader(page):
    return Reader(page)


def test_the_log_of_this_test_has_something_of_everything(published):
    result = published.result
    filled = {state for state, boxes in result["boxes"].items() if boxes}
    assert filled == result["boxes"].keys()
    assert result["objections"]
    assert result["over_registered"]


def _integers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return {number for each in value for number in _integers(each)}
    return {value} if type(value) is int else set()


def _texts(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return {text for each in value for text in _texts(each)}
    return {value} if isinstance(value, str) else set()


def test_every_number_of_the_document_stands_on_the_page(published, reader):
    missing = {str(number) for number in _integers(published.result)} - reader.numbers
    assert missing == set()


def test_every_box_digest_name_and_share_stands_on_the_page(published, reader):
    result = published.result
    boxes = {box["box"] for group in result["boxes"].values() for box in group}
    names = {option for contest in result["contests"] for option in contest["options"]}
    shares = {
        option["share_percent"]
        for contest in result["nation"]["contests"]
        for option in contest["options"]
    }
    wanted = boxes | names | shares | _texts(result["election"]) | {result["log"]["root"]}
    wanted |= {published.digest, result["program"]}
    wanted -= {"rehearsal"}
    assert {text for text in wanted if text not in reader.text} == set()


def test_the_page_names_no_other_resource_and_runs_nothing(page, reader):
    assert b"http" not in page
    assert b"//" not in page
    assert b"@import" not in page
    assert b"url(" not in page
    assert not {"script", "link", "img", "iframe", "object", "form"} & {t for t, _ in reader.tags}
    assert not [name for _, attrs in reader.tags for name in attrs if name.startswith("on")]
    assert not [attrs for _, attrs in reader.tags if "src" in attrs]


def test_the_page_is_well_formed_and_its_references_lead_somewhere(page, reader):
    assert page.startswith(b"<!DOCTYPE html>")
    assert len(set(reader.ids)) == len(reader.ids)
    assert set(reader.links) <= set(reader.ids)


def test_a_screen_reader_finds_its_way(reader):
    assert dict(reader.tags)["html"] == {"lang": "en"}
    assert reader.count("h1") == reader.count("main") == 1
    assert reader.count("table") == reader.count("caption")
    assert all("scope" in attrs for tag, attrs in reader.tags if tag == "th")
    charts = [attrs for tag, attrs in reader.tags if tag == "svg"]
    assert all(chart["role"] == "img" and chart["aria-labelledby"] for chart in charts)
    assert len(charts) == reader.count("desc") == 3


def test_a_chart_tells_its_numbers_in_words(published):
    contest = published.result["nation"]["contests"][1]
    svg = contest_svg(contest, 1)
    text = re.search(r"<desc[^>]*>([^<]*)</desc>", svg)[1]
    for option in contest["options"]:
        assert f"{option['name']} {option['votes']:,} · {option['share_percent']} %" in text


def test_only_an_official_result_lacks_the_banner(published, reader):
    election = full_log().authority.trusted.election
    assert "REHEARSAL These are not the results of an election." in reader.text
    for mode, shown in (("test", True), ("official", False)):
        result = published.result | {"election": published.result["election"] | {"mode": mode}}
        text = Reader(render_page(replace(published, result=result), election)).text
        assert ("not the results of an election" in text) is shown
        assert (mode.upper() in text) is shown


def test_the_page_tells_how_to_recompute_it(published, reader):
    root = published.result["election"]["root"]
    assert (
        "ballotbox-tabulate run LOG --election election.cose --register register.cose "
        f"--root {root} --out DIR"
    ) in reader.text


def test_a_held_box_says_what_it_waits_for(reader):
    assert "precinct 2, waiting for report 43" in reader.text


def test_a_complete_result_says_so():
    authority = authority_of(boxes=1)
    log = LogBuilder(authority)
    log.day(log.pen(0), simple_ballots(3))
    text = Reader(render_page(concluded(log), authority.trusted.election)).text
    assert "Complete. Every expected box is counted." in text
    assert "Partial" not in text


def test_what_nobody_released_is_not_called_so_by_officers():
    authority = authority_of(boxes=1)
    log = LogBuilder(authority)
    log.day(log.pen(0), simple_ballots(3))
    published = concluded(log)
    certified = replace(published, result=published.result | {"status": "certified"})
    text = Reader(render_page(certified, authority.trusted.election)).text
    assert "Certified result. So whoever computed it calls it; no statement of officers" in text
    assert "two officers call it" not in text


def test_where_every_box_was_closed_as_unused_nothing_is_complete():
    authority = authority_of(boxes=1)
    register = authority.trusted.register
    closure = Closure(ClosedAs.UNUSED, ((origin_id(ORIGIN), 0),))
    boxes = (replace(register.boxes[0], closed=closure),)
    closed = with_register(authority, replace(register, version=31, boxes=boxes))
    text = Reader(render_page(concluded(LogBuilder(closed)), closed.trusted.election)).text
    assert "No box is counted. Every box was closed as unused." in text
    assert "Complete." not in text


def test_nothing_counted_shows_no_numbers_and_no_chart():
    authority = authority_of(boxes=2)
    reader = Reader(render_page(concluded(LogBuilder(authority)), authority.trusted.election))
    assert reader.count("svg") == 0
    assert reader.text.count("No box with this contest is counted yet.") == 3
    assert "none yet" in reader.text
    assert "the log is empty" in reader.text


ODD = Contest(
    'Vote <b>"now"</b> & $x^2$',
    ContestKind.CHOOSE_ONE,
    1,
    (
        Option("<script>alert(1)</script>"),
        Option("$\\frac{1}$ {{ 7*7 }} 水 ქართ"),
        Option("Ө" * 200),
    ),
)


def test_names_are_shown_as_they_are_and_never_obeyed():
    authority = authority_of(boxes=1, contests=(ODD,), styles=(BallotStyle("ALL", ((0,),)),))
    log = LogBuilder(authority)
    log.day(log.pen(0), [Ballot(0, {0: Marks(frozenset({1}))})])
    reader = Reader(render_page(concluded(log), authority.trusted.election))
    assert "script" not in {tag for tag, _ in reader.tags}
    for name in (ODD.name, *(option.name for option in ODD.options)):
        assert name in reader.text


def test_a_contest_with_hundreds_of_options_charts_those_with_the_most_votes():
    options = [
        {"name": f"Option {n}", "votes": n, "share_percent": "0.10", "preferences": []}
        for n in range(200)
    ]
    contest = {"name": "Long", "options": options, "undervotes": 0, "overvotes": 0}
    svg = contest_svg(contest, 1)
    assert svg.count("<path") == BARS_MAX + 2
    assert "The 160 options with fewer votes are in the table." in svg
    assert ">Option 160<" in svg
    assert ">Option 159<" not in svg


def test_a_contest_of_some_precincts_lists_only_these():
    contests = (
        Contest("Everywhere", ContestKind.CHOOSE_ONE, 1, (Option("A"), Option("B"))),
        Contest("North only", ContestKind.CHOOSE_ONE, 1, (Option("C"), Option("D"))),
    )
    styles = (BallotStyle("NORTH", ((0, 1),)), BallotStyle("SOUTH", ((0,),)))
    precincts = (Precinct(1, "North", 10, (0,)), Precinct(2, "South", 10, (1,)))
    authority = authority_of(boxes=2, contests=contests, styles=styles, precincts=precincts)
    log = LogBuilder(authority)
    for number in range(2):
        log.day(log.pen(number), [Ballot(number, {})])
    text = Reader(render_page(concluded(log), authority.trusted.election)).text
    assert "By precinct (2 with numbers) Everywhere" in text
    assert "By precinct (1 with numbers) North only" in text


@pytest.mark.parametrize(("less", "has_rows"), [(0, True), (1, False)])
def test_of_more_stations_than_a_browser_bears_the_rows_are_elsewhere(
    published, monkeypatch, less, has_rows
):
    stations = max(len(published.result["precincts"]), len(published.result["boxes"]["counted"]))
    monkeypatch.setattr(pages, "ROWS_MAX", stations - less)

    reader = Reader(render_page(published, full_log().authority.trusted.election))

    tables = {"precincts-1", "counted-table", "precinct-table"}
    assert tables & set(reader.ids) == (tables if has_rows else set())
    assert ("ballotbox-tabulate site writes a page" in reader.text) is not has_rows
    assert {"disputed", "missing", "votes-1"} <= set(reader.ids)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "1970-01-01 00:00:00 UTC"), (2**53 - 1, "9007199254740991")],
)
def test_a_moment_is_told_as_far_as_calendars_reach(seconds, shown):
    assert _moment(seconds) == shown


def test_every_reason_has_words():
    told = [reason_in_words(reason) for reason in Reason if reason < 100 or reason >= 200]
    assert len(set(told)) == len(told)
    assert reason_in_words(Reason.LAW_SLOTS).startswith("it breaks the law that votes")


# ---- in a browser

#: The page in a frame as wide as a screen, everything unfolded; the browser notes what it measured.
_FRAME = """<!DOCTYPE html><meta charset="utf-8"><iframe width="{width}" height="900"
style="border:0" srcdoc="{page}"></iframe><script>
const frame = document.querySelector("iframe");
frame.onload = () => {{
  const root = frame.contentDocument.documentElement;
  root.querySelectorAll("details").forEach(each => each.open = true);
  document.title = root.clientWidth + " wide, content " + root.scrollWidth;
}};
</script>"""


@pytest.mark.accept
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_never_scrolls_sideways(page, tmp_path, width):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    path = tmp_path / "frame.html"
    path.write_text(_FRAME.format(width=width, page=escape(page.decode())))
    done = subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--window-size=1400,1000",
            "--virtual-time-budget=5000",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert f"<title>{width} wide, content {width}</title>" in done.stdout
