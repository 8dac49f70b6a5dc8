"""Is every injection into the night refused by its evidence, and does nothing else stop it?

Each injection is also run with every check that would catch it taken out of the program: then the
pages do show more than 100 %. And with all of them out but one, that one refuses: so each is
needed, and named. What runs is each time a whole program of its own, with its own digest.
"""

import json
import re
import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.publication import Publication
from ballotbox_simulator.cli import main
from ballotbox_simulator.night import injections, parts, publishing
from ballotbox_simulator.night.audit import final_objections
from ballotbox_simulator.night.hold import EVENING, hold_evening, hold_late
from ballotbox_simulator.night.injections import ATTEMPT, INJECTIONS, attempt
from ballotbox_simulator.night.parts import NightPlan
from ballotbox_simulator.night.program import Edit, OfficeFailed, Said, changed
from ballotbox_simulator.night.publishing import publish, written
from ballotbox_simulator.publishing import PublishedPage
from tests.simulator.night_programs import (
    NO_CHARTS,
    TAKEN_OUT,
    TINY,
    InOneLanguage,
    without,
)

#: Every check that would catch an injection, in the order in which they are asked.
CHECKS = {
    "doubled-formula": ("SUM", "VOTES_BOUND", "SHARES", "SECOND"),
    "wrong-program": ("PROGRAM", "SUM", "VOTES_BOUND", "SHARES", "SECOND", "RELEASE"),
    "edited-database": (
        *("REPORT_ID", "REPORT_SIGNATURE", "BOX_LAW", "VOTES_BOUND", "SHARES", "SECOND", "PROOF"),
    ),
}


@pytest.fixture(scope="module", autouse=True)
def _plain_program(tmp_path_factory):
    program = changed(tmp_path_factory.mktemp("program") / "plain", [NO_CHARTS])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing, "INSTALLED", InOneLanguage(program.folder))
        patch.setattr(parts, "SMALL", TINY)
        yield


@pytest.fixture(scope="module")
def evening(tmp_path_factory):
    out = tmp_path_factory.mktemp("night") / "out"
    held = hold_evening(NightPlan(out, 21, True, 1), lambda *_: None)
    assert isinstance(written(held, held.evening), PublishedPage)
    return held


@pytest.fixture
def held(evening, tmp_path):
    """The night at 22:00, in files of its own."""
    out = tmp_path / "out"
    shutil.copytree(evening.plan.out, out, symlinks=True)
    again = replace(evening, plan=replace(evening.plan, out=out), writing={})
    release = again.office.folder / evening.means.release.name
    again.means = replace(evening.means, release=release)
    page = out / EVENING / "index.html"
    again.evening = replace(evening.evening, page=page)
    again.writing[page] = evening.writing[evening.evening.page]
    return again


def _published_without(held, name, checks):
    with (
        pytest.MonkeyPatch.context() as patch,
        INJECTIONS[name].planted(held, without(*checks)) as means,
    ):
        if "RELEASE" in checks:
            # The centre asks it too, and runs here.
            patch.setattr(Publication, "goes_back_behind", lambda *_: False)
        return written(held, publish(held, ATTEMPT, means))


def _percent_on(page):
    """Return the sum of the shares in the first table of a page, in hundredths."""
    table = page.read_text().partition('id="votes-1"')[2].partition("</table>")[0]
    return sum(int(whole + part) for whole, part in re.findall(r"<td>(\d+)\.(\d\d) ?%</td>", table))


@pytest.mark.parametrize("name", INJECTIONS)
def test_an_injection_is_refused_by_its_evidence_and_the_pages_stay(held, name):
    tried = attempt(held, INJECTIONS[name])
    assert tried.objections == ()
    assert all(words in tried.answer for words in INJECTIONS[name].evidence)
    page = held.plan.out / EVENING / "index.html"
    assert 80_00 < _percent_on(page) < 100_00
    told = json.loads(held.office.kept_reason(name).read_bytes())
    assert told["stays"]["version"] == 1
    assert told["stays"]["released_at"] in page.read_text()
    assert not (held.plan.out / ATTEMPT).exists()


@pytest.mark.accept
def test_a_program_that_nobody_released_computes_nothing(held, monkeypatch):
    """It is refused before it even looks for the log."""
    monkeypatch.setattr(publishing, "export", lambda held, _: held.plan.out / "no such log")
    with INJECTIONS["wrong-program"].planted(held, [NO_CHARTS]) as means:
        refused = publish(held, ATTEMPT, means)
    assert "nothing was computed" in refused
    assert "no such directory" not in refused
    assert "no such directory" in publish(held, ATTEMPT)


@pytest.mark.accept
@pytest.mark.parametrize("name", INJECTIONS)
def test_with_every_check_taken_out_the_page_shows_more_than_everything(held, name):
    published = _published_without(held, name, CHECKS[name])
    assert isinstance(published, PublishedPage), published
    assert _percent_on(published.page) > 100_00


@pytest.mark.accept
@pytest.mark.parametrize(
    ("name", "check"), [(name, check) for name in CHECKS for check in CHECKS[name]]
)
def test_each_of_these_checks_refuses_it_alone(held, name, check):
    # Whether the pages that stay tell it is asked above.
    held.shown = ""
    refused = _published_without(held, name, [each for each in CHECKS[name] if each != check])
    assert isinstance(refused, str), "published"
    assert TAKEN_OUT[check][1] in refused


