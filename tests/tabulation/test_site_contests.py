"""Do the pages show contests of every kind, and many of them?"""

import pytest

from ballotbox_tabulation.core.rules.decisions import decide
from ballotbox_tabulation.site.languages import ENGLISH
from tests.tabulation.rules.election_result import (
    list_rules,
    plurality_rules,
    referendum_rules,
    rules,
)
from tests.tabulation.site_material import many_districts, result_of_the_day
from tests.tabulation.site_page import station, written


def test_of_many_contests_the_list_stands_first_and_each_has_a_page(tmp_path):
    result = many_districts(36, 120)
    result["precincts"][3]["contests"][7] |= {"ballots": 5, "votes": [5, 0, 0, 0]}
    result["precincts"][4]["counters"]["ballots"] = 5
    result["nation"]["contests"][7] |= {"ballots": 5}
    for option, votes in zip(result["nation"]["contests"][7]["options"], (2, 2, 1, 0), strict=True):
        option["votes"] = votes
    pages = written(result, tmp_path / "out", languages=(ENGLISH,))
    front = pages["index.html"]
    headings = [told["id"] for tag, told in front.tags if tag == "h2" and "id" in told]
    assert headings == ["contest-1", "others", "check"]
    assert "District 7 Tie. A. Asanova, B. Bakirov 2" in front.text
    assert "District 36 none yet" in front.text
    assert "4 School 4 5 5 0 0 0" in pages["en/contest/8.html"].text
    assert {f"en/contest/{n}.html" for n in range(1, 38)} <= set(pages)
    assert {"en/range/1.html", "en/range/51.html", "en/range/101.html"} <= set(pages)
    assert "District 7" not in station(pages, 5)
    assert "District 7" in station(pages, 4)


NOBODY = {"contests": None, "counters": None, "boxes_counted": 0}


@pytest.mark.parametrize("kind", [plurality_rules, referendum_rules])
def test_what_rules_decide_of_every_kind_of_contest_can_be_shown(kind, tmp_path):
    result = result_of_the_day()
    first, seat = (contest["name"] for contest in result["contests"][:2])
    asked = {"accept": result["contests"][1]["options"][1]} if kind is referendum_rules else {}
    stated = rules(
        list_rules(contest=first, method="largest_remainder"), kind(contest=seat, **asked)
    )
    written(decide(result, stated), tmp_path / "out")
    assert (tmp_path / "out" / "index.html").exists()
    nobody = result | {"nation": result["nation"] | NOBODY}
    written(decide(nobody, stated), tmp_path / "empty")
    assert (tmp_path / "empty" / "index.html").exists()
