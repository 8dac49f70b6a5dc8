"""Is a photographed count by hand accepted when its officers signed it, and only then?"""

from dataclasses import replace

import pytest

from ballotbox_protocol.election.definition import Precinct
from ballotbox_protocol.election.law.law import Mark
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.paper import PaperCount, paper_parts
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_tabulation.core.examination import Mark as Found
from ballotbox_tabulation.core.examination import examine_paper
from tests.gateway.scripted import authority, corrected, counted
from tests.house_law import LAWS

GIVEN = authority()
FIRST = counted(GIVEN, options=(("votes", (60, 30, 10, Mark.ILLEGIBLE)),))


def findings(count: HandCount, laws=LAWS, trusted: Trusted = GIVEN.trusted):
    parts = paper_parts(PaperCount(count.to_bytes()))
    return list(examine_paper(parts, trusted, laws))


def failing(count: HandCount, **given: object) -> list[str]:
    return [each.text for each in findings(count, **given) if each.mark is Found.FAILS]


def says(count: HandCount, **given: object) -> list[str]:
    return [each.text for each in findings(count, **given) if each.mark is Found.SAYS]


def test_a_true_copy_is_accepted_and_told() -> None:
    assert failing(FIRST) == []
    told = says(FIRST)
    assert f"id {FIRST.id.hex()}" in told
    assert "counted by hand: precinct 1 Precinct 1, Parliament, district seat" in told
    assert "[1] 105, [1a] 5" in told
    last = "votes: A. Asanova 60, B. Bakirov 30, C. Chynara uulu 10, Against all illegible"
    assert told[-1] == last
    assert "version 1" in told


def test_a_correction_says_what_and_why() -> None:
    second = corrected(GIVEN, FIRST, "a bundle was counted twice", lines=(("1", 90), ("1a", 0)))
    assert failing(second) == []
    assert f"it corrects {FIRST.id.hex()}: a bundle was counted twice" in says(second)


def test_a_law_that_is_not_at_hand_is_said_and_no_fault() -> None:
    assert failing(FIRST, laws={}) == []
    assert "that law is not at hand here: its relations were not checked" in says(FIRST, laws={})
    parts = paper_parts(PaperCount(FIRST.to_bytes()))
    assert [each.mark for each in examine_paper(parts, GIVEN.trusted)].count(Found.FAILS) == 0


def test_what_breaks_a_mild_relation_is_told_and_accepted() -> None:
    many = counted(GIVEN, lines=(("1", 110), ("1a", 10)))
    assert failing(many) == []
    assert any(each.startswith("broken, but blocks nothing: Few are") for each in says(many))


def test_a_large_count_takes_several_codes_in_any_order() -> None:
    wide = counted(GIVEN, lines=tuple((f"{at:08}", Mark.ILLEGIBLE) for at in range(60)))
    parts = paper_parts(PaperCount(wide.to_bytes()))
    assert len(parts) > 2
    found = list(examine_paper(reversed(parts), GIVEN.trusted, LAWS))
    assert f"id {wide.id.hex()}" in [each.text for each in found]


def edited(**changes: object) -> HandCount:
    return replace(FIRST, **changes)


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (edited(lines=(("1", 104), ("1a", 5))), "officers of the register vouch for it: the sig"),
        (edited(signatures=FIRST.signatures[:1]), "two officers with the role POLL in precinct 1"),
        (counted(GIVEN, precinct=99), "precinct 99 is one of the election"),
        (counted(GIVEN, contest=63), "contest 63 is one of precinct 1"),
        (counted(GIVEN, lines=(("1", 1),)), "its lines and options are those of its law"),
        (counted(GIVEN, lines=(("1", 106), ("1a", 5))), "All is there: H, M * [1] = [1a] + sum"),
    ],
)
def test_what_does_not_hold_is_named(count: HandCount, told: str) -> None:
    (text,) = failing(count)
    assert text.startswith(told)


def test_a_contest_that_the_station_does_not_issue_is_named() -> None:
    election = GIVEN.trusted.election
    first, *rest = election.precincts
    away = Precinct(first.number, first.name, first.registered, (1,))
    other = replace(election, precincts=(away, *rest))
    trusted = Trusted(other, GIVEN.trusted.digest, GIVEN.trusted.register)
    assert failing(FIRST, trusted=trusted) == ["contest 1 is one of precinct 1"]


def test_a_tape_without_a_signed_message_is_refused() -> None:
    parts = paper_parts(PaperCount(b"\xa0"))
    (finding,) = [each for each in examine_paper(parts, GIVEN.trusted) if each.mark is Found.FAILS]
    assert finding.text == (
        "officers of the register vouch for it: the bytes are no count by hand of this version"
    )
