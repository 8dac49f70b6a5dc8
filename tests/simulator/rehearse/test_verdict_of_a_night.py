"""Does a rehearsal that must fail do so, with the right reason and the right exit code?"""

from collections import Counter
from dataclasses import replace

import pytest

from ballotbox_simulator.rehearse.core.document import RehearsalTester, SheetCount
from ballotbox_simulator.rehearse.core.latency import Latencies
from ballotbox_simulator.rehearse.core.ledger_check import Made, Witnesses, check_ledger
from ballotbox_simulator.rehearse.core.objectives import Measured, Objectives, judged
from ballotbox_simulator.rehearse.core.verdict import conclude, judge_lag

MADE = tuple(Made(bytes([n]), f"box-{n}", 0, final=True, receipted=True) for n in range(4))
REPORTS = Counter(each.report for each in MADE)
WHOLE = Witnesses(MADE, REPORTS, REPORTS, SheetCount(8, 8, 8, 8, 8))
ASKED = Objectives(60.0, 5_000.0, 12.0)
GOOD = Measured(30.0, 900.0, 0, 0, 11.0)
TWICE = Counter({**REPORTS, MADE[0].report: 2})
ONE_LESS = Counter(dict.fromkeys(list(REPORTS)[1:], 1))


def a_tester(lag_ms: float) -> RehearsalTester:
    lag = Latencies.of([lag_ms] * 100)
    valid, words = judge_lag(lag, lag, 1_000.0)
    numbers = lag.percentiles()
    return RehearsalTester(valid, 2, 1_000.0, numbers, numbers, 0.5, 11.0, words)


def verdict(
    heard: Witnesses = WHOLE, measured: Measured = GOOD, lag_ms: float = 10.0
) -> tuple[str, int, str]:
    check = check_ledger(heard)
    seen = replace(measured, lost=len(check.missing), doubled=len(check.doubled))
    concluded = conclude(a_tester(lag_ms), check, judged(ASKED, seen), ())
    return concluded.outcome, concluded.exit_code, "; ".join(concluded.reasons)


def test_a_night_that_holds_is_a_go() -> None:
    assert verdict() == ("GO", 0, "")


def test_a_planted_loss_is_a_no_go_that_names_the_report() -> None:
    made = (replace(MADE[0], receipted=False), *MADE[1:])
    sheets = SheetCount(8, 8, 6, 6, 6)

    outcome, code, why = verdict(Witnesses(made, ONE_LESS, ONE_LESS, sheets))

    assert (outcome, code) == ("NO-GO", 1)
    assert "1 report is missing, the first: 00 of box box-0" in why
    assert "missing somewhere was 1 reports; at most 0" in why


@pytest.mark.parametrize("witness", ["stored", "tabulated"])
def test_a_planted_double_is_a_no_go_that_names_the_report(witness: str) -> None:
    outcome, code, why = verdict(replace(WHOLE, **{witness: TWICE}))

    assert (outcome, code) == ("NO-GO", 1)
    assert why.startswith("1 report is doubled: 00 ")


def test_an_overloaded_tester_is_invalid_and_says_what_to_change() -> None:
    outcome, code, why = verdict(lag_ms=3_000.0)

    assert (outcome, code) == ("INVALID", 3)
    assert "the tester was the limit" in why
    assert "more cores or fewer boxes" in why


def test_what_a_tester_that_was_the_limit_missed_is_no_fault_of_what_it_tested() -> None:
    outcome, _, why = verdict(measured=replace(GOOD, receipted_99_s=90.0), lag_ms=3_000.0)

    assert outcome == "INVALID"
    assert "Time until" not in why


def test_a_log_that_nobody_saw_is_invalid() -> None:
    unseen = Witnesses(MADE, None, None, SheetCount(8, 8, 8, None, None))

    outcome, code, why = verdict(unseen)

    assert (outcome, code) == ("INVALID", 3)
    assert "nobody saw the gateways' log" in why


@pytest.mark.parametrize("lag_ms", [10.0, 3_000.0])
def test_a_receipt_for_what_is_not_stored_is_a_no_go_whoever_was_the_limit(lag_ms: float) -> None:
    outcome, code, why = verdict(replace(WHOLE, stored=ONE_LESS), lag_ms=lag_ms)

    assert (outcome, code) == ("NO-GO", 1)
    assert why.startswith("1 report was receipted, but is not in the log")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("receipted_99_s", 61.0, "was 61 s; at most 60 s was asked"),
        ("receipted_99_s", None, "was not reached; at most 60 s was asked"),
        ("receipt_p99_ms", 5_001.0, "was 5001 ms; at most 5000 ms was asked"),
        ("memory_kib", 12.5, "was 12.5 KiB; at most 12 KiB was asked"),
    ],
)
def test_a_missed_objective_is_a_no_go_in_words(name: str, value: float, words: str) -> None:
    outcome, code, why = verdict(measured=replace(GOOD, **{name: value}))

    assert (outcome, code) == ("NO-GO", 1)
    assert words in why


def test_an_objection_to_the_sheets_is_a_no_go() -> None:
    outcome, _, why = verdict(replace(WHOLE, sheets=SheetCount(8, 8, 8, 8, 7)))

    assert outcome == "NO-GO"
    assert "tabulated 7" in why


def test_what_is_not_asked_cannot_be_missed() -> None:
    found = judged(Objectives(), Measured(None, None, 0, 0, None))

    assert found == judged(Objectives(), Measured(9.0, 9.0, 0, 0, 9.0))
    assert [(each.name, each.limit, each.met) for each in found] == [
        ("lost", 0, True),
        ("doubled", 0, True),
    ]


@pytest.mark.parametrize(
    ("day_ms", "burst_ms", "when", "mend"),
    [
        (1.0, 2_000.0, "the closing burst", "spread the burst"),
        (2_000.0, 1.0, "the whole run", "let the day pass more slowly"),
    ],
)
def test_a_late_tester_is_told_when_it_was_late_and_what_mends_it(
    day_ms: float, burst_ms: float, when: str, mend: str
) -> None:
    day, burst = Latencies.of([day_ms] * 10_000), Latencies.of([burst_ms] * 50)

    valid, words = judge_lag(day, burst, 1_000.0)

    assert not valid
    assert f"for 1 % of {when} it was about 2010 ms late" in words
    assert words.endswith(mend)


def test_the_tester_is_judged_by_its_worst_second_too() -> None:
    calm = Latencies.of([1.0] * 1_000)

    assert judge_lag(calm, calm, 1_000.0, 900.0)[0]
    assert not judge_lag(calm, calm, 1_000.0, 1_100.0)[0]


@pytest.mark.parametrize("lag_ms", [10.0, 3_000.0])
def test_a_part_that_ended_by_itself_is_a_no_go_whoever_was_the_limit(lag_ms: float) -> None:
    check = check_ledger(WHOLE)

    concluded = conclude(a_tester(lag_ms), check, judged(ASKED, GOOD), (), broken=["it ended"])

    assert (concluded.outcome, concluded.reasons) == ("NO-GO", ("it ended",))


def test_why_nobody_saw_the_log_is_the_reason() -> None:
    check = check_ledger(Witnesses(MADE, None, None, SheetCount(8, 8, 8, None, None)))

    concluded = conclude(a_tester(10.0), check, judged(ASKED, GOOD), (), unseen="it wrote nothing")

    assert (concluded.outcome, concluded.reasons) == ("INVALID", ("it wrote nothing",))
