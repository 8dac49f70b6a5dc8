"""Sent = receipted = stored = tabulated, report by report, each set from another witness.

The boxes' journals say what was made, the receipts in the boxes' hands what was receipted, the
exported log what is stored, and the published result what was tabulated. None of them is derived
from another one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ballotbox_simulator.rehearse.core.document import Astray, LedgerCheck, SheetCount

NO_RECEIPT: Final = "made, but no receipt accepts it"
NOT_STORED: Final = "not accepted in the exported log"
BROKEN_PROMISE: Final = "receipted, but not in the exported log"
NOT_TABULATED: Final = "a final that the result does not count"
MADE_TWICE: Final = "made by two boxes"
STORED_TWICE: Final = "accepted in the log {times} times"
TABULATED_TWICE: Final = "counted in the result {times} times"


@dataclass(frozen=True, slots=True)
class Made:
    """One report as its box's journal has it; receipted: the box holds an acceptance of it."""

    report: bytes
    box: str
    sequence: int
    final: bool
    receipted: bool


@dataclass(frozen=True, slots=True)
class Witnesses:
    """What each witness said; None: it was not heard.

    stored: accepted reports of the log, once for each acceptance. tabulated: the finals that the
    result counts. strangers: things that no report of a box explains, in words.
    """

    made: tuple[Made, ...]
    stored: Counter[bytes] | None
    tabulated: Counter[bytes] | None
    sheets: SheetCount
    strangers: tuple[str, ...] = ()


def check_ledger(heard: Witnesses) -> LedgerCheck:
    """Hold the witnesses against each other; every missing and doubled report is named."""
    known = {each.report: each for each in heard.made}
    missing = tuple(_missing(heard))
    doubled = tuple(_doubled(heard, known))
    objections = (*heard.strangers, *_strangers(heard, known), *_sheet_objections(heard.sheets))
    seen = heard.stored is not None and heard.tabulated is not None
    return LedgerCheck(
        sent=len(heard.made),
        receipted=sum(each.receipted for each in heard.made),
        stored=None if heard.stored is None else heard.stored.total(),
        finals=sum(each.final for each in heard.made),
        tabulated=None if heard.tabulated is None else heard.tabulated.total(),
        missing=missing,
        doubled=doubled,
        objections=objections,
        sheets=heard.sheets,
        holds=seen and not (missing or doubled or objections),
    )


def broken_promises(check: LedgerCheck) -> int:
    """Return how many reports are receipted and not stored: no tester can be to blame for that."""
    return sum(BROKEN_PROMISE in each.where for each in check.missing)


def _missing(heard: Witnesses) -> Iterator[Astray]:
    for each in heard.made:
        if places := list(_absent(each, heard)):
            yield Astray(each.report.hex(), each.box, each.sequence, "; ".join(places))


def _absent(made: Made, heard: Witnesses) -> Iterator[str]:
    if not made.receipted:
        yield NO_RECEIPT
    if heard.stored is not None and made.report not in heard.stored:
        yield BROKEN_PROMISE if made.receipted else NOT_STORED
    if made.final and heard.tabulated is not None and made.report not in heard.tabulated:
        yield NOT_TABULATED


def _doubled(heard: Witnesses, known: Mapping[bytes, Made]) -> Iterator[Astray]:
    made = Counter(each.report for each in heard.made)
    for report in _repeated(made):
        yield _astray(report, known, MADE_TWICE)
    for counts, words in ((heard.stored, STORED_TWICE), (heard.tabulated, TABULATED_TWICE)):
        for report in _repeated(counts or Counter()):
            yield _astray(report, known, words.format(times=(counts or made)[report]))


def _repeated(counts: Counter[bytes]) -> Iterable[bytes]:
    return (report for report, count in counts.items() if count > 1)


def _astray(report: bytes, known: Mapping[bytes, Made], where: str) -> Astray:
    made = known.get(report)
    if made is None:
        return Astray(report.hex(), "", None, where)
    return Astray(report.hex(), made.box, made.sequence, where)


def _strangers(heard: Witnesses, known: Mapping[bytes, Made]) -> Iterator[str]:
    for counts, where in ((heard.stored, "the log"), (heard.tabulated, "the result")):
        strange = [report for report in counts or () if report not in known]
        if strange:
            first = strange[0].hex()
            yield f"{where} has {len(strange)} reports that no box made, the first {first}"


def _sheet_objections(sheets: SheetCount) -> Iterator[str]:
    numbers = {
        "fed": sheets.fed,
        "counted": sheets.counted,
        "receipted": sheets.receipted,
        "stored": sheets.stored,
        "tabulated": sheets.tabulated,
    }
    heard = {name: number for name, number in numbers.items() if number is not None}
    if len(set(heard.values())) > 1:
        told = ", ".join(f"{name} {number}" for name, number in heard.items())
        yield f"the numbers of sheets differ: {told}"
