"""Who passes, who has seats, who is elected and what is accepted, by rules as a law states them?"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_tabulation.core.rules.decisions import decide
from tests.tabulation.rules.election_result import (
    HEAD,
    list_rules,
    plurality_rules,
    referendum_rules,
    result,
    rules,
)

REGIONS = """
[[region]]
name = "North"
precincts = ["1"]

[[region]]
name = "South"
precincts = ["2-3"]
"""


def decision(votes, rule, **head):
    return decide(votes, rules(rule, **head))["decisions"][0]


def column(decided, key):
    return [option[key] for option in decided["options"]]


def test_the_result_is_extended_and_the_given_one_kept():
    before = result((60, 40))
    copy = json.loads(json.dumps(before))
    stated = rules(plurality_rules())
    after = decide(before, stated)
    assert before == copy
    assert {key: after[key] for key in before} == before
    assert after["rules"] == {
        "name": "Test",
        "digest": stated.digest,
        "source": "A law, article 1",
    }
    assert after["status"] == "complete"


def test_decisions_stand_in_the_order_of_the_rules():
    votes = result((60, 40))
    votes["contests"].append({"name": "Mayor", "options": ["C", "D"], "votes_allowed": 1})
    mayor = {"ballots": 9, "options": [{"name": "C", "votes": 4}, {"name": "D", "votes": 5}]}
    votes["nation"]["contests"].append(mayor)
    for order in (("Mayor", "Parliament"), ("Parliament", "Mayor")):
        stated = rules(*(plurality_rules(contest=name) for name in order))
        decided = decide(votes, stated)["decisions"]
        assert [each["contest"] for each in decided] == [*order]
        found = {each["contest"]: column(each, "elected") for each in decided}
        assert found == {"Mayor": [False, True], "Parliament": [True, False]}


def test_a_list_contest_is_decided_as_its_rules_say():
    rule = list_rules(national_percent="5", against_all="D", seats=9)
    decided = decision(result((500, 300, 49, 100), invalid=51), rule)
    assert decided == {
        "contest": "Parliament",
        "kind": "list",
        "seats": 9,
        "method": "d_hondt",
        "first_divisor": None,
        "base": {"name": "all ballots", "value": 1000},
        "thresholds": {"national_percent": "5", "regional_percent": None, "regions": []},
        "options": [
            _option("A", 500, "50.00", 6),
            _option("B", 300, "30.00", 3),
            _option("C", 49, "4.90", 0, failed="national"),
            _option("D", 100, "10.00", 0, against_all=True),
        ],
        "tie": None,
        "unfilled": 0,
    }


def _option(name, votes, share, seats, *, failed=None, against_all=False):
    return {
        "name": name,
        "votes": votes,
        "share_percent": share,
        "seats": seats,
        "passed": failed is None and not against_all,
        "failed": failed,
        "against_all": against_all,
    }


@pytest.mark.parametrize(
    ("base", "value", "shares", "passed"),
    [
        ("all ballots", 1000, ["45.00", "45.00", "4.90", "0.10"], [True, True, False, False]),
        (
            "valid votes and votes against all",
            950,
            ["47.36", "47.36", "5.15", "0.10"],
            [True, True, True, False],
        ),
        ("valid votes", 949, ["47.41", "47.41", "5.16", ""], [True, True, True, False]),
    ],
)
def test_shares_and_thresholds_are_of_the_base_that_is_named(base, value, shares, passed):
    rule = list_rules(base=base, national_percent="5", against_all="D")
    decided = decision(result((450, 450, 49, 1), invalid=50), rule)
    assert decided["base"] == {"name": base, "value": value}
    assert column(decided, "share_percent") == shares
    assert column(decided, "passed") == passed


@pytest.mark.parametrize(("votes", "passes"), [(50, True), (49, False)])
def test_a_threshold_is_passed_by_who_reaches_it(votes, passes):
    decided = decision(result((1000 - votes, votes)), list_rules(national_percent="5"))
    assert column(decided, "passed") == [True, passes]


def test_a_threshold_of_fractions_is_exact():
    decided = decision(result((99_500, 499, 1)), list_rules(national_percent="0.5"))
    assert column(decided, "passed") == [True, False, False]


def regional(*precincts, **keys):
    given = {"national_percent": "5", "regional_percent": "0.5", "regions": ["North", "South"]}
    return decision(result(*precincts), list_rules(**given | keys), head=HEAD + REGIONS)


def test_a_regional_threshold_must_be_reached_in_every_region():
    decided = regional((995, 500, 4), (100, 100, 100), (895, 40, 100))
    assert column(decided, "failed") == [None, None, "regional: North"]
    decided = regional((900, 80, 500), (500, 500, 3), (400, 100, 1))
    assert column(decided, "failed") == [None, None, "regional: South"]


def test_the_first_threshold_that_is_missed_is_named():
    assert column(regional((995, 1), (995, 1), (9, 0)), "failed") == [None, "national"]


def test_only_the_regions_that_a_contest_names_are_asked():
    votes = (995, 500, 4), (100, 100, 990), (1, 1, 1)
    assert column(regional(*votes), "failed") == [None, None, "regional: North"]
    decided = regional(*votes, regions=["South"])
    assert column(decided, "failed") == [None, None, None]
    assert decided["thresholds"]["regions"] == ["South"]


def test_a_region_without_a_counted_box_says_nothing_against_a_list():
    decided = regional((600, 400), None, None)
    assert column(decided, "failed") == [None, None]
    assert sum(column(decided, "seats")) == 10


def test_a_tie_for_the_last_seat_is_named_and_given_to_nobody():
    decided = decision(result((40, 40, 19)), list_rules(seats=3, method="d_hondt"))
    assert column(decided, "seats") == [1, 1, 0]
    assert decided["tie"] == {"options": ["A", "B"], "seats": 1}
    assert decided["unfilled"] == 0


def test_seats_that_no_list_passes_for_are_unfilled():
    decided = decision(result((40, 40), invalid=9999), list_rules(national_percent="5"))
    assert (column(decided, "seats"), decided["tie"]) == ([0, 0], None)
    assert decided["unfilled"] == 10


def test_a_list_without_a_vote_passes_nothing():
    assert column(decision(result((40, 0)), list_rules()), "passed") == [True, False]
    assert decision(result((0, 0)), list_rules())["unfilled"] == 10


def test_the_modified_method_takes_the_divisor_of_the_rules():
    sums = []
    for divisor in ("1", "1.4"):
        rule = list_rules(method="modified_sainte_lague", first_divisor=divisor, seats=3)
        decided = decision(result((60, 45, 14)), rule)
        assert decided["first_divisor"] == divisor
        sums.append(column(decided, "seats"))
    assert sums == [[2, 1, 0], [2, 1, 0]]
    rule = list_rules(method="modified_sainte_lague", first_divisor="1.4", seats=3)
    assert column(decision(result((60, 30, 25)), rule), "seats") == [2, 1, 0]
    rule = list_rules(method="sainte_lague", seats=3)
    assert column(decision(result((60, 30, 25)), rule), "seats") == [1, 1, 1]


def test_a_mandate_goes_to_who_has_most_votes():
    decided = decision(result((40, 41, 19), invalid=25), plurality_rules(base="all ballots"))
    assert decided == {
        "contest": "Parliament",
        "kind": "plurality",
        "seats": 1,
        "base": {"name": "all ballots", "value": 125},
        "options": [
            _candidate("A", 40, "32.00", elected=False),
            _candidate("B", 41, "32.80", elected=True),
            _candidate("C", 19, "15.20", elected=False),
        ],
        "tie": None,
        "unfilled": 0,
    }


def _candidate(name, votes, share, *, elected):
    shown = {"name": name, "votes": votes, "share_percent": share}
    return shown | {"elected": elected, "against_all": False}


def test_nobody_is_elected_where_against_all_has_most_votes():
    decided = decision(result((40, 41)), plurality_rules(against_all="B"))
    assert column(decided, "elected") == [False, False]
    assert (decided["tie"], decided["unfilled"]) == (None, 1)
    assert column(decided, "against_all") == [False, True]


def test_equal_candidates_are_tied_and_none_is_elected():
    decided = decision(result((41, 19, 41)), plurality_rules())
    assert column(decided, "elected") == [False] * 3
    assert decided["tie"] == {"options": ["A", "C"], "seats": 1}
    assert decided["unfilled"] == 0


def test_no_vote_at_all_elects_nobody_and_ties_nobody():
    decided = decision(result((0, 0)), plurality_rules())
    assert (decided["tie"], decided["unfilled"]) == (None, 1)


@pytest.mark.parametrize(
    ("votes", "invalid", "met", "accepted"),
    [
        ((300, 200), 0, True, True),
        ((250, 250), 0, True, False),
        ((251, 249), 0, True, True),
        ((300, 199), 0, False, False),
        ((300, 199), 1, True, True),
        ((100, 400), 0, True, False),
    ],
)
def test_a_referendum_needs_its_quorum_and_more_than_its_majority(votes, invalid, met, accepted):
    decided = decision(result(votes, invalid=invalid), referendum_rules())
    assert decided["quorum"] == {
        "percent": "50",
        "of": "registered voters",
        "registered": 1000,
        "took_part": sum(votes) + invalid,
        "met": met,
    }
    assert decided["accepted"] is accepted


def test_a_majority_of_all_ballots_counts_the_invalid_ones():
    votes = result((300, 200), invalid=100)
    decided = decision(votes, referendum_rules(base="all ballots"))
    assert decided["accepted"] is False
    assert (decided["accept"], decided["majority_percent"]) == ("A", "50")
    assert column(decided, "share_percent") == ["50.00", "33.33"]


def test_missing_boxes_make_every_decision_preliminary():
    votes, stated = result((60, 40), None), rules(list_rules())
    assert decide(votes, stated)["status"] == "preliminary"
    assert column(decide(votes, stated)["decisions"][0], "seats") == [6, 4]


@pytest.mark.parametrize(
    ("rule", "undecided"),
    [
        (list_rules(national_percent="50"), ["seats", "passed", "failed"]),
        (plurality_rules(), ["elected"]),
        (referendum_rules(), []),
    ],
)
def test_rules_may_leave_a_preliminary_result_undecided(rule, undecided):
    head = HEAD + "provisional = false\n"
    decided = decision(result((60, 40), None), rule, head=head)
    assert [column(decided, key) for key in undecided] == [[None, None]] * len(undecided)
    assert column(decided, "votes") == [60, 40]
    assert decided.get("tie") is decided.get("unfilled") is decided.get("accepted") is None
    whole = decision(result((60, 40)), rule, head=head)
    assert None not in [value for key in undecided[:2] for value in column(whole, key)]
    assert whole.get("accepted") is not decided.get("accepted") or undecided


@pytest.mark.parametrize("rule", [list_rules(), plurality_rules(), referendum_rules()])
def test_no_counted_box_is_no_number(rule):
    decided = decision(result(None, names=["A", "B"]), rule)
    assert column(decided, "votes") == [None, None]
    assert column(decided, "share_percent") == ["", ""]
    assert decided["base"]["value"] is None
    assert decided.get("tie") is decided.get("unfilled") is decided.get("accepted") is None


def test_kyrgyzstan_2021_from_its_finals_to_its_seats(shared):
    facts = json.loads((shared / "data" / "kg_2021.json").read_text(encoding="utf-8"))
    fact = {each["id"]: each["value"] for each in facts["facts"]}
    above = [each for each in facts["parties"] if each["final_votes"] is not None]
    votes = tuple(each["final_votes"] for each in above)
    # Whatever else was in the boxes passed no threshold: it stands in the base and nowhere else.
    others = fact["voters_took_part_list_final"] - sum(votes)
    threshold = str(fact["threshold_national_percent"])
    rule = list_rules(
        seats=fact["seats_list"], method="largest_remainder", national_percent=threshold
    )
    decided = decision(result(votes, invalid=others), rule)
    assert column(decided, "seats") == [each["seats"] for each in above]
    assert decided["base"]["value"] == 1_281_622
    shown = [float(share) for share in column(decided, "share_percent")]
    # Published shares are rounded, ours are cut.
    published = [each["final_percent"] for each in above]
    assert all(0 <= there - here < 0.011 for here, there in zip(shown, published, strict=True))


areas = st.lists(
    st.tuples(*[st.integers(0, 300)] * 5).filter(any) | st.none(), min_size=1, max_size=4
).filter(lambda drawn: any(each is not None for each in drawn))
percents = st.sampled_from(["0", "0.5", "5", "33.333333", "100"])
list_rule_keys = st.fixed_dictionaries(
    {
        "base": st.sampled_from(
            ["valid votes", "valid votes and votes against all", "all ballots"]
        ),
        "seats": st.integers(1, 60),
        "method": st.sampled_from(["d_hondt", "sainte_lague", "largest_remainder"]),
        "national_percent": percents | st.none(),
    }
)


@given(areas, list_rule_keys, percents, st.integers(0, 100))
def test_seats_and_shares_of_any_election_add_up(precincts, keys, percent, invalid):
    if precincts[0] is None:
        invalid = 0
    rule = list_rules(**keys, against_all="E", regional_percent=percent, regions=["North", "South"])
    decided = decision(result(*precincts, invalid=invalid), rule, head=HEAD + REGIONS)
    tied = decided["tie"]["seats"] if decided["tie"] else 0
    assert sum(column(decided, "seats")) + tied + decided["unfilled"] == keys["seats"]
    assert decided["unfilled"] in (0, keys["seats"])
    shares = [int(share.replace(".", "") or 0) for share in column(decided, "share_percent")]
    assert sum(shares) <= 10_000
    for option in decided["options"]:
        assert option["passed"] or not option["seats"]
        assert not (option["against_all"] and option["passed"])
    if decided["tie"]:
        passed = {option["name"] for option in decided["options"] if option["passed"]}
        assert set(decided["tie"]["options"]) <= passed


@given(st.lists(st.integers(0, 50), min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_options_decides_no_mandate(votes, random):
    names = [f"candidate {at}" for at in range(len(votes))]
    order = [*range(len(votes))]
    random.shuffle(order)
    there = decision(result(votes, names=names), plurality_rules())
    moved = [votes[at] for at in order], [names[at] for at in order]
    here = decision(result(moved[0], names=moved[1]), plurality_rules())
    for key in ("elected", "votes", "share_percent"):
        by_name = [{o["name"]: o[key] for o in each["options"]} for each in (there, here)]
        assert by_name[0] == by_name[1]
    ties = [set(each["tie"]["options"]) if each["tie"] else None for each in (there, here)]
    assert ties[0] == ties[1]
