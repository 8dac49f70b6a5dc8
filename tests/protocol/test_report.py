"""Is a report one sequence of bytes, complete, and signed as a whole?"""

import dataclasses
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given

from ballotbox_protocol.election.counters import COUNTER_NAMES, Counters
from ballotbox_protocol.election.definition import ROW_MAX
from ballotbox_protocol.election.identifiers import (
    COUNT_MAX,
    WIDE_MAX,
    InvalidField,
    PollState,
)
from ballotbox_protocol.election.register import Officer, Register, Role
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.officers import sign_as_officer, two_officers_signed
from ballotbox_protocol.wire.report import (
    OFFICERS_MAX,
    Clock,
    ClockQuality,
    HeldCheckpoint,
    Incident,
    IncidentCode,
    JournalHead,
    NewKey,
    OfficerSignature,
    Report,
    ReportKind,
    consent_payload,
    decode_report,
    encode_report,
    key_proof_statement,
)
from tests.strategies import KEYS, damaged, reports

BOX, NEXT, FIRST, SECOND, THIRD = KEYS[:5]
kinds = pytest.mark.parametrize("kind", ReportKind, ids=lambda kind: kind.name)


@given(reports())
def test_a_report_survives_the_wire(report: Report) -> None:
    assert decode_report(encode_report(report)) == report


@kinds
def test_a_report_of_every_kind_survives_the_wire(kind: ReportKind) -> None:
    report = report_of(kind)
    assert decode_report(encode_report(report)) == report


@given(damaged(reports().map(encode_report)))
def test_whatever_report_is_accepted_encodes_to_itself(body: bytes) -> None:
    try:
        report = decode_report(body)
    except ValueError:
        return
    assert encode_report(report) == body


@given(reports())
def test_officers_sign_the_body_without_their_signatures(report: Report) -> None:
    unsigned = encode_report(dataclasses.replace(report, signatures=()))
    assert consent_payload(encode_report(report), len(report.signatures)) == unsigned


def report_of(kind: ReportKind, **changes: Any) -> Report:
    """A plain report of this kind; the numbers tell the fields apart."""
    only: dict[str, Any] = {
        ReportKind.FINAL: {"votes": (9, 1, 1, 0, 5, 3)},
        ReportKind.CORRECTION: {"votes": (9, 1, 1, 0, 5, 3), "corrects": b"\x0c" * 32},
        ReportKind.INCIDENT: {"incident": Incident(IncidentCode.SHEET_JAMMED, 12)},
        ReportKind.KEY_ROTATION: {"new_key": NewKey(NEXT.public, bytes(64))},
    }.get(kind, {})
    plain = Report(
        kind=kind,
        election=b"\x01" * 32,
        precinct=7,
        box=b"\x02" * 16,
        epoch=1,
        boot=2,
        sequence=3,
        previous=b"\x03" * 32,
        journal=JournalHead(4, b"\x04" * 32),
        counters=Counters(9, 9, 0, 0, 0, 9, 9, 109),
        firmware=b"\x05" * 32,
        firmware_sequence=6,
        state=PollState.FINAL,
        debug=False,
        clock=Clock(1_700_000_000, ClockQuality.SYNCHRONISED, 60_000),
        held=HeldCheckpoint(b"\x06" * 16, 8, b"\x07" * 32),
        **only,
    )
    return dataclasses.replace(plain, **changes)


@kinds
def test_no_bit_of_a_signed_report_can_be_flipped(kind: ReportKind) -> None:
    body = encode_report(report_of(kind))
    message = cose.sign(BOX.public, BOX.sign, MessageType.REPORT, body)
    genuine = cose.parse(message)
    assert cose.verify(genuine.statement, genuine.signature, BOX.public)
    for bit in range(8 * len(message)):
        flipped = bytearray(message)
        flipped[bit >> 3] ^= 1 << (bit & 7)
        try:
            envelope = cose.parse(bytes(flipped))
        except cose.EnvelopeError:
            continue
        assert not cose.verify(envelope.statement, envelope.signature, BOX.public), bit


