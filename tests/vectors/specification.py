"""The parts of `device/WIRE.md` that code makes: examples, field tables, code tables.

In the document each stands between `<!-- made: NAME -->` and `<!-- end -->`, where `renew` puts it.
"""

import re
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from ballotbox_protocol.election import conservation, definition, identifiers, register
from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire import cbor, checkpoint, cose, frame, receipt, statements, tiles
from ballotbox_protocol.wire.definition import election_digest, encode_definition
from ballotbox_protocol.wire.fingerprint import fingerprint
from ballotbox_protocol.wire.message import MESSAGE_MAX, MessageKind
from ballotbox_protocol.wire.register import encode_register
from ballotbox_protocol.wire.report import (
    OFFICERS_MAX,
    ReportKind,
    encode_report,
)
from ballotbox_protocol.wire.verdict import REASON_MEANING, SEVERITY, Reason, Verdict
from tests.vectors import day, examples, frozen
from tests.vectors.field_tables import FIELDS, Row
from tests.vectors.meanings import MEANINGS, SIGNED_AS, goes_with

#: Hexadecimal digits of a field's example; the whole stands in the frozen vectors.
EXAMPLE_DIGITS = 40

Block = Callable[[], str]


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(line) + " |" for line in (head, *rows)]
    return "\n".join((lines[0], "|" + "---|" * len(head), *lines[1:]))


def example(value: Any) -> str:
    return f"`{cut(cbor.encode(value).hex())}`"


def field_table(rows: tuple[Row, ...], value: Any) -> str:
    made = []
    for row in rows:
        inner = value
        for step in row.path:
            inner = inner[step]
        made.append((row.key, row.field, row.type, row.limit, example(inner)))
    return table(("Key", "Field", "Type", "Limit", "Example"), made)


def report_items(kind: ReportKind) -> dict[int, Any]:
    return cbor.decode(encode_report(day.BY_KIND[kind]))


def written(election: definition.Election) -> dict[int, Any]:
    return cbor.decode(encode_definition(election), cbor.DOCUMENT_LIMITS)


def documents() -> dict[str, Any]:
    """What each field table takes its examples from."""
    turnout = report_items(ReportKind.OPEN)
    for kind in (ReportKind.CORRECTION, ReportKind.INCIDENT, ReportKind.KEY_ROTATION):
        turnout = report_items(kind) | turnout
    header = cose.protected_header(day.KEYS["box"].public, cose.MessageType.REPORT)
    return {
        "header": cbor.decode(header),
        "definition": written(day.ELECTION) | {8: written(day.STRICTER)[8]},
        "register": cbor.decode(encode_register(day.REGISTER), cbor.DOCUMENT_LIMITS),
        "report": turnout,
        "counters": report_items(ReportKind.FINAL)[10],
        "ruling": cbor.decode(day.RELEASE.to_bytes()),
        "refusal": day.REFUSAL.items(),
        "resend": day.RESEND.items(),
        "hello": day.HELLO.items(),
        "clearance": cbor.decode(day.CLEARANCE.payload()),
        "replacement": cbor.decode(day.REPLACEMENT.to_bytes()),
        "reprint": cbor.decode(day.REPRINT.payload()),
        "hand count": cbor.decode(day.HAND_CORRECTION.to_bytes()),
        "publication": cbor.decode(day.BY_RELEASE.to_bytes()),
        "rules release": cbor.decode(day.RULES_RELEASE.to_bytes()),
        "leaf": cbor.decode(day.LEAVES[0]),
        "receipt": cbor.decode(day.receipt_for(6).to_bytes(), receipt.RECEIPT_LIMITS),
    }


def code_table(kind: type[IntEnum]) -> str:
    meanings = MEANINGS[kind]
    rows = [(str(int(each)), f"`{each.name}`", meanings[each.name]) for each in kind]
    return table(("Code", "Name", "Meaning"), rows)


def law_table() -> str:
    meaning = conservation.MEANING
    return table(
        ("Code", "Name", "Law"), [(str(int(law)), f"`{law.name}`", meaning[law]) for law in meaning]
    )


