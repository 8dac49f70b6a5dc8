"""The votes of a final or a correction, contest by contest, in columns. Pure."""

from collections.abc import Iterator

from ballotbox_device.paper.columns import Columns
from ballotbox_protocol.election.definition import Contest, Election
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.tally import ContestTally, Layout
from ballotbox_protocol.wire.report import Report


def result_lines(report: Report, election: Election, columns: Columns) -> Iterator[str]:
    """Yield the votes; a contest that is not voted on in this precinct stands there if it has any.

    Raises InvalidField for a report without votes.
    """
    if report.votes is None:
        raise InvalidField("votes", "stand in finals and corrections, and only there")
    layout = Layout.of(election)
    issued = election.precinct_by_number[report.precinct].styles
    here = {contest for style in issued for contest in election.styles[style].contests}
    if report.corrects is not None:
        yield columns.rule()
        yield from columns.left("In place of report")
        yield from columns.pieces(report.corrects.hex(), 16)
    for index, span in enumerate(layout.spans):
        tally = layout.read(report.votes, index)
        if index in here or tally.ballots:
            yield columns.rule()
            yield from _contest(span.contest, tally, columns)


def _contest(contest: Contest, tally: ContestTally, columns: Columns) -> Iterator[str]:
    yield from columns.left(contest.name)
    if contest.votes_allowed > 1:
        yield from columns.left(f"(up to {contest.votes_allowed} votes on a ballot)")
    yield from columns.pair("Ballots", tally.ballots)
    yield "Votes"
    for option, votes, preferred in zip(
        contest.options, tally.votes, tally.preferences, strict=True
    ):
        yield from columns.pair(option.name, votes, 1)
        for number, count in enumerate(preferred, start=1):
            yield from columns.pair(f"candidate {number}", count, 3)
    yield from columns.pair("Blank ballots", tally.blank)
    yield from columns.pair("Undervotes", tally.undervotes)
    yield from columns.pair("Overvotes", tally.overvotes)
