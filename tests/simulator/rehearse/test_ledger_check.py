"""Is every missing and every doubled report named, whichever witness lacks it?"""

from collections import Counter
from dataclasses import replace

import pytest

from ballotbox_simulator.rehearse.core.document import SheetCount
from ballotbox_simulator.rehearse.core.ledger_check import (
    Made,
    Witnesses,
    broken_promises,
    check_ledger,
)

MADE = tuple(
    Made(bytes([box, sequence]), f"box-{box}", sequence, sequence == 2, receipted=True)
    for box in range(3)
    for sequence in range(3)
)
FINALS = Counter(each.report for each in MADE if each.final)
WHOLE = Witnesses(
    MADE, Counter(each.report for each in MADE), FINALS, SheetCount(30, 30, 30, 30, 30)
)
ID = MADE[2].report


def without(counts: Counter[bytes], report: bytes) -> Counter[bytes]:
    return Counter({each: count for each, count in counts.items() if each != report})


def test_witnesses_that_agree_leave_nothing_to_say() -> None:
    check = check_ledger(WHOLE)

    assert check.holds
    assert (check.sent, check.receipted, check.stored) == (9, 9, 9)
    assert (check.finals, check.tabulated) == (3, 3)


def test_a_report_without_a_receipt_is_missing() -> None:
    made = (replace(MADE[0], receipted=False), *MADE[1:])

    check = check_ledger(replace(WHOLE, made=made))

    assert not check.holds
    assert [(each.report, each.box, each.sequence) for each in check.missing] == [
        (MADE[0].report.hex(), "box-0", 0)
    ]
    assert "no receipt" in check.missing[0].where


def test_a_receipted_report_that_is_not_stored_is_a_broken_promise() -> None:
    check = check_ledger(replace(WHOLE, stored=without(WHOLE.stored, MADE[0].report)))

    assert broken_promises(check) == 1
    assert check.missing[0].report == MADE[0].report.hex()


def test_a_report_that_was_never_receipted_breaks_no_promise() -> None:
    made = (replace(MADE[0], receipted=False), *MADE[1:])
    check = check_ledger(replace(WHOLE, made=made, stored=without(WHOLE.stored, MADE[0].report)))

    assert len(check.missing) == 1
    assert broken_promises(check) == 0


def test_a_final_that_no_result_counts_is_missing() -> None:
    check = check_ledger(replace(WHOLE, tabulated=without(FINALS, ID)))

    assert [each.report for each in check.missing] == [ID.hex()]
    assert "does not count" in check.missing[0].where


@pytest.mark.parametrize("witness", ["stored", "tabulated"])
def test_a_report_that_counts_twice_is_doubled(witness: str) -> None:
    counts = Counter(getattr(WHOLE, witness))
    counts[ID] += 1

    check = check_ledger(replace(WHOLE, **{witness: counts}))

    assert not check.holds
    assert check.missing == ()
    assert [(each.report, each.box) for each in check.doubled] == [(ID.hex(), "box-0")]
    assert "2 times" in check.doubled[0].where


def test_a_report_of_two_boxes_is_doubled() -> None:
    check = check_ledger(replace(WHOLE, made=(*MADE, replace(MADE[0], box="box-9"))))

    assert [each.where for each in check.doubled] == ["made by two boxes"]


@pytest.mark.parametrize("witness", ["stored", "tabulated"])
def test_a_report_that_no_box_made_is_an_objection(witness: str) -> None:
    counts = Counter(getattr(WHOLE, witness))
    counts[b"\xff\xff"] = 1

    check = check_ledger(replace(WHOLE, **{witness: counts}))

    assert not check.holds
    assert "ffff" in check.objections[0]


@pytest.mark.parametrize("witness", ["fed", "counted", "receipted", "stored", "tabulated"])
def test_one_number_of_sheets_that_differs_is_an_objection(witness: str) -> None:
    check = check_ledger(replace(WHOLE, sheets=replace(WHOLE.sheets, **{witness: 29})))

    assert not check.holds
    assert f"{witness} 29" in check.objections[0]


def test_a_log_that_nobody_saw_holds_nothing_and_misses_nothing() -> None:
    sheets = SheetCount(30, 30, 30, None, None)
    check = check_ledger(replace(WHOLE, stored=None, tabulated=None, sheets=sheets))

    assert not check.holds
    assert (check.missing, check.doubled, check.objections) == ((), (), ())
