"""Do two rehearsals side by side show what differs, and which way?"""

from dataclasses import replace

import pytest

from ballotbox_simulator.rehearse.core.comparison import Change, change_of, compared
from ballotbox_simulator.rehearse.report.comparison_page import (
    comparison_lines,
    render_comparison,
)
from tests.simulator.rehearse.result_material import a_bad_result, a_result


def test_a_result_beside_itself_is_the_same() -> None:
    both = compared(a_result(), a_result())

    assert both.conditions == ()
    assert {row.change for row in both.rows} == {Change.SAME}
    assert both.words.startswith("GO, then GO. Same plan, same machine")


@pytest.mark.parametrize(
    ("before", "after", "less", "change"),
    [
        (100.0, 109.0, True, Change.SAME),
        (100.0, 150.0, True, Change.WORSE),
        (100.0, 50.0, True, Change.BETTER),
        (100.0, 150.0, False, Change.BETTER),
        (100.0, 50.0, False, Change.WORSE),
        (100.0, 50.0, None, Change.OTHER),
        (0.0, 1.0, True, Change.WORSE),
        (0.0, 0.0, True, Change.SAME),
        (None, 1.0, True, Change.UNKNOWN),
        (1.0, None, True, Change.UNKNOWN),
    ],
)
def test_a_change_has_a_direction(before, after, less, change) -> None:
    assert change_of(before, after, less_is_better=less) is change


def test_losses_and_slower_answers_are_worse_and_every_condition_is_named() -> None:
    slow = a_bad_result()
    slow = replace(
        slow,
        rates=replace(slow.rates, receipted_99_s=20.0, receipts_per_s_sustained=400.0),
        plan={**slow.plan, "burst": {"spread": 20.0, "shape": [1.0]}},
        machine=replace(slow.machine, cores=8),
    )

    both = compared(a_result(), slow)

    changes = {row.name: row.change for row in both.rows}
    assert changes["Reports missing"] is Change.WORSE
    assert changes["99 % answered after the close"] is Change.WORSE
    assert changes["Receipts a second, sustained"] is Change.BETTER
    assert {(each.name, each.before, each.after) for each in both.conditions} == {
        ("plan.burst.spread", "10.0", "20.0"),
        ("machine.cores", "2", "8"),
    }
    assert "2 conditions differ" in both.words


def test_machines_of_the_tester_are_conditions() -> None:
    before = a_result()
    (machine,) = before.tester.machines
    other = replace(machine, name="near-by", cores=8)
    after = replace(before, tester=replace(before.tester, machines=(other,)))
    alone = replace(before, tester=replace(before.tester, machines=()))

    assert [
        (each.name, each.before, each.after) for each in compared(before, after).conditions
    ] == [
        (
            "tester.machines.0",
            "far-away, 4 cores, 40 boxes in 1 processes",
            "near-by, 8 cores, 40 boxes in 1 processes",
        )
    ]
    (gone,) = compared(before, alone).conditions
    assert (gone.name, gone.after) == ("tester.machines.0", "not given")


def test_terminal_and_page_have_every_row_and_condition() -> None:
    both = compared(a_result(), replace(a_bad_result(), latencies=()))
    lines = "\n".join(comparison_lines(both))
    page = render_comparison(both).decode()

    for row in both.rows:
        assert row.name in lines
        assert row.name in page
    assert "✘ Reports missing: 0 -> 30, worse" in lines
    assert "? Latency: receipt, half: 25.5 ms -> not seen, not measured in both" in lines
    assert "<of>" not in page
    assert "<script" not in page
