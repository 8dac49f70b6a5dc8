"""Do the smaller statements say one thing, from one signer, and nothing else?"""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import COUNT_MAX, InvalidField
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.report import OFFICERS_MAX
from ballotbox_protocol.wire.statements import (
    OVERRULED_MAX,
    STATEMENT_MAX,
    Clearance,
    Hello,
    Refusal,
    Reprint,
    Resend,
    Ruling,
    RulingKind,
    decode_ruling,
    open_statement,
    sign_statement,
)
from ballotbox_protocol.wire.verdict import ANSWERED, Reason
from tests.strategies import KEYS, counts, damaged, digests, ids, origins, signature_lists, wides

KEY, OTHER = KEYS[:2]
ORIGIN = "example/precinct"
refusals = st.builds(Refusal, origins, digests, st.sampled_from(sorted(ANSWERED)), wides)
resends = st.builds(Resend, digests, ids, origins, counts)
hellos = st.builds(Hello, digests, ids, ids, counts, counts)
rulings = st.one_of(
    st.builds(Ruling, digests, st.sampled_from(RulingKind), digests, signature_lists),
    st.builds(
        Ruling,
        digests,
        st.just(RulingKind.NAME),
        digests,
        signature_lists,
        st.sets(digests, min_size=1, max_size=OVERRULED_MAX).map(lambda ids: tuple(sorted(ids))),
    ),
)
KINDS = {
    Refusal: MessageType.REFUSAL,
    Resend: MessageType.RESEND,
    Hello: MessageType.HELLO,
}


@given(st.one_of(refusals, resends, hellos))
def test_a_statement_opens_with_its_key_as_what_it_is_alone(statement: Any) -> None:
    signed = sign_statement(statement, KEY.public, KEY.sign)
    kind = type(statement)
    assert open_statement(signed, KEY.public, kind) == statement
    assert cose.open_with(signed, KEY.public, KINDS[kind], STATEMENT_MAX) == cbor.encode(
        statement.items()
    )
    for other in KINDS:
        key = OTHER if other is kind else KEY
        with pytest.raises(ValueError, match="not a bbx-"):
            open_statement(signed, key.public, other)


@given(st.data(), st.one_of(refusals, resends, hellos))
def test_whatever_payload_a_signer_signs_is_refused_or_itself(
    data: st.DataObject, statement: Any
) -> None:
    payload = data.draw(damaged(st.just(cbor.encode(statement.items()))))
    signed = cose.sign(KEY.public, KEY.sign, KINDS[type(statement)], payload)
    try:
        opened: Any = open_statement(signed, KEY.public, type(statement))
    except ValueError:
        return
    assert cbor.encode(opened.items()) == payload


@given(rulings)
def test_a_ruling_survives_and_is_named_by_its_bytes(ruling: Ruling) -> None:
    data = ruling.to_bytes()
    assert decode_ruling(data) == ruling
    assert ruling.digest == sha256(data).digest()
    unsigned = replace(ruling, signatures=())
    assert ruling.payload() == unsigned.payload()
    assert ruling.id == unsigned.id == sha256(ruling.payload()).digest()
    assert cbor.decode(data)[:-1] == cbor.decode(ruling.payload())
    assert len(data) <= STATEMENT_MAX


@given(damaged(rulings.map(Ruling.to_bytes)))
def test_whatever_ruling_is_accepted_encodes_to_itself(data: bytes) -> None:
    try:
        ruling = decode_ruling(data)
    except ValueError:
        return
    assert ruling.to_bytes() == data


@given(digests, ids, digests)
def test_a_clearance_names_election_box_and_last_report(
    election: bytes, box: bytes, last: bytes
) -> None:
    assert cbor.decode(Clearance(election, box, last).payload()) == [election, box, last]


@given(digests, ids, digests, st.integers(2, COUNT_MAX))
def test_a_reprint_names_election_box_report_and_copy(
    election: bytes, box: bytes, report: bytes, copy: int
) -> None:
    payload = Reprint(election, box, report, copy).payload()
    assert cbor.decode(payload) == [election, box, report, copy]


def refusal(**changes: Any) -> Refusal:
    plain: dict[str, Any] = {
        "origin": ORIGIN,
        "report": bytes(32),
        "reason": Reason.BODY,
        "time": 1,
    }
    return Refusal(**(plain | changes))


def resend(**changes: Any) -> Resend:
    plain: dict[str, Any] = {
        "election": bytes(32),
        "box": bytes(16),
        "origin": ORIGIN,
        "sequence": 5,
    }
    return Resend(**(plain | changes))


def hello(**changes: Any) -> Hello:
    plain: dict[str, Any] = {"election": bytes(32), "box": bytes(16), "challenge": bytes(16)}
    return Hello(**(plain | {"boot": 1, "next_sequence": 5} | changes))


