"""Looking at a box's memory without touching it: what happened, never what was chosen."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from ballotbox_device.core.delivery import REFUSED
from ballotbox_device.core.history import History, KeptReport
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.slot_format import COUNTED_STATE
from ballotbox_device.host.files import create_file, open_memory
from ballotbox_device.host.firmware import running_firmware
from ballotbox_device.host.keys import stored_keys
from ballotbox_device.host.problem import Problem, reason_of
from ballotbox_device.host.state import StateDirectory
from ballotbox_device.host.trust_files import logs_seen
from ballotbox_protocol.election.identifiers import BoxId, OriginId, PublicKey
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.verdict import Verdict


def register_entry(box: BoxId, key: PublicKey) -> str:
    """Return one key of a box as the source of a register lists it.

    Its precinct, and an epoch above 0, are for the authority to fill in.
    """
    firmware = running_firmware().digest.hex()
    return (
        f'[[box]]\nid = "{box.hex()}"\nkey = "{key.hex()}"\n'
        "# epoch = 0, and one more for each later key of the box\n"
        "# precinct = the number of its precinct in the definition\n"
        f'firmware = ["{firmware}"]'
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What the two files hold at one moment; a box that runs may be a sheet further on."""

    history: History
    journal_bytes: int
    torn: int
    slots: int
    counted: int
    copies: int
    alike: bool


def _look(state: StateDirectory) -> _Found:
    with open_memory(state.media, read_only=True) as memory:
        # The journal first: slots are then never behind it.
        book = RecordBook(memory)
        size = len(memory.media[0].journal.read())
        copies = [(medium.journal.read(), medium.slots.read()) for medium in memory.media]
        genesis = book.history.genesis
        states = memory.media[0].slots.read()[:: genesis.slot_size] if genesis else b""
    counted = states.count(COUNTED_STATE)
    alike = len(set(copies)) == 1
    return _Found(book.history, size, book.torn, len(states), counted, len(copies), alike)


def status(state: StateDirectory) -> dict[str, Any]:
    """Return what there is to know about a box; raises OSError, MemoryFault or Problem."""
    found = _look(state)
    history, genesis = found.history, found.history.genesis
    told: dict[str, Any] = {
        "box": state.box.hex(),
        "keys": [key.hex() for key in stored_keys(state.keys)],
        "boots": history.boots,
        "election": genesis.election.hex() if genesis and not history.cleared else None,
        "journal": {"bytes": found.journal_bytes, "records": history.size, "torn": found.torn},
        "copies": {"all": found.copies, "alike": found.alike},
    }
    if told["election"] is None:
        return told
    told["state"] = history.state.name.lower()
    told["counters"] = _counters(history)
    told["slots"] = {"all": found.slots, "counted": found.counted}
    told["logs"] = [_log_name(each, state) for each in history.delivery.origins]
    told["reports"] = [_report(history, n, kept, state) for n, kept in enumerate(history.reports)]
    return told


def _counters(history: History) -> dict[str, int]:
    return {
        "presented": history.presented,
        "accepted": history.accepted,
        "returned": history.returned,
        "pending": history.pending,
        "portable": history.portable,
        "lifetime": history.lifetime,
    }


def _report(
    history: History, sequence: int, kept: KeptReport, state: StateDirectory
) -> dict[str, Any]:
    delivery = history.delivery
    answers = {
        _log_name(origin, state): _answer(delivery.answer_of(origin, sequence))
        for origin in delivery.origins
    }
    return {
        "sequence": sequence,
        "kind": kept.kind.name.lower(),
        "id": kept.id.hex(),
        "answers": {log: answer for log, answer in answers.items() if answer},
    }


def _log_name(origin: OriginId, state: StateDirectory) -> str:
    names = {origin_id(name): name for name in logs_seen(state.register_seen)}
    return names.get(origin, origin.hex())


def _answer(code: int | None) -> str:
    if code is None:
        return ""
    return "refused" if code == REFUSED else Verdict(code).name.lower()


def signed_report(book: RecordBook, sequence: int) -> bytes:
    """Return the bytes of a kept report as they were signed; MemoryFault when they are damaged."""
    kept = book.history.reports[sequence]
    data = book.read(kept.offset, kept.size)
    if crc32(data) != kept.check:
        raise MemoryFault(f"report {sequence} is damaged in the journal")
    return data


def write_reports(state: StateDirectory, folder: Path) -> Iterator[Path]:
    """Write each kept report into a file of its own and yield the paths; raises as `status`.

    The bytes are those that were signed. A file that is there already must hold the same.
    """
    with open_memory(state.media, read_only=True) as memory:
        book = RecordBook(memory)
        _make_folder(folder)
        for sequence, kept in enumerate(book.history.reports):
            kind = kept.kind.name.lower()
            path = folder / f"{state.box.hex()}-{sequence:06}-{kind}.cose"
            yield _put(path, signed_report(book, sequence))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = "Give the path of a directory you may write to"
        raise Problem(f"--out {folder}", reason_of(error), remedy) from error


def _put(path: Path, data: bytes) -> Path:
    try:
        if not path.exists():
            create_file(path, data)
        elif path.read_bytes() != data:
            remedy = "Keep both as evidence: give --out another directory"
            raise Problem(str(path), "is there with other bytes", remedy)
    except OSError as error:
        remedy = "Give --out a directory you may write to, on a disk with room"
        raise Problem(str(path), reason_of(error), remedy) from error
    return path
