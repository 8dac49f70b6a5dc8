"""Does the night come out of boxes, gateways, log and pages as it was published?"""

import json
from concurrent.futures import Future
from dataclasses import replace
from html import escape

import pytest
from click.testing import CliRunner

from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.publication import decode_publication
from ballotbox_protocol.wire.report import ReportKind, decode_report
from ballotbox_simulator.cli import main
from ballotbox_simulator.inner_gateway import InnerGateway, NotDelivered
from ballotbox_simulator.night import hold, parts, publishing, station
from ballotbox_simulator.night.audit import evening_objections, final_objections
from ballotbox_simulator.night.definition import CENTRE, gateway_of
from ballotbox_simulator.night.draw import draw_night
from ballotbox_simulator.night.hold import EVENING, FINAL, hold_evening, hold_late
from ballotbox_simulator.night.office import Office
from ballotbox_simulator.night.parts import NightPlan, prepare
from ballotbox_simulator.night.places import SMALL
from ballotbox_simulator.night.program import OfficeFailed, Said, changed
from ballotbox_simulator.night.publishing import written
from ballotbox_simulator.publishing import PublishedPage
from ballotbox_tabulation.site.languages import LANGUAGES, language
from ballotbox_tabulation.site.words import SYNTHETIC
from tests.simulator.night_programs import NO_CHARTS, TINY, call_in_this_process

SEED = 11


@pytest.fixture
def tiny(monkeypatch):
    """Nights of a town, whose commands are called here; those of `held` are programs."""
    monkeypatch.setattr(parts, "SMALL", TINY)
    call_in_this_process(monkeypatch)


@pytest.fixture(scope="module", autouse=True)
def _plain_program(tmp_path_factory):
    program = changed(tmp_path_factory.mktemp("program") / "plain", [NO_CHARTS])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing, "INSTALLED", program)
        yield


@pytest.fixture
def here(monkeypatch):
    """Parts run in this process, where a test can break them."""

    class Pool:
        def __init__(self, _jobs, initializer, initargs):
            initializer(*initargs)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        map = staticmethod(map)

    monkeypatch.setattr(parts, "ProcessPoolExecutor", Pool)


def _hold(out, *, jobs=1):
    told = []
    held = hold_evening(
        NightPlan(out, SEED, True, jobs), lambda what, done: told.append((what, done))
    )
    hold_late(held, lambda what, done: told.append((what, done)))
    return held, told


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    return _hold(tmp_path_factory.mktemp("night") / "out")


@pytest.mark.accept
def test_at_ten_the_page_shows_the_published_votes_and_names_who_is_missing(held):
    night, _ = held
    assert evening_objections(night) == []
    result = night.evening.result
    late = sorted(night.authority.boxes[place].hex() for place in night.night.late)
    assert len(late) == SMALL.precincts - SMALL.reported
    assert [box["box"] for box in result["boxes"]["missing"]] == late
    assert result["nation"]["boxes_counted"] == SMALL.reported
    votes = [option["votes"] for option in result["nation"]["contests"][0]["options"]]
    assert votes == list(night.night.targets.votes)


@pytest.mark.accept
def test_in_the_end_every_box_shows_what_it_was_fed(held):
    night, _ = held
    assert final_objections(night) == []
    assert night.sent == night.receipted == 7 * SMALL.precincts
    assert night.fed == sum(truth.fed for truth in night.truths.values())
    assert night.final.result["boxes"]["missing"] == []


@pytest.mark.accept
def test_every_page_says_in_its_language_what_is_synthetic(held):
    night, _ = held
    for name in (EVENING, FINAL):
        for code in LANGUAGES:
            label = escape(language(code).gettext(SYNTHETIC))
            pages = list((night.plan.out / name / code).rglob("*.html"))
            assert len(pages) > SMALL.precincts
            assert [page for page in pages if label not in page.read_text()] == []


@pytest.mark.accept
def test_the_result_of_the_night_is_a_leaf_of_its_log_and_the_next_one_follows(held):
    night, _ = held
    evening, final = night.evening.result, night.final.result
    assert "published" not in evening["log"]
    (released,) = final["log"]["published"]
    assert (released["version"], released["status"]) == (1, "preliminary")
    assert released["log_size"] == evening["log"]["size"] == released["leaf"]
    told = json.loads((night.plan.out / "published" / "publication.json").read_text())
    assert (told["version"], told["status"]) == (2, "complete")
    assert told["previous"] == released["id"]
    assert (night.plan.out / "published" / "receipt.cbor").exists()


@pytest.mark.accept
def test_the_pages_show_who_released_them(held):
    night, _ = held
    for version, name in enumerate((EVENING, FINAL), 1):
        pages = night.plan.out / name
        released = decode_publication((pages / "data" / "publication.cbor").read_bytes())
        assert released.version == version
        assert 'id="released"' in (pages / "en" / "data.html").read_text()