@pytest.mark.accept
@pytest.mark.teeth
def test_an_injection_that_is_published_is_an_objection(held):
    name = "doubled-formula"
    tried = attempt(held, INJECTIONS[name], without(*CHECKS[name]))
    assert f"{name} was published" in tried.objections
    assert "the last good publication did not stay as it was" in tried.objections


@pytest.mark.teeth
def test_a_refusal_for_another_reason_is_an_objection(held, monkeypatch):
    monkeypatch.setattr(injections, "publish", lambda *_: "the disk is full")
    tried = attempt(held, INJECTIONS["edited-database"])
    assert len(tried.objections) == 2
    assert tried.objections[0].startswith("the refusal does not name '[REPORT_ID]'")


@pytest.mark.teeth
def test_a_reason_that_is_not_told_is_an_objection(held, monkeypatch):
    monkeypatch.setattr(publishing, "_tell_refusal", lambda _: None)
    tried = attempt(held, INJECTIONS["wrong-program"])
    assert "the page that stays does not name 'nothing was computed'" in tried.objections
    assert "the page that stays does not say since when it stands" in tried.objections


@pytest.mark.teeth
def test_a_log_that_stays_wrong_is_an_objection(held):
    before = injections._result(held.office.published)
    assert list(injections._not_drafted_again(held, before)) == []
    other = before | {"nation": {}}
    assert list(injections._not_drafted_again(held, other)) == [
        "without the injection other numbers come out"
    ]
    held.means = replace(held.means, release=held.office.folder / "none")
    (objection,) = injections._not_drafted_again(held, before)
    assert objection.startswith("without the injection the same log is refused")


@pytest.mark.accept
def test_pages_stop_calling_themselves_the_last_good_ones_when_a_newer_one_is_up(held):
    assert attempt(held, INJECTIONS["wrong-program"]).objections == ()
    hold_late(held, lambda *_: None)
    assert final_objections(held) == []
    released = json.loads((held.office.published / "publication.json").read_bytes())["released_at"]
    page = held.evening.page.read_text()
    assert f"This was the last good publication until: {released}." in page
    assert "nothing was computed" in page
    assert "last good publication" not in held.final.page.read_text()


@pytest.mark.accept
@pytest.mark.teeth
def test_pages_that_go_on_as_the_last_good_ones_are_an_objection(held, monkeypatch):
    assert attempt(held, INJECTIONS["wrong-program"]).objections == ()
    monkeypatch.setattr(publishing, "_tell_replaced", lambda _: None)
    hold_late(held, lambda *_: None)
    (objection,) = final_objections(held)
    assert "still call themselves the last good publication" in objection


def test_a_refusal_that_the_pages_cannot_tell_ends_the_night_in_words(held, monkeypatch):
    monkeypatch.setattr(held.office, "write_pages", lambda *_: Said(2, "Error: no room\n"))
    with pytest.raises(OfficeFailed, match=r"the pages that stay could not be written: .* no room"):
        attempt(held, INJECTIONS["wrong-program"])


@pytest.mark.accept
@pytest.mark.teeth
def test_a_refusal_without_a_reason_beside_it_is_an_objection(held, monkeypatch):
    plain = publish

    def forgets(*arguments):
        answer = plain(*arguments)
        held.office.reason.unlink()
        return answer

    monkeypatch.setattr(injections, "publish", forgets)
    tried = attempt(held, INJECTIONS["wrong-program"])
    assert "reason.json does not name 'nothing was computed'" in tried.objections
    assert not held.office.kept_reason("wrong-program").exists()


def test_what_the_office_cannot_do_ends_the_night_in_words(held):
    shutil.rmtree(held.office.draft_folder)
    with pytest.raises(OfficeFailed, match="DRAFT"):
        held.office.sign(held.means)


def test_an_edit_that_fits_nowhere_is_no_edit(tmp_path):
    with pytest.raises(InvalidField, match="must stand there once"):
        changed(tmp_path / "p", [Edit("ballotbox_tabulation/cli.py", "no such text", "")])


def test_the_edited_row_is_authentic_in_form_and_too_large(held):
    _, final = injections._largest_final(held)
    edited = injections._with_more_votes(final, held)
    assert cose.parse(edited).signature == cose.parse(final).signature
    assert injections._report(edited).votes != injections._report(final).votes


@pytest.mark.accept
def test_the_command_names_the_refusal_and_passes(tmp_path):
    name = "edited-database"
    told = _run(tmp_path / "out", name)
    assert told.exit_code == 0, told.output
    assert f"{name}: the publication of 22:00 stays" in told.output
    assert INJECTIONS[name].evidence[0] in told.output
    assert told.output.splitlines()[-1].startswith("VERDICT: PASS")


@pytest.mark.accept
@pytest.mark.teeth
def test_the_command_fails_when_an_injection_is_published(tmp_path, monkeypatch):
    planted = injections.INJECTIONS["doubled-formula"].planted
    all_out = without(*CHECKS["doubled-formula"])
    harmless = replace(
        INJECTIONS["doubled-formula"], planted=lambda held, _: planted(held, all_out)
    )
    monkeypatch.setitem(injections.INJECTIONS, "doubled-formula", harmless)
    told = _run(tmp_path / "out", "doubled-formula")
    assert told.exit_code == 1
    assert "doubled-formula was published" in told.output


def _run(out, name):
    arguments = ["run", "--scenario", "kyrgyzstan-2021", "--small", "--seed", "2", "--jobs", "1"]
    return CliRunner().invoke(main, [*arguments, "--inject", name, "--out", str(out)])
