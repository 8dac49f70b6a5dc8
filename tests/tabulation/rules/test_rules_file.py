"""Does a slip in a rules file end in words that name its place and the way out?"""

from hashlib import sha256

import pytest

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_tabulation.core.rules.fit import require_fit
from ballotbox_tabulation.core.rules.rules import Base, Decimal, ListContest, Method
from ballotbox_tabulation.core.rules.source import read_rules
from tests.tabulation.log_builder import authority_of
from tests.tabulation.rules.election_result import (
    HEAD,
    list_rules,
    plurality_rules,
    referendum_rules,
    rules,
)

NORTH = '[[region]]\nname = "North"\nprecincts = ["1-3", "7"]\n'


def test_a_file_is_read_as_it_is_written():
    keys = {"regional_percent": "0.5", "regions": ["North"], "against_all": "Against all"}
    stated = rules(NORTH, list_rules(**keys, national_percent="5"))
    region = stated.regions[0]
    assert [number for number in range(12) if number in region] == [1, 2, 3, 7]
    assert stated.contests == (
        ListContest(
            contest="Parliament",
            base=Base.BALLOTS,
            seats=10,
            method=Method.D_HONDT,
            national=Decimal("5"),
            regional=Decimal("0.5"),
            regions=(region,),
            against_all="Against all",
        ),
    )
    assert stated.provisional


def test_the_digest_is_that_of_the_bytes():
    data = f"{HEAD}\n{plurality_rules()}".encode()
    assert read_rules(data).digest == sha256(data).hexdigest()
    assert read_rules(data + b"\n").digest != sha256(data).hexdigest()


def test_contests_of_every_kind_stand_in_one_file_in_their_order():
    stated = rules(
        referendum_rules(contest="Third"), list_rules(), plurality_rules(contest="Second")
    )
    assert [each.contest for each in stated.contests] == ["Third", "Parliament", "Second"]


SLIPS = [
    ([HEAD], "contest: is missing"),
    ([], "contest: is missing"),
    (["contest = []", HEAD], "contest: is missing; write at least one [[contest]]"),
    ([HEAD, "x = 1", plurality_rules()], "x: is not known here"),
    (['source = "s"', plurality_rules()], "name: is missing"),
    (['name = ""\nsource = "s"', plurality_rules()], "name: must not be empty"),
    (['name = "n"\nsource = ""', plurality_rules()], "source: must say which law this is"),
    ([HEAD, "provisional = 1", plurality_rules()], "provisional: must be true or false"),
    ([HEAD, plurality_rules(), plurality_rules()], "contest: 'Parliament' has rules already"),
    ([HEAD, NORTH, NORTH, plurality_rules()], "region: 'North' is a region already"),
    ([HEAD, '[[contest]]\nkind = "lists"'], "contest[0].kind: must be one of list"),
    ([HEAD, "contest = [1]"], "contest[0]: must be a table"),
    ([HEAD, plurality_rules(seats=3)], "contest[0].seats: is not known here"),
    ([HEAD, plurality_rules(base="ballots")], "contest[0].base: must be one of: valid votes, "),
    (
        [HEAD, plurality_rules(base="valid votes and votes against all")],
        "contest[0].base: counts votes against all: name the option by against_all",
    ),
    (
        [HEAD, referendum_rules(base="valid votes and votes against all")],
        "contest[0].base: counts votes against all",
    ),
    ([HEAD, list_rules(seats=0)], "contest[0].seats: must be at least 1"),
    ([HEAD, list_rules(seats=10_001)], "contest[0].seats: must be a whole number from 0 to"),
    ([HEAD, list_rules(method="hare")], "contest[0].method: must be one of: largest_remainder"),
    ([HEAD, list_rules(national_percent=5)], "contest[0].national_percent: must be text"),
    ([HEAD, list_rules(national_percent="5 %")], "contest[0].national_percent: must be digits"),
    ([HEAD, list_rules(national_percent="100.1")], "contest[0].national_percent: must be at most"),
    ([HEAD, list_rules(regional_percent="1")], "contest[0].regions: needs regions and"),
    (
        [HEAD, NORTH, list_rules(regional_percent="101", regions=["North"])],
        "contest[0].regional_percent: must be at most 100",
    ),
    ([HEAD, NORTH, list_rules(regions=["North"])], "contest[0].regions: needs regions and"),
    ([HEAD, NORTH, list_rules(regions=["Nort"])], "contest[0].regions[0]: there is no region"),
    ([HEAD, list_rules(first_divisor="1.4")], "contest[0].first_divisor: only modified"),
    (
        [HEAD, list_rules(method="modified_sainte_lague")],
        "contest[0].first_divisor: is missing",
    ),
    (
        [HEAD, list_rules(method="modified_sainte_lague", first_divisor="0.9")],
        "contest[0].first_divisor: must be at least 1",
    ),
    ([HEAD, referendum_rules(quorum_percent="101")], "contest[0].quorum_percent: must be at most"),
    ([HEAD, referendum_rules(majority_percent="x")], "contest[0].majority_percent: must be digits"),
    ([HEAD, referendum_rules(accept=None)], "contest[0].accept: is missing"),
    ([HEAD, '[[region]]\nname = ""\nprecincts = ["1"]'], "region[0].name: must not be empty"),
    ([HEAD, '[[region]]\nname = "N"\nprecincts = []'], "region[0].precincts: needs at least one"),
    (
        [HEAD, '[[region]]\nname = "N"\nprecincts = ["3-1"]'],
        "region[0].precincts: a run goes from the lower number",
    ),
    (
        [HEAD, '[[region]]\nname = "N"\nprecincts = ["1", "1-"]'],
        "region[0].precincts[1]: must be a precinct number",
    ),
]


