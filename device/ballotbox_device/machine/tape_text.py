"""What a tape says, as lines of text: the report in words, and which copy it is."""

from collections.abc import Callable, Iterator
from typing import Final

from ballotbox_device.machine.printer import Tape
from ballotbox_protocol.election.counters import COUNTER_NAMES
from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import Report, ReportKind, decode_report

#: The reports that people sign on paper.
ON_PAPER: Final = frozenset(
    {ReportKind.ZERO, ReportKind.OPEN, ReportKind.CLOSE, ReportKind.FINAL, ReportKind.CORRECTION}
)
#: Turns a signed report and the number of its copy into a tape.
Compose = Callable[[bytes, int], Tape]


def composer(election: Election) -> Compose:
    """Return what turns the reports of an election into tapes."""
    layout = Layout.of(election)

    def compose(data: bytes, copy: int) -> Tape:
        envelope = cose.parse(data)
        report = decode_report(envelope.payload)
        identity = cose.statement_id(envelope.statement).hex()
        lines = [*_head(report, copy), *_counters(report), *_votes(report, election, layout)]
        return (*lines, f"report id {identity}", "signed ____________ ____________")

    return compose


def _head(report: Report, copy: int) -> Iterator[str]:
    yield f"{report.kind.name} REPORT"
    if copy > 1:
        yield f"COPY {copy}"
    yield f"report {report.sequence} of box {report.box.hex()}"
    yield f"precinct {report.precinct}, the poll is {report.state.name}"
    if report.debug:
        yield "DEBUG BOX: counts in no official election"


def _counters(report: Report) -> Iterator[str]:
    for name in COUNTER_NAMES:
        yield f"{name:<12}{getattr(report.counters, name):>8}"


def _votes(report: Report, election: Election, layout: Layout) -> Iterator[str]:
    if report.votes is None:
        return
    for index, contest in enumerate(election.contests):
        tally = layout.read(report.votes, index)
        yield contest.name
        yield f"  ballots {tally.ballots}, blank {tally.blank}"
        yield f"  undervotes {tally.undervotes}, overvotes {tally.overvotes}"
        for option, votes in zip(contest.options, tally.votes, strict=True):
            yield f"  {option.name:<30}{votes:>8}"
