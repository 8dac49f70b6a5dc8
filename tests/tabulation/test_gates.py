"""Is a result refused when a law breaks, whether in a box, in the sums, or in what is shown?"""

from copy import deepcopy
from dataclasses import replace

import pytest

from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_tabulation.core import totals
from ballotbox_tabulation.core.gates import BrokenGate, Gate, broken_gates
from ballotbox_tabulation.core.log import open_log, read_leaves
from ballotbox_tabulation.core.outcome import Published, Refused, read_standings
from ballotbox_tabulation.core.totals import by_precinct
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import LogBuilder, authority_of, count, simple_ballots


@pytest.fixture(scope="module")
def authority():
    return authority_of(boxes=4, boxes_per_precinct=2)


@pytest.fixture(scope="module")
def log(authority):
    """Three boxes counted, the fourth missing; the second precinct is half complete."""
    builder = LogBuilder(authority)
    for number in range(3):
        builder.day(builder.pen(number), simple_ballots(20 + number))
    return builder


@pytest.fixture(scope="module")
def sound(log):
    """The standings and the result of a log in which nothing is wrong."""
    opened = open_log(log.files().get, log.authority.trusted)
    standings = read_standings(opened, read_leaves(opened))
    return standings, concluded(log).result


def gates(authority, standings, result):
    trusted = authority.trusted
    return broken_gates(standings, result, trusted.election, trusted.register.entries_of)


def test_a_sound_result_breaks_no_gate(authority, sound):
    assert gates(authority, *sound) == []


# ---- what is shown is what is checked


def _contest(area, number):
    return area["contests"][number]


def _double_votes(result):
    """The formula of a page that adds every vote twice."""
    for option in _contest(result["nation"], 0)["options"]:
        option["votes"] *= 2


def _double_everything(result):
    nation = result["nation"]
    for name in nation["counters"]:
        nation["counters"][name] *= 2
    for contest in nation["contests"]:
        for name in ("ballots", "blank", "undervotes", "overvotes"):
            contest[name] *= 2
        contest["base"]["value"] *= 2
        for option in contest["options"]:
            option["votes"] *= 2
            option["preferences"] = [2 * votes for votes in option["preferences"]]


def _count_a_precinct_twice(result):
    first, second = result["precincts"]
    second["counters"] = deepcopy(first["counters"])
    second["contests"] = deepcopy(first["contests"])


def _one_vote_more_in_a_precinct(result):
    _contest(result["precincts"][0], 1)["votes"][2] += 1


def _move_one_vote(result):
    votes = _contest(result["precincts"][0], 1)["votes"]
    votes[0] -= 1
    votes[1] += 1


def _a_counter(result):
    result["precincts"][1]["counters"]["returned"] += 1


def _a_preference(result):
    _contest(result["nation"], 0)["options"][0]["preferences"][0] += 1


def _hide_a_precinct(result):
    result["precincts"][0]["contests"] = None


def _show_a_missing_precinct_as_zero(result):
    counted = result["boxes"]["counted"]
    result["boxes"]["missing"] += [box for box in counted if box["precinct"] == 2]
    result["boxes"]["counted"] = [box for box in counted if box["precinct"] != 2]


def _the_same_box_twice(result):
    result["boxes"]["counted"].append(deepcopy(result["boxes"]["counted"][0]))


def _a_box_in_two_lists(result):
    result["boxes"]["missing"].append(deepcopy(result["boxes"]["counted"][0]))


def _a_box_in_no_list(result):
    result["boxes"]["missing"].clear()


def _a_stranger(result):
    result["boxes"]["missing"].append({"box": "ff" * 16, "precinct": 1, "reports": []})


def _its_name_with_a_space(result):
    box = result["boxes"]["counted"][0]
    box["box"] = f"{box['box'][:-2]} {box['box'][-2:]}"


def _a_name_that_is_none(result):
    result["boxes"]["missing"][0]["box"] = "box 4"


def _two_finals_of_one_box(result):
    counts = result["boxes"]["counted"][0]["counts"]
    counts.append(counts[0] | {"leaf": 99, "report": "00" * 32})


def _one_leaf_for_two_boxes(result):
    one, other = result["boxes"]["counted"][:2]
    other["counts"][0]["leaf"] = one["counts"][0]["leaf"]


def _one_report_for_two_boxes(result):
    one, other = result["boxes"]["counted"][:2]
    other["counts"][0]["report"] = one["counts"][0]["report"]


