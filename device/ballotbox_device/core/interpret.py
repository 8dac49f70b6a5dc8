"""Judging a sheet: may it be accepted here and now, and if not, why."""

from collections.abc import Iterable

from ballotbox_device.core.poll import Intake
from ballotbox_device.core.sheet import ReturnReason, Sheet
from ballotbox_protocol.election.definition import Contest, Election, MarkPolicy, Precinct
from ballotbox_protocol.election.tally import Marks


def reason_to_return(
    sheet: Sheet, election: Election, precinct: Precinct, intake: Intake, *, confirmed: bool
) -> ReturnReason | None:
    """Return why `sheet` must go back, or None when it is to be accepted.

    `confirmed`: the voter was warned of an overvote or a blank and insists (second chance).
    """
    if sheet.portable and intake is Intake.VOTERS:
        return ReturnReason.FROM_PORTABLE_BOX
    if not sheet.portable and intake is Intake.PORTABLE:
        return ReturnReason.NOT_FROM_PORTABLE_BOX
    misfit = _misfit(sheet, election, precinct)
    if misfit is not None or confirmed:
        return misfit
    contests = _contests(sheet, election)
    return _second_chance(zip(contests, sheet.marks, strict=True), election.policy)


def _contests(sheet: Sheet, election: Election) -> list[Contest]:
    return [election.contests[index] for index in election.styles[sheet.style].sheets[sheet.number]]


def _misfit(sheet: Sheet, election: Election, precinct: Precinct) -> ReturnReason | None:
    if not 0 <= sheet.style < len(election.styles):
        return ReturnReason.UNKNOWN_STYLE
    if sheet.style not in precinct.styles:
        return ReturnReason.OTHER_PRECINCT
    if not 0 <= sheet.number < len(election.styles[sheet.style].sheets):
        return ReturnReason.UNKNOWN_SHEET
    contests = _contests(sheet, election)
    if not sheet.readable or len(sheet.marks) != len(contests):
        return ReturnReason.UNREADABLE
    if not all(map(_on_paper, contests, sheet.marks)):
        return ReturnReason.UNREADABLE
    return None


def _on_paper(contest: Contest, marks: Marks) -> bool:
    options = contest.options
    return all(0 <= option < len(options) for option in marks.options) and all(
        0 <= option < len(options) and 0 <= candidate < options[option].preferences
        for option, candidate in marks.preferences
    )


def _second_chance(
    contests: Iterable[tuple[Contest, Marks]], policy: MarkPolicy
) -> ReturnReason | None:
    counts = [(len(marks.options), contest.votes_allowed) for contest, marks in contests]
    if policy.return_overvoted and any(marked > allowed for marked, allowed in counts):
        return ReturnReason.OVERVOTED
    if policy.return_blank and not any(marked for marked, _ in counts):
        return ReturnReason.BLANK
    return None
