"""Do the votes of the night add up to what was published, whatever the seed?"""

import json
import random
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_simulator.authority import make_authority
from ballotbox_simulator.night.definition import plan_of
from ballotbox_simulator.night.draw import (
    apportion,
    candidates_of,
    deal,
    draw_night,
    draw_targets,
)
from ballotbox_simulator.night.facts import load_facts, read_facts
from ballotbox_simulator.night.places import ABROAD, SMALL, Places, whole
from ballotbox_tabulation.core.totals import share_percent

FACTS = load_facts()
COUNTRY = Places(FACTS, whole(FACTS))
TOWN = Places(FACTS, SMALL)
#: A country is drawn in seconds; a town at once.
COUNTRY_SEEDS = (1, pytest.param(2, marks=pytest.mark.accept))
TOWN_SEEDS = range(1, 101)


@cache
def _country(seed):
    return draw_night(COUNTRY, seed)


@pytest.fixture(scope="module", params=COUNTRY_SEEDS)
def country(request):
    return _country(request.param)


def _sums(tallies):
    return [sum(column) for column in zip(*(each.votes for each in tallies), strict=True)]


def _at_ten(night):
    return [each.lists for each in night.precincts if not each.late]


def test_at_ten_the_published_votes_come_out_exactly(country):
    heard = _at_ten(country)
    assert len(heard) == 2_266
    assert sum(tally.ballots for tally in heard) == 1_189_493
    assert _sums(heard) == list(country.targets.votes)
    published = {
        option.name: votes
        for option, votes in zip(FACTS.options, _sums(heard), strict=True)
        if option.votes is not None
    }
    assert published == {
        "Ata-Meken": 41_056,
        "Butun Kyrgyzstan": 79_840,
        "Alliance": 96_642,
        "Legalize": 7_347,
        "Yiman Nuru": 71_148,
        "Kuchtuu Region": 7_282,
        "Against all": 25_578,
    }


@given(st.integers())
def test_every_other_list_lies_within_the_rounding_of_its_share(seed):
    targets = draw_targets(FACTS, random.Random(seed))
    assert targets.ballots == FACTS.base
    for option, votes in zip(FACTS.options, targets.votes, strict=True):
        if option.share is not None:
            percent = Fraction(100 * votes, FACTS.base)
            assert abs(percent - option.share) <= Fraction(1, 200)
            # The page cuts shares off, and shows the published one all the same.
            assert Fraction(share_percent(votes, FACTS.base)) == option.share


def test_what_comes_late_makes_up_the_published_number_of_voters(country):
    assert sum(each.lists.ballots for each in country.precincts) == FACTS.voters.took_part
    assert len(country.late) == 228


def test_a_precinct_has_no_more_ballots_than_voters(country):
    for each in country.precincts:
        assert 0 < each.lists.ballots <= each.registered
        assert each.morning + each.portable <= each.lists.ballots
        assert each.single is None or each.single.ballots <= each.lists.ballots


def test_registered_voters_and_those_who_came_early_are_the_published_ones(country):
    at_home = [each for each in country.precincts if each.single is not None]
    assert len(country.precincts) - len(at_home) == 59
    assert sum(each.registered for each in country.precincts) == 3_703_420
    assert sum(each.registered for each in at_home) == 3_619_292
    assert sum(each.morning for each in country.precincts) == 107_852
    assert sum(each.portable for each in at_home) == 12_137


def test_against_all_comes_first_where_it_did_and_nowhere_else(country):
    first = set()
    for district in range(1, 37):
        *candidates, against = _sums(
            [country.precincts[place].single for place in COUNTRY.of_district(district)]
        )
        assert max(candidates) != against
        if against > max(candidates):
            first.add(district)
    assert first == {27, 29}


def test_lists_that_won_seats_pass_half_a_percent_in_every_region(country):
    winners = [1, 2, 4, 7, 8, 20]
    for places in COUNTRY.regions.values():
        votes = _sums([country.precincts[place].lists for place in places])
        listed = sum(country.precincts[place].registered for place in places)
        assert all(votes[winner] * 200 > listed for winner in winners)


@pytest.mark.parametrize("seed", TOWN_SEEDS)
def test_a_small_night_adds_up_like_the_country(seed):
    night = draw_night(TOWN, seed)
    heard = _at_ten(night)
    assert len(heard) == SMALL.reported
    assert _sums(heard) == list(night.targets.votes)
    assert sum(tally.ballots for tally in heard) == night.targets.ballots
    total = sum(each.lists.ballots for each in night.precincts)
    assert total == FACTS.voters.took_part // SMALL.divisor
    for each in night.precincts:
        assert each.morning + each.portable <= each.lists.ballots <= each.registered
        assert each.single is None or each.single.ballots <= each.lists.ballots


def test_a_seed_is_one_night_and_another_seed_another():
    assert draw_night(TOWN, 5).precincts == draw_night(TOWN, 5).precincts
    assert draw_night(TOWN, 5).precincts != draw_night(TOWN, 6).precincts