def _more_votes_than_ballots(result):
    _contest(result["nation"], 1)["options"][0]["votes"] += 1000


def _shares_of_a_smaller_base(result):
    _contest(result["nation"], 0)["base"]["value"] //= 2


def _shares_over_100_percent(result):
    for option in _contest(result["nation"], 0)["options"]:
        option["share_percent"] = "30.00"


def _one_share_too_high(result):
    _contest(result["nation"], 0)["options"][1]["share_percent"] = "0.01"


def _undervotes_and_votes_over_all_slots(result):
    _contest(result["nation"], 2)["undervotes"] += 1


_SPOILED = {
    "a doubled formula": (_double_votes, Gate.VOTES_BOUND),
    "everything doubled": (_double_everything, Gate.SUM),
    "a precinct counted twice": (_count_a_precinct_twice, Gate.SUM),
    "one vote more": (_one_vote_more_in_a_precinct, Gate.SUM),
    "one vote moved": (_move_one_vote, Gate.SUM),
    "a counter": (_a_counter, Gate.SUM),
    "a preference": (_a_preference, Gate.SUM),
    "a precinct hidden": (_hide_a_precinct, Gate.SUM),
    "a missing precinct with numbers": (_show_a_missing_precinct_as_zero, Gate.SUM),
    "a box twice": (_the_same_box_twice, Gate.ONE_FINAL),
    "a box in two lists": (_a_box_in_two_lists, Gate.LISTED),
    "a box in no list": (_a_box_in_no_list, Gate.LISTED),
    "a box of no register": (_a_stranger, Gate.LISTED),
    "its name written otherwise": (_its_name_with_a_space, Gate.LISTED),
    "a name that is none": (_a_name_that_is_none, Gate.LISTED),
    "two finals of one box": (_two_finals_of_one_box, Gate.ONE_FINAL),
    "one leaf for two boxes": (_one_leaf_for_two_boxes, Gate.ONE_FINAL),
    "one report for two boxes": (_one_report_for_two_boxes, Gate.ONE_FINAL),
    "more votes than ballots": (_more_votes_than_ballots, Gate.VOTES_BOUND),
    "shares of another base": (_shares_of_a_smaller_base, Gate.SHARES),
    "shares over 100 %": (_shares_over_100_percent, Gate.SHARES),
    "one share wrong": (_one_share_too_high, Gate.SHARES),
    "parts over the whole": (_undervotes_and_votes_over_all_slots, Gate.SHARES),
}


@pytest.mark.teeth
@pytest.mark.parametrize("case", _SPOILED)
def test_a_document_that_shows_otherwise_is_refused(authority, sound, case):
    spoil, expected = _SPOILED[case]
    standings, result = sound
    spoiled = deepcopy(result)
    spoil(spoiled)
    assert expected in {broken.gate for broken in gates(authority, standings, spoiled)}


def test_a_box_that_is_listed_hundreds_of_times_is_counted(authority, sound):
    standings, result = sound
    changed = deepcopy(result)
    first = changed["boxes"]["counted"][0]
    changed["boxes"]["missing"] += [first] * 300
    (broken,) = [each for each in gates(authority, standings, changed) if each.gate is Gate.LISTED]
    assert (broken.left, broken.where) == (301, f"box {first['box']}")


def test_a_box_of_no_precinct_of_the_election_is_our_error(authority, sound):
    standings, result = sound
    changed = deepcopy(result)
    changed["boxes"]["counted"][0]["precinct"] = 99
    with pytest.raises(KeyError, match="99"):
        gates(authority, standings, changed)
    moved = replace(standings.boxes[0], precinct=99)
    with pytest.raises(KeyError, match="99"):
        list(by_precinct(replace(standings, boxes=[moved]), authority.trusted.election))


def test_the_refusal_names_law_numbers_and_place(authority, sound):
    standings, result = sound
    spoiled = deepcopy(result)
    _double_votes(spoiled)
    votes = sum(o["votes"] for o in spoiled["nation"]["contests"][0]["options"])
    ballots = spoiled["nation"]["contests"][0]["ballots"]
    broken = gates(authority, standings, spoiled)
    assert (
        f"VOTES_BOUND: votes in a total ≤ its ballots × votes allowed: {votes} against {ballots} "
        "in the whole election, Parliament, national list"
    ) in [str(each) for each in broken]


