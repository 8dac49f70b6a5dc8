"""Are seats shared as published tables of real elections say, exactly, and never by order?"""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_tabulation.core.rules.apportionment import Apportionment, apportion
from ballotbox_tabulation.core.rules.rules import Method

MODIFIED = Fraction("1.4")
votes_of_lists = st.lists(st.integers(0, 60) | st.integers(0, 2**80), min_size=1, max_size=7)
methods = st.sampled_from(Method)

#: Votes and the seats that were published for them: the election, its source, its method.
PUBLISHED = {
    # Votes: docs.sarahcgall.co.uk/scgElectionsNZ (data of the Electoral Commission). Seats: the
    # Commission's official results; Te Pati Maori holds two more, which are overhang.
    "New Zealand 2023": (
        Method.SAINTE_LAGUE,
        {1_085_851: 48, 767_540: 34, 330_907: 15, 246_473: 11, 173_553: 8, 87_844: 4},
    ),
    # Votes of the Central Election Commission: novinite.com/articles/212270; seats: 212287 there;
    # method: Election Code, annex 1 to art. 248 (te.gob.mx/vota_elections, article 38878).
    "Bulgaria, November 2021": (
        Method.LARGEST_REMAINDER,
        {
            673_141: 67,
            596_456: 59,
            340_997: 34,
            267_816: 26,
            249_726: 25,
            166_966: 16,
            127_549: 13,
        },
    ),
    # Votes and seats: bmi.gv.at/412/Europawahlen/Europawahl_2019, as quoted by the documentation of
    # the PyPI package apportionment.
    "Austria, European Parliament 2019": (
        Method.D_HONDT,
        {1_305_956: 7, 903_151: 5, 650_114: 3, 532_193: 2, 319_024: 1},
    ),
}


def seats_of(votes, seats, method):
    return apportion(votes, seats, method, MODIFIED)


@pytest.mark.parametrize("election", PUBLISHED)
def test_seats_are_those_of_the_published_table(election):
    method, table = PUBLISHED[election]
    assert seats_of([*table], sum(table.values()), method) == Apportionment((*table.values(),))


@pytest.mark.parametrize("election", PUBLISHED)
def test_the_published_table_tells_the_methods_apart(election):
    method, table = PUBLISHED[election]
    other = Method.SAINTE_LAGUE if method is Method.D_HONDT else Method.D_HONDT
    assert seats_of([*table], sum(table.values()), other).seats != (*table.values(),)


@pytest.mark.parametrize("method", Method)
def test_seats_of_kyrgyzstan_2021_are_the_official_allocation(shared, method):
    # The law takes largest remainders; the other methods come to the same seats here.
    facts = json.loads((shared / "data" / "kg_2021.json").read_text(encoding="utf-8"))
    listed = {each["id"]: each["value"] for each in facts["facts"]}
    above = [each for each in facts["parties"] if each["final_votes"] is not None]
    official = tuple(party["seats"] for party in above)
    assert sum(official) == listed["seats_list"]
    found = seats_of([each["final_votes"] for each in above], sum(official), method)
    assert found == Apportionment(official)


@pytest.mark.parametrize("part", range(6))
def test_a_fifth_of_the_votes_of_2021_elsewhere_makes_other_seats(shared, part):
    """No seats stand anywhere in the program: they follow the votes."""
    facts = json.loads((shared / "data" / "kg_2021.json").read_text(encoding="utf-8"))
    above = [each for each in facts["parties"] if each["final_votes"] is not None]
    votes, official = [[each[key] for each in above] for key in ("final_votes", "seats")]
    moved = votes[part] // 5
    votes[part] -= moved
    votes[part - 1] += moved
    found = seats_of(votes, sum(official), Method.LARGEST_REMAINDER)
    assert list(found.seats) != official


def by_hand(votes, seats, method):
    """The same by whole numbers alone: certain seats, tied lists, seats between them."""
    if method is Method.LARGEST_REMAINDER:
        total = sum(votes)
        certain = [each * seats // total for each in votes]
        claims = [(each * seats % total, at) for at, each in enumerate(votes) if each]
        left = seats - sum(certain)
    else:
        certain, left = [0] * len(votes), seats
        claims = [
            (Fraction(each) / divisor(method, order), at)
            for at, each in enumerate(votes)
            for order in range(seats)
            if each
        ]
    if not left:
        return Apportionment((*certain,))
    cutoff = sorted((claim for claim, _ in claims), reverse=True)[left - 1]
    above = [at for claim, at in claims if claim > cutoff]
    equal = [at for claim, at in claims if claim == cutoff]
    fits = len(above) + len(equal) == left
    for at in above + (equal if fits else []):
        certain[at] += 1
    if fits:
        return Apportionment((*certain,))
    return Apportionment((*certain,), (*equal,), left - len(above))


def divisor(method, order):
    if method is Method.D_HONDT:
        return order + 1
    return MODIFIED if method is Method.MODIFIED_SAINTE_LAGUE and not order else 2 * order + 1


@given(votes_of_lists, st.integers(1, 40), methods)
def test_seats_are_those_of_a_count_by_hand(votes, seats, method):
    wanted = by_hand(votes, seats, method) if any(votes) else Apportionment((0,) * len(votes))
    assert seats_of(votes, seats, method) == wanted


@given(votes_of_lists, st.integers(1, 300), methods)
def test_certain_and_tied_seats_are_all_seats(votes, seats, method):
    found = seats_of(votes, seats, method)
    assert sum(found.seats) + found.tied_seats == (seats if any(votes) else 0)
    assert found.tied_seats < len(found.tied) or not found.tied
    assert all(votes[at] for at in found.tied)


@given(votes_of_lists, st.integers(1, 40), methods, st.randoms(use_true_random=False))
def test_the_order_of_the_lists_decides_nothing(votes, seats, method, random):
    order = [*range(len(votes))]
    random.shuffle(order)
    found = seats_of(votes, seats, method)
    moved = seats_of([votes[at] for at in order], seats, method)
    assert moved.seats == tuple(found.seats[at] for at in order)
    assert {order[at] for at in moved.tied} == set(found.tied)
    assert moved.tied_seats == found.tied_seats


@given(votes_of_lists, st.integers(1, 40), methods)
def test_more_votes_never_make_fewer_seats(votes, seats, method):
    found = seats_of(votes, seats, method).seats
    ranked = sorted(zip(votes, found, strict=True))
    assert [each for _, each in ranked] == sorted(found)


@given(votes_of_lists, st.integers(1, 40), st.sampled_from([*Method][1:]), st.data())
def test_a_list_that_gains_votes_alone_loses_no_seat_and_a_larger_house_takes_none(
    votes, seats, method, data
):
    at = data.draw(st.integers(0, len(votes) - 1))
    gained = [*votes]
    gained[at] += data.draw(st.integers(1, 1000))
    before = seats_of(votes, seats, method)
    after = seats_of(gained, seats, method)
    assert after.seats[at] >= before.seats[at]
    larger = seats_of(votes, seats + 1, method)
    assert all(a >= b for a, b in zip(larger.seats, before.seats, strict=True))


@pytest.mark.parametrize("method", Method)
def test_a_tie_is_named_with_the_seats_it_is_about(method):
    assert seats_of([7, 7, 7, 0], 2, method) == Apportionment((0, 0, 0, 0), (0, 1, 2), 2)
    assert seats_of([7, 7, 7], 4, method) == Apportionment((1, 1, 1), (0, 1, 2), 1)
    assert seats_of([2**70, 2**70 + 1], 1, method) == Apportionment((0, 1))