def test_a_report_signed_again_keeps_its_id() -> None:
    body = encode_report(report_of(ReportKind.FINAL))
    protected = cose.protected_header(BOX.public, MessageType.REPORT)
    copies = [cose.assemble(protected, body, bytes([n]) * 64) for n in (1, 2)]
    ids = {cose.statement_id(cose.parse(copy).statement) for copy in copies}
    assert ids == {sha256(cose.sig_structure(protected, body)).digest()}


def test_the_widest_final_with_every_signature_fits_its_limits() -> None:
    """What `definition.ROW_MAX` promises: a box can report whatever it can count."""
    final = report_of(
        ReportKind.CORRECTION,
        precinct=COUNT_MAX,
        epoch=COUNT_MAX,
        boot=COUNT_MAX,
        sequence=COUNT_MAX,
        journal=JournalHead(WIDE_MAX, bytes(32)),
        counters=Counters(*[COUNT_MAX] * len(COUNTER_NAMES)),
        firmware_sequence=COUNT_MAX,
        clock=Clock(WIDE_MAX, ClockQuality.SYNCHRONISED, WIDE_MAX),
        held=HeldCheckpoint(bytes(16), WIDE_MAX, bytes(32)),
        votes=(COUNT_MAX,) * ROW_MAX,
        signatures=(OfficerSignature(bytes(8), bytes(64)),) * OFFICERS_MAX,
    )
    message = cose.sign(BOX.public, BOX.sign, MessageType.REPORT, encode_report(final))
    assert decode_report(cose.parse(message).payload) == final


def spoilt(kind: ReportKind, path: tuple[int, ...], value: Any) -> bytes:
    items = cbor.decode(encode_report(report_of(kind)))
    inner: Any = items
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return cbor.encode(dict(sorted(items.items())))