@pytest.mark.accept
def test_the_rules_decide_about_seats_in_every_contest(held):
    night, _ = held
    for result in (night.evening.result, night.final.result):
        list_contest, *districts = result["decisions"]
        assert sum(each["seats"] for each in list_contest["options"]) == 54
        assert list_contest["thresholds"]["national_percent"] == "5"
        assert len(list_contest["thresholds"]["regions"]) == 9
        assert len(districts) == 36


@pytest.mark.accept
def test_the_boxes_say_how_many_came_before_ten_and_four(held):
    night, _ = held
    with night.open_centre() as centre:
        entries = centre._ledger.entries(0, centre.size)
    reports = [decode_report(cose.parse(each.report).payload) for each in entries if each.report]
    said = {}
    for each in reports:
        if each.kind is ReportKind.TURNOUT:
            said.setdefault(each.clock.time, []).append(each.counters.ballots)
    precincts = night.night.precincts
    assert [sum(said[time]) for time in sorted(said)] == [
        sum(each.morning for each in precincts),
        sum(each.afternoon for each in precincts),
    ]


@pytest.mark.accept
def test_progress_rises_to_the_end(held):
    _, told = held
    assert [done for _, done in told] == sorted(done for _, done in told)
    assert told[-1] == ("Done", 1.0)
    assert {"Stations", "The page of 22:00", "The final page"} <= {what for what, _ in told}


@pytest.mark.accept
def test_the_pages_are_the_same_for_any_number_of_processes(tiny, tmp_path):
    digests = []
    for jobs in (1, 2):
        night, _ = _hold(tmp_path / str(jobs), jobs=jobs)
        assert evening_objections(night) == final_objections(night) == []
        digests.append([
            json.loads((night.plan.out / name / "data" / "result.json").read_text())["digest"]
            for name in (EVENING, FINAL)
        ])  # fmt: skip
    assert digests[0] == digests[1]


# What must not pass


@pytest.mark.accept
@pytest.mark.teeth
def test_a_vote_that_moves_before_it_is_fed_is_missed_at_ten(tiny, here, tmp_path, monkeypatch):
    plain = station._marks

    def moved(contest, tally, chance):
        votes = list(tally.votes)
        if len(votes) == 22 and votes[0]:
            votes[0], votes[1] = votes[0] - 1, votes[1] + 1
        return plain(contest, replace(tally, votes=tuple(votes)), chance)

    monkeypatch.setattr(station, "_marks", moved)
    night, _ = _hold(tmp_path / "out")
    assert any("votes of Ata-Meken" in words for words in evening_objections(night))
    assert any("votes of Ata-Meken" in words for words in final_objections(night))


@pytest.mark.accept
@pytest.mark.teeth
def test_a_box_that_comes_too_early_is_missed(tiny, here, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "prepare", lambda plan: _nobody_late(prepare(plan)))
    monkeypatch.setattr(hold, "prepare", prepare)
    night = hold_evening(NightPlan(tmp_path / "out", SEED, True, 1), lambda *_: None)
    said = evening_objections(night)
    assert any("40 boxes are counted, 36 have reported" in words for words in said)
    assert any("4 boxes are wrongly named" in words for words in said)


def _nobody_late(prepared):
    night, authority = prepared
    return replace(
        night, precincts=tuple(replace(each, late=False) for each in night.precincts)
    ), authority


@pytest.mark.accept
@pytest.mark.teeth
def test_a_box_that_counts_otherwise_than_it_was_fed_is_missed(held):
    night, _ = held
    document = json.loads((night.plan.out / FINAL / "data" / "result.json").read_text())["result"]
    (count,) = document["boxes"]["counted"][0]["counts"]
    count["contests"][0]["votes"][0] += 1
    wrong = replace(night, final=replace(night.final, result=document))
    (objection,) = final_objections(wrong)
    assert "National list, 54 seats: votes" in objection


@pytest.mark.accept
@pytest.mark.teeth
def test_reports_without_receipts_are_missed(held):
    night, _ = held
    assert "are receipted" in final_objections(replace(night, receipted=night.sent - 1))[0]


@pytest.mark.accept
@pytest.mark.teeth
def test_a_country_that_shows_other_than_published_numbers_is_told_by_list(held):
    night, _ = held
    places = replace(night.night.places, size=replace(SMALL, divisor=1))
    full = replace(night, night=replace(night.night, places=places))
    said = evening_objections(full)
    assert any("the base is" in words for words in said)
    assert any(words.endswith("published were 41056") for words in said)
    assert "Green Party of Kyrgyzstan: 0.40 %, published was 0.41" in said


@pytest.mark.accept
def test_what_was_refused_is_an_objection(held):
    night, _ = held
    assert evening_objections(replace(night, evening="law")) == [
        "nothing is published at 22:00: law"
    ]
    assert final_objections(replace(night, final="law")) == ["the final page is not published: law"]


@pytest.mark.accept
@pytest.mark.teeth
def test_a_reason_that_outlives_the_refusal_is_an_objection(held):
    night, _ = held
    night.office.reason.write_text("{}")
    try:
        (objection,) = final_objections(night)
    finally:
        night.office.reason.unlink()
    assert "still stands beside the final one" in objection