def test_published_shares_over_100_percent_are_refused_as_such(authority, sound):
    standings, result = sound
    spoiled = deepcopy(result)
    _shares_over_100_percent(spoiled)
    broken = gates(authority, standings, spoiled)
    assert (
        BrokenGate(
            Gate.SHARES,
            "shares sum to no more than 100 % of the base they name",
            5 * 3000,
            10_000,
            "the whole election, Parliament, national list, hundredths of a percent",
        )
        in broken
    )


def test_a_formula_that_counts_twice_between_fold_and_document_is_refused(log, monkeypatch):
    once = totals.merge
    monkeypatch.setattr(totals, "merge", lambda row, more: once(once(row, more), more))
    outcome = concluded(log)
    assert isinstance(outcome, Refused)
    assert {broken.gate for broken in outcome.gates} == {Gate.SUM}


# ---- the laws of each box, asked again


@pytest.fixture
def pen_and_log(authority):
    log = LogBuilder(authority)
    pen = log.pen(0)
    log.morning(pen)
    return pen, log


def _two_votes_for_one(row, election):
    start = Layout.of(election).spans[1].votes.start
    return (*row[:start], row[start] + 1, *row[start + 1 :])


def test_an_accepted_final_that_breaks_a_law_of_votes_is_refused(authority, pen_and_log):
    pen, log = pen_and_log
    row, counters = count(authority, simple_ballots(9))
    final = pen.final(_two_votes_for_one(row, authority.trusted.election), counters)
    index = log.decide(final)
    outcome = concluded(log)
    assert (
        BrokenGate(
            Gate.BOX_LAW,
            "votes + undervotes + overvotes = ballots × votes allowed",
            10,
            9,
            f"box {pen.box.hex()}, leaf {index}, Parliament, district seat",
        )
        in outcome.gates
    )


def test_even_two_officers_cannot_release_votes_that_break_a_law(authority, pen_and_log):
    pen, log = pen_and_log
    row, counters = count(authority, simple_ballots(9))
    final = pen.final(_two_votes_for_one(row, authority.trusted.election), counters)
    log.quarantine(final, Reason.LAW_SLOTS)
    log.rule(RulingKind.RELEASE, final)
    assert Gate.BOX_LAW in {broken.gate for broken in concluded(log).gates}


@pytest.mark.parametrize("change", [{"presented": 99}, {"presented": 19, "pending": 1}])
def test_an_accepted_final_whose_counters_break_a_law_is_refused(authority, pen_and_log, change):
    pen, log = pen_and_log
    row, counters = count(authority, simple_ballots(9))
    log.decide(pen.final(row, replace(counters, **change)))
    assert [broken.gate for broken in concluded(log).gates] == [Gate.BOX_LAW]


def test_two_officers_can_release_counters_that_break_a_law(authority, pen_and_log):
    pen, log = pen_and_log
    row, counters = count(authority, simple_ballots(9))
    final = pen.final(row, replace(counters, presented=99))
    log.quarantine(final, Reason.LAW_PRESENTED)
    log.rule(RulingKind.RELEASE, final)
    assert isinstance(concluded(log), Published)


def test_a_correction_that_changes_a_counter_is_refused(authority, pen_and_log):
    pen, log = pen_and_log
    row, counters = count(authority, simple_ballots(9))
    final = pen.final(row, counters)
    log.decide(final)
    more = replace(counters, presented=19, returned=1)
    log.decide(pen.correction(final, row, counters=more))
    (broken,) = concluded(log).gates
    assert (broken.law, broken.left, broken.right) == (
        "a correction leaves every counter as it was",
        19,
        18,
    )


def test_two_accepted_finals_of_one_box_are_refused(authority, pen_and_log):
    pen, log = pen_and_log
    row, counters = count(authority, simple_ballots(9))
    indexes = [log.decide(pen.final(row, counters)) for _ in range(2)]
    broken = concluded(log).gates
    assert [(each.gate, each.left, each.right) for each in broken] == [(Gate.ONE_FINAL, 2, 1)]
    assert broken[0].where == f"box {pen.box.hex()}, leaves {indexes[0]}, {indexes[1]}"


def test_a_turnout_report_is_never_in_a_total(authority, pen_and_log):
    pen, log = pen_and_log
    log.decide(pen.write(ReportKind.TURNOUT, count(authority, simple_ballots(9))[1]))
    assert concluded(log).result["nation"]["counters"] is None
