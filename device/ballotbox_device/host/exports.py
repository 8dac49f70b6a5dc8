"""What a box's memory tells in the formats of NIST, each into a new file. Only reads the memory."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ballotbox_device.core.event_log import event_documentation, event_log
from ballotbox_device.core.history import History
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.journal_copies import JournalCopies
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.slot_bank import SlotBank, least_capacity
from ballotbox_device.core.slot_copies import SlotCopies
from ballotbox_device.core.vote_records import vote_record_report
from ballotbox_device.host.files import open_memory, replace_file
from ballotbox_device.host.firmware import running_firmware
from ballotbox_device.host.problem import Problem, reason_of
from ballotbox_device.host.state import StateDirectory
from ballotbox_device.host.system import SystemClock, SystemEntropy
from ballotbox_device.host.trust_files import establish_from
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import Report, ReportKind, decode_report
from ballotbox_protocol.wire.trust import Trusted


def write_events(state: StateDirectory, out: Path) -> None:
    """Write the event log of the last election; raises Problem, OSError or MemoryFault."""
    _require_new(out)
    with open_memory(state.media, read_only=True) as memory:
        history = RecordBook(memory).history
        content = JournalCopies(memory).read()
    if not history.reports and not history.cleared:
        remedy = f"Run it first: ballotbox-device run --state {state.path} …"
        raise Problem(str(state.path), "this box has signed no report yet", remedy)
    _write(out, event_log(content, _now()))


def write_documentation(out: Path) -> None:
    """Write what the events of this firmware mean; raises Problem."""
    _require_new(out)
    _write(out, event_documentation(running_firmware(), _now()))


@dataclass(frozen=True, slots=True)
class Sources:
    """The signed files and the root key that a box is run with."""

    election: Path
    register: Path
    root: str


def write_vote_records(state: StateDirectory, sources: Sources, out: Path) -> None:
    """Write the sheets in the box, without order; raises Problem, OSError or MemoryFault.

    Before the final and after a clearing it is refused.
    """
    _require_new(out)
    trusted = establish_from(sources.election, sources.register, sources.root, state.register_seen)
    rules = ElectionRules.of(trusted)
    with open_memory(state.media, read_only=True) as memory:
        book = RecordBook(memory)
        _require_counted(book.history, state)
        final = _final(book, trusted)
        bank = SlotBank(SlotCopies(memory, rules.slots), rules.slots, SystemEntropy())
        bank.survey(least_capacity(book.history.slots, book.history.slots_given))
        contents = bank.contents()
    _write(out, vote_record_report(rules, contents, final, _now()))


def _require_counted(history: History, state: StateDirectory) -> None:
    where = str(state.path)
    if history.genesis is None:
        remedy = f"Run it first: ballotbox-device run --state {where} …"
        raise Problem(where, "this box serves no election yet", remedy)
    if history.cleared:
        remedy = "What was in it stands in exports made before, and on paper"
        raise Problem(where, "the election was cleared from this memory, with its sheets", remedy)
    if history.final is None:
        raise Problem(
            where,
            f"the poll is {history.state.name.lower()}, and no votes leave a box before its final",
            "Close the poll and finish it (close, finish) at the panel of: "
            f"ballotbox-device run --state {where} …",
        )


def _final(book: RecordBook, trusted: Trusted) -> Report:
    """Return the final, signed by a key that the register gives to this box."""
    kept = next(each for each in book.history.reports if each.kind is ReportKind.FINAL)
    envelope = cose.parse(book.read(kept.offset, kept.size))
    final = decode_report(envelope.payload)
    if final.election != trusted.digest:
        raise Problem(
            "--election",
            f"is election {trusted.digest.hex()}, the box served {final.election.hex()}",
            "Give the signed definition that the box was run with",
        )
    entry = trusted.reporters.get(envelope.protected)
    if entry is None or entry.box != final.box:
        version = trusted.register.version
        remedy = "Give the newest register of this election"
        raise Problem(
            "--register", f"version {version} does not list the key that signed the final", remedy
        )
    if not cose.verify(envelope.statement, envelope.signature, entry.key):
        raise MemoryFault("the final in the journal is not what the box's key has signed")
    return final


def _now() -> int:
    return SystemClock().now().time


def _require_new(out: Path) -> None:
    if out.exists():
        remedy = "Give --out another name"
        raise Problem(f"--out {out}", "is there already, and nothing is written over", remedy)


def _write(out: Path, document: dict[str, Any]) -> None:
    data = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    try:
        replace_file(out, data.encode())
    except OSError as error:
        remedy = "Give --out a name in a directory you may write to, on a disk with room"
        raise Problem(f"--out {out}", reason_of(error), remedy) from error
