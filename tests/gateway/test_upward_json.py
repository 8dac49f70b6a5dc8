"""The JSON of the way upward: one form, and every other names the field that is wrong."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_gateway.core.upward import (
    ENTRIES_MAX,
    UpwardBatch,
    UpwardConflict,
    UpwardEntry,
    UpwardFault,
    UpwardReply,
)
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire.cbor import REPORT_LIMITS
from ballotbox_protocol.wire.checkpoint import NOTE_BYTES_MAX

some_bytes = st.binary(min_size=1, max_size=40)
origins = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="+"))
names = origins.filter(lambda text: 1 <= len(text) <= 128)
entries = st.builds(UpwardEntry, some_bytes, st.none() | some_bytes, st.none() | some_bytes)
batches = st.builds(
    UpwardBatch,
    names,
    st.integers(0, 2**63 - 1),
    st.lists(entries, min_size=1, max_size=4).map(tuple),
    st.text(min_size=1, max_size=40).map(str.encode),
)
replies = st.builds(UpwardReply, names, st.lists(some_bytes, max_size=4).map(tuple))


def through_text(value: object) -> Any:
    return json.loads(json.dumps(value))


@given(batches)
def test_batch_survives_its_json(batch: UpwardBatch) -> None:
    assert UpwardBatch.from_json(through_text(batch.to_json())) == batch


@given(replies)
def test_reply_survives_its_json(reply: UpwardReply) -> None:
    assert UpwardReply.from_json(through_text(reply.to_json())) == reply


@given(st.integers(0, 2**63 - 1))
def test_conflict_survives_its_json(expected: int) -> None:
    conflict = UpwardConflict(expected)
    assert UpwardConflict.from_json(through_text(conflict.to_json())) == conflict


def test_fault_tells_field_problem_and_fix() -> None:
    fault = UpwardFault("origin", "is unknown", "enter it")
    assert fault.to_json() == {"field": "origin", "error": "is unknown", "fix": "enter it"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(json_values)
def test_anything_else_is_an_invalid_field_and_nothing_worse(value: object) -> None:
    for kind in (UpwardBatch, UpwardReply, UpwardConflict):
        with pytest.raises(InvalidField):
            kind.from_json(value)


BATCH = UpwardBatch("o", 0, (UpwardEntry(b"l", b"r", None),), b"n").to_json()
ENTRY = BATCH["entries"][0]
_BAD_BATCHES: dict[str, object] = {
    "batch": [],
    "first": {**BATCH, "first": True},
    "origin": {**BATCH, "origin": "a b"},
    "checkpoint": {**BATCH, "checkpoint": "x" * (NOTE_BYTES_MAX + 1)},
    "entries": {**BATCH, "entries": []},
    "entries[0]": {**BATCH, "entries": [7]},
    "entries[0].leaf": {**BATCH, "entries": [{**ENTRY, "leaf": None}]},
    "entries[0].report": {**BATCH, "entries": [{**ENTRY, "report": "*"}]},
    "entries[0].ruling": {**BATCH, "entries": [{**ENTRY, "ruling": ""}]},
}


@pytest.mark.parametrize("field", _BAD_BATCHES)
def test_wrong_field_of_a_batch_is_named(field: str) -> None:
    with pytest.raises(InvalidField) as raised:
        UpwardBatch.from_json(_BAD_BATCHES[field])
    assert raised.value.field == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"origin": None}, "origin"),
        ({"first": -1}, "first"),
        ({"first": 2**63}, "first"),
        ({"checkpoint": ""}, "checkpoint"),
        ({"checkpoint": "\ud800"}, "checkpoint"),
        ({"checkpoint": None}, "checkpoint"),
        ({"entries": {}}, "entries"),
        ({"entries": [ENTRY] * (ENTRIES_MAX + 1)}, "entries"),
        ({"extra": 1}, "batch"),
        ({"entries": [{**ENTRY, "leaf": "bGVhZg"}]}, "entries[0].leaf"),
        ({"entries": [{**ENTRY, "leaf": "bGVhZh=="}]}, "entries[0].leaf"),
        (
            {"entries": [{**ENTRY, "report": "AAAA" * (REPORT_LIMITS.size // 3 + 1)}]},
            "entries[0].report",
        ),
    ],
)
def test_value_outside_its_limits_is_named(change: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidField) as raised:
        UpwardBatch.from_json({**BATCH, **change})
    assert raised.value.field == field


@pytest.mark.parametrize("missing", BATCH)
def test_missing_field_is_named(missing: str) -> None:
    with pytest.raises(InvalidField, match="is missing") as raised:
        UpwardBatch.from_json({key: value for key, value in BATCH.items() if key != missing})
    assert raised.value.field == missing


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"origin": "o", "receipts": None}, "receipts"),
        ({"origin": "o", "receipts": [None]}, "receipts[0]"),
        ({"origin": "o", "receipts": ["AA=="] * (ENTRIES_MAX + 1)}, "receipts"),
    ],
)
def test_wrong_field_of_a_reply_is_named(value: object, field: str) -> None:
    with pytest.raises(InvalidField) as raised:
        UpwardReply.from_json(value)
    assert raised.value.field == field
