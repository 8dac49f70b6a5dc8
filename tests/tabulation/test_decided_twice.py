"""Does an error of either computation in status, threshold, tie, seat or null stop a result?"""

from copy import deepcopy
from functools import partial

import pytest

from ballotbox_tabulation.core.gates import Gate
from ballotbox_tabulation.core.log import read_leaves
from ballotbox_tabulation.core.outcome import Published, Refused, conclude
from ballotbox_tabulation.core.rules import decisions
from ballotbox_tabulation.core.rules.apportionment import Apportionment
from ballotbox_tabulation.second_opinion import second_opinion
from tests.tabulation.counted_twice import opened, result_of
from tests.tabulation.decided_day import AUTHORITY, BOXES, RULES, STATED, decided_log

PARTIAL = BOXES - 1


def publish(boxes=BOXES, decide=decisions.decide):
    source = opened(decided_log(boxes))
    second = partial(second_opinion, rules=RULES)
    decided = partial(decide, rules=STATED)
    return conclude(source, read_leaves(source), AUTHORITY.root, "test", second, decided)


def objections(boxes=BOXES, **more):
    """What the second computation holds against a result, in words; it must be refused."""
    refused = publish(boxes, **more)
    assert isinstance(refused, Refused), "an error is published"
    return [str(each) for each in refused.gates if each.gate is Gate.SECOND]


@pytest.mark.parametrize(("boxes", "status"), [(BOXES, "complete"), (PARTIAL, "preliminary")])
def test_a_day_that_decides_everything_is_published(boxes, status):
    published = publish(boxes)
    assert isinstance(published, Published), published
    result = published.result
    lists, seat, mayor, question = result["decisions"]
    assert result["status"] == status
    assert lists["options"][2]["failed"] == "regional: South"
    assert lists["tie"] == {"options": ["Mountain", "River"], "seats": 1}
    assert seat["tie"]["options"] == ["A. Asanova", "B. Bakirov"]
    assert (mayor["tie"], mayor["unfilled"]) == (None, 1)
    assert (question["quorum"]["met"], question["accepted"]) == (True, False)


def test_a_log_without_a_counted_box_is_published_with_nulls():
    published = publish(0)
    assert isinstance(published, Published), published
    assert published.result["decisions"][0]["options"][0]["votes"] is None


# ---- the first computation errs


def _regions_forgotten(patch):
    patch.setattr(
        decisions, "_regional", lambda result, regions, at: [_nowhere(result, at) for _ in regions]
    )


def _nowhere(result, at):
    return decisions._Tally(0, (0,) * len(result["contests"][at]["options"]))


def _regions_as_the_whole_country(patch):
    """A region is asked about the votes of the whole election."""
    honest = decisions._national
    patch.setattr(
        decisions,
        "_regional",
        lambda result, regions, at: [honest(result["nation"]["contests"][at]) for _ in regions],
    )


def _a_tie_of_lists_goes_to_the_first(patch):
    honest = decisions.apportion

    def apportion(*given):
        found = honest(*given)
        seats = [each + (at in found.tied[:1]) for at, each in enumerate(found.seats)]
        return Apportionment(tuple(seats))

    patch.setattr(decisions, "apportion", apportion)


def _a_tie_is_not_told(patch):
    honest = decisions._unfilled
    patch.setattr(decisions, "_unfilled", lambda *given: {**honest(*given), "tie": None})


def _a_mandate_goes_to_the_first(patch):
    honest = decisions._first
    patch.setattr(decisions, "_first", lambda nation: honest(nation)[:1])


def _filled(key, value):
    """A decision in which one entry has another value, whatever was decided."""

    def plant(patch):
        honest = decisions._plurality
        patch.setattr(decisions, "_plurality", lambda *given: {**honest(*given), key: value})

    return plant


def _nulls(kind, *keys):
    """A null stands where there is a number or an answer."""

    def plant(patch):
        honest = getattr(decisions, kind)

        def emptied(*given):
            decision = deepcopy(honest(*given))
            for each in decision["options"]:
                each.update(dict.fromkeys(keys))
            return decision

        patch.setattr(decisions, kind, emptied)

    return plant


def _an_unanswered_question(patch):
    honest = decisions._referendum
    patch.setattr(decisions, "_referendum", lambda *given: {**honest(*given), "accepted": None})


def _a_majority_of_exactly_as_much(patch):
    patch.setattr(decisions.Decimal, "passed", decisions.Decimal.reached)


def _a_quorum_of_more_than_as_much(patch):
    patch.setattr(decisions.Decimal, "reached", decisions.Decimal.passed)


def _a_decision_forgotten(patch):
    """The last contest of the rules is not decided."""
    honest = decisions.decide
    patch.setattr(
        decisions, "decide", lambda *given, **named: _without_last(honest(*given, **named))
    )


def _without_last(result):
    return result | {"decisions": result["decisions"][:-1]}


