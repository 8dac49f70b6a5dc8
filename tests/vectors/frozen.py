"""The vectors as code makes them, and as they were frozen in the JSON files beside this module."""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum, IntFlag
from pathlib import Path
from typing import Any, Final

from ballotbox_protocol.election.conservation import counter_breach
from ballotbox_protocol.election.definition import Election, MarkPolicy
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.checkpoint import parse_note
from ballotbox_protocol.wire.definition import (
    decode_definition,
    election_digest,
    encode_definition,
)
from ballotbox_protocol.wire.fingerprint import fingerprint
from ballotbox_protocol.wire.frame import encode_frame
from ballotbox_protocol.wire.key_card import read_card
from ballotbox_protocol.wire.keyfile import NONCE_SIZE, SALT_SIZE, PrivateKey, seal_key
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf, encode_leaf
from ballotbox_protocol.wire.link_frames import Ack, Confirm, Data, Open, Opened, Refused, Session
from ballotbox_protocol.wire.message import HeldWanted, Message, MessageKind
from ballotbox_protocol.wire.publication import Publication
from ballotbox_protocol.wire.register import decode_register, encode_register
from ballotbox_protocol.wire.report import ReportKind, decode_report, encode_report
from ballotbox_protocol.wire.root_document import decode_root
from ballotbox_protocol.wire.statements import (
    Hello,
    Refusal,
    Resend,
    Ruling,
    decode_ruling,
    sign_statement,
)
from ballotbox_protocol.wire.tiles import encode_attachments, encode_entries
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.vectors import day

FOLDER = Path(__file__).resolve().parent
Vector = dict[str, Any]


_RULING_FIELDS: Final = ("election", "kind", "report", "signatures")


def plain(value: Any) -> Any:
    """The value as JSON can say it: byte strings in hexadecimal, codes by name, parts by field."""
    if isinstance(value, MarkPolicy) and value == MarkPolicy(value.overvoted, value.blank):
        # Two numbers on the wire, under the names that they were frozen with.
        return {"return_overvoted": bool(value.overvoted), "return_blank": bool(value.blank)}
    if isinstance(value, Ruling) and not value.overrules:
        # Nothing on the wire, and nothing where it was frozen without.
        return {name: plain(getattr(value, name)) for name in _RULING_FIELDS}
    if is_dataclass(value):
        told = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        if isinstance(value, Publication) and not value.release:
            del told["release"]
        if isinstance(value, Election) and value.signers_needed == 1:
            del told["signers_needed"]
        return told
    if isinstance(value, IntFlag):
        return [member.name for member in type(value) if member in value]
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value


def signed_report(name: str, message: bytes) -> Vector:
    envelope = cose.parse(message)
    return {
        "name": name,
        "hex": message.hex(),
        "body": envelope.payload.hex(),
        "id": cose.statement_id(envelope.statement).hex(),
        "fields": plain(decode_report(envelope.payload)),
    }


def definitions() -> list[Vector]:
    body = encode_definition(day.ELECTION)
    stricter = encode_definition(day.STRICTER)
    short_one = [1, 0, 0, 0, 25, 10, 0]
    whole = {
        "name": "a list, a council and a mayor on two sheets",
        "hex": day.DEFINITION.hex(),
        "body": body.hex(),
        "digest": day.DIGEST.hex(),
        "root": str(day.ROOT),
        "fields": plain(day.ELECTION),
    }
    return [
        whole,
        spoilt("another format", body, {0: 2}, decode_definition),
        spoilt("no mode", body, {2: None}, decode_definition),
        spoilt("an unknown mode", body, {2: 4}, decode_definition),
        spoilt("a day that is not there", body, {3: "2026-02-30"}, decode_definition),
        spoilt("a style of an unknown contest", body, {5: [["X", [[9]]]]}, decode_definition),
        spoilt("a key of a later version", body, {9: 0}, decode_definition),
        {
            "name": "a policy of seven numbers",
            "body": stricter.hex(),
            "digest": election_digest(stricter).hex(),
            "fields": plain(day.STRICTER),
        },
        spoilt("a policy longer than needed", body, {8: short_one}, decode_definition),
        spoilt("a policy too short for it", body, {8: [2, 0]}, decode_definition),
        spoilt("a policy of three numbers", body, {8: [1, 0, 0]}, decode_definition),
        spoilt("a handling of a later version", body, {8: [3, *short_one[1:]]}, decode_definition),
        spoilt("a stamp that is no flag", body, {8: [*short_one[:6], 2]}, decode_definition),
        spoilt("faint above definite", body, {8: [1, 0, 0, 0, 10, 25, 0]}, decode_definition),
    ]