FINAL, CORRECTION = ReportKind.FINAL, ReportKind.CORRECTION
TURNOUT, INCIDENT = ReportKind.TURNOUT, ReportKind.INCIDENT
ROTATION = ReportKind.KEY_ROTATION
TOO_MANY = COUNT_MAX + 1
SIGNATURE = [bytes(8), bytes(64)]
WRONG = {
    "version": (TURNOUT, (0,), 2, "version"),
    "version as text": (TURNOUT, (0,), "1", "version"),
    "kind unknown": (TURNOUT, (1,), 10, "kind"),
    "kind 0": (TURNOUT, (1,), 0, "kind"),
    "kind as bytes": (TURNOUT, (1,), b"\x04", "kind"),
    "election short": (TURNOUT, (2,), bytes(31), "election"),
    "election as text": (TURNOUT, (2,), "e", "election"),
    "precinct": (TURNOUT, (3,), -1, "precinct"),
    "precinct too large": (TURNOUT, (3,), TOO_MANY, "precinct"),
    "box": (TURNOUT, (4,), bytes(17), "box"),
    "epoch": (TURNOUT, (5,), None, "epoch"),
    "boot": (TURNOUT, (6,), -1, "boot"),
    "sequence": (TURNOUT, (7,), [3], "sequence"),
    "sequence too large": (TURNOUT, (7,), TOO_MANY, "sequence"),
    "previous": (TURNOUT, (8,), b"", "previous"),
    "journal": (TURNOUT, (9,), 4, "journal"),
    "journal too long": (TURNOUT, (9,), [4, bytes(32), 0], "journal"),
    "journal size": (TURNOUT, (9, 0), WIDE_MAX + 1, "journal.size"),
    "journal root": (TURNOUT, (9, 1), bytes(33), "journal.root"),
    "counters as an array": (TURNOUT, (10,), [0] * 8, "counters"),
    "counters without one": (TURNOUT, (10,), dict.fromkeys(range(7), 0), "counters"),
    "counters with one more": (TURNOUT, (10,), dict.fromkeys(range(9), 0), "counters"),
    "counters with another key": (TURNOUT, (10,), dict.fromkeys(range(1, 9), 0), "counters"),
    **{
        f"counter {name} as {wrong}": (TURNOUT, (10, key), wrong, f"counters.{name}")
        for wrong in (-1, TOO_MANY, None)
        for key, name in enumerate(COUNTER_NAMES)
    },
    "votes in a turnout report": (TURNOUT, (11,), [1], "votes"),
    "votes as a map": (FINAL, (11,), {}, "votes"),
    "no votes in the array": (FINAL, (11,), [], "votes"),
    "negative votes": (FINAL, (11, 3), -1, "votes"),
    "too many votes": (FINAL, (11, 3), TOO_MANY, "votes"),
    "votes as text": (FINAL, (11, 3), "5", "votes"),
    "votes as null": (FINAL, (11,), None, "votes"),
    "one vote as bytes": (FINAL, (11, 0), b"", "votes"),
    **{
        f"votes of {name} alone": (FINAL, (11,), value, "votes")
        for name, value in {
            "bytes": [b"", b""],
            "text": ["1"],
            "null": [None],
            "arrays": [[1], [2]],
            "maps": [{0: 1}],
        }.items()
    },
    "firmware": (TURNOUT, (12,), b"", "firmware"),
    "firmware digest": (TURNOUT, (12, 0), bytes(31), "firmware.digest"),
    "firmware sequence": (TURNOUT, (12, 1), -1, "firmware.sequence"),
    "state as a number": (TURNOUT, (13,), 3, "state"),
    "state unknown": (TURNOUT, (13, 0), 9, "state"),
    "debug": (TURNOUT, (13, 1), 2, "state.debug"),
    "debug as null": (TURNOUT, (13, 1), None, "state"),
    "clock": (TURNOUT, (14,), [0, 0], "clock"),
    "clock before 1970": (TURNOUT, (14, 0), -1, "clock.time"),
    "clock quality": (TURNOUT, (14, 1), 3, "clock.quality"),
    "uptime": (TURNOUT, (14, 2), WIDE_MAX + 1, "clock.uptime_ms"),
    "incident in a final": (FINAL, (15,), [1, 0], "incident"),
    "incident": (INCIDENT, (15,), 1, "incident"),
    "incident code": (INCIDENT, (15, 0), 99, "incident.code"),
    "incident detail": (INCIDENT, (15, 1), -1, "incident.detail"),
    "correction in a final": (FINAL, (16,), bytes(32), "corrects"),
    "corrected report": (CORRECTION, (16,), bytes(31), "corrects"),
    "new key in a final": (FINAL, (17,), bytes(32), "new_key.proof"),
    "proof without a new key": (FINAL, (18,), bytes(64), "new_key"),
    "new key": (ROTATION, (17,), bytes(33), "new_key"),
    "proof of the new key": (ROTATION, (18,), bytes(63), "new_key.proof"),
    "held checkpoint": (TURNOUT, (19,), [], "held"),
    "held origin": (TURNOUT, (19, 0), b"log", "held.origin"),
    "held size": (TURNOUT, (19, 1), -1, "held.size"),
    "held root": (TURNOUT, (19, 2), b"", "held.root"),
    "unknown key": (TURNOUT, (20,), 0, "report"),
    "signatures": (TURNOUT, (23,), None, "signatures"),
    "too many signatures": (TURNOUT, (23,), [SIGNATURE] * (OFFICERS_MAX + 1), "signatures"),
    "signature": (TURNOUT, (23,), [SIGNATURE, bytes(64)], "signatures[1]"),
    "signature's key id": (TURNOUT, (23,), [[bytes(9), bytes(64)]], "signatures[0].key_id"),
    "signature's length": (TURNOUT, (23,), [[bytes(8), bytes(63)]], "signatures[0].signature"),
}


@pytest.mark.parametrize(("kind", "path", "value", "field"), WRONG.values(), ids=WRONG)
def test_a_wrong_field_is_named(
    kind: ReportKind, path: tuple[int, ...], value: Any, field: str
) -> None:
    with pytest.raises(InvalidField) as refusal:
        decode_report(spoilt(kind, path, value))
    assert refusal.value.field == field