@pytest.mark.parametrize(("parts", "words"), SLIPS)
def test_a_slip_is_named_with_its_place(parts, words):
    with pytest.raises(InvalidField) as caught:
        read_rules("\n".join(parts).encode())
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff", "file: is not UTF-8"),
        (b"name = x\n", "line 1, column 8: is not TOML"),
        (b"#" * 70_000, "file: is longer than"),
    ],
)
def test_what_is_no_rules_file_is_said_to_be_none(data, words):
    with pytest.raises(InvalidField) as caught:
        read_rules(data)
    assert str(caught.value).startswith(words)


@pytest.fixture(scope="module")
def election():
    return authority_of(boxes=5).trusted.election


LIST, DISTRICT = "Parliament, national list", "Parliament, district seat"


def test_rules_that_fit_an_election_pass(election):
    keys = {"contest": LIST, "against_all": "Against all"}
    require_fit(
        rules(
            NORTH,
            list_rules(**keys, regional_percent="1", regions=["North"]),
            referendum_rules(contest=DISTRICT, accept="A. Asanova"),
        ),
        election,
    )
    require_fit(rules(plurality_rules(contest=DISTRICT)), election)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([list_rules(contest="Parliament")], "contest[0].contest: there is no contest"),
        ([list_rules(contest=LIST, against_all="Nobody")], "contest[0].against_all: there is no"),
        ([referendum_rules(contest=LIST, accept="Yes")], "contest[0].accept: there is no option"),
        (
            [plurality_rules(contest="Local council, choose up to three")],
            "contest[0].contest: lets a voter mark several options",
        ),
        (
            ['[[region]]\nname = "N"\nprecincts = ["900"]', plurality_rules(contest=LIST)],
            "region[0].precincts: the election has no precinct of these numbers",
        ),
        (
            [
                NORTH,
                '[[region]]\nname = "South"\nprecincts = ["3-5"]',
                plurality_rules(contest=LIST),
            ],
            "region[1].precincts: precinct 3 is in 'North' already",
        ),
    ],
)
def test_rules_of_another_election_are_refused(election, parts, words):
    with pytest.raises(InvalidField) as caught:
        require_fit(rules(*parts), election)
    assert str(caught.value).startswith(words)
