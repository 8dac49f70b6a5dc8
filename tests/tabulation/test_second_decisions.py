"""Does the second computation decide by itself, from its own sums and its own reading of rules?"""

import json
from dataclasses import replace

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from ballotbox_tabulation.core.rules.decisions import decide
from ballotbox_tabulation.second.loading import Unreadable
from tests.tabulation.rules.counted_again import decided_again
from tests.tabulation.rules.election_result import (
    HEAD,
    list_rules,
    plurality_rules,
    referendum_rules,
    result,
    rules,
)
from tests.tabulation.rules.test_apportionment import PUBLISHED

METHODS = ("largest_remainder", "d_hondt", "sainte_lague", "modified_sainte_lague")
BASES = ("valid votes", "valid votes and votes against all", "all ballots")
CONTESTS = ("Parliament", "Seat", "Question")
OPTIONS = ("A", "B", "C", "nobody")
REGIONS = (
    '[[region]]\nname = "North"\nprecincts = ["1", "1-2", "90-99"]\n'
    '[[region]]\nname = "South"\nprecincts = ["3"]\n'
)
#: Small ones, of which many are equal, and as large as a country has them.
numbers = st.integers(0, 4) | st.integers(0, 2**30)


@st.composite
def stated_rules(draw):
    """Rules for three contests; votes against all are in a base only where they are an option."""
    method, against = draw(st.sampled_from(METHODS)), draw(st.sampled_from((None, "nobody")))
    base = draw(st.sampled_from(BASES if against else BASES[::2]))
    first = {"first_divisor": draw(st.sampled_from(("1.4", "2.999999")))}
    regional = draw(st.sampled_from((None, "0.5", "40")))
    regions = {} if regional is None else {"regions": ["South", "North"]}
    percent = draw(st.sampled_from((None, "5", "33.333333")))
    common = {"base": base, "against_all": against}
    provisional = draw(st.sampled_from(("true", "false")))
    return rules(
        list_rules(
            seats=draw(st.integers(1, 9)),
            method=method,
            national_percent=percent,
            regional_percent=regional,
            **regions,
            **(first if method == METHODS[3] else {}),
            **common,
        ),
        plurality_rules(contest="Seat", **common),
        referendum_rules(contest="Question", base=draw(st.sampled_from(BASES[::2]))),
        head=f"{HEAD}provisional = {provisional}\n{REGIONS}",
    )


@st.composite
def results(draw):
    """A result of three contests in four precincts; of some of them no box is counted."""
    row = st.lists(numbers, min_size=4, max_size=4)
    areas = draw(
        st.lists(st.none() | st.lists(row, min_size=3, max_size=3), min_size=4, max_size=4)
    )
    invalid = draw(st.integers(0, 9))
    counted = [each for each in areas if each is not None]
    names, absent = list(OPTIONS), draw(st.sampled_from((0, 2)))
    return {
        "contests": [{"name": name, "options": names} for name in CONTESTS],
        "nation": {
            "boxes_counted": len(counted),
            "boxes_expected": len(counted) + absent,
            "counters": {"ballots": 1} if counted else None,
            "registered": draw(st.integers(0, 50)),
            "contests": _nation(counted, invalid) if counted else None,
        },
        "boxes": {
            "missing": [{"box": "00" * 16, "precinct": 1}] * absent,
            **{state: [] for state in ("disputed", "quarantined", "held")},
        },
        "precincts": [
            {
                "number": number,
                "contests": each
                and [{"ballots": sum(votes) + invalid, "votes": votes} for votes in each],
            }
            for number, each in enumerate(areas, 1)
        ],
    }


def _nation(counted, invalid):
    found = []
    for at, name in enumerate(CONTESTS):
        votes = [sum(column) for column in zip(*(each[at] for each in counted), strict=True)]
        options = [{"name": n, "votes": v} for n, v in zip(OPTIONS, votes, strict=True)]
        ballots = sum(votes) + len(counted) * invalid
        found.append({"name": name, "ballots": ballots, "options": options})
    return found


@given(results(), stated_rules())
def test_whatever_the_rules_decide_is_found_again(shown, stated):
    decided = decide(shown, stated)
    again = decided_again(shown, stated)
    assert again == {key: decided[key] for key in ("rules", "status", "decisions")}
    lists, mandate, _ = again["decisions"]
    event(f"{again['status']}, {'tied' if lists['tie'] else 'nobody tied'} for seats")
    event(f"{'tied' if mandate['tie'] else mandate['unfilled']} for the mandate")
    event(f"{', '.join(str(each['failed']) for each in lists['options'])} failed")