NAMES = {0: "version", 1: "kind", 2: "election", 3: "precinct", 4: "box", 5: "epoch", 6: "boot"}
NAMES |= {7: "sequence", 8: "previous", 9: "journal", 10: "counters", 12: "firmware"}
NAMES |= {13: "state", 14: "clock", 19: "held", 23: "signatures"}
ONLY_IN = {11: ("votes", FINAL), 15: ("incident", INCIDENT), 16: ("corrects", CORRECTION)}
ONLY_IN |= {17: ("new_key", ROTATION), 18: ("new_key.proof", ROTATION)}
MISSING = [(key, name, TURNOUT) for key, name in NAMES.items()]
MISSING += [(key, name, kind) for key, (name, kind) in ONLY_IN.items()]


@pytest.mark.parametrize(("key", "field", "kind"), MISSING, ids=str)
def test_a_missing_field_is_named(key: int, field: str, kind: ReportKind) -> None:
    items = cbor.decode(encode_report(report_of(kind)))
    del items[key]
    with pytest.raises(InvalidField) as refusal:
        decode_report(cbor.encode(items))
    assert refusal.value.field == field


def test_a_report_is_a_map() -> None:
    with pytest.raises(InvalidField, match="must be a map"):
        decode_report(b"\x80")


def test_a_rotation_proves_that_the_box_holds_the_new_key() -> None:
    rotation = report_of(ROTATION)
    statement = key_proof_statement(rotation)
    proof = NEXT.sign(statement)
    assert cose.verify(statement, proof, NEXT.public)
    payload = cbor.encode([rotation.election, rotation.box, rotation.epoch + 1, NEXT.public])
    header = cose.protected_header(NEXT.public, MessageType.KEY_PROOF)
    assert statement == cose.sig_structure(header, payload)
    for change in ({"election": bytes(32)}, {"box": bytes(16)}, {"epoch": 9}):
        other = key_proof_statement(dataclasses.replace(rotation, **change))
        assert not cose.verify(other, proof, NEXT.public)
    with pytest.raises(InvalidField, match="new_key: is missing"):
        key_proof_statement(report_of(FINAL))


OFFICERS = Register(
    election=bytes(32),
    version=1,
    boxes=(),
    gateways=(),
    officers=(
        Officer(FIRST.public, Role.POLL, 7),
        Officer(SECOND.public, Role.POLL | Role.ELEVATED, None),
        Officer(THIRD.public, Role.ELEVATED, 8),
    ),
)
BODY = encode_report(report_of(ReportKind.OPEN))


def consented(*signatures: OfficerSignature, role: Role = Role.POLL, precinct: int = 7) -> bool:
    return two_officers_signed(OFFICERS, signatures, MessageType.CONSENT, BODY, role, precinct)


def test_two_officers_with_the_role_in_the_precinct_consent() -> None:
    def by(key: Any, kind: MessageType = MessageType.CONSENT, body: bytes = BODY) -> Any:
        return sign_as_officer(key.public, key.sign, kind, body)

    first, second, third = by(FIRST), by(SECOND), by(THIRD)
    assert consented(first, second)
    assert consented(second, third, role=Role.ELEVATED, precinct=8)
    for wrong in (
        (),
        (first,),
        (first, first),
        (first, second, first),
        (first, third),
        (first, second, third),
        (first, by(BOX)),
        (first, by(SECOND, MessageType.RULING)),
        (first, by(SECOND, body=BODY + b"\x00")),
        (first, OfficerSignature(first.key_id, second.signature)),
        (first, OfficerSignature(second.key_id, first.signature)),
        (first, OfficerSignature(second.key_id, bytes(64))),
        (first, second, OfficerSignature(bytes(8), bytes(64))),
    ):
        assert not consented(*wrong)
    assert not consented(first, second, role=Role.ELEVATED)
    assert not consented(first, second, precinct=8)
    assert not consented(second, third, role=Role.ELEVATED, precinct=7)