def clearance(**changes: Any) -> Clearance:
    plain: dict[str, Any] = {"election": bytes(32), "box": bytes(16), "last": bytes(32)}
    return Clearance(**(plain | changes))


def reprint(**changes: Any) -> Reprint:
    plain: dict[str, Any] = {"election": bytes(32), "box": bytes(16), "report": bytes(32)}
    return Reprint(**(plain | {"copy": 2} | changes))


def ruling(**changes: Any) -> Ruling:
    plain: dict[str, Any] = {"election": bytes(32), "kind": RulingKind.NAME, "report": bytes(32)}
    return Ruling(**(plain | changes))


WRONG = [
    (refusal, "origin", "a b"),
    (refusal, "report", b""),
    (refusal, "time", -1),
    (resend, "election", b""),
    (resend, "box", b""),
    (resend, "origin", ""),
    (resend, "sequence", -1),
    (hello, "election", b""),
    (hello, "box", b""),
    (hello, "challenge", bytes(15)),
    (hello, "boot", -1),
    (hello, "next_sequence", None),
    (clearance, "election", b""),
    (clearance, "box", b""),
    (clearance, "last", b""),
    (reprint, "election", b""),
    (reprint, "box", b""),
    (reprint, "report", b""),
    (reprint, "copy", 1),
    (reprint, "copy", COUNT_MAX + 1),
    (ruling, "election", b""),
    (ruling, "report", b""),
    (ruling, "overrules", (b"",)),
    (ruling, "overrules", (bytes(32), bytes(32))),
    (ruling, "overrules", (b"2" * 32, b"1" * 32)),
    (ruling, "overrules", tuple(at.to_bytes(32) for at in range(OVERRULED_MAX + 1))),
]


@pytest.mark.parametrize(("build", "field", "value"), WRONG)
def test_a_wrong_field_is_named(build: Any, field: str, value: Any) -> None:
    build()
    with pytest.raises(InvalidField) as refused:
        build(**{field: value})
    assert refused.value.field == f"{build.__name__}.{field}"


@pytest.mark.parametrize("reason", sorted(set(Reason) - ANSWERED), ids=lambda each: each.name)
def test_a_fault_of_the_road_is_never_answered_by_a_signature(reason: Reason) -> None:
    """A box stops resending for a refusal, so there is none for what may be better next time."""
    with pytest.raises(InvalidField, match="never answered") as refused:
        refusal(reason=reason)
    assert refused.value.field == "refusal.reason"


def test_a_code_that_is_not_known_is_refused() -> None:
    items = refusal().items()
    signed = cose.sign(
        KEY.public, KEY.sign, MessageType.REFUSAL, cbor.encode([*items[:2], 9999, items[3]])
    )
    with pytest.raises(InvalidField, match="9999 is not a known code") as refused:
        open_statement(signed, KEY.public, Refusal)
    assert refused.value.field == "refusal.reason"


SIGNATURE = [bytes(8), bytes(64)]
WRONG_RULINGS = {
    "not an array": ({}, "ruling"),
    "too short": ([bytes(32), 1, bytes(32)], "ruling"),
    "kind": ([bytes(32), 3, bytes(32), []], "ruling.kind"),
    "report": ([bytes(32), 1, b"", []], "ruling.report"),
    "overruling nothing": ([bytes(32), 2, bytes(32), [], []], "ruling.overrules"),
    "overruling a number": ([bytes(32), 2, bytes(32), [1], []], "ruling.overrules"),
    "a release that overrules": (
        [bytes(32), 1, bytes(32), [bytes(32)], []],
        "ruling.overrules",
    ),
    "signature": ([bytes(32), 1, bytes(32), [SIGNATURE, []]], "ruling.signatures[1]"),
    "key id": ([bytes(32), 1, bytes(32), [[b"", bytes(64)]]], "ruling.signatures[0].key_id"),
    "signature short": (
        [bytes(32), 1, bytes(32), [[bytes(8), b""]]],
        "ruling.signatures[0].signature",
    ),
    "too many signatures": (
        [bytes(32), 1, bytes(32), [SIGNATURE] * (OFFICERS_MAX + 1)],
        "ruling.signatures",
    ),
}


@pytest.mark.parametrize(("items", "field"), WRONG_RULINGS.values(), ids=WRONG_RULINGS)
def test_a_wrong_field_of_a_ruling_is_named(items: Any, field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        decode_ruling(cbor.encode(items))
    assert refused.value.field == field


def test_a_statement_longer_than_its_limit_is_refused() -> None:
    long = cose.sign(KEY.public, KEY.sign, MessageType.HELLO, bytes(STATEMENT_MAX))
    with pytest.raises(ValueError, match="at most 4096"):
        open_statement(long, KEY.public, Hello)