def reason_table() -> str:
    rows = [
        (str(int(reason)), f"`{reason.name}`", goes_with(reason), REASON_MEANING[reason])
        for reason in Reason
    ]
    return table(("Code", "Name", "Goes with", "Meaning"), rows)


def verdict_table() -> str:
    meanings = MEANINGS[Verdict]
    rows = [
        (str(int(each)), f"`{each.name}`", str(SEVERITY[each]), meanings[each.name])
        for each in Verdict
    ]
    return table(("Code", "Name", "Severity", "Meaning"), rows)


def limits() -> str:
    cbor_limits = {
        "report, signed statement, leaf": cbor.REPORT_LIMITS,
        "definition, register": cbor.DOCUMENT_LIMITS,
        "receipt": receipt.RECEIPT_LIMITS,
    }
    sizes = [
        (name, f"{each.size:,}", str(each.depth), f"{each.items:,}")
        for name, each in cbor_limits.items()
    ]
    numbers = {
        "count": f"0 to 2^31 − 1 = {identifiers.COUNT_MAX:,}",
        "wide": f"0 to 2^53 − 1 = {identifiers.WIDE_MAX:,}",
        "name": f"1 to {definition.NAME_MAX} characters, see below",
        "origin": f"1 to {register.ORIGIN_MAX} characters `!` to `~` without `+`",
        "counts in a row of votes": f"{definition.ROW_MAX:,}",
        "contests of an election": str(definition.CONTESTS_MAX),
        "options of a contest": str(definition.OPTIONS_MAX),
        "candidates of a list": str(definition.PREFERENCES_MAX),
        "ballot styles": f"{definition.STYLES_MAX:,}",
        "sheets of a style": str(definition.SHEETS_MAX),
        "precincts": f"{definition.PRECINCTS_MAX:,}",
        "register signers": str(definition.REGISTER_SIGNERS_MAX),
        "officers' signatures under one statement": str(OFFICERS_MAX),
        "signed refusal, resend, hello": f"{statements.STATEMENT_MAX:,} bytes",
        "message between box and gateway": f"{MESSAGE_MAX:,} bytes with its kind",
    }
    return "\n\n".join(
        (
            table(("CBOR of", "Bytes", "Levels", "Items"), sizes),
            table(("Name", "Limit"), list(numbers.items())),
        )
    )


def key_table() -> str:
    rows = [
        (name, f"`{key.seed[:1].hex()}` × 32", f"`{key.public.hex()}`")
        for name, key in day.KEYS.items()
    ]
    return table(("Key of", "Seed", "Public key"), rows)


def type_table() -> str:
    rows = [(f"`{each}`", *SIGNED_AS[each.name]) for each in cose.MessageType]
    return table(("Type", "Signed by", "Payload"), rows)


def shared_root_blocks() -> dict[str, Callable[[], str]]:
    return {
        "root document": lambda: examples.hex_lines(day.ROOT_DOCUMENT),
        "shared root": lambda: examples.fenced(str(day.SHARED)),
        "fingerprint": lambda: examples.fenced(shown_fingerprint()),
    }


def shown_fingerprint() -> str:
    return fingerprint(str(day.SHARED), election_digest(encode_definition(day.JOINT_ELECTION)))


def votes_row() -> str:
    rows = []
    for index, span in enumerate(Layout.of(day.ELECTION).spans):
        names = ["ballots", "blank", "undervotes", "overvotes"]
        names += [f"votes of {option.name}" for option in span.contest.options]
        names += [
            f"candidate {number} of {option.name}"
            for option in span.contest.options
            for number in range(option.preferences)
        ]
        counted = zip(range(span.start, span.stop), names, strict=True)
        rows += [
            (str(at), f"{index}: {span.contest.name}", name, str(day.VOTES[at]))
            for at, name in counted
        ]
    return table(("Place", "Contest", "Count", "Example"), rows)


def cut(digits: str) -> str:
    return f"{digits[:EXAMPLE_DIGITS]}…" if len(digits) > EXAMPLE_DIGITS else digits


def message_table() -> str:
    made = {vector["name"]: vector["hex"] for vector in frozen.messages()}
    rows = [
        (f"{int(kind):02x}", f"`{kind.name}`", meaning, f"`{cut(made[kind.name])}`")
        for kind, meaning in zip(MessageKind, MEANINGS[MessageKind].values(), strict=True)
    ]
    return table(("Kind", "Name", "Payload", "Example"), rows)