def registers() -> list[Vector]:
    body = encode_register(day.REGISTER)
    box = cbor.decode(body, cbor.DOCUMENT_LIMITS)[3][0]
    whole = {
        "name": "a rotated box, a replaced one, two gateways, three officers",
        "hex": day.SIGNED_REGISTER.hex(),
        "body": body.hex(),
        "signer": day.KEYS["register signer"].public.hex(),
        "fields": plain(day.REGISTER),
    }
    return [
        whole,
        spoilt("version 0", body, {2: 0}, decode_register),
        spoilt("an epoch twice", body, {3: [box, box]}, decode_register),
        spoilt("a box without firmware", body, {3: [[*box[:4], [], None]]}, decode_register),
        spoilt("an origin with a space", body, {4: [["a b", bytes(32)]]}, decode_register),
        spoilt("a role of a later version", body, {5: [[bytes(32), 8, None]]}, decode_register),
    ]


def spoilt(
    name: str, body: bytes, changes: dict[int, Any], decode: Callable[[bytes], Any]
) -> Vector:
    """A body with some keys set otherwise, and the field for which it is refused."""
    items = {**cbor.decode(body, cbor.DOCUMENT_LIMITS), **changes}
    wrong = cbor.encode(dict(sorted(items.items())))
    return {"name": name, "body": wrong.hex(), "refused": refusal_of(wrong, decode)}


def refusal_of(data: bytes, decode: Callable[[bytes], Any]) -> str:
    """The field that is refused, or "cbor" when the bytes leave the profile."""
    try:
        decode(data)
    except InvalidField as error:
        return error.field
    except cbor.CborError:
        return "cbor"
    raise AssertionError("a sample that should be refused was accepted")


def reports() -> list[Vector]:
    made = [
        signed_report(report.kind.name.lower(), message)
        for report, message in zip(day.REPORTS, day.MESSAGES, strict=True)
    ]
    turnout = encode_report(day.BY_KIND[ReportKind.TURNOUT])
    final = encode_report(day.BY_KIND[ReportKind.FINAL])
    broken = {
        "an integer not in its shortest form": turnout.replace(b"\x00\x01\x01", b"\x00\x18\x01", 1),
        "a byte too many": turnout + b"\x00",
        "a byte too few": turnout[:-1],
    }
    breach = counter_breach(day.DISTINCT.counters)
    assert breach is not None
    distinct = signed_report("no two numbers alike", day.signed(day.DISTINCT))
    return [
        *made,
        distinct | {"breaks": breach.law.name},
        spoilt("another version", turnout, {0: 2}, decode_report),
        spoilt("an unknown kind", turnout, {1: 10}, decode_report),
        spoilt("votes before the final", turnout, {11: [0] * 21}, decode_report),
        spoilt("a final as a turnout report", final, {1: 4}, decode_report),
        spoilt(
            "a negative counter",
            turnout,
            {10: {**dict.fromkeys(range(8), 0), 7: -1}},
            decode_report,
        ),
        spoilt(
            "a counter of a later version", turnout, {10: dict.fromkeys(range(9), 0)}, decode_report
        ),
        spoilt("a vote beyond its bound", final, {11: [2**31]}, decode_report),
        spoilt("a key of a later version", turnout, {20: 0}, decode_report),
        *(
            {"name": name, "body": data.hex(), "refused": refusal_of(data, decode_report)}
            for name, data in broken.items()
        ),
    ]