def test_where_no_box_is_counted_nobody_has_anything():
    shown = result(None, None, names=["A", "B"])
    (decision,) = decided_again(shown, rules(list_rules()))["decisions"]
    for option in decision["options"]:
        given_up = [option[key] for key in ("votes", "seats", "passed", "failed")]
        assert given_up == [None] * 4
    assert (decision["base"]["value"], decision["tie"], decision["unfilled"]) == (None,) * 3


def seats_of(votes, seats, method, **more):
    """Seats by option, who is tied, and for how many."""
    rule = list_rules(seats=seats, method=method, base="valid votes", **more)
    (decision,) = decided_again(result(tuple(votes)), rules(rule))["decisions"]
    tie = decision["tie"] or {"options": [], "seats": 0}
    return [each["seats"] for each in decision["options"]], tie["options"], tie["seats"]


#: Worked by hand: the tenth seat goes to a quotient of 53 / 11, which is more than 24 / 5.
@pytest.mark.parametrize(
    ("method", "seats", "expected"),
    [
        ("largest_remainder", 10, [5, 3, 2]),
        ("d_hondt", 10, [6, 2, 2]),
        ("sainte_lague", 10, [6, 2, 2]),
        ("sainte_lague", 3, [1, 1, 1]),
    ],
)
def test_seats_by_hand(method, seats, expected):
    assert seats_of((53, 24, 23), seats, method) == (expected, [], 0)


@pytest.mark.parametrize("method", METHODS)
def test_a_tie_is_named_with_the_seats_it_is_about(method):
    more = {"first_divisor": "1.4"} if method == METHODS[3] else {}
    assert seats_of((7, 7, 7, 0), 2, method, **more) == ([0, 0, 0, 0], ["A", "B", "C"], 2)
    assert seats_of((7, 7, 7), 4, method, **more) == ([1, 1, 1], ["A", "B", "C"], 1)
    assert seats_of((2**34, 2**34 + 1), 1, method, **more) == ([0, 1], [], 0)


@pytest.mark.parametrize(("closer", "expected"), [(1, [1, 9_999]), (-1, [0, 10_000])])
def test_no_two_quotients_lie_so_close_that_they_are_taken_for_equal(closer, expected):
    """The first of one list and the ten thousandth of another differ in the eleventh digit."""
    last, first, whole = 19_999, 2_999_999, 10**6
    one = closer * pow(last * whole, -1, first) % first
    other, rest = divmod(one * last * whole - closer, first)
    assert rest == 0
    more = {"first_divisor": "2.999999"}
    found = seats_of((one, other), 10_000, "modified_sainte_lague", **more)
    assert found == (expected, [], 0)


@pytest.mark.parametrize("election", PUBLISHED)
def test_seats_are_those_of_the_published_table(election):
    method, table = PUBLISHED[election]
    found, tied, _ = seats_of([*table], sum(table.values()), method.value)
    assert (found, tied) == ([*table.values()], [])


@pytest.fixture
def final(shared):
    """The published finals of the lists that passed in 2021, and their official seats."""
    facts = json.loads((shared / "data" / "kg_2021.json").read_text(encoding="utf-8"))
    passed = [each for each in facts["parties"] if each["final_votes"] is not None]
    return [each["final_votes"] for each in passed], [each["seats"] for each in passed]


def test_the_seats_of_2021_are_the_official_ones(final):
    votes, official = final
    assert seats_of(votes, sum(official), "largest_remainder") == (official, [], 0)


@pytest.mark.parametrize("part", range(6))
def test_a_fifth_of_the_votes_of_2021_elsewhere_makes_other_seats(final, part):
    """No seats stand anywhere in the program: they follow the votes."""
    votes, official = list(final[0]), final[1]
    moved = votes[part] // 5
    votes[part] -= moved
    votes[part - 1] += moved
    found, _, _ = seats_of(votes, sum(official), "largest_remainder")
    assert found != official


# ---- what cannot be read or reckoned


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff", "the rules: UnicodeDecodeError"),
        (b"name = ", "the rules: TOMLDecodeError"),
        (b'name = "N"', "the rules: KeyError: 'source'"),
        (rules(list_rules(contest="Nobody")).file, "the rules: KeyError: 'Nobody'"),
        (HEAD.encode() + b'contest = "A"', "the rules: TypeError"),
        (rules(list_rules()).file.replace(b"10", b"[10]"), "the rules: "),
    ],
)
def test_rules_that_cannot_be_read_again_say_so(data, words):
    with pytest.raises(Unreadable) as raised:
        decided_again(result((5, 4)), replace(rules(list_rules()), file=data))
    assert str(raised.value).startswith(words)


def test_a_sum_that_no_country_has_is_refused_before_a_product_of_it_is_rounded():
    with pytest.raises(Unreadable, match="the sums: CHECK constraint failed"):
        decided_again(result((2**36, 4)), rules(list_rules()))
