"""Does an error of either computation leave the last good page as it is, through the commands?

Each error is also published once with the second opinion taken out: nothing else would stop it.
"""

import json
from shutil import rmtree

import pytest

from ballotbox_protocol.wire.publication import decode_publication
from ballotbox_tabulation import second_opinion as opinion_module
from ballotbox_tabulation.core import publication, result_status, statement
from ballotbox_tabulation.core.rules import decisions
from ballotbox_tabulation.second import deciding
from ballotbox_tabulation.second.finals import STEPS
from tests.tabulation.log_builder import simple_ballots
from tests.tabulation.test_publish_command import Desk, put, stays

CONTEST = "Parliament, national list"


@pytest.fixture
def desk(tmp_path):
    """A desk whose first result is released and in the log; another box has reported since."""
    made = Desk(tmp_path)
    made.once_published()
    put(made.builder, decode_publication(made.shown()["publication.cbor"]))
    made.builder.day(made.builder.pen(1), simple_ballots(7))
    made.export()
    rmtree(made.draft)
    return made


def _names_swapped(patch):
    """The first computation shows the votes of one list under the name of another."""
    honest = publication._contest_in_full

    def contest(given, tally):
        shown = honest(given, tally)
        one, other = shown["options"][:2]
        one["name"], other["name"] = other["name"], one["name"]
        return shown

    patch.setattr(publication, "_contest_in_full", contest)


def _the_last_is_first(patch):
    """The first computation elects whoever has least votes."""

    def first(nation):
        return [min(range(len(nation.votes)), key=nation.votes.__getitem__)]

    patch.setattr(decisions, "_first", first)


def _complete_early(patch):
    """The first computation calls a result complete of which a box is missing."""
    honest = decisions.decide

    def decide(result, rules):
        return honest(result, rules) | {"status": "complete"}

    patch.setattr(decisions, "decide", decide)


def _in_step(steps, name, right, wrong):
    def plant(patch):
        assert right in steps[name]
        patch.setitem(steps, name, steps[name].replace(right, wrong))

    return plant


#: What is planted, and what the evidence says.
ERRORS = {
    "first: names swapped": (_names_swapped, f"nation, {CONTEST}, Mountain Party, name"),
    "first: the last elected": (_the_last_is_first, f"decision, {CONTEST}, options,"),
    "first: complete early": (_complete_early, "complete against preliminary in status"),
    "second: unused boxes awaited": (
        _in_step(STEPS, "box", "max(entry.closed_as IS NOT 'unused')", "0"),
        "nation, boxes_expected",
    ),
    "second: no final counted": (
        _in_step(
            STEPS, "counted", "WHERE final.kind = 'final'", "WHERE 0 AND final.kind = 'final'"
        ),
        "nation, boxes_counted",
    ),
    "second: everybody elected": (
        _in_step(deciding.DECIDING, "leading", "WHERE first = 1", "WHERE 1"),
        f"decision, {CONTEST}, tie",
    ),
}


@pytest.mark.teeth
@pytest.mark.parametrize("error", ERRORS)
def test_an_error_in_either_computation_leaves_the_last_good_page_up(desk, monkeypatch, error):
    plant, words = ERRORS[error]
    before = desk.shown()
    with monkeypatch.context() as patch:
        plant(patch)
        refused = desk.drafted()
        assert refused.exit_code == 1, refused.output
        assert "REFUSED" in refused.stderr
        evidence = desk.reason()["evidence"]
        assert any(words in each for each in evidence), evidence
        assert all("SECOND: a second computation, by SQL over the log" in each for each in evidence)
        stays(desk, before)
        _nothing_can_be_released(desk)
    stays(desk, before)
    for done in (desk.drafted(), desk.signed(0, 1), desk.released()):
        assert done.exit_code == 0, done.output
    assert json.loads(desk.shown()["publication.json"])["version"] == 2
    assert "reason.json" not in desk.shown()


def _nothing_can_be_released(desk):
    """No draft is left, not even a part of one: officers find nothing to sign or release."""
    assert not desk.draft.exists()
    for done in (desk.signed(0), desk.released()):
        assert done.exit_code == 2
        assert "DRAFT" in done.stderr


@pytest.mark.teeth
@pytest.mark.parametrize("error", [each for each in ERRORS if each.startswith("first")])
def test_without_the_second_opinion_the_error_is_released(desk, monkeypatch, error):
    before = desk.shown()
    ERRORS[error][0](monkeypatch)
    monkeypatch.setattr(opinion_module, "second_opinion", lambda *_given, **_named: [])
    # What a result calls itself is held against its boxes once more before it is stated.
    for module in (result_status, statement):
        monkeypatch.setattr(module, "require_supported", lambda _result: None)
    for done in (desk.drafted(), desk.signed(0, 1), desk.released()):
        assert done.exit_code == 0, done.output
    assert desk.shown()["index.html"] != before["index.html"]