def leaves() -> list[Vector]:
    report, release = day.FINAL_ID, day.RELEASE.digest
    made = {
        "accepted": (LeafType.REPORT, Verdict.ACCEPTED, Reason.IN_ORDER, None),
        "held": (LeafType.REPORT, Verdict.HELD, Reason.GAP_BEFORE, None),
        "quarantined": (LeafType.REPORT, Verdict.QUARANTINED, Reason.LAW_SLOTS, None),
        "evidence": (LeafType.REPORT, Verdict.EVIDENCE, Reason.SAME_SEQUENCE, None),
        "released": (LeafType.RULING, Verdict.ACCEPTED, Reason.RELEASED, release),
    }
    replaced = day.REPLACEMENT
    vectors = []
    for name, (kind, verdict, reason, statement) in made.items():
        leaf = Leaf(kind, report, verdict, reason, statement, day.OPENING_TIME)
        vectors.append({"name": name, "hex": encode_leaf(leaf).hex(), "fields": plain(leaf)})
    opening = Leaf(
        LeafType.REPLACEMENT,
        replaced.id,
        Verdict.ACCEPTED,
        Reason.REPLACES,
        replaced.digest,
        day.OPENING_TIME,
    )
    fields = plain(opening)
    vectors.append({"name": "replaces", "hex": encode_leaf(opening).hex(), "fields": fields})
    counted = Leaf(
        LeafType.HAND_COUNT,
        day.HAND_COUNT.id,
        Verdict.ACCEPTED,
        Reason.IN_ORDER,
        day.HAND_COUNT.digest,
        day.OPENING_TIME,
    )
    fields = plain(counted)
    vectors.append({"name": "counted by hand", "hex": encode_leaf(counted).hex(), "fields": fields})
    published = Leaf(
        LeafType.PUBLICATION,
        day.PUBLICATION.id,
        Verdict.ACCEPTED,
        Reason.PUBLISHED,
        day.PUBLICATION.digest,
        day.OPENING_TIME,
    )
    fields = plain(published)
    vectors.append({"name": "published", "hex": encode_leaf(published).hex(), "fields": fields})
    good = [1, 1, report, 1, 1, None, 0]
    for name, at, value in (
        ("another version", 0, 2),
        ("an unknown type", 1, 3),
        ("an unknown verdict", 3, 5),
        ("an unknown reason", 4, 5),
        ("a statement beside a report", 5, release),
    ):
        data = cbor.encode([*good[:at], value, *good[at + 1 :]])
        vectors.append({"name": name, "hex": data.hex(), "refused": refusal_of(data, decode_leaf)})
    return vectors


def statements() -> list[Vector]:
    gateway, box = day.KEYS["gateway"], day.KEYS["box"]
    vectors = []
    signed: tuple[tuple[str, Refusal | Resend | Hello, PrivateKey], ...] = (
        ("refusal", day.REFUSAL, gateway),
        ("resend", day.RESEND, gateway),
        ("hello", day.HELLO, box),
    )
    for name, statement, key in signed:
        message = sign_statement(statement, key.public, key.sign)
        vectors.append(
            {
                "name": name,
                "hex": message.hex(),
                "signer": key.public.hex(),
                "fields": plain(statement),
            }
        )
    vectors += [
        {
            "name": f"ruling: {ruling.kind.name.lower()}",
            "hex": ruling.to_bytes().hex(),
            "payload": ruling.payload().hex(),
            "digest": ruling.digest.hex(),
            "fields": plain(ruling),
        }
        for ruling in (day.RELEASE, day.NAMING)
    ]
    vectors.append(
        {
            "name": "clearance",
            "payload": day.CLEARANCE.payload().hex(),
            "fields": plain(day.CLEARANCE),
        }
    )
    vectors.append(
        {
            "name": "reprint",
            "payload": day.REPRINT.payload().hex(),
            "fields": plain(day.REPRINT),
        }
    )
    vectors.append(
        {
            "name": "replacement",
            "hex": day.REPLACEMENT.to_bytes().hex(),
            "payload": day.REPLACEMENT.payload().hex(),
            "digest": day.REPLACEMENT.digest.hex(),
            "fields": plain(day.REPLACEMENT),
        }
    )
    wrong = cbor.encode([day.DIGEST, 3, day.FINAL_ID, []])
    vectors.append(
        {
            "name": "a ruling of a later version",
            "hex": wrong.hex(),
            "refused": refusal_of(wrong, decode_ruling),
        }
    )
    return [*vectors, *hand_counts(), overruling(), *publications()]