#: What is planted, and words that the refusal must say.
FIRST = {
    "regions forgotten": (
        _regions_forgotten,
        "null against regional: South in decision, Parliament, options, Village, failed",
    ),
    "regions are everywhere": (
        _regions_as_the_whole_country,
        "Parliament, options, Village, failed",
    ),
    "a tie of lists decided": (_a_tie_of_lists_goes_to_the_first, "options, Mountain, seats"),
    "a tie of lists untold": (_a_tie_is_not_told, "decision, Parliament, tie"),
    "a tie for a mandate decided": (
        _a_mandate_goes_to_the_first,
        "yes against no in decision, Seat, options, A. Asanova, elected",
    ),
    "nobody's mandate filled": (
        _filled("unfilled", 0),
        "0 against 1 in decision, Mayor, unfilled",
    ),
    "nobody's mandate unknown": (
        _filled("unfilled", None),
        "null against 1 in decision, Mayor, unfilled",
    ),
    "a mandate of two": (_filled("seats", 2), "2 against 1 in decision, Seat, seats"),
    "seats are null": (
        _nulls("_list", "seats"),
        "null against 2 in decision, Parliament, options, Mountain, seats",
    ),
    "nobody passed or failed": (
        _nulls("_list", "passed", "failed"),
        "null against yes in decision, Parliament, options, Mountain, passed",
    ),
    "nobody is known to be elected": (
        _nulls("_plurality", "elected"),
        "null against no in decision, Seat, options, A. Asanova, elected",
    ),
    "votes are null": (
        _nulls("_referendum", "votes", "share_percent"),
        "null against 48 in decision, Question, options, Yes, votes",
    ),
    "a question unanswered": (
        _an_unanswered_question,
        "null against no in decision, Question, accepted",
    ),
    "a majority of half": (_a_majority_of_exactly_as_much, "decision, Question, accepted"),
    "a quorum just missed": (_a_quorum_of_more_than_as_much, "decision, Question, quorum, met"),
    "a decision forgotten": (_a_decision_forgotten, "in decision, Question"),
}


@pytest.mark.teeth
@pytest.mark.parametrize("error", FIRST)
def test_an_error_in_the_first_computation_stops_publication(monkeypatch, error):
    plant, words = FIRST[error]
    plant(monkeypatch)
    found = objections(decide=decisions.decide)
    assert any(words in each for each in found), found


def _status(value):
    return lambda result, rules: decisions.decide(result, rules) | {"status": value}


@pytest.mark.teeth
@pytest.mark.parametrize(
    ("boxes", "shown", "found"),
    [
        (PARTIAL, "complete", "preliminary"),
        (BOXES, "preliminary", "complete"),
        (0, "complete", "preliminary"),
        (BOXES, None, "complete"),
        *(
            (boxes, each, None)
            for boxes in (PARTIAL, BOXES)
            for each in ("certified", "correction")
        ),
    ],
)
def test_a_result_is_no_more_than_its_boxes_make_it(boxes, shown, found):
    (words, *_) = objections(boxes, decide=_status(shown))
    wanted = found or ("complete" if boxes == BOXES else "preliminary")
    assert f"{shown or 'null'} against {wanted} in status" in words


@pytest.mark.parametrize(
    ("boxes", "said", "shown"),
    [
        (PARTIAL, "correction", "correction"),
        (BOXES, "correction", "correction"),
        (BOXES, "certified", "certified"),
        (PARTIAL, "certified", "preliminary"),
    ],
)
def test_officers_may_say_what_its_boxes_allow(boxes, said, shown):
    log = opened(decided_log(boxes))
    result = decisions.decide(result_of(decided_log(boxes)), STATED)
    for named in ("preliminary", "complete", "correction", "certified"):
        found = second_opinion(log, result | {"status": named}, RULES, said)
        assert (found == []) == (named == shown), found


def test_a_result_may_be_decided_by_no_other_rules():
    other = partial(second_opinion, rules=RULES.replace(b"seats = 5", b"seats = 6"))
    result = decisions.decide(result_of(decided_log()), STATED)
    words = [str(each) for each in other(opened(decided_log()), result)]
    assert any("5 against 6 in decision, Parliament, seats" in each for each in words)
    assert any("in rules, digest" in each for each in words)


@pytest.mark.parametrize("rules", [None, RULES])
def test_decisions_stand_in_a_result_exactly_when_there_are_rules(rules):
    bare = result_of(decided_log())
    result = bare if rules else decisions.decide(bare, STATED)
    words = [str(each) for each in second_opinion(opened(decided_log()), result, rules)]
    for part in ("rules", "status", "decisions"):
        assert any(f"in {part}" in each and "nothing at all" in each for each in words), words


def test_rules_that_cannot_be_read_again_refuse_the_result():
    result = result_of(decided_log())
    (gate,) = second_opinion(opened(decided_log()), result, b"name = ")
    assert "the second computation: the rules: TOMLDecodeError" in gate.where
