"""The signed report: what a box says, once, when something happens. Format: device/WIRE.md.

A report is the same bytes on every road. Its id is the SHA-256 of what was signed, so copies that
were signed again share the id. Votes stand only in a final or a correction.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any, Final, TypeVar

from ballotbox_protocol.election.counters import COUNTER_NAMES, Counters
from ballotbox_protocol.election.identifiers import (
    BOX_ID_SIZE,
    COUNT_MAX,
    DIGEST_SIZE,
    ORIGIN_ID_SIZE,
    WIDE_MAX,
    BoxId,
    ElectionDigest,
    InvalidField,
    KeyId,
    OriginId,
    PollState,
    PrecinctId,
    PublicKey,
    ReportId,
    require,
    require_bytes,
    require_count,
)
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.report_form import usual_items
from ballotbox_protocol.wire.report_parts import (
    Clock,
    ClockQuality,
    HeldCheckpoint,
    Incident,
    IncidentCode,
    JournalHead,
    NewKey,
    OfficerSignature,
)
from ballotbox_protocol.wire.shape import as_tuple, as_type

__all__ = [
    "OFFICERS_MAX",
    "WITH_OFFICERS",
    "WITH_VOTES",
    "Clock",
    "ClockQuality",
    "HeldCheckpoint",
    "Incident",
    "IncidentCode",
    "JournalHead",
    "NewKey",
    "OfficerSignature",
    "Report",
    "ReportKind",
    "consent_payload",
    "decode_report",
    "encode_report",
    "key_proof_statement",
    "read_signatures",
]

E = TypeVar("E", bound=IntEnum)

VERSION: Final = 1
SIGNATURES_KEY: Final = 23
OFFICERS_MAX: Final = 8
#: The empty array that stands for `signatures` in what the officers sign.
_NO_SIGNATURES: Final = b"\x80"


class ReportKind(IntEnum):
    """What happened."""

    BOOT = 1
    ZERO = 2
    OPEN = 3
    TURNOUT = 4
    CLOSE = 5
    FINAL = 6
    INCIDENT = 7
    KEY_ROTATION = 8
    CORRECTION = 9


WITH_VOTES: Final = frozenset({ReportKind.FINAL, ReportKind.CORRECTION})
#: Events that take the signatures of two officers.
WITH_OFFICERS: Final = frozenset(
    {ReportKind.OPEN, ReportKind.CLOSE, ReportKind.KEY_ROTATION, ReportKind.CORRECTION}
)


@dataclass(frozen=True, slots=True)
class Report:
    """The body of a report. `decode_report` is the only way in from the wire."""

    kind: ReportKind
    election: ElectionDigest
    precinct: PrecinctId
    box: BoxId
    epoch: int
    boot: int
    sequence: int
    previous: ReportId
    journal: JournalHead
    counters: Counters
    firmware: bytes
    firmware_sequence: int
    state: PollState
    debug: bool
    clock: Clock
    held: HeldCheckpoint | None = None
    votes: tuple[int, ...] | None = None
    incident: Incident | None = None
    corrects: ReportId | None = None
    new_key: NewKey | None = None
    signatures: tuple[OfficerSignature, ...] = ()

    def __post_init__(self) -> None:
        present = (
            self.votes is not None,
            self.incident is not None,
            self.corrects is not None,
            self.new_key is not None,
        )
        expected = _CARRIED[self.kind]
        if present != expected:
            misplaced = tuple(map(bool.__ne__, present, expected)).index(True)
            raise InvalidField(*_STANDS_IN[misplaced])


#: Whether a kind carries votes, incident, corrects, new_key.
_CARRIED: Final = {
    kind: (
        kind in WITH_VOTES,
        kind is ReportKind.INCIDENT,
        kind is ReportKind.CORRECTION,
        kind is ReportKind.KEY_ROTATION,
    )
    for kind in ReportKind
}
_STANDS_IN: Final = (
    ("votes", "stands in finals and corrections, and only there"),
    ("incident", "stands in incident reports, and only there"),
    ("corrects", "stands in corrections, and only there"),
    ("new_key", "stands in key rotations, and only there"),
)


def encode_report(report: Report) -> bytes:
    """Return the canonical body of a report."""
    return cbor.encode(_items(report))


def consent_payload(body: bytes, signature_count: int) -> bytes:
    """Return what the officers sign: the body with its signatures, which stand last, left out.

    `body` is an encoded report holding `signature_count` signatures.
    """
    if signature_count == 0:
        return body
    # Each is 0x82, 0x48 and 8 bytes, 0x58 0x40 and 64 bytes, after the array's own head.
    width = 1 + signature_count * (1 + 1 + cose.KEY_ID_SIZE + 2 + cose.SIGNATURE_SIZE)
    return body[:-width] + _NO_SIGNATURES


def key_proof_statement(report: Report) -> bytes:
    """Return the Sig_structure that the new key of a rotation signs."""
    if report.new_key is None:
        raise InvalidField("new_key", "is missing from the key rotation")
    key = report.new_key.key
    payload = cbor.encode([report.election, report.box, report.epoch + 1, key])
    return cose.sig_structure(cose.protected_header(key, cose.MessageType.KEY_PROOF), payload)


def _items(report: Report) -> dict[int, Any]:
    counters = report.counters
    held = report.held
    items: dict[int, Any] = {
        0: VERSION,
        1: int(report.kind),
        2: report.election,
        3: report.precinct,
        4: report.box,
        5: report.epoch,
        6: report.boot,
        7: report.sequence,
        8: report.previous,
        9: [report.journal.size, report.journal.root],
        10: {key: getattr(counters, name) for key, name in enumerate(COUNTER_NAMES)},
    }
    if report.votes is not None:
        items[11] = report.votes
    items[12] = [report.firmware, report.firmware_sequence]
    items[13] = [int(report.state), int(report.debug)]
    items[14] = [report.clock.time, int(report.clock.quality), report.clock.uptime_ms]
    if report.incident is not None:
        items[15] = [int(report.incident.code), report.incident.detail]
    if report.corrects is not None:
        items[16] = report.corrects
    if report.new_key is not None:
        items[17], items[18] = report.new_key.key, report.new_key.proof
    items[19] = None if held is None else [held.origin, held.size, held.root]
    items[SIGNATURES_KEY] = [[each.key_id, each.signature] for each in report.signatures]
    return items


_REQUIRED: Final = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 19, SIGNATURES_KEY})
#: The keys of plain reports, finals, incidents, corrections and rotations, in wire order.
_KEYS_OF_A_KIND: Final = frozenset(
    tuple(sorted(_REQUIRED | only)) for only in (set(), {11}, {15}, {11, 16}, {17, 18})
)
_NAMES: Final = {
    0: "version",
    1: "kind",
    2: "election",
    3: "precinct",
    4: "box",
    5: "epoch",
    6: "boot",
    7: "sequence",
    8: "previous",
    9: "journal",
    10: "counters",
    12: "firmware",
    13: "state",
    14: "clock",
    19: "held",
    SIGNATURES_KEY: "signatures",
}


def decode_report(body: bytes) -> Report:
    """Return the report that a body describes.

    Raises CborError or InvalidField, both ValueErrors, naming what is wrong.
    """
    return _read(body)


#: A report is sent again until its receipt comes, and read at several places: the last are known.
_KNOWN_MAX: Final = 128


@lru_cache(_KNOWN_MAX)
def _read(body: bytes) -> Report:
    items = usual_items(body) or cbor.decode(body)
    if type(items) is not dict:
        raise InvalidField("report", "must be a map")
    if tuple(items) not in _KEYS_OF_A_KIND:
        _require_keys(items)
    if items[0] != VERSION:
        raise InvalidField("version", f"{items[0]} is not supported, {VERSION} is")
    return _build(items)


def _require_keys(items: dict[int, Any]) -> None:
    keys = items.keys()
    if not keys >= _REQUIRED:
        raise InvalidField(_NAMES[min(_REQUIRED - keys)], "is missing")
    unknown = keys - _REQUIRED - {11, 15, 16, 17, 18}
    require(not unknown, "report", f"has unknown keys {sorted(unknown)}")


def _build(items: dict[int, Any]) -> Report:
    _check_scalars(items)
    size, root = as_tuple(items[9], "journal", int, bytes)
    require_count(size, "journal.size", WIDE_MAX)
    require_bytes(root, DIGEST_SIZE, "journal.root")
    firmware, firmware_sequence = as_tuple(items[12], "firmware", bytes, int)
    require_bytes(firmware, DIGEST_SIZE, "firmware.digest")
    require_count(firmware_sequence, "firmware.sequence")
    state, debug = as_tuple(items[13], "state", int, int)
    if debug not in (0, 1):
        raise InvalidField("state.debug", "must be 0 or 1")
    return Report(
        kind=_member(items[1], _KINDS, "kind"),
        election=items[2],
        precinct=items[3],
        box=items[4],
        epoch=items[5],
        boot=items[6],
        sequence=items[7],
        previous=items[8],
        journal=JournalHead(size, root),
        counters=_counters(items[10]),
        firmware=firmware,
        firmware_sequence=firmware_sequence,
        state=_member(state, _STATES, "state"),
        debug=debug == 1,
        clock=_clock(items[14]),
        held=None if items[19] is None else _held(items[19]),
        votes=_votes(items[11]) if 11 in items else None,
        incident=_incident(items[15]) if 15 in items else None,
        corrects=_digest(items[16], "corrects") if 16 in items else None,
        new_key=_new_key(items) if 17 in items or 18 in items else None,
        signatures=read_signatures(items[SIGNATURES_KEY]) if items[SIGNATURES_KEY] != [] else (),
    )


def _check_scalars(items: dict[int, Any]) -> None:
    require_bytes(items[2], DIGEST_SIZE, "election")
    require_bytes(items[4], BOX_ID_SIZE, "box")
    require_bytes(items[8], DIGEST_SIZE, "previous")
    for key in (3, 5, 6, 7):
        value = items[key]
        if type(value) is not int or not 0 <= value <= COUNT_MAX:
            require_count(value, _NAMES[key])


_KINDS: Final = {int(kind): kind for kind in ReportKind}
_STATES: Final = {int(state): state for state in PollState}
_QUALITIES: Final = {int(quality): quality for quality in ClockQuality}
_INCIDENTS: Final = {int(code): code for code in IncidentCode}


def _member(code: object, members: dict[int, E], field: str) -> E:
    if type(code) is int and code in members:
        return members[code]
    raise InvalidField(field, f"{code!r} is not a known code")


_COUNTER_KEYS: Final = list(range(len(COUNTER_NAMES)))


def _counters(value: object) -> Counters:
    if type(value) is dict and list(value) == _COUNTER_KEYS:
        return Counters(*value.values())
    raise InvalidField("counters", f"must be a map with the keys 0 to {_COUNTER_KEYS[-1]}")


def _clock(value: object) -> Clock:
    time, quality, uptime = as_tuple(value, "clock", int, int, int)
    require_count(time, "clock.time", WIDE_MAX)
    require_count(uptime, "clock.uptime_ms", WIDE_MAX)
    return Clock(time, _member(quality, _QUALITIES, "clock.quality"), uptime)


def _held(value: object) -> HeldCheckpoint:
    origin, size, root = as_tuple(value, "held", bytes, int, bytes)
    require_bytes(origin, ORIGIN_ID_SIZE, "held.origin")
    require_count(size, "held.size", WIDE_MAX)
    require_bytes(root, DIGEST_SIZE, "held.root")
    return HeldCheckpoint(OriginId(origin), size, root)


def _votes(value: object) -> tuple[int, ...]:
    counts = as_type(value, list, "votes")
    # What is decoded compares with an integer only if it is one, and an empty list has no minimum.
    try:
        fits = min(counts) >= 0 and max(counts) <= COUNT_MAX
    except (TypeError, ValueError):
        fits = False
    require(fits, "votes", _VOTES_PROBLEM)
    return tuple(counts)


_VOTES_PROBLEM: Final = f"must be whole numbers from 0 to {COUNT_MAX}, at least one"


def _incident(value: object) -> Incident:
    code, detail = as_tuple(value, "incident", int, int)
    require_count(detail, "incident.detail")
    return Incident(_member(code, _INCIDENTS, "incident.code"), detail)


def _digest(value: object, field: str) -> ReportId:
    require_bytes(value, DIGEST_SIZE, field)
    return value  # type: ignore[return-value]


def _new_key(items: dict[int, Any]) -> NewKey:
    key, proof = items.get(17), items.get(18)
    require_bytes(key, cose.KEY_SIZE, "new_key")
    require_bytes(proof, cose.SIGNATURE_SIZE, "new_key.proof")
    return NewKey(PublicKey(key), proof)  # type: ignore[arg-type]


def read_signatures(value: object, path: str = "signatures") -> tuple[OfficerSignature, ...]:
    """Return the officers' signatures in a decoded array; raises InvalidField under `path`."""
    items = as_type(value, list, path)
    require(len(items) <= OFFICERS_MAX, path, f"must be an array of at most {OFFICERS_MAX}")
    signatures = []
    for index, item in enumerate(items):
        key_id, signature = as_tuple(item, f"{path}[{index}]", bytes, bytes)
        require_bytes(key_id, cose.KEY_ID_SIZE, f"{path}[{index}].key_id")
        require_bytes(signature, cose.SIGNATURE_SIZE, f"{path}[{index}].signature")
        signatures.append(OfficerSignature(KeyId(key_id), signature))
    return tuple(signatures)