def overruling() -> Vector:
    return {
        "name": "ruling: name, overruling",
        "hex": day.OVERRULING.to_bytes().hex(),
        "payload": day.OVERRULING.payload().hex(),
        "digest": day.OVERRULING.digest.hex(),
        "id": day.OVERRULING.id.hex(),
        "fields": plain(day.OVERRULING),
    }


def hand_counts() -> list[Vector]:
    made = {"hand count": day.HAND_COUNT, "hand count: correction": day.HAND_CORRECTION}
    return [
        {
            "name": name,
            "hex": count.to_bytes().hex(),
            "payload": count.payload().hex(),
            "digest": count.digest.hex(),
            "id": count.id.hex(),
            "fields": plain(count),
        }
        for name, count in made.items()
    ]


def publications() -> list[Vector]:
    made = {
        "publication": day.PUBLICATION,
        "publication: certified": day.CERTIFIED,
        "publication: by a release": day.BY_RELEASE,
    }
    released = day.RULES_RELEASE
    vectors: list[Vector] = [
        {
            "name": name,
            "hex": each.to_bytes().hex(),
            "payload": each.payload().hex(),
            "digest": each.digest.hex(),
            "id": each.id.hex(),
            "fields": plain(each),
        }
        for name, each in made.items()
    ]
    vectors.append(
        {
            "name": "rules release",
            "hex": released.to_bytes().hex(),
            "payload": released.payload().hex(),
            "fields": plain(released),
        }
    )
    return vectors


def logs() -> list[Vector]:
    tree = day.log_of(day.LEAVES)
    final = 6
    receipt = day.receipt_for(final)
    note = parse_note(day.NOTE)
    attachments = [cbor.encode([message, None, None]) for message in day.MESSAGES]
    return [
        {
            "name": "checkpoint",
            "text": day.NOTE.decode(),
            "key": day.KEYS["gateway"].public.hex(),
            "fields": plain(note),
        },
        {
            "name": "receipt of the final",
            "hex": receipt.to_bytes().hex(),
            "key": day.KEYS["gateway"].public.hex(),
            "fields": plain(receipt),
        },
        {
            "name": "tree",
            "leaves": plain(day.LEAVES),
            "roots": [tree.root(size).hex() for size in range(len(day.LEAVES) + 1)],
            "consistency from 4": plain(tree.consistency(4)),
        },
        {
            "name": "bundles",
            "entries": encode_entries(day.LEAVES).hex(),
            "attachments": encode_attachments(attachments).hex(),
        },
    ]


def messages() -> list[Vector]:
    gateway, box = day.KEYS["gateway"], day.KEYS["box"]
    payloads = {
        MessageKind.REPORT: day.MESSAGE_OF[ReportKind.TURNOUT],
        MessageKind.HELLO_WANTED: b"",
        MessageKind.HELLO: sign_statement(day.HELLO, box.public, box.sign),
        MessageKind.CHALLENGE: day.HELLO.challenge,
        MessageKind.RECEIPT: day.receipt_for(3).to_bytes(),
        MessageKind.REFUSAL: sign_statement(day.REFUSAL, gateway.public, gateway.sign),
        MessageKind.RESEND: sign_statement(day.RESEND, gateway.public, gateway.sign),
        MessageKind.HELD_WANTED: origin_id(day.ORIGIN),
        MessageKind.HELD: day.receipt_for(3).note,
    }
    named = [(kind.name, Message(kind, payload)) for kind, payload in payloads.items()]
    older = HeldWanted(origin_id(day.ORIGIN), 4).message()
    return [
        {"name": name, "hex": message.to_bytes().hex(), "payload": message.payload.hex()}
        for name, message in (*named, ("HELD_WANTED of a size", older))
    ]


