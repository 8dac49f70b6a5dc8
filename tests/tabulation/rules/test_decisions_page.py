"""Does the page say who is elected, tied or not decided yet, as the document has it?"""

from functools import partial

import pytest

from ballotbox_tabulation.core.publication import publish
from ballotbox_tabulation.core.rules.decisions import decide
from ballotbox_tabulation.page import render_page
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import LogBuilder, authority_of, simple_ballots
from tests.tabulation.rules.election_result import (
    HEAD,
    list_rules,
    plurality_rules,
    referendum_rules,
    rules,
)
from tests.tabulation.test_page import Reader

LIST, DISTRICT = "Parliament, national list", "Parliament, district seat"
REGION = '[[region]]\nname = "North & East"\nprecincts = ["1"]\n'
WHOLE = {"contest": LIST, "against_all": "Against all"}


def decided_page(stated, *ballots, boxes=1):
    """Return a published result by these rules, a box for each number of ballots, and its page."""
    authority = authority_of(boxes=boxes)
    log = LogBuilder(authority)
    for at, number in enumerate(ballots):
        log.day(log.pen(at), simple_ballots(number))
    published = concluded(log, decide=partial(decide, rules=stated))
    return published, Reader(render_page(published, authority.trusted.election))


def test_the_digest_of_the_result_covers_the_decisions():
    stated = rules(list_rules(**WHOLE))
    published, _ = decided_page(stated, 100)
    assert publish(published.result) == (published.digest, published.file)
    bare = {key: published.result[key] for key in published.result if key != "decisions"}
    assert publish(bare)[0] != published.digest


def test_a_list_contest_is_told_with_its_thresholds_and_ties():
    keys = {"national_percent": "5", "regional_percent": "0.5", "regions": ["North & East"]}
    stated = rules(REGION, list_rules(**WHOLE, **keys, seats=5))
    published, reader = decided_page(stated, 100)
    decision = published.result["decisions"][0]
    assert decision["tie"] == {
        "options": ["Mountain Party", "River Alliance", "Union of Villages", "Open Steppe"],
        "seats": 1,
    }
    assert "5 seats by D’Hondt. A list needs at least 5 % of all ballots" in reader.text
    assert ", and in each of North & East at least 0.5 %." in reader.text
    assert "Tied. Mountain Party, River Alliance, Union of Villages, Open Steppe" in reader.text
    assert "equal claims to 1 seat." in reader.text
    assert stated.digest in reader.text
    assert "--rules rules.toml" in reader.text


def test_who_passes_nothing_is_told_why_and_empty_seats_are_told():
    keys = {"regional_percent": "50", "regions": ["North & East"]}
    _, reader = decided_page(rules(REGION, list_rules(**WHOLE, **keys)), 100)
    assert "at least 50 % of all ballots in each of North & East." in reader.text
    assert "no: regional: North & East" in reader.text
    assert "10 seats stay empty." in reader.text
    _, reader = decided_page(rules(list_rules(contest=LIST)), 3)
    assert "no votes" in reader.text
    assert "A list needs" not in reader.text


def test_the_modified_method_is_told_with_its_divisor():
    rule = list_rules(contest=LIST, method="modified_sainte_lague", first_divisor="1.4")
    _, reader = decided_page(rules(rule), 100)
    assert "10 seats by modified Sainte-Laguë, first divisor 1.4." in reader.text


def test_a_mandate_is_told_as_elected_tied_or_empty():
    stated = rules(plurality_rules(contest=DISTRICT, against_all="Against all"))
    published, reader = decided_page(stated, 3)
    votes = [option["votes"] for option in published.result["decisions"][0]["options"]]
    assert votes == [0, 1, 1, 0]
    assert "Tied. B. Bakirov, C. Chynara uulu have equal claims" in reader.text
    assert " elected" not in reader.text.partition("Mandate")[2].partition("Tied")[0]
    _, reader = decided_page(stated, 2)
    assert "B. Bakirov 1 100.00 % elected" in reader.text
    _, reader = decided_page(stated, 1)
    assert "1 seat stays empty." in reader.text


@pytest.mark.parametrize(
    ("quorum", "majority", "words"),
    [("5", "20", "Accepted."), ("5", "99", "Not accepted."), ("50", "20", "Not accepted: the")],
)
def test_a_referendum_is_told_with_its_answer(quorum, majority, words):
    keys = {"quorum_percent": quorum, "majority_percent": majority, "accept": "A. Asanova"}
    _, reader = decided_page(rules(referendum_rules(contest=DISTRICT, **keys)), 100)
    assert f"A quorum of {quorum} % of 1,000 registered voters; 100 took part." in reader.text
    assert f"for “A. Asanova”. {words}" in reader.text


def test_missing_boxes_are_told_and_what_is_undecided_is_no_number():
    every = list_rules(**WHOLE), plurality_rules(contest=DISTRICT)
    _, reader = decided_page(rules(*every), 100, boxes=2)
    assert "Preliminary. Boxes are missing" in reader.text
    assert "not decided yet" not in reader.text
    stated = rules(
        list_rules(**WHOLE),
        referendum_rules(contest=DISTRICT, accept="A. Asanova"),
        head=f"{HEAD}provisional = false\n",
    )
    for ballots in ([100], []):
        published, reader = decided_page(stated, *ballots, boxes=2)
        assert published.result["status"] == "preliminary"
        assert "Not decided yet." in reader.text
        assert "– not decided yet" in reader.text
    undecided = rules(plurality_rules(contest=DISTRICT), head=f"{HEAD}provisional = false\n")
    assert "not decided yet" in decided_page(undecided, 100, boxes=2)[1].text


def test_a_result_without_rules_has_no_such_section():
    authority = authority_of(boxes=1)
    published = concluded(LogBuilder(authority))
    assert not {"rules", "status", "decisions"} & published.result.keys()
    text = Reader(render_page(published, authority.trusted.election)).text
    assert "Who is elected" not in text
    assert "--rules" not in text


def test_names_of_rules_are_shown_and_never_obeyed():
    head = 'name = "<b>{{ 7 }}</b>"\nsource = "<script>x</script>"\n'
    _, reader = decided_page(rules(list_rules(**WHOLE), head=head), 5)
    assert "“<b>{{ 7 }}</b>”: <script>x</script>." in reader.text
    assert not {"b", "script"} & {tag for tag, _ in reader.tags}


def test_a_screen_reader_finds_every_decision():
    _, reader = decided_page(rules(list_rules(**WHOLE), plurality_rules(contest=DISTRICT)), 100)
    assert len(set(reader.ids)) == len(reader.ids)
    assert set(reader.links) <= set(reader.ids)
    assert reader.count("table") == reader.count("caption")
    assert all("scope" in attrs for tag, attrs in reader.tags if tag == "th")
