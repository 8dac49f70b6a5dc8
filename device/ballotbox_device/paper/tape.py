"""A tape, built from a signed report and the names of its election. Pure.

Whatever stands on a tape is in the report, the definition or the register, but for the copy number,
which no signature covers. Votes stand on the tape of a final or a correction, and on no other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ballotbox_device.paper.columns import Columns
from ballotbox_device.paper.paper import Paper
from ballotbox_device.paper.result import result_lines
from ballotbox_device.paper.words import CONDITIONS, TITLES, moment
from ballotbox_protocol.election.counters import COUNTER_NAMES
from ballotbox_protocol.election.identifiers import Mode, ReportId, require
from ballotbox_protocol.election.register import BoxEntry
from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.paper import PaperCopy, PaperError, paper_parts, print_entry
from ballotbox_protocol.wire.report import WITH_VOTES, Report, ReportKind, decode_report
from ballotbox_protocol.wire.trust import Trusted

COPIES_MAX: Final = 9_999
#: Kinds whose tape people sign by hand.
_SIGNED_BY_HAND: Final = WITH_VOTES | {ReportKind.ZERO}
_SIGNATURES: Final = 3


class TapeProblem(ValueError):
    """No tape can be made of this report with these documents; the message says why."""


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code on the tape, by its text; the line below it tells which of how many it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Tape:
    """What is printed, from top to bottom; each string is one line that fits the paper."""

    paper: Paper
    parts: tuple[str | Code, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """A report that holds, with what it is printed from."""

    data: bytes
    id: ReportId
    report: Report
    entry: BoxEntry
    trusted: Trusted


def build_tape(signed: bytes, trusted: Trusted, paper: Paper, copy: int = 1) -> Tape:
    """Return the tape of a signed report; raises TapeProblem, or InvalidField for `copy`."""
    require(1 <= copy <= COPIES_MAX, "copy", f"must be from 1 to {COPIES_MAX}")
    source = _opened(signed, trusted)
    columns = Columns(paper.columns)
    lines = [*_head(source, columns, copy), *_counters(source, columns)]
    codes: list[str | Code] = []
    if source.report.votes is not None:
        lines += result_lines(source.report, trusted.election, columns)
        codes += _codes(source, columns)
    lines += _evidence(source, columns)
    below = [*_hands(source.report.kind, columns), *columns.centred("END OF TAPE")]
    return Tape(paper, (*lines, *codes, *below))


def _opened(signed: bytes, trusted: Trusted) -> _Source:
    try:
        envelope = cose.parse(signed)
        report = decode_report(envelope.payload)
    except ValueError as error:
        raise TapeProblem(f"the report is damaged: {error}") from error
    if report.election != trusted.digest:
        raise TapeProblem("the report was made for another election than this definition")
    entry = trusted.reporters.get(envelope.protected)
    if entry is None or entry.box != report.box:
        raise TapeProblem("the register does not list the key that signed the report for its box")
    statement = envelope.statement
    if not cose.verify(statement, envelope.signature, entry.key):
        raise TapeProblem("the signature of the report does not verify")
    if report.precinct not in trusted.election.precinct_by_number:
        raise TapeProblem(f"the election has no precinct {report.precinct}")
    if report.votes is not None and len(report.votes) != Layout.of(trusted.election).size:
        raise TapeProblem("the votes of the report do not fit the contests of the election")
    return _Source(signed, ReportId(cose.statement_id(statement)), report, entry, trusted)


def _head(source: _Source, columns: Columns, copy: int) -> Iterator[str]:
    election, report = source.trusted.election, source.report
    banner = list(_banner(election.mode, debug=report.debug))
    for text in banner:
        yield from columns.centred(text)
    if banner:
        yield columns.rule("=")
    yield from columns.centred(TITLES[report.kind])
    yield from columns.centred(f"COPY {copy}")
    yield columns.rule("=")
    yield from columns.left(election.name)
    yield from columns.left(election.day)
    precinct = election.precinct_by_number[report.precinct]
    yield from columns.left(f"Precinct {precinct.number}")
    yield from columns.left(precinct.name, 2)
    yield from columns.left("Box")
    yield from columns.pieces(report.box.hex(), 8)
    yield from columns.left(f"Report {report.sequence}, start {report.boot} of the box")
    yield from columns.left(moment(report.clock))


def _banner(mode: Mode, *, debug: bool) -> Iterator[str]:
    if mode is not Mode.OFFICIAL:
        yield f"*** {mode.name} ***"
    if debug:
        yield "*** DEBUG ***"
    if mode is not Mode.OFFICIAL or debug:
        yield "NOT FOR AN OFFICIAL COUNT"


def _counters(source: _Source, columns: Columns) -> Iterator[str]:
    yield columns.rule()
    yield from columns.left("SHEETS")
    for name in COUNTER_NAMES:
        yield from columns.pair(name, getattr(source.report.counters, name))
    condition = CONDITIONS.get(source.report.kind)
    if condition is not None:
        yield from columns.left(condition)


def _codes(source: _Source, columns: Columns) -> Iterator[str | Code]:
    try:
        parts = paper_parts(PaperCopy(source.data, print_entry(source.entry)))
    except PaperError as error:
        raise TapeProblem(f"the result does not fit on a tape: {error}") from error
    for number, text in enumerate(parts, start=1):
        yield Code(text)
        yield from columns.centred(f"QR code {number} of {len(parts)}")


def _evidence(source: _Source, columns: Columns) -> Iterator[str]:
    yield columns.rule()
    for name, value in (
        ("Election", source.trusted.digest),
        ("Report id", source.id),
        ("Signed with key", source.entry.key),
    ):
        yield from columns.left(name)
        yield from columns.pieces(value.hex(), 16)
    yield columns.rule()


def _hands(kind: ReportKind, columns: Columns) -> Iterator[str]:
    if kind not in _SIGNED_BY_HAND:
        return
    for _ in range(_SIGNATURES):
        yield from ("", "", columns.rule("_"))
    yield from columns.left("Names and signatures")
