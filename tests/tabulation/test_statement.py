"""Does a statement say of a result what its boxes say, and does a release name what it forbids?"""

from dataclasses import replace

import pytest

from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.publication import Status
from ballotbox_protocol.wire.rules_release import RulesRelease
from ballotbox_tabulation.core.outcome import Published
from ballotbox_tabulation.core.statement import (
    Means,
    draft_statement,
    newest,
    release_faults,
    status_of,
)
from tests.tabulation.log_builder import LogBuilder
from tests.tabulation.test_published import GIVEN, released

MEANS = Means(bytes(32), bytes([1]) * 32, bytes([2]) * 32)
EMPTY = {"missing": [], "held": [], "quarantined": [], "disputed": [], "counted": [], "unused": []}


def a_result(**changes: object) -> Published:
    log = {"origin": "a.example", "size": 3, "root": bytes(32).hex()}
    return Published({"boxes": EMPTY, "log": log} | changes, f"sha256:{bytes(32).hex()}", b"")


@pytest.mark.parametrize("state", ["missing", "held", "quarantined", "disputed"])
def test_a_box_that_may_still_count_makes_it_preliminary(state: str) -> None:
    waiting = a_result(boxes=EMPTY | {state: [{}]})
    assert status_of(waiting) is Status.PRELIMINARY
    assert status_of(a_result(boxes=EMPTY | {"unused": [{}]})) is Status.COMPLETE


def test_a_result_that_names_its_status_has_that_one() -> None:
    assert status_of(a_result(status="certified")) is Status.CERTIFIED


def test_what_officers_say_of_it_goes_before() -> None:
    made = draft_statement(a_result(), GIVEN.trusted, MEANS, None, Status.CERTIFIED)
    assert (made.status, made.version, made.previous) == (Status.CERTIFIED, 1, None)
    after = draft_statement(a_result(), GIVEN.trusted, MEANS, made)
    assert (after.version, after.previous) == (2, made.id)
    assert (after.rules, after.program, after.configuration) == (
        MEANS.rules,
        MEANS.program,
        MEANS.configuration,
    )


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
