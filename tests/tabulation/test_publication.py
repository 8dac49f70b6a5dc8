"""Does the published document tell the count of the ballots, and always in the same bytes?"""

import json
import os
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballotbox_protocol.election.tally import Marks
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_tabulation.core.publication import canonical
from ballotbox_tabulation.core.totals import share_percent
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import Ballot, LogBuilder, authority_of, count, simple_ballots

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def authority():
    return authority_of(boxes=5, boxes_per_precinct=2)


def mixed_log(authority):
    """One box of each state, and one with a correction."""
    log = LogBuilder(authority)
    log.day(log.pen(0), simple_ballots(11))
    pen = log.pen(1)
    final = log.day(pen, simple_ballots(12))
    log.decide(pen.correction(final, count(authority, simple_ballots(12))[0]))
    row, counters = count(authority, simple_ballots(7))
    for number, decide in ((2, log.hold), (3, log.quarantine)):
        pen = log.pen(number)
        log.morning(pen)
        decide(pen.final(row, counters))
    return log


def test_the_document_names_its_sources(authority):
    result = concluded(mixed_log(authority)).result
    assert result["election"] == {
        "name": "Rehearsal of a parliamentary election",
        "mode": "rehearsal",
        "day": "2026-11-29",
        "digest": authority.trusted.digest.hex(),
        "root": str(authority.root),
        "register_version": 1,
    }
    assert result["log"]["origin"] == "rehearsal.example/centre"
    assert result["log"]["size"] == 19
    assert result["log"]["leaves"] == {
        "accepted": 17,
        "held": 1,
        "quarantined": 1,
        "evidence": 0,
        "rulings": 0,
    }
    assert result["program"] == "test 1"


def test_each_box_stands_in_the_list_of_its_state(authority):
    boxes = concluded(mixed_log(authority)).result["boxes"]
    assert {state: [box["box"][-1] for box in group] for state, group in boxes.items()} == {
        "counted": ["1", "2"],
        "missing": ["5"],
        "held": ["3"],
        "quarantined": ["4"],
        "disputed": [],
        "unused": [],
    }
    assert boxes["held"][0]["waiting_for"] == 3
    assert boxes["counted"][1]["counts"][0]["leaf"] == 10
    assert [report["use"] for report in boxes["counted"][1]["reports"]] == ["replaced", "counted"]


def test_missing_is_not_zero(authority):
    precincts = concluded(mixed_log(authority)).result["precincts"]
    assert [(p["boxes_counted"], p["boxes_expected"]) for p in precincts] == [
        (2, 2),
        (0, 2),
        (0, 1),
    ]
    assert [p["contests"] is None and p["counters"] is None for p in precincts] == [
        False,
        True,
        True,
    ]


def test_turnout_is_told_only_where_every_box_is_counted(authority):
    result = concluded(mixed_log(authority)).result
    assert result["nation"]["turnout"] == {
        "precincts": 1,
        "registered": 1000,
        "ballots": 23,
        "share_percent": "2.30",
    }
    assert result["over_registered"] == []


def test_more_ballots_than_registered_voters_is_a_remark_without_a_share():
    authority = authority_of(boxes=1, registered=5)
    log = LogBuilder(authority)
    log.day(log.pen(0), simple_ballots(9))
    result = concluded(log).result
    assert result["over_registered"] == [{"precinct": 1, "ballots": 9, "registered": 5}]
    assert result["nation"]["turnout"]["share_percent"] == ""


def test_an_objection_is_told(authority):
    log = LogBuilder(authority)
    pen = log.pen(0)
    row, counters = count(authority, simple_ballots(7))
    log.decide(pen.final(row, counters, firmware=bytes(32)))
    assert concluded(log).result["objections"] == [
        {
            "leaf": 0,
            "box": pen.box.hex(),
            "kind": "final",
            "reason": "firmware",
            "reason_code": 203,
        }
    ]


