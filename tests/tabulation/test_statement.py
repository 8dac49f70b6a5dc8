"""Does a statement say of a result what its boxes say, and does a release name what it forbids?"""

from dataclasses import replace

import pytest

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.publication import Publication, Status
from ballotbox_protocol.wire.rules_release import RulesRelease
from ballotbox_tabulation.core.outcome import Published
from ballotbox_tabulation.core.statement import (
    Means,
    draft_statement,
    newest,
    release_faults,
    statement_faults,
)
from tests.tabulation.log_builder import LogBuilder
from tests.tabulation.test_published import GIVEN, released

MEANS = Means(bytes(32), bytes([1]) * 32, bytes([2]) * 32)
EMPTY = {"missing": [], "held": [], "quarantined": [], "disputed": [], "counted": [], "unused": []}


def a_result(**changes: object) -> Published:
    log = {"origin": "a.example", "size": 3, "root": bytes(32).hex()}
    whole = {"boxes": EMPTY, "log": log, "nation": {"counters": {"ballots": 1}}}
    return Published(whole | changes, f"sha256:{bytes(32).hex()}")


BOX = {"box": "0a" * 16, "precinct": 7}


def status(result: Published) -> Status:
    return draft_statement(result, GIVEN.trusted, MEANS, None).status


@pytest.mark.parametrize("state", ["missing", "held", "quarantined", "disputed"])
def test_a_box_that_may_still_count_makes_it_preliminary(state: str) -> None:
    waiting = a_result(boxes=EMPTY | {state: [BOX]})
    assert status(waiting) is Status.PRELIMINARY
    assert status(a_result(boxes=EMPTY | {"unused": [BOX]})) is Status.COMPLETE
    assert status(a_result(nation={"counters": None})) is Status.PRELIMINARY


@pytest.mark.parametrize("state", ["missing", "held", "quarantined", "disputed"])
@pytest.mark.parametrize("named", ["complete", "certified"])
def test_no_box_may_still_count_in_what_is_called_settled(state: str, named: str) -> None:
    result = a_result(boxes=EMPTY | {state: [BOX]}, status=named)
    words = rf"status: {named}, but box {'0a' * 16} of precinct 7 is {state}"
    with pytest.raises(InvalidField, match=words):
        status(result)
    with pytest.raises(InvalidField, match="but no box is counted"):
        status(a_result(nation={"counters": None}, status=named))
    corrected = replace(status_made(), version=2, previous=bytes(32), status=Status.CORRECTION)
    assert list(statement_faults(corrected, result.result | {"status": "correction"})) == []


def test_many_boxes_are_named_in_part_and_counted() -> None:
    result = a_result(boxes=EMPTY | {"missing": [BOX] * 20}, status="certified")
    with pytest.raises(InvalidField, match="and 12 more are in no total") as caught:
        status(result)
    assert str(caught.value).count("is missing") == 8


def status_made() -> Publication:
    return draft_statement(a_result(), GIVEN.trusted, MEANS, None)


def test_what_officers_say_of_it_goes_before() -> None:
    made = draft_statement(a_result(status="certified"), GIVEN.trusted, MEANS, None)
    assert (made.status, made.version, made.previous) == (Status.CERTIFIED, 1, None)
    means = replace(MEANS, release=3)
    after = draft_statement(a_result(), GIVEN.trusted, means, made)
    assert (after.version, after.previous, after.release) == (2, made.id, 3)
    assert (after.rules, after.program, after.configuration) == (
        MEANS.rules,
        MEANS.program,
        MEANS.configuration,
    )


def test_a_statement_says_the_same_as_its_result() -> None:
    result = a_result().result
    assert list(statement_faults(status_made(), result)) == []
    certified = replace(status_made(), status=Status.CERTIFIED)
    (fault,) = statement_faults(certified, result)
    assert fault == "the statement says certified, the result complete"
    (fault,) = statement_faults(replace(status_made(), size=4), result)
    assert fault == "the statement names another log or size than the result"
    open_one = result | {"boxes": EMPTY | {"held": [BOX]}, "status": "certified"}
    (fault,) = statement_faults(certified, open_one)
    assert fault.endswith("is held")


def test_the_newest_is_the_one_with_the_highest_version() -> None:
    first = released(LogBuilder(GIVEN))
    second = replace(first, version=2, previous=first.id)
    assert newest((None, None)) is None
    assert newest((second, None, first)) is second


def release(officers: int = 2, **changes: object) -> RulesRelease:
    plain = RulesRelease(GIVEN.trusted.digest, 1, MEANS.rules, MEANS.program)
    plain = replace(plain, **changes)
    signatures = GIVEN.consent(plain.payload(), MessageType.RULES_RELEASE, officers)
    return replace(plain, signatures=signatures)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (release(), None),
        (release(election=bytes(32)), "the rules release is of another election"),
        (release(officers=1), "the rules release is not signed by two officers"),
        (release(rules=bytes([9]) * 32), "the rules file is not the released one: it is 0000"),
        (release(program=bytes([9]) * 32), "the program is not the released one: it is 0101"),
    ],
)
def test_a_release_allows_its_own_rules_and_program_alone(
    given: RulesRelease, words: str | None
) -> None:
    faults = list(release_faults(given, MEANS, GIVEN.trusted))
    assert len(faults) == (words is not None)
    assert all(words is not None and each.startswith(words) for each in faults)
