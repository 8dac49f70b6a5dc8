"""Judging a sheet: may it be accepted here and now, and if not, why."""

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
    if not 0 <= sheet.style < len(election.styles):
        return ReturnReason.UNKNOWN_STYLE
    if sheet.style not in precinct.styles:
        return ReturnReason.OTHER_PRECINCT
    sheets = election.styles[sheet.style].sheets
    if not 0 <= sheet.number < len(sheets):
        return ReturnReason.UNKNOWN_SHEET
    contests = [election.contests[index] for index in sheets[sheet.number]]
    if not _is_legible(sheet, contests):
        return ReturnReason.UNREADABLE
    return None if confirmed else _second_chance(sheet, contests, election.policy)


def _is_legible(sheet: Sheet, contests: list[Contest]) -> bool:
    if not sheet.readable or len(sheet.marks) != len(contests):
        return False
    return all(map(_is_on_paper, contests, sheet.marks))


def _is_on_paper(contest: Contest, marks: Marks) -> bool:
    options = contest.options
    for option in marks.options:
        if not 0 <= option < len(options):
            return False
    for option, candidate in marks.preferences:
        if not 0 <= option < len(options) or not 0 <= candidate < options[option].preferences:
            return False
    return True


def _second_chance(
    sheet: Sheet, contests: list[Contest], policy: MarkPolicy
) -> ReturnReason | None:
    if policy.return_overvoted:
        for contest, marks in zip(contests, sheet.marks, strict=True):
            if len(marks.options) > contest.votes_allowed:
                return ReturnReason.OVERVOTED
    if policy.return_blank and not any(marks.options for marks in sheet.marks):
        return ReturnReason.BLANK
    return None