@given(st.data())
def test_whatever_is_dealt_keeps_both_margins(data):
    totals = data.draw(st.lists(st.integers(0, 40), min_size=1, max_size=6))
    cuts = sorted(data.draw(st.lists(st.integers(0, sum(totals)), max_size=6)))
    sizes = [b - a for a, b in zip([0, *cuts], [*cuts, sum(totals)], strict=True)]
    table = deal(totals, sizes, random.Random(data.draw(st.integers())))
    assert [sum(row) for row in table] == sizes
    assert [sum(column) for column in zip(*table, strict=True)] == totals


@given(st.integers(0, 10**7), st.lists(st.floats(0.001, 1_000), min_size=1, max_size=50))
def test_parts_add_up_to_the_whole_and_stay_near_their_weights(total, weights):
    parts = apportion(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * weight / sum(weights)) < 1 + 1e-6


# The definition


def test_the_election_has_the_published_shape():
    trusted = make_authority(plan_of(_country(1))).trusted
    election: Election = trusted.election
    assert (len(election.precincts), len(election.contests)) == (2_494, 37)
    lists = election.contests[0]
    assert len(lists.options) == 22
    assert lists.options[-1].name == "Against all"
    assert lists.preference_count == 1_006
    # Each district has "against all" besides its candidates.
    assert sum(len(each.options) - 1 for each in election.contests[1:]) == 287
    abroad = [each for each in election.precincts if ABROAD in each.name]
    assert len(abroad) == 59
    assert {election.styles[style].contests for each in abroad for style in each.styles} == {(0,)}
    assert sorted(candidates_of(FACTS)) == [7] + [8] * 35


def test_every_name_of_what_no_page_tells_says_synthetic():
    election = make_authority(plan_of(draw_night(TOWN, 1))).trusted.election
    assert "synthetic" in election.name
    assert all("synthetic" in each.name for each in election.precincts)
    assert all("synthetic" in each.name for each in election.contests[1:])


def test_regions_hold_every_precinct_once_and_bishkek_its_two_districts():
    assert sorted(sum(COUNTRY.regions.values(), ())) == list(range(2_494))
    assert len(COUNTRY.regions) == 10
    bishkek = {COUNTRY.districts[place] for place in COUNTRY.regions["Bishkek"]}
    assert {27, 29} <= bishkek


# The facts


def test_the_facts_are_those_of_the_shared_file(shared):
    told = json.loads((shared / "data" / "kg_2021.json").read_text())
    value = {fact["id"]: fact["value"] for fact in told["facts"]}
    evening = value["aks_reports_evening_3"]
    assert (FACTS.precincts, FACTS.abroad) == (
        value["precincts_total"],
        value["precincts_abroad"],
    )
    assert (FACTS.reported, FACTS.base) == (evening["boxes"], evening["voters"])
    assert FACTS.voters.list == value["voters_on_list_contest"]
    assert FACTS.voters.single == value["voters_on_single_mandate_contest"]
    assert FACTS.voters.took_part == value["voters_took_part_list_final"]
    assert FACTS.voters.morning == value["turnout_10_00"]["voters"]
    assert FACTS.voters.portable == value["voted_outside_station_list"]
    assert FACTS.districts == value["districts_single_mandate"]
    assert FACTS.candidates == value["single_mandate_candidates"]
    assert FACTS.list_candidates == value["list_candidates_on_election_day"]
    *lists, against = FACTS.options
    assert against.votes == evening["against_all"]
    for option, party in zip(lists, told["parties"], strict=True):
        assert option.name == party["name"]
        assert option.votes == party.get("aks_votes_22_00")
        if option.votes is None:
            assert float(option.share) == party["aks_percent_2247_boxes"]


REFUSED = {
    "more votes than voters": ("base = 1_189_493", "base = 300_000", "list.base: must hold all"),
    "more reported than there are": ("reported = 2_266", "reported = 2_495", "precincts: "),
    "a share as a number": ('share = "0.95"', 'share = "much"', "must be percent as text"),
    "votes and share at once": ('share = "0.95"', 'votes = 1\nshare = "0.95"', "either votes or"),
    "a district left out": ("districts = [4, 10]", "districts = [5, 10]", "region.districts"),
    "fewer at 16:00 than at 10:00": ("morning = 107_852", "morning = 929_559", "voters.morning: "),
    "less than nobody": ("morning = 107_852", "morning = -1", "voters.morning: "),
    "more at 16:00 than inside": (
        *("afternoon = 929_558", "afternoon = 1_269_486", "voters.afternoon: must be at most"),
    ),
    "three ends": ("districts = [4, 10]", "districts = [4, 5, 10]", "first and the last"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_facts_that_cannot_be_are_refused_by_field(case, repository):
    old, new, words = REFUSED[case]
    path = repository / "simulator" / "ballotbox_simulator" / "night" / "kyrgyzstan-2021.toml"
    text = path.read_text()
    assert old in text
    with pytest.raises(InvalidField) as refused:
        read_facts(text.replace(old, new, 1))
    assert words in str(refused.value)