@pytest.mark.accept
@pytest.mark.teeth
def test_pages_that_cannot_be_written_are_no_publication(held):
    night, _ = held
    page = night.evening.page
    unwritten = Future()
    unwritten.set_result(Said(2, "Error: no room"))
    kept, night.writing[page] = night.writing[page], unwritten
    said = written(night, night.evening)
    night.writing[page] = kept
    assert said == "Error: no room"
    assert written(night, "refused before") == "refused before"


# Gateways


def test_a_log_that_the_centre_does_not_take_stops_the_night(tmp_path):
    _, authority = prepare(NightPlan(tmp_path, SEED, True))
    _, other = prepare(NightPlan(tmp_path, SEED + 1, True))
    below, above = tmp_path / "below", tmp_path / "above"
    report = station.Station(draw_night(_places(), SEED), authority).day(0).reports[0]
    with InnerGateway(below, authority, gateway_of(0)) as gateway:
        assert gateway.admit([report]) + gateway.flush() == 1
        batch = gateway.upward(CENTRE)
        with InnerGateway(above, other, CENTRE) as centre, pytest.raises(NotDelivered):
            centre.take(batch)


def _places():
    return parts.Places(parts.load_facts(), SMALL)


# The command


def _sim(*arguments):
    return CliRunner().invoke(main, ["run", "--scenario", "kyrgyzstan-2021", *arguments])


@pytest.mark.accept
def test_the_command_ends_with_a_verdict_and_names_both_pages(tmp_path, tiny, here):
    out = tmp_path / "out"
    told = _sim("--small", "--seed", "3", "--jobs", "1", "--out", str(out))
    assert told.exit_code == 0, told.output
    evening, final = (line for line in told.output.splitlines() if ", page " in line)
    assert evening.startswith("22:00  36 of 40 boxes, ")
    assert evening.endswith(f", page {out}/at-22-00/index.html")
    assert final == f"final  40 of 40 boxes, 640 ballots, page {out}/final/index.html"
    assert told.output.splitlines()[-1].startswith("VERDICT: PASS")


@pytest.mark.teeth
def test_the_command_fails_when_a_page_is_wrong(tmp_path, tiny, here, monkeypatch):
    monkeypatch.setattr(parts.Places, "of_district", lambda *_: [])
    monkeypatch.setattr(hold, "publish", lambda *_: "a law is broken")
    monkeypatch.setattr(hold, "furnish", lambda *_: None)
    told = _sim("--small", "--seed", "3", "--jobs", "1", "--out", str(tmp_path / "out"))
    assert told.exit_code == 1
    assert "nothing is published at 22:00: a law is broken" in told.output
    assert "VERDICT: FAIL 2 objections" in told.output


def test_an_office_that_cannot_go_on_fails_the_night_in_words(tmp_path, tiny, here, monkeypatch):
    def fails(*_):
        raise OfficeFailed("no pen")

    monkeypatch.setattr(hold, "furnish", fails)
    told = _sim("--small", "--seed", "3", "--jobs", "1", "--out", str(tmp_path / "out"))
    assert told.exit_code == 1
    assert "  the office could not go on: no pen" in told.output


@pytest.mark.accept
@pytest.mark.teeth
def test_pages_of_22_00_that_could_not_be_written_fail_the_night_once(
    tmp_path, tiny, here, monkeypatch
):
    plain = Office.write_pages

    def fails(office, program, name, log, pages):
        if name == EVENING:
            return Said(2, "Error: no room")
        return plain(office, program, name, log, pages)

    monkeypatch.setattr(Office, "write_pages", fails)
    told = _sim("--small", "--seed", "3", "--jobs", "1", "--out", str(tmp_path / "out"))
    assert told.exit_code == 1, told.output
    assert told.output.count("Error: no room") == 1
    assert "nothing is published at 22:00: Error: no room" in told.output
    assert "VERDICT: FAIL 1 objections" in told.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--inject", "x", "--seed", "1"), "--inject x: must be one of doubled-formula, "),
        (("--seeds", "1..2"), "--seeds 1..2: kyrgyzstan-2021 takes one: give --seed"),
        (("--jobs", "0", "--seed", "1"), "--jobs: must be 1 or more"),
    ],
)
def test_what_the_night_cannot_do_is_refused(arguments, words):
    told = _sim(*arguments)
    assert told.exit_code == 2
    assert words in told.stderr


@pytest.mark.parametrize("option", [("--small",), ("--inject", "edited-database")])
def test_other_scenarios_do_not_know_its_options(option):
    told = CliRunner().invoke(main, ["run", "--seed", "1", *option])
    assert told.exit_code == 2
    assert f"{option[0]}: only kyrgyzstan-2021 knows it" in told.stderr


@pytest.mark.accept
def test_a_published_page_is_what_the_night_holds(held):
    assert isinstance(held[0].evening, PublishedPage)
