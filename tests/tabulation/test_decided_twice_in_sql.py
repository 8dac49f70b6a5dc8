"""Does an error of the second computation, in how it decides, stop a result?"""

import pytest

from ballotbox_tabulation.second import deciding, ruling
from tests.tabulation.decided_day import BOXES
from tests.tabulation.test_decided_twice import PARTIAL, objections

#: The step, what stands in it, what is put there instead, and words of the refusal.
SECOND = {
    "regions forgotten": (
        "failed",
        "JOIN base ON base.area",
        "JOIN base ON threshold.area = 0 AND base.area",
        "Village, failed",
    ),
    "every region is the country": (
        "failed",
        "vote.area = threshold.area",
        "vote.area = 0",
        "Village, failed",
    ),
    "all ballots are the valid votes": (
        "base",
        "'all ballots'",
        "'nothing'",
        "Parliament, base, value",
    ),
    "votes against all are in the base": (
        "base",
        "vote.name IS rule.against_all",
        "0",
        "Seat, base, value",
    ),
    "those against all pass": (
        "passed",
        "AND vote.name IS NOT rule.against_all",
        "",
        "Against all, passed",
    ),
    "who missed a threshold passes": ("passed", "AND failed.rule IS NULL", "", "Village, passed"),
    "tied lists have the seat": (
        "given",
        "ranked.first + ranked.equals - 1 <= ranked.open",
        "ranked.first <= ranked.open",
        "Mountain, seats",
    ),
    "a tie is about more seats": (
        "given",
        "open + 1 - first",
        "open + 2 - first",
        "Parliament, tie, seats",
    ),
    "a tie is nobody's business": (
        "given",
        "WHERE first <= open AND",
        "WHERE 0 AND",
        "Parliament, tie",
    ),
    "a tied mandate is given": (
        "leading",
        "WHERE equals = 1 AND name",
        "WHERE name",
        "A. Asanova, elected",
    ),
    "a tied mandate is nobody's": ("leading", "WHERE equals > 1", "WHERE 0", "Seat, tie"),
    "the one against all is elected": (
        "leading",
        "AND name IS NOT against_all",
        "",
        "Mayor, unfilled",
    ),
    "the quorum is just missed": ("answer", ">= quorum", "> quorum", "Question, quorum, met"),
    "exactly a majority": ("answer", "> majority", ">= majority", "Question, accepted"),
}


@pytest.mark.teeth
@pytest.mark.parametrize("error", SECOND)
def test_an_error_in_the_second_computation_stops_publication(monkeypatch, error):
    step, right, wrong, words = SECOND[error]
    honest = deciding.DECIDING[step]
    assert right in honest
    monkeypatch.setitem(deciding.DECIDING, step, honest.replace(right, wrong))
    found = objections()
    assert any(words in each for each in found), found


QUESTIONS = {
    "complete while boxes are missing": (
        deciding,
        "STATUS",
        "NOT EXISTS",
        "1 OR EXISTS",
        PARTIAL,
        "in status",
    ),
    "never complete": (
        deciding,
        "STATUS",
        "('counted', 'unused')",
        "('unused')",
        BOXES,
        "in status",
    ),
    "every seat is filled": (
        deciding,
        "RULES",
        "), 0) AS unfilled",
        "), rule.seats IS NULL) AS unfilled",
        BOXES,
        "Mayor, unfilled",
    ),
    "a tie leaves seats open": (
        deciding,
        "RULES",
        "max(seats)",
        "0 * max(seats)",
        BOXES,
        "Parliament, unfilled",
    ),
    "a seat too few": (
        deciding,
        "RULES",
        "coalesce(rule.seats, 1)",
        "rule.seats",
        BOXES,
        "Mayor, unfilled",
    ),
    "nulls for seats": (
        deciding,
        "OPTIONS",
        "passed.rule IS NOT NULL",
        "NULL",
        BOXES,
        "Mountain, passed",
    ),
    "a region of other stations": (
        deciding,
        "MEMBERS",
        "run.first AND run.last",
        "1 AND run.last",
        BOXES,
        "Village, failed",
    ),
    "who is tied is not told": (
        deciding,
        "TIED",
        "WHERE tied",
        "WHERE 0 AND tied",
        BOXES,
        "Parliament, tie",
    ),
}


@pytest.mark.teeth
@pytest.mark.parametrize("error", QUESTIONS)
def test_an_error_in_a_question_stops_publication(monkeypatch, error):
    module, name, right, wrong, boxes, words = QUESTIONS[error]
    honest = getattr(module, name)
    assert right in honest
    monkeypatch.setattr(module, name, honest.replace(right, wrong))
    found = objections(boxes)
    assert any(words in each for each in found), found


@pytest.mark.teeth
def test_a_threshold_read_wrongly_by_the_second_computation_stops_publication(monkeypatch):
    monkeypatch.setattr(ruling, "_PERCENT", 10)
    assert any("Parliament, options" in each for each in objections())
