"""Is every injection into the night refused by its evidence, and does nothing else stop it?

Each injection is also run with every check that would catch it taken out: then the page does show
more than 100 %. And with all of them out but one, that one refuses: so each is needed, and named.
"""

import re
from types import SimpleNamespace
from unittest.mock import ANY

import pytest
from click.testing import CliRunner

from ballotbox_protocol.wire import cose
from ballotbox_simulator import publishing
from ballotbox_simulator.cli import main
from ballotbox_simulator.night import injections
from ballotbox_simulator.night.hold import EVENING, hold_evening, publish
from ballotbox_simulator.night.injections import INJECTIONS, attempt
from ballotbox_simulator.night.parts import NightPlan
from ballotbox_simulator.publishing import PublishedPage
from ballotbox_tabulation import page
from ballotbox_tabulation.core import authenticity, gates

#: What each check is called in a refusal.
CHECKS = {
    "edited-database": (
        *("REPORT_ID", "REPORT_SIGNATURE", "BOX_LAW", "VOTES_BOUND", "SHARES", "SECOND"),
    ),
    "doubled-formula": ("SUM", "VOTES_BOUND", "SHARES", "SECOND"),
}


def _without_report_id(monkeypatch):
    monkeypatch.setattr(authenticity, "cose", _cose(statement_id=lambda _: ANY))


def _without_signature(monkeypatch):
    monkeypatch.setattr(authenticity, "cose", _cose(verify=lambda *_: True))


def _cose(**other):
    return SimpleNamespace(**(vars(authenticity.cose) | other))


#: How a check is taken out.
TAKEN_OUT = {
    "REPORT_ID": _without_report_id,
    "REPORT_SIGNATURE": _without_signature,
    "BOX_LAW": lambda patch: patch.setattr(gates, "box_gates", lambda *_: ()),
    "SUM": lambda patch: patch.setattr(gates, "_sums", lambda *_: ()),
    "VOTES_BOUND": lambda patch: patch.setattr(gates, "votes_bound_breach", lambda *_: None),
    "SHARES": lambda patch: (
        patch.setattr(gates, "shares_breach", lambda *_: None),
        patch.setattr(gates, "_share_gates", lambda *_: ()),
    ),
    "SECOND": lambda patch: patch.setattr(publishing, "second_opinion", None),
}


@pytest.fixture(scope="module", autouse=True)
def _without_charts():
    """Charts take most of the time of so small a night, and nothing here looks at them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "contest_svg", lambda *_: "", raising=False)
        yield


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    out = tmp_path_factory.mktemp("night") / "out"
    return hold_evening(NightPlan(out, 21, True, 1), lambda *_: None)


def _published_with(held, name, checks, monkeypatch):
    with monkeypatch.context() as patch:
        for check in checks:
            TAKEN_OUT[check](patch)
        with INJECTIONS[name].planted(held):
            return publish(held, "planted")


def _percent_on(file):
    """Return the sum of the shares in the first table of a page, in hundredths."""
    table = file.read_text().partition('id="votes-1"')[2].partition("</table>")[0]
    return sum(int(whole + part) for whole, part in re.findall(r"<td>(\d+)\.(\d\d) %</td>", table))


@pytest.mark.parametrize("name", INJECTIONS)
def test_an_injection_is_refused_by_its_evidence_and_the_page_stays(held, name):
    tried = attempt(held, INJECTIONS[name])
    assert tried.objections == ()
    assert all(words in tried.answer for words in INJECTIONS[name].evidence)
    assert _percent_on(held.plan.out / EVENING / "index.html") < 100_00


@pytest.mark.parametrize("name", INJECTIONS)
def test_with_every_check_taken_out_the_page_shows_more_than_everything(held, name, monkeypatch):
    published = _published_with(held, name, CHECKS[name], monkeypatch)
    assert isinstance(published, PublishedPage), published
    assert _percent_on(published.page) > 100_00


@pytest.mark.parametrize(
    ("name", "check"), [(name, check) for name in CHECKS for check in CHECKS[name]]
)
def test_each_of_these_checks_refuses_it_alone(held, name, check, monkeypatch):
    others = [each for each in CHECKS[name] if each != check]
    refused = _published_with(held, name, others, monkeypatch)
    assert isinstance(refused, str), "published"
    assert check in refused


@pytest.mark.teeth
@pytest.mark.parametrize("name", INJECTIONS)
def test_an_injection_that_is_published_is_an_objection(held, name, monkeypatch):
    planted = INJECTIONS[name]
    with monkeypatch.context() as patch:
        for check in CHECKS[name]:
            TAKEN_OUT[check](patch)
        tried = attempt(held, planted)
    assert f"{name} was published" in tried.objections
    assert "the last good page did not stay as it was" in tried.objections


@pytest.mark.teeth
def test_a_refusal_for_another_reason_is_an_objection(held, monkeypatch):
    monkeypatch.setattr(injections, "publish", lambda *_: "the disk is full")
    tried = attempt(held, INJECTIONS["edited-database"])
    assert len(tried.objections) == 3
    assert tried.objections[0].startswith("the refusal does not name '[REPORT_ID]'")
    assert tried.objections[-1] == "without edited-database the same page does not come out again"


def test_the_edited_row_is_authentic_in_form_and_too_large(held):
    data = injections._with_more_votes(_a_final(held), held)
    assert cose.parse(data).signature == cose.parse(_a_final(held)).signature
    assert injections._report(data).votes != injections._report(_a_final(held)).votes


def _a_final(held):
    with held.open_centre(0) as centre:
        entries = centre._ledger.entries(0, centre.size)
    return next(
        entry.report for entry in entries if injections._report(entry.report).votes is not None
    )


def test_the_command_names_the_refusal_and_passes(tmp_path):
    name = "edited-database"
    arguments = ["run", "--scenario", "kyrgyzstan-2021", "--small", "--seed", "2", "--jobs", "1"]
    out = str(tmp_path / "out")
    told = CliRunner().invoke(main, [*arguments, "--inject", name, "--out", out])
    assert told.exit_code == 0, told.output
    assert f"{name}: refused, the page of 22:00 stays: " in told.output
    assert INJECTIONS[name].evidence[0] in told.output
    assert told.output.splitlines()[-1].startswith("VERDICT: PASS")


@pytest.mark.teeth
def test_the_command_fails_when_an_injection_is_published(tmp_path, monkeypatch):
    for check in CHECKS["doubled-formula"]:
        TAKEN_OUT[check](monkeypatch)
    arguments = ["run", "--scenario", "kyrgyzstan-2021", "--small", "--seed", "2", "--jobs", "1"]
    out = str(tmp_path / "out")
    told = CliRunner().invoke(main, [*arguments, "--inject", "doubled-formula", "--out", out])
    assert told.exit_code == 1
    assert "doubled-formula was published" in told.output
