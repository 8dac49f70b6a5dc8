"""Does the page of a rehearsal say what its result says, and all of it?"""

import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from ballotbox_simulator.rehearse.core.document import RehearsalResult
from ballotbox_simulator.rehearse.core.headroom import headroom, rounded
from ballotbox_simulator.rehearse.report.charts import POINTS_MAX, Chart, Line, thinned
from ballotbox_simulator.rehearse.report.figures import charts, figures, lettered
from ballotbox_simulator.rehearse.report.page import render_report
from ballotbox_simulator.rehearse.report.shown_numbers import NOT_SEEN, value_at
from ballotbox_simulator.rehearse.result_file import as_json
from tests.simulator.rehearse.result_material import a_bad_result, a_result, an_invalid_result

RESULTS = {"go": a_result, "no-go": a_bad_result, "invalid": an_invalid_result}
#: How much a unit as it is written is of the unit of the document.
SCALE = {"s": 1_000.0, "%": 0.01}
#: What every page must show, wherever it stands.
OWED = (
    "election.boxes",
    "rates.receipted_99_s",
    "rates.receipts_per_s_sustained",
    "ledger.sent",
    "ledger.receipted",
    "ledger.stored",
    "ledger.tabulated",
    "ledger.sheets.fed",
    "ledger.sheets.tabulated",
    "bottleneck.share",
    "tester.workers",
    "tester.processes.1.cores",
    "tester.processes.1.machine_busy",
    "tester.processes.1.memory_mib",
    "tester.processes.1.lag_ms",
    "tester.machines.0.limits.0.needed",
    "machine.cores",
    "latencies.2.percentiles.p99_ms",
    "series.parts.2.cpu_s",
    "series.parts.1.memory_peak_mib",
)


@cache
def page_of(kind: str) -> bytes:
    return render_report(RESULTS[kind]())


class Reader(HTMLParser):
    """Collects numbers with their places, words, and everything that could ask for a resource."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.numbers: list[tuple[str, str, str]] = []
        self.words = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._number: tuple[str, str] | None = None
        self.feed(page.decode())

    def handle_starttag(self, tag, attributes):
        said = dict(attributes)
        self.tags.append((tag, said))
        if tag == "data":
            self._number = (said["data-of"], said["value"])

    def handle_endtag(self, tag):
        if tag == "data":
            self._number = None

    def handle_data(self, data):
        self.words += data
        if self._number:
            self.numbers.append((*self._number, data))


def read_back(text: str, value: float) -> tuple[float, float]:
    """Return what a shown number says in the document's unit, and half of its last digit."""
    digits, unit = re.fullmatch(r"(-?[\d,.]+(?:e[+-]?\d+)?) ?(\D*)", text).groups()
    shown = float(digits.replace(",", ""))
    half = 0.5 / 10 ** len(digits.partition(".")[2])
    scale = SCALE.get(unit, 1.0)
    # Only milliseconds are ever shown in another unit, as seconds.
    if unit == "s" and abs(shown - value) <= half * 1.01:
        scale = 1.0
    return shown * scale, half * scale


@pytest.mark.parametrize("kind", RESULTS)
def test_every_number_is_the_documents_own(kind: str) -> None:
    result = RESULTS[kind]()
    document = as_json(result)
    for name in ("missing", "doubled"):
        document["ledger"][f"{name}_count"] = len(document["ledger"][name])

    reader = Reader(page_of(kind))

    assert len(reader.numbers) > 300
    for path, value, text in reader.numbers:
        own = value_at(document, path)
        if own is None:
            assert (value, text) == ("", NOT_SEEN), path
            continue
        assert float(value) == own, path
        shown, half = read_back(text, own)
        assert abs(shown - own) <= half * 1.01, f"{path}: {text} for {own}"
    assert set(OWED) <= {path for path, _, _ in reader.numbers}


@pytest.mark.parametrize("kind", RESULTS)
def test_the_verdict_comes_first_with_its_reasons(kind: str) -> None:
    result = RESULTS[kind]()

    reader = Reader(page_of(kind))

    headings = [tag for tag, _ in reader.tags if tag in ("h1", "h2")]
    assert headings[:2] == ["h1", "h2"]
    body = reader.words[reader.words.index("Skip to the numbers") :]
    assert result.verdict.outcome in body[: body.index("Is every report there")]
    for reason in result.verdict.reasons:
        assert reason[1:] in body[: body.index("Is every report there")]