def link_frame_table() -> str:
    made = {name: each.to_bytes() for name, each in examples.link_frames().items()}
    rows = [
        (name, f"`{payload.hex()}`", f"`{frame.encode_frame(payload).hex()}`")
        for name, payload in made.items()
    ]
    return table(("Frame", "Payload", "On the line"), rows)


def frame_examples() -> str:
    samples = {"the text 123456789": b"123456789", "nothing": b""}
    rows = [(name, f"`{frame.encode_frame(payload).hex()}`") for name, payload in samples.items()]
    return table(("Payload", "Frame"), rows)


def faults(kind: type[IntEnum]) -> Block:
    return lambda: ", ".join(f"{each.value} `{each.name}`" for each in kind)


def blocks() -> dict[str, Block]:
    """Every made part of the document by its name."""
    values = documents()
    made: dict[str, Block] = {
        f"fields: {name}": lambda rows=rows, name=name: field_table(rows, values[name])
        for name, rows in FIELDS.items()
    }
    made |= {
        f"codes: {kind.__name__}": lambda kind=kind: code_table(kind)
        for kind in MEANINGS
        if kind not in (Verdict, MessageKind)
    }
    made |= {
        f"signed: {name}": examples.signed_example(name) for name in ("refusal", "resend", "hello")
    }
    made |= {
        "faults: checkpoint": faults(checkpoint.CheckpointFault),
        "faults: receipt": faults(receipt.ReceiptFault),
        "faults: tiles": faults(tiles.TileFault),
        "laws": law_table,
        "reasons": reason_table,
        "verdicts": verdict_table,
        "limits": limits,
        "keys": key_table,
        "identifiers": examples.identifiers_example,
        "signed report": examples.annotated_report,
        "sig_structure": examples.sig_structure,
        "cbor": examples.cbor_example,
        "types": type_table,
        "definition": lambda: examples.hex_lines(encode_definition(day.ELECTION)),
        "register": lambda: examples.hex_lines(encode_register(day.REGISTER)),
        "root": lambda: examples.fenced(str(day.ROOT)),
        **shared_root_blocks(),
        "votes": votes_row,
        "consent": examples.consent_example,
        "key proof": examples.proof_example,
        "ruling": lambda: examples.hex_lines(day.RELEASE.to_bytes()),
        "clearance": lambda: examples.hex_lines(day.CLEARANCE.payload()),
        "replacement": lambda: examples.hex_lines(day.REPLACEMENT.to_bytes()),
        "reprint": lambda: examples.hex_lines(day.REPRINT.payload()),
        "hand count": lambda: examples.hex_lines(day.HAND_COUNT.to_bytes()),
        "publication": lambda: examples.hex_lines(day.BY_RELEASE.to_bytes()),
        "rules release": lambda: examples.hex_lines(day.RULES_RELEASE.to_bytes()),
        "leaves": examples.leaves_example,
        "messages": message_table,
        "topics": examples.topics,
        "frames": frame_examples,
        "link frames": link_frame_table,
        "opening": examples.opening_on_the_line,
        "tree": examples.tree_example,
        "inclusion": examples.inclusion_example,
        "consistency": examples.consistency_example,
        "checkpoint": examples.checkpoint_example,
        "checkpoint key": examples.checkpoint_key_example,
        "receipt": examples.receipt_example,
        "entries": examples.entries_example,
        "attachment": examples.attachment_example,
        "paper": examples.paper_example,
        "key file": examples.key_file_example,
    }
    return made


_MADE = re.compile(r"<!-- made: ([^>]+?) -->\n(.*?)\n?<!-- end -->", re.DOTALL)


def parts(text: str) -> list[tuple[str, str]]:
    """The made parts of a document as they stand: name, text."""
    return _MADE.findall(text)


def renew(text: str) -> str:
    """The document with every made part made anew; KeyError for one that nobody makes."""
    made = blocks()

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        return f"<!-- made: {name} -->\n{made[name]()}\n<!-- end -->"

    return _MADE.sub(replace, text)
