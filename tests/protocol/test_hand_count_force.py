"""Which of several versions of a count by hand is in force, and when is none?"""

from ballotbox_protocol.wire.hand_count_force import Decided, in_force
from ballotbox_protocol.wire.verdict import Verdict
from tests.gateway.scripted import authority, corrected, counted

ACCEPTED, HELD, EVIDENCE = Verdict.ACCEPTED, Verdict.HELD, Verdict.EVIDENCE
GIVEN = authority()
FIRST = counted(GIVEN)
RIVAL = counted(GIVEN, lines=(("1", 104), ("1a", 4)))
SECOND = corrected(GIVEN, FIRST)
OTHER_SECOND = corrected(GIVEN, FIRST, "otherwise")
AFTER_RIVAL = corrected(GIVEN, RIVAL)
OTHER_AFTER_RIVAL = corrected(GIVEN, RIVAL, "otherwise")


def force(*decided):
    versions = {each[0].id: Decided(*each) for each in decided}
    found = in_force(versions)
    return None if found is None else versions[found].said


def test_the_newest_accepted_one_is_in_force():
    assert force() is None
    assert force((FIRST, HELD)) is None
    assert force((SECOND, ACCEPTED), (FIRST, ACCEPTED)) is SECOND
    assert force((SECOND, Verdict.QUARANTINED), (FIRST, ACCEPTED)) is FIRST


def test_none_is_while_any_is_evidence():
    assert force((FIRST, ACCEPTED), (SECOND, EVIDENCE), (OTHER_SECOND, EVIDENCE)) is None
    assert force((FIRST, ACCEPTED), (SECOND, EVIDENCE)) is None


def test_a_naming_settles_what_stands_in_its_place_and_nothing_else():
    named = (FIRST, ACCEPTED, True)
    assert force(named, (RIVAL, EVIDENCE)) is FIRST
    assert force(named, (RIVAL, EVIDENCE), (SECOND, ACCEPTED)) is SECOND
    assert force(named, (RIVAL, EVIDENCE), (SECOND, EVIDENCE), (OTHER_SECOND, EVIDENCE)) is None


def test_rivals_that_follow_one_that_lost_are_settled_with_it():
    after = (AFTER_RIVAL, EVIDENCE), (OTHER_AFTER_RIVAL, EVIDENCE)
    assert force((FIRST, ACCEPTED, True), (RIVAL, EVIDENCE), *after) is FIRST
    assert force((RIVAL, ACCEPTED, True), (FIRST, EVIDENCE), *after) is None
    assert force((FIRST, ACCEPTED), *after) is None, "what they correct is not here"


def test_two_namings_of_one_place_settle_nothing():
    assert force((FIRST, EVIDENCE, True), (RIVAL, EVIDENCE, True)) is None
    assert force((FIRST, EVIDENCE, True)) is None