def test_every_missing_and_doubled_report_is_named() -> None:
    result = a_bad_result()

    words = Reader(page_of("no-go")).words

    for each in (*result.ledger.missing, *result.ledger.doubled):
        assert each.report in words
        assert each.box in words
        assert each.where in words
    assert "30 missing and 1 doubled" in words


def test_what_a_document_says_cannot_become_a_part_of_the_page() -> None:
    page = page_of("no-go").decode()

    assert "<strange>" not in page
    assert "<of>" not in page
    assert "A night &lt;of&gt; losses" in page


@pytest.mark.parametrize("kind", RESULTS)
def test_nothing_runs_and_nothing_is_asked_for(kind: str) -> None:
    page = page_of(kind)
    reader = Reader(page)

    names = {tag for tag, _ in reader.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "form", "use", "image"}
    for _, attributes in reader.tags:
        assert attributes.get("href", "#").startswith("#")
        assert "src" not in attributes
        assert not any(name.startswith("on") for name in attributes)
    assert b"url(" not in page
    assert b"@import" not in page


def test_the_same_result_makes_the_same_bytes() -> None:
    assert render_report(a_bad_result()) == page_of("no-go")


def test_every_picture_says_its_highest_and_last_value() -> None:
    result = a_result()
    for figure in figures(result):
        drawn = ET.fromstring(figure.svg)
        title, text = drawn.find("title"), drawn.find("desc")
        assert drawn.get("role") == "img"
        assert drawn.get("aria-labelledby") == f"{title.get('id')} {text.get('id')}"
        assert text.text == f"Line chart. {figure.told}"
    told = {each.name: each.text for _, each in charts(result)}
    assert "receipts: at most 60 at 5 s, 0 in the end" in told["reports"]
    assert "gateway: at most 0.116 at 5 s, 0.05 in the end" in told["cpu"]
    assert "99 %: at most 163.5 at 29 s, 163.5 in the end" in told["latency"]


def test_of_many_processes_the_busiest_are_drawn_and_the_rest_is_in_the_table() -> None:
    result = a_result()
    (tester,) = (part for part in result.series.parts if part.kind == "tester")
    crowd = tuple(
        replace(tester, name=f"tester {at}", cpu_s=float(at), machine="far" if at > 7 else "")
        for at in range(1, 9)
    )
    others = tuple(part for part in result.series.parts if part is not tester)
    many = replace(result, series=replace(result.series, parts=(*crowd, *others)))

    (drawn,) = ((caption, chart) for caption, chart in charts(many) if chart.name == "cpu")
    page = Reader(render_report(many))

    caption, chart = drawn
    drawn_testers = [*(f"tester {at}" for at in range(3, 8)), "tester 8, far"]
    assert [line.name for line in chart.lines] == [*drawn_testers, "broker", "gateway"]
    assert "2 parts have no line here" in caption
    shown = {path for path, _, _ in page.numbers}
    assert {f"series.parts.{at}.cpu_s" for at in range(len(many.series.parts))} <= shown
    assert page.words.count("on far") == 1 + page.words.count("on far-away")


def test_a_moment_about_the_start_is_nought_without_a_sign() -> None:
    result = a_result()
    early = replace(result.series, at_s=tuple(at - 0.5 for at in result.series.at_s))

    told = {each.name: each.text for _, each in charts(replace(result, series=early))}

    assert "at most 100 at 0 s" in told["connections"]


def drawn_points(svg: str) -> list[list[tuple[float, float]]]:
    """Return the points of each line that is drawn in a colour of its own, legend left out."""
    found = []
    for path in re.findall(r'<path d="([^"]*)"[^>]*stroke: #2b5c94', svg):
        numbers = re.findall(r"[ML] ([\d.-]+) ([\d.-]+)", path)
        found.append([(float(x), float(y)) for x, y in numbers])
    return [points for points in found if len(points) > 2]


