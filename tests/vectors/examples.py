"""The examples of `device/WIRE.md`: whole messages of the polling day, in hexadecimal."""

from collections.abc import Callable
from typing import Any

from ballotbox_protocol.election import register
from ballotbox_protocol.wire import cbor, checkpoint, cose, frame, tiles
from ballotbox_protocol.wire.link_frames import (
    Ack,
    Confirm,
    Data,
    LinkFrame,
    Open,
    Opened,
    Refused,
    Session,
)
from ballotbox_protocol.wire.merkle import EMPTY_ROOT, leaf_hash, node_hash
from ballotbox_protocol.wire.message import sharded_topic_of, topic_of
from ballotbox_protocol.wire.paper import PaperCopy, paper_parts, print_entry
from ballotbox_protocol.wire.report import (
    ReportKind,
    consent_payload,
    encode_report,
    key_proof_statement,
)
from ballotbox_protocol.wire.statements import sign_statement
from tests.vectors import day, frozen

BYTES_A_LINE = 32


def fenced(*lines: str) -> str:
    return "\n".join(("```", *lines, "```"))


def hex_lines(data: bytes) -> str:
    digits = data.hex()
    width = 2 * BYTES_A_LINE
    return fenced(*(digits[at : at + width] for at in range(0, len(digits), width)))


def annotated_report() -> str:
    """The signed turnout report, taken apart as an envelope."""
    envelope = cose.parse(day.MESSAGE_OF[ReportKind.TURNOUT])

    def string(name: str, value: bytes) -> list[str]:
        whole = cbor.encode(value).hex()
        digits = value.hex()
        width = 2 * BYTES_A_LINE
        lines = [f"  {digits[at : at + width]}" for at in range(0, len(digits), width)]
        return [f"{whole[: len(whole) - len(digits)]:<8}{name}", *lines]

    return fenced(
        "d284    tag 18, array of 4",
        *string("protected header", envelope.protected),
        "a0      unprotected header, empty",
        *string("payload", envelope.payload),
        *string("signature", envelope.signature),
    )


def sig_structure() -> str:
    return hex_lines(cose.parse(day.MESSAGE_OF[ReportKind.TURNOUT]).statement)


def identifiers_example() -> str:
    turnout = cose.parse(day.MESSAGE_OF[ReportKind.TURNOUT])
    rows = {
        "election digest": day.DIGEST,
        "report id": cose.statement_id(turnout.statement),
        "box public key": day.KEYS["box"].public,
        "box key id": cose.key_id(day.KEYS["box"].public),
        "origin id": register.origin_id(day.ORIGIN),
        "ruling digest": day.RELEASE.digest,
    }
    return fenced(*(f"{name:<16} {value.hex()}" for name, value in rows.items()))


def cbor_example() -> str:
    data = cbor.encode({0: 100, 1: [None, b"\xff", -1, "水"]})
    return fenced(f"{data.hex()}        {{0: 100, 1: [null, h'ff', -1, \"水\"]}}")


def consent_example() -> str:
    report = day.BY_KIND[ReportKind.OPEN]
    payload = consent_payload(encode_report(report), len(report.signatures))
    key = day.KEYS["officer 1"]
    statement = cose.sig_structure(
        cose.protected_header(key.public, cose.MessageType.CONSENT), payload
    )
    return "\n".join(
        (
            "The body of the opening report without its signatures:",
            "",
            hex_lines(payload),
            "",
            "What officer 1 signs (Sig_structure), and the signature:",
            "",
            hex_lines(statement),
            "",
            hex_lines(report.signatures[0].signature),
        )
    )


def proof_example() -> str:
    report = day.BY_KIND[ReportKind.KEY_ROTATION]
    assert report.new_key is not None
    return "\n".join((hex_lines(key_proof_statement(report)), "", hex_lines(report.new_key.proof)))


def signed_example(name: str) -> Callable[[], str]:
    signers = {"refusal": "gateway", "resend": "gateway", "hello": "box"}
    parts: dict[str, Any] = {"refusal": day.REFUSAL, "resend": day.RESEND, "hello": day.HELLO}
    key = day.KEYS[signers[name]]
    return lambda: hex_lines(sign_statement(parts[name], key.public, key.sign))


def leaves_example() -> str:
    ruled = frozen.leaves()[4]
    return fenced(
        "a report accepted:",
        day.LEAVES[0].hex(),
        "a report released:",
        *(ruled["hex"][at : at + 2 * BYTES_A_LINE] for at in range(0, len(ruled["hex"]), 64)),
    )


def topics() -> str:
    plain = (topic_of(day.DIGEST, day.BOX, direction) for direction in ("up", "down"))
    return fenced(*plain, sharded_topic_of(day.DIGEST, day.BOX))


def link_frames() -> dict[str, LinkFrame]:
    here = Session(bytes.fromhex("a1a2a3a4a5a6a7a8"), 0)
    there = Session(bytes.fromhex("b1b2b3b4b5b6b7b8"), 2)
    return {
        "OPEN": Open(here),
        "OPENED": Opened(there, here),
        "CONFIRM": Confirm(here, there),
        "REFUSED": Refused(there, here),
        "ACK, expected 1": Ack(there, here, 1),
        'DATA, sequence 0, "zero"': Data(here, there, 0, b"zero"),
    }


def opening_on_the_line() -> str:
    payload = link_frames()["OPEN"].to_bytes()
    return hex_lines(frame.encode_frame(payload))


LOGGED = day.LEAVES[:3]


def tree_example() -> str:
    tree = day.log_of(LOGGED)
    hashes = [leaf_hash(leaf) for leaf in LOGGED]
    lines = [f"leaf hash {index}   {each.hex()}" for index, each in enumerate(hashes)]
    lines += [
        f"node 0..1     {node_hash(hashes[0], hashes[1]).hex()}",
        f"root, size 3  {tree.root().hex()}",
        f"root, size 0  {EMPTY_ROOT.hex()}",
    ]
    return fenced(*lines)


def inclusion_example() -> str:
    return fenced(*(each.hex() for each in day.log_of(LOGGED).inclusion(1)))


def consistency_example() -> str:
    return fenced(*(each.hex() for each in day.log_of(LOGGED).consistency(2)))


def checkpoint_example() -> str:
    return fenced(day.note_of(LOGGED).decode().rstrip("\n"))


def checkpoint_key_example() -> str:
    key = day.KEYS["gateway"].public
    return fenced(
        f"public key  {key.hex()}",
        f"key id      {checkpoint.note_key_id(day.ORIGIN, key).hex()}",
    )


def receipt_example() -> str:
    return hex_lines(day.receipt_for(6).to_bytes())


def entries_example() -> str:
    return hex_lines(tiles.encode_entries(LOGGED))


def attachment_example() -> str:
    report = day.MESSAGE_OF[ReportKind.BOOT]
    return hex_lines(cbor.encode([report, None, None]))


def key_file_example() -> str:
    return fenced(frozen.key_files()[0]["text"].rstrip("\n"))


def paper_example() -> str:
    entry = print_entry(day.REGISTER.boxes[0])
    return fenced(*paper_parts(PaperCopy(day.MESSAGE_OF[ReportKind.FINAL], entry)))
