"""Judging a sheet: may it be accepted here and now, and if not, why, and may the voter insist."""

from typing import Final, NamedTuple

from ballotbox_device.core.poll import Intake
from ballotbox_device.core.sheet import ReturnReason, Sheet
from ballotbox_protocol.election.definition import Contest, Election, Handling, MarkPolicy, Precinct
from ballotbox_protocol.election.tally import Marks

#: The reasons that law and profile choose; what is given back for another could not be counted.
CHOSEN: Final = frozenset(
    {
        ReturnReason.OVERVOTED,
        ReturnReason.BLANK,
        ReturnReason.UNDERVOTED,
        ReturnReason.MARGINAL,
        ReturnReason.NO_STAMP,
    }
)


class Judgement(NamedTuple):
    """Why a sheet should not go in; `may_insist`: its voter may say that it shall."""

    reason: ReturnReason
    may_insist: bool = False


def judge(sheet: Sheet, election: Election, precinct: Precinct, intake: Intake) -> Judgement | None:
    """Return why `sheet` should not go in, or None when it is to be accepted."""
    reason = _cannot_count(sheet, election, precinct, intake)
    if reason is not None:
        return Judgement(reason)
    contests = _contests(sheet, election)
    if not _is_legible(sheet, contests):
        return Judgement(ReturnReason.UNREADABLE)
    policy = election.policy
    if policy.stamp and not sheet.stamped:
        return Judgement(ReturnReason.NO_STAMP)
    return _second_thoughts(sheet, contests, policy)


def _cannot_count(
    sheet: Sheet, election: Election, precinct: Precinct, intake: Intake
) -> ReturnReason | None:
    if sheet.portable and intake is Intake.VOTERS:
        return ReturnReason.FROM_PORTABLE_BOX
    if not sheet.portable and intake is Intake.PORTABLE:
        return ReturnReason.NOT_FROM_PORTABLE_BOX
    if not 0 <= sheet.style < len(election.styles):
        return ReturnReason.UNKNOWN_STYLE
    if sheet.style not in precinct.styles:
        return ReturnReason.OTHER_PRECINCT
    if not 0 <= sheet.number < len(election.styles[sheet.style].sheets):
        return ReturnReason.UNKNOWN_SHEET
    return None


def _contests(sheet: Sheet, election: Election) -> list[Contest]:
    contests = election.contests
    return [contests[index] for index in election.styles[sheet.style].sheets[sheet.number]]


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


def _second_thoughts(sheet: Sheet, contests: list[Contest], policy: MarkPolicy) -> Judgement | None:
    """Return the first objection in the order in which a voter is told of them."""
    accept = Handling.ACCEPT
    if policy.overvoted is not accept and _is_overvoted(sheet, contests):
        return _objection(ReturnReason.OVERVOTED, policy.overvoted)
    if policy.blank is not accept and _is_blank(sheet):
        return _objection(ReturnReason.BLANK, policy.blank)
    if policy.undervoted is not accept and _is_undervoted(sheet, contests):
        return _objection(ReturnReason.UNDERVOTED, policy.undervoted)
    if policy.marginal is not accept and sheet.marginal:
        return _objection(ReturnReason.MARGINAL, policy.marginal)
    return None


def _objection(reason: ReturnReason, handling: Handling) -> Judgement:
    return Judgement(reason, may_insist=handling is Handling.SECOND_CHANCE)


def _is_overvoted(sheet: Sheet, contests: list[Contest]) -> bool:
    pairs = zip(contests, sheet.marks, strict=True)
    return any(len(marks.options) > contest.votes_allowed for contest, marks in pairs)


def _is_blank(sheet: Sheet) -> bool:
    return not any(marks.options for marks in sheet.marks)


def _is_undervoted(sheet: Sheet, contests: list[Contest]) -> bool:
    pairs = zip(contests, sheet.marks, strict=True)
    return any(len(marks.options) < contest.votes_allowed for contest, marks in pairs)
