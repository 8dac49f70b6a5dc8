"""A tape of a report that the box keeps, written to a file; only reads the box's memory."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ballotbox_device.core.journal import RecordBook
from ballotbox_device.host.files import create_file, open_memory
from ballotbox_device.host.inspection import signed_report
from ballotbox_device.host.problem import Problem, reason_of
from ballotbox_device.host.state import StateDirectory, open_state
from ballotbox_device.host.trust_files import establish_from
from ballotbox_device.paper.paper import PAPERS
from ballotbox_device.paper.tape import Tape, TapeProblem, build_tape
from ballotbox_device.paper.text import tape_text
from ballotbox_protocol.wire.report import ReportKind

#: In place of a file: text on standard output.
STANDARD_OUTPUT: Final = "-"


@dataclass(frozen=True, slots=True)
class TapeOrder:
    """Which report of which box is to be printed, from which documents, how and where to.

    report: its sequence number, or the kind of which the newest is meant.
    """

    directory: Path
    election: Path
    register: Path
    root: str
    report: int | ReportKind
    width: int
    copy: int
    out: str


def report_kind(word: str | None) -> ReportKind:
    """Return the kind of report that a word names, as `status` writes it; raises Problem."""
    kinds = {kind.name.lower(): kind for kind in ReportKind}
    if word not in kinds:
        remedy = f"It is one of {', '.join(kinds)}"
        raise Problem(f"--kind {word}", "there is no such kind of report", remedy)
    return kinds[word]


def write_tape(order: TapeOrder) -> str | None:
    """Write the tape; returns the text when it is for standard output. Raises Problem."""
    render = _renderer(order.out)
    state = open_state(order.directory)
    trusted = establish_from(order.election, order.register, order.root, state.register_seen)
    sequence, signed = _report(state, order.report)
    try:
        tape = build_tape(signed, trusted, PAPERS[order.width], order.copy)
    except TapeProblem as error:
        remedy = "Give --election and --register of the election that the box served"
        raise Problem(f"report {sequence}", str(error), remedy) from error
    if order.out == STANDARD_OUTPUT:
        return tape_text(tape)
    _put(Path(order.out), render(tape))
    return None


def _renderer(out: str) -> Callable[[Tape], bytes]:
    suffix = ".txt" if out == STANDARD_OUTPUT else Path(out).suffix.lower()
    if suffix not in _RENDERERS:
        what = "its ending tells no format"
        raise Problem(f"--out {out}", what, "End it in .txt, .png or .bin (ESC/POS), or give -")
    return _RENDERERS[suffix]


def _text(tape: Tape) -> bytes:
    return tape_text(tape).encode()


def _picture(tape: Tape) -> bytes:
    from ballotbox_device.paper.picture import tape_png

    return tape_png(tape)


def _escpos(tape: Tape) -> bytes:
    from ballotbox_device.paper.printer import tape_escpos

    return tape_escpos(tape)


_RENDERERS: Final = {".txt": _text, ".png": _picture, ".bin": _escpos}


def _report(state: StateDirectory, wanted: int | ReportKind) -> tuple[int, bytes]:
    with open_memory(state.media, read_only=True) as memory:
        book = RecordBook(memory)
        kinds = [kept.kind for kept in book.history.reports]
        if isinstance(wanted, ReportKind):
            of_kind = [sequence for sequence, kind in enumerate(kinds) if kind is wanted]
            sequence = of_kind[-1] if of_kind else len(kinds)
            where = f"--kind {wanted.name.lower()}"
        else:
            sequence, where = wanted, f"--report {wanted}"
        if sequence >= len(kinds):
            remedy = f"To see which reports it keeps: ballotbox-device status --state {state.path}"
            raise Problem(where, "the box keeps no such report", remedy)
        return sequence, signed_report(book, sequence)


def _put(path: Path, data: bytes) -> None:
    try:
        create_file(path, data)
    except FileExistsError as error:
        remedy = "A tape is never written over another: give --out a new name"
        raise Problem(f"--out {path}", "is there already", remedy) from error
    except OSError as error:
        remedy = "Give --out a file in a directory you may write to, on a disk with room"
        raise Problem(f"--out {path}", reason_of(error), remedy) from error
