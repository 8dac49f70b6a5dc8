"""GO, NO-GO or INVALID: the verdict of a rehearsal, with its reasons in words.

What no tester can be to blame for, a report receipted and not stored, one that counts twice or a
part that ended by itself, is a NO-GO however the tester fared. Otherwise a run in which the tester
was the limit, or in which nobody saw the log, says nothing: INVALID.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

from ballotbox_simulator.rehearse.core.document import Conclusion, LedgerCheck, RehearsalTester
from ballotbox_simulator.rehearse.core.latency import Latencies
from ballotbox_simulator.rehearse.core.ledger_check import broken_promises
from ballotbox_simulator.rehearse.core.objectives import Judged

_SHOWN: Final = 5


class Outcome(Enum):
    """A verdict and the exit code of the command; 2 is a command that could not be used."""

    GO = ("GO", 0)
    NO_GO = ("NO-GO", 1)
    INVALID = ("INVALID", 3)


def conclude(
    tester: RehearsalTester,
    ledger: LedgerCheck,
    objectives: Sequence[Judged],
    notes: Sequence[str],
    *,
    broken: Sequence[str] = (),
    unseen: str = "nobody saw the gateways' log",
) -> Conclusion:
    """Return the verdict over what was measured.

    broken: parts of what was tested that failed. unseen: why nobody saw the log, if nobody did.
    """
    certain = (*broken, *_certain(ledger))
    void = tuple(_void(tester, ledger, unseen))
    failed = tuple(_failed(ledger, objectives))
    if certain:
        return _concluded(Outcome.NO_GO, (*certain, *failed), (*void, *notes))
    if void:
        return _concluded(Outcome.INVALID, void, (*failed, *notes))
    return _concluded(Outcome.NO_GO if failed else Outcome.GO, failed, notes)


def judge_lag(
    whole: Latencies, burst: Latencies, limit_ms: float, worst_second_ms: float = 0.0
) -> tuple[bool, str]:
    """Tell whether the tester kept up, over the run, in the burst and in its worst second."""
    worst, when, mend = max(
        (worst_second_ms, "a second of the closing burst", "spread the burst"),
        (burst.at(99.0), "the closing burst", "spread the burst"),
        (whole.at(99.0), "the whole run", "let the day pass more slowly"),
    )
    if worst <= limit_ms:
        return True, f"The tester kept up: {worst:.0f} ms late at most, but for 1 % of the time."
    return False, (
        f"the tester was the limit: for 1 % of {when} it was about {worst:.0f} ms late or more, "
        f"and {limit_ms:.0f} ms are allowed; give it more cores or fewer boxes, or {mend}"
    )


def _concluded(outcome: Outcome, reasons: Sequence[str], notes: Sequence[str]) -> Conclusion:
    name, code = outcome.value
    return Conclusion(name, code, tuple(reasons), tuple(notes))


def _certain(ledger: LedgerCheck) -> Iterator[str]:
    if lost := broken_promises(ledger):
        was = "was receipted, but is" if lost == 1 else "were receipted, but are"
        yield f"{_reports(lost)} {was} not in the log"
    if ledger.doubled:
        named = ", ".join(f"{each.report} {each.where}" for each in ledger.doubled[:_SHOWN])
        yield f"{_reports(len(ledger.doubled))} {_are(ledger.doubled)} doubled: {named}"


def _void(tester: RehearsalTester, ledger: LedgerCheck, unseen: str) -> Iterator[str]:
    if not tester.valid:
        yield tester.words
    if ledger.stored is None:
        yield unseen


def _failed(ledger: LedgerCheck, objectives: Sequence[Judged]) -> Iterator[str]:
    yield from (str(each) for each in objectives if not each.met)
    if ledger.missing:
        named = ", ".join(_named(each.report, each.box) for each in ledger.missing[:_SHOWN])
        yield f"{_reports(len(ledger.missing))} {_are(ledger.missing)} missing, the first: {named}"
    yield from ledger.objections
    if ledger.stored is not None and ledger.tabulated is None:
        yield "the log could not be tabulated"


def _reports(number: int) -> str:
    return "1 report" if number == 1 else f"{number} reports"


def _are(those: Sequence[object]) -> str:
    return "is" if len(those) == 1 else "are"


def _named(report: str, box: str) -> str:
    return f"{report} of box {box}" if box else report