def test_the_file_names_itself_by_the_digest_of_its_canonical_result(authority):
    published = concluded(mixed_log(authority))
    document = json.loads(published.file)
    assert document == {"digest": published.digest, "result": published.result}
    assert published.file == canonical(document) + b"\n"
    body = json.dumps(
        document["result"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
    assert document["digest"] == "sha256:" + sha256(body).hexdigest()


def test_names_are_published_as_they_are_written():
    authority = authority_of(boxes=1, name='Шайлоо «2026» \\ "水"')
    file = concluded(LogBuilder(authority)).file
    assert 'Шайлоо «2026» \\\\ \\"水\\"'.encode() in file


_AGAIN = """
from tests.tabulation.test_publication import *
authority = authority_of(boxes=5, boxes_per_precinct=2)
published = concluded(mixed_log(authority))
from ballotbox_tabulation.page import render_page
print(published.digest, sha256(render_page(published, authority.trusted.election)).hexdigest())
"""


def test_the_same_log_gives_the_same_bytes_under_every_hash_seed():
    said = set()
    for seed in ("0", "1", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", _AGAIN],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        said.add(done.stdout)
    assert len(said) == 1
    assert said.pop().startswith("sha256:")


# ---- shares


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_share_is_cut_and_never_rounded_up(part, base):
    part = min(part, base)
    hundredths = int(share_percent(part, base).replace(".", ""))
    assert hundredths * base <= part * 10_000 < (hundredths + 1) * base


@pytest.mark.parametrize(
    ("part", "base", "share"),
    [(1, 3, "33.33"), (2, 3, "66.66"), (49_999, 1_000_000, "4.99"), (7, 7, "100.00"), (0, 0, "")],
)
def test_shares_in_examples(part, base, share):
    assert share_percent(part, base) == share


# ---- an independent count of the ballots


def _ballots():
    national = st.tuples(st.sampled_from([None, 0, 1, 2, 3, 4, "over"]), st.integers(0, 4))
    district = st.sets(st.integers(0, 3), max_size=2)
    council = st.sets(st.integers(0, 6), max_size=5)
    return st.lists(st.tuples(st.integers(0, 1), national, district, council), max_size=12)


def _marked(style, national, district, council):
    choice, candidate = national
    marks = {1: Marks(frozenset(district)), 2: Marks(frozenset(council))}
    if choice == "over":
        marks[0] = Marks(frozenset({0, 1}), frozenset({(0, candidate)}))
    elif choice is None:
        marks[0] = Marks(frozenset(), frozenset({(0, candidate)}))
    else:
        preferred = frozenset({(choice, candidate)}) if choice < 4 else frozenset()
        marks[0] = Marks(frozenset({choice}), preferred)
    return Ballot(style, marks)


def _model(drawn):
    """Count drawn ballots by hand: what a person with a tally sheet would write down."""
    counted = Counter()
    for style, (choice, candidate), district, council in drawn:
        counted["ballots"] += 1
        counted["sheets"] += 1 if style else 2
        _model_contest(counted, 0, [choice] * (choice is not None), 1, over=choice == "over")
        if choice not in (None, "over", 4):
            counted[0, "preference", choice, candidate] += 1
        if not style:
            _model_contest(counted, 1, sorted(district), 1, over=len(district) > 1)
            _model_contest(counted, 2, sorted(council), 3, over=len(council) > 3)
    return counted


def _model_contest(counted, contest, chosen, allowed, *, over):
    counted[contest, "ballots"] += 1
    if over:
        counted[contest, "overvotes"] += allowed
        return
    counted[contest, "blank"] += not chosen
    counted[contest, "undervotes"] += allowed - len(chosen)
    for option in chosen:
        counted[contest, "votes", option] += 1


def _said(area):
    """Return what an area of a result says, under the model's names."""
    said = Counter(ballots=area["counters"]["ballots"], sheets=area["counters"]["accepted"])
    for number, contest in enumerate(area["contests"]):
        options = contest.get("options")
        votes = contest["votes"] if options is None else [each["votes"] for each in options]
        lists = (
            contest["preferences"] if options is None else [each["preferences"] for each in options]
        )
        for name in ("ballots", "blank", "undervotes", "overvotes"):
            said[number, name] = contest[name]
        for option, found in enumerate(votes):
            said[number, "votes", option] = found
        for option, listed in enumerate(lists):
            for candidate, found in enumerate(listed):
                said[number, "preference", option, candidate] = found
    return +said


_FATES = ("accepted", "corrected", "released", "held", "quarantined", "missing")


@settings(max_examples=40)
@given(st.lists(st.tuples(_ballots(), st.sampled_from(_FATES)), min_size=5, max_size=5))
def test_totals_are_the_count_of_the_ballots_in_the_counted_boxes(boxes):
    authority = authority_of(boxes=5, boxes_per_precinct=2)
    log = LogBuilder(authority)
    expected = {number: [] for number in range(1, 4)}
    for number, (drawn, fate) in enumerate(boxes):
        if _feed(log, log.pen(number), [_marked(*ballot) for ballot in drawn], fate):
            expected[number // 2 + 1].append(_model(drawn))
    result = concluded(log).result
    for precinct in result["precincts"]:
        models = expected[precinct["number"]]
        assert precinct["boxes_counted"] == len(models)
        assert _or_nothing(precinct) == (+sum(models, Counter()) if models else None)
    everywhere = [model for models in expected.values() for model in models]
    assert _or_nothing(result["nation"]) == (+sum(everywhere, Counter()) if everywhere else None)


def _or_nothing(area):
    return None if area["contests"] is None else _said(area)


def _feed(log, pen, ballots, fate):
    """Let a box count these ballots and its final meet its fate; tell whether it is counted."""
    row, counters = count(log.authority, ballots)
    first = log.authority.trusted.election.contests[0]
    if fate == "corrected":
        # The box miscounted: all its ballots came out blank in the first contest.
        wrong = list(row)
        length = 4 + len(first.options) + first.preference_count
        wrong[:length] = [len(ballots), len(ballots), len(ballots), *[0] * (length - 3)]
        final = pen.final(tuple(wrong), counters)
        log.decide(final)
        log.decide(pen.correction(final, row))
        return True
    if fate == "missing":
        return False
    final = pen.final(row, counters)
    if fate == "accepted":
        log.decide(final)
    elif fate == "held":
        log.hold(final)
    else:
        log.quarantine(final)
    if fate == "released":
        log.rule(RulingKind.RELEASE, final)
    return fate in ("accepted", "released")
