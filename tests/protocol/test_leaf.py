"""Is a decision one sequence of bytes, and is every code stable?"""

from typing import Any

import pytest
from hypothesis import given

from ballotbox_protocol.election.conservation import MEANING, Law
from ballotbox_protocol.election.identifiers import WIDE_MAX, InvalidField
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf, encode_leaf
from ballotbox_protocol.wire.verdict import (
    ANSWERED,
    REASON_MEANING,
    SEVERITY,
    Reason,
    Verdict,
    law_reason,
)
from tests.strategies import damaged, leaves
from tests.vectors.meanings import goes_with


@given(leaves())
def test_a_leaf_survives(leaf: Leaf) -> None:
    assert decode_leaf(encode_leaf(leaf)) == leaf


@given(damaged(leaves().map(encode_leaf)))
def test_whatever_leaf_is_accepted_encodes_to_itself(data: bytes) -> None:
    try:
        leaf = decode_leaf(data)
    except ValueError:
        return
    assert encode_leaf(leaf) == data


@pytest.mark.parametrize("time", [0, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, WIDE_MAX])
def test_a_decision_has_every_code_and_every_time_in_one_form(time: int) -> None:
    for verdict in Verdict:
        for reason in Reason:
            leaf = Leaf(LeafType.REPORT, bytes(32), verdict, reason, None, time)
            assert decode_leaf(encode_leaf(leaf)) == leaf
            longer = encode_leaf(leaf)[: -len(cbor.encode(time))] + b"\x1a" + time.to_bytes(8)[4:]
            if time <= 65_535:
                with pytest.raises(cbor.CborError, match="shortest"):
                    decode_leaf(longer)


def test_a_leaf_is_what_the_specification_lists() -> None:
    report, statement = b"\x01" * 32, b"\x02" * 32
    ruled = Leaf(
        LeafType.RULING, report, Verdict.ACCEPTED, Reason.RELEASED, statement, 1_700_000_000
    )
    assert cbor.decode(encode_leaf(ruled)) == [1, 2, report, 1, 3, statement, 1_700_000_000]
    judged = Leaf(LeafType.REPORT, report, Verdict.HELD, Reason.GAP_BEFORE, None, 0)
    assert cbor.decode(encode_leaf(judged)) == [1, 1, report, 2, 20, None, 0]


GOOD: list[Any] = [1, 1, bytes(32), 1, 1, None, 0]
WRONG = {
    "version": (0, 2, "leaf.version"),
    "version as text": (0, "1", "leaf"),
    "type": (1, 3, "leaf.type"),
    "type as null": (1, None, "leaf"),
    "report": (2, bytes(31), "leaf.report"),
    "report as a number": (2, 7, "leaf.report"),
    "verdict": (3, 5, "leaf.verdict"),
    "verdict as bytes": (3, b"", "leaf"),
    "reason": (4, 5, "leaf.reason"),
    "reason as an array": (4, [], "leaf"),
    "statement of a report": (5, bytes(32), "leaf.statement"),
    "statement as a number": (5, 7, "leaf.statement"),
    "statement short": (5, bytes(31), "leaf.statement"),
    "time": (6, -1, "leaf.time"),
    "time too late": (6, WIDE_MAX + 1, "leaf.time"),
    "time as null": (6, None, "leaf.time"),
}


@pytest.mark.parametrize(("at", "value", "field"), WRONG.values(), ids=WRONG)
def test_a_wrong_field_is_named(at: int, value: Any, field: str) -> None:
    assert decode_leaf(cbor.encode(GOOD)).reason is Reason.IN_ORDER
    with pytest.raises(InvalidField) as refusal:
        decode_leaf(cbor.encode([*GOOD[:at], value, *GOOD[at + 1 :]]))
    assert refusal.value.field == field


@pytest.mark.parametrize("items", [{}, GOOD[:-1], [*GOOD, 0], 7])
def test_a_leaf_has_seven_items(items: Any) -> None:
    with pytest.raises(InvalidField, match="7 items"):
        decode_leaf(cbor.encode(items))


def test_a_ruling_has_a_statement() -> None:
    with pytest.raises(InvalidField, match=r"leaf\.statement"):
        Leaf(LeafType.RULING, bytes(32), Verdict.ACCEPTED, Reason.RELEASED, None, 0)


def test_every_verdict_has_a_severity_and_they_differ() -> None:
    by_severity = sorted(Verdict, key=SEVERITY.__getitem__)
    assert by_severity == [Verdict.ACCEPTED, Verdict.HELD, Verdict.QUARANTINED, Verdict.EVIDENCE]
    assert len(set(SEVERITY.values())) == len(Verdict)


#: Laws that only totals can break; a report is never refused for them.
AGGREGATE = {Law.ONE_FINAL, Law.VOTES_BOUND, Law.SHARES}


def test_every_law_has_a_meaning_and_every_law_of_a_report_a_reason() -> None:
    assert set(MEANING) == set(Law)
    for law in set(Law) - AGGREGATE:
        reason = law_reason(law)
        assert (reason.value, reason.name) == (300 + law, f"LAW_{law.name}")
    for law in AGGREGATE:
        with pytest.raises(ValueError, match=str(300 + law)):
            law_reason(law)


def test_every_reason_has_a_meaning_of_its_own() -> None:
    assert set(REASON_MEANING) == set(Reason)
    assert len(set(REASON_MEANING.values())) == len(Reason)


def test_a_reason_belongs_to_a_verdict_or_a_refusal() -> None:
    for reason in Reason:
        refused = goes_with(reason) == "refused, signed answer"
        assert refused is (reason in ANSWERED)