def serial() -> list[Vector]:
    here, there = Session(bytes([0xA1]) * 8, 0), Session(bytes([0xB1]) * 8, 2)
    message = Message(MessageKind.CHALLENGE, day.HELLO.challenge).to_bytes()
    frames = (
        Open(here),
        Opened(there, here),
        Confirm(here, there),
        Refused(there, here),
        Ack(there, here, 1),
        Data(here, there, 0, message),
    )
    vectors = [
        {
            "name": type(frame).__name__.lower(),
            "payload": frame.to_bytes().hex(),
            "frame": encode_frame(frame.to_bytes()).hex(),
        }
        for frame in frames
    ]
    for name, payload in (("nothing", b""), ("zeros", bytes(300)), ("no zeros", b"\xff" * 300)):
        vectors.append(
            {"name": name, "payload": payload.hex(), "frame": encode_frame(payload).hex()}
        )
    return vectors


def joints() -> list[Vector]:
    root = {"fields": plain(decode_root(day.ROOT_DOCUMENT)), "digest": day.SHARED.digest.hex()}
    digest = election_digest(encode_definition(day.JOINT_ELECTION))
    card = {"fields": plain(read_card(day.KEY_CARD))}
    return [
        {"name": "root document", "hex": day.ROOT_DOCUMENT.hex(), **root},
        {"name": "key card", "hex": day.KEY_CARD.hex(), **card},
        {
            "name": "definition signed by two of three",
            "hex": day.JOINT_DEFINITION.hex(),
            "root": str(day.SHARED),
            "digest": digest.hex(),
            "fingerprint": fingerprint(str(day.SHARED), digest),
        },
        {"name": "its register signed by two", "hex": day.JOINT_REGISTER.hex()},
    ]


def key_files() -> list[Vector]:
    salt, nonce = bytes(range(SALT_SIZE)), bytes(range(NONCE_SIZE))
    passphrase = "пароль · passphrase"
    text = seal_key(day.KEYS["officer 1"], passphrase, salt, nonce)
    seed = day.KEYS["officer 1"].seed.hex()
    return [{"name": "officer 1", "passphrase": passphrase, "seed": seed, "text": text}]


def keys() -> list[Vector]:
    return [
        {"name": name, "seed": key.seed.hex(), "public": key.public.hex()}
        for name, key in day.KEYS.items()
    ]


MAKERS: dict[str, Callable[[], list[Vector]]] = {
    "definition": definitions,
    "joint": joints,
    "key": keys,
    "key_file": key_files,
    "leaf": leaves,
    "log": logs,
    "message": messages,
    "register": registers,
    "report": reports,
    "serial": serial,
    "statement": statements,
}


def path_of(file: str) -> Path:
    return FOLDER / f"{file}.json"


def read_frozen(file: str) -> list[Vector]:
    path = path_of(file)
    return json.loads(path.read_text("utf-8"))["vectors"] if path.exists() else []


def changed(made: list[Vector], frozen: list[Vector]) -> list[str]:
    """The names of frozen vectors that are made no longer, or no longer alike."""
    now = {vector["name"]: vector for vector in made}
    return [vector["name"] for vector in frozen if now.get(vector["name"]) != vector]


def as_text(file: str, vectors: list[Vector]) -> str:
    return json.dumps({"format": file, "vectors": vectors}, ensure_ascii=False, indent=1) + "\n"