def test_a_line_is_drawn_through_every_value() -> None:
    at = [float(second) for second in range(30)]
    values = [float((second * 7) % 13) for second in range(30)]
    chart = Chart("a", "A", "Text", (Line("line", values),), None)

    (points,) = drawn_points(chart.svg(at))

    assert len(points) == 31
    (left, bottom), *_ = points
    rise = (points[2][1] - points[1][1]) / (values[1] - values[0])
    run = points[2][0] - points[1][0]
    for place, (x, y) in enumerate(points[1:]):
        assert abs(x - points[1][0] - place * run) < 0.01
        assert abs(y - points[1][1] - rise * (values[place] - values[0])) < 0.01
    assert rise < 0, "more is higher"
    assert left < points[1][0]
    assert bottom == points[1][1]


def test_machine_and_broker_keep_their_lines_in_a_crowd_and_the_others_are_counted() -> None:
    result = a_result()
    (gateway,) = [each for each in result.series.parts if each.kind == "gateway"]
    idle = (0.0,) * len(gateway.cpu_cores)
    machine = replace(gateway, name="machine", kind="machine", cpu_cores=idle, cpu_s=0.0)
    broker = replace(machine, name="broker", kind="broker")
    every = [replace(gateway, name=f"gateway {number}") for number in range(1, 9)]
    series = replace(result.series, parts=(machine, *every, broker))

    found = {
        chart.name: (caption, chart) for caption, chart in charts(replace(result, series=series))
    }

    for name in ("cpu", "memory"):
        caption, chart = found[name]
        assert " 2 parts have no line here; the table below has all." in caption
        assert [line.name for line in chart.lines] == [
            "machine",
            *(f"gateway {number}" for number in range(1, 7)),
            "broker",
        ]


def test_nothing_is_drawn_where_nothing_was_measured() -> None:
    at = [float(second) for second in range(6)]
    chart = Chart("a", "A", "Text", (Line("line", [1, None, 2, 3, None, 4]),), None)

    svg = chart.svg(at)
    (path,) = [
        each
        for each in re.findall(r'<path d="([^"]*)"[^>]*stroke: #2b5c94', svg)
        if each.count("M") > 1
    ]

    assert path.count("M") == 3


def test_a_long_run_keeps_its_peaks() -> None:
    at = [float(second) for second in range(10 * POINTS_MAX)]
    values: list[float | None] = [1.0] * len(at)
    values[4_321] = 99.0

    times, kept = thinned(at, values)

    assert len(times) <= POINTS_MAX
    assert kept[times.index(4_321.0)] == 99.0


def test_every_event_has_a_letter_in_the_table_and_in_every_picture() -> None:
    result = a_result()
    page = page_of("go").decode()

    for letter in "AB":
        assert f'<span class="letter">{letter}</span>' in page
        assert len(re.findall(rf"<text[^>]*>{letter}</text>", page)) == len(list(charts(result)))
    assert [lettered(at) for at in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_the_headroom_is_the_lowest_of_all_limits() -> None:
    result = a_result()
    found = headroom(result)

    # 200 reports at 1,100 µs and 0.05 idle cores for 12 s; 60 s are asked.
    assert found.boxes == rounded(100 * 60 / (200 * 1_100 / 1e6 + 0.05 * 12)) == 7_300
    assert found.set_by == "the gateway, which decides on one core"
    single = replace(result, machine=replace(result.machine, cores=1))
    busy = 200 * 2_800 / 1e6 + 0.08 * 12
    assert headroom(single).boxes == rounded(100 * 60 / busy) == 3_900
    assert found.words.startswith(
        "This set-up closed 100 precincts in 9.4\u00a0s; its limit is about"
    )
    assert "cores of the machine" in headroom(single).set_by
    few = replace(result.machine.limits[0], available=456.0)
    tight = replace(result, machine=replace(result.machine, limits=(few,)))
    assert headroom(tight).boxes == 200
    assert "open files" in headroom(tight).set_by


def test_no_limit_is_told_of_a_run_that_says_nothing() -> None:
    assert headroom(an_invalid_result()).boxes is None
    late: RehearsalResult = a_result()
    late = replace(late, rates=replace(late.rates, receipted_99_s=None))
    assert "did not answer" in headroom(late).words
