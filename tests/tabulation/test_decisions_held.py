"""Is every number, word and null of decisions held against the log, and what was added to them?"""

from copy import deepcopy

import pytest

from ballotbox_protocol.wire.publication import Status
from ballotbox_tabulation.core.rules import decisions
from ballotbox_tabulation.second import questions
from ballotbox_tabulation.second.comparing import differences
from ballotbox_tabulation.second.computation import counted_again
from ballotbox_tabulation.second_opinion import second_opinion
from tests.tabulation.counted_twice import opened, result_of
from tests.tabulation.decided_day import BOXES, RULES, STATED, decided_log
from tests.tabulation.log_builder import BoxPen, LogBuilder, simple_ballots
from tests.tabulation.test_published import GIVEN, put, released

PARTIAL = BOXES - 1


@pytest.mark.parametrize("boxes", [BOXES, PARTIAL, 0])
def test_every_number_word_and_null_of_the_decisions_is_held_against_the_log(boxes):
    log = opened(decided_log(boxes))
    result = decisions.decide(result_of(decided_log(boxes)), STATED)
    parts = ("rules", "status", "decisions")
    leaves = [path for part in parts for path in _leaves(result[part], (part,))]
    assert len(leaves) > 100
    with counted_again(log.read, log.checkpoint, log.trusted) as second:
        again = second.decided(RULES, second.nation())
        second.decided = lambda _rules, _nation: again
        election = log.trusted.election
        assert list(differences(result, second, election, log.checkpoint, RULES)) == []
        for path in leaves:
            for change in (_other, _nothing, _absent):
                tampered = deepcopy(result)
                if change(tampered, path):
                    assert any(differences(tampered, second, election, log.checkpoint, RULES)), (
                        path,
                        change,
                    )


def _leaves(value, path):
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in pairs:
            yield from _leaves(each, (*path, key))
    else:
        yield path


def _at(value, way):
    for each in way:
        value = value[each]
    return value


def _other(result, path):
    """Yes for no, one more, or 1 for yes: what Python takes for equal is other JSON."""
    area, last = _at(result, path[:-1]), path[-1]
    before = area[last]
    area[last] = int(before) if isinstance(before, bool) else "x" if before is None else f"{before}"
    if isinstance(before, str):
        area[last] = before + "x"
    return True


def _nothing(result, path):
    area, last = _at(result, path[:-1]), path[-1]
    changed = area[last] is not None
    area[last] = None
    return changed


def _absent(result, path):
    del _at(result, path[:-1])[path[-1]]
    return True


@pytest.mark.parametrize("extra", [None, "nothing", "nothing at all", {}, 0, [], ""])
@pytest.mark.parametrize("place", ["decisions", "precincts", "objections", "counted", "winner"])
def test_what_nobody_computed_is_refused_whatever_it_is(place, extra):
    result = decisions.decide(result_of(decided_log()), STATED)
    if place == "winner":
        result[place] = extra
    else:
        (result["boxes"] if place == "counted" else result)[place].append(extra)
    assert second_opinion(opened(decided_log()), result, RULES)


@pytest.mark.parametrize("state", ["missing", "held", "disputed"])
def test_a_list_of_boxes_that_is_null_is_no_empty_list(state):
    result = decisions.decide(result_of(decided_log()), STATED)
    result["boxes"][state] = None
    (gate,) = second_opinion(opened(decided_log()), result, RULES)
    assert "null against an empty list in boxes, " in str(gate)


# ---- what was released before


def _log_with_releases():
    log = LogBuilder(GIVEN)
    log.day(BoxPen(GIVEN, GIVEN.boxes[0]), simple_ballots(5))
    first = released(log, status=Status.CERTIFIED)
    put(log, first)
    put(log, released(log, version=2, previous=first.id, status=Status.CORRECTION))
    return log


@pytest.mark.teeth
@pytest.mark.parametrize(
    ("key", "value"), [("status", "complete"), ("version", 3), ("result", None), ("time", 0)]
)
def test_what_a_result_says_of_earlier_ones_is_held_against_the_log(key, value):
    log = _log_with_releases()
    result = result_of(log)
    assert second_opinion(opened(log), result) == []
    told = result["log"]["published"][1]
    assert told["status"] == "correction"
    told[key] = value
    (gate,) = second_opinion(opened(log), result)
    assert f"log, published, 1, {key}" in gate.where


@pytest.mark.teeth
def test_a_second_computation_that_forgets_earlier_results_stops_publication(monkeypatch):
    log = _log_with_releases()
    forgotten = questions.PUBLISHED.replace("JOIN leaf", "JOIN (SELECT * FROM leaf WHERE 0) leaf")
    monkeypatch.setattr(questions, "PUBLISHED", forgotten)
    (gate,) = second_opinion(opened(log), result_of(log))
    assert "log, published" in gate.where


def test_another_statement_beside_the_leaf_of_a_release_is_found():
    log = _log_with_releases()
    result, source = result_of(log), opened(log)
    log.attachments[-1] = log.attachments[-2]
    edited = type(source)(source.checkpoint, log.files().get, source.trusted)
    (gate,) = second_opinion(edited, result)
    assert "the publication beside it is another than the one it names" in gate.where
