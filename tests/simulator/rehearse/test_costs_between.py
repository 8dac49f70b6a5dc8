"""Do rehearsals of several sizes foretell what lies between them, and nothing beyond them?"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_simulator.rehearse.core.capacity import Night
from ballotbox_simulator.rehearse.core.capacity_check import checked
from ballotbox_simulator.rehearse.core.costs_between import costs_at
from ballotbox_simulator.rehearse.core.unit_costs import SetUp, UnitCosts, unit_costs
from ballotbox_simulator.rehearse.report.capacity_words import sizing_lines
from tests.simulator.rehearse.result_material import a_result

ONE = unit_costs(a_result())


def of_size(boxes: int, peak_per_s: float, us: float, idle: float) -> UnitCosts:
    parts = tuple(replace(part, us_per_report=us, idle_cores=idle) for part in ONE.parts)
    return replace(ONE, boxes=boxes, peak_per_s=peak_per_s, parts=parts)


SMALL, LARGE = of_size(100, 10.0, 900.0, 0.01), of_size(1_600, 160.0, 500.0, 0.04)


def test_the_peak_of_a_rehearsal_is_that_of_its_densest_part() -> None:
    result = a_result(100, 10.0)
    dense = replace(result, plan=result.plan | {"burst": {"spread": 10.0, "shape": [3.0, 1.0]}})

    assert ONE.peak_per_s == pytest.approx(200 / 10)
    assert unit_costs(dense).peak_per_s == pytest.approx(200 * 0.75 / 5)


def test_one_rehearsal_is_taken_as_it_is() -> None:
    assert costs_at([ONE], 7, 1e6) == ONE


@pytest.mark.parametrize(
    ("peak", "us"), [(1.0, 900.0), (10.0, 900.0), (40.0, 700.0), (160.0, 500.0), (1e6, 500.0)]
)
def test_a_report_costs_what_lies_between_by_the_logarithm_and_no_less_beyond(peak, us) -> None:
    for measured in ([SMALL, LARGE], [LARGE, SMALL]):
        found = costs_at(measured, 100, peak)

        assert found.of("gateway").us_per_report == pytest.approx(us)
        assert found.boxes == LARGE.boxes


def test_a_rehearsal_between_two_others_is_met_in_its_own_peak() -> None:
    middle = of_size(400, 40.0, 610.0, 0.02)

    for peak, us in ((10.0, 900.0), (40.0, 610.0), (160.0, 500.0)):
        found = costs_at([LARGE, SMALL, middle], 400, peak)

        assert found.of("gateway").us_per_report == pytest.approx(us)


@given(st.integers(0, 10**7))
def test_what_is_used_besides_lies_between_by_the_boxes_and_never_beyond(boxes: int) -> None:
    found = costs_at([SMALL, LARGE], boxes, 40.0).of("broker").idle_cores

    assert found == pytest.approx(0.008 + min(max(boxes, 100), 1_600) * 0.00002)


def test_two_sizes_foretell_the_one_between_better_than_the_largest_alone() -> None:
    # Each report costs 600 microseconds more than at the larger size.
    world = a_result(300, 10.0)
    dear = replace(unit_costs(world), parts=ONE.parts)
    cheap = replace(
        ONE,
        boxes=600,
        peak_per_s=120.0,
        parts=tuple(replace(part, us_per_report=part.us_per_report - 600) for part in ONE.parts),
    )
    little = replace(dear, boxes=200, peak_per_s=dear.peak_per_s)

    alone, both = (
        {each.name: abs(each.error) for each in checked(world, measured)}
        for measured in ([cheap], [little, cheap])
    )

    assert both["processor time of the gateway"] < 0.02 < alone["processor time of the gateway"]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (replace(LARGE, machine="another"), "measured must be of one machine"),
        (replace(LARGE, peak_per_s=0.0), "measured has no closing burst"),
        *(
            (
                replace(LARGE, set_up=replace(LARGE.set_up, **other)),
                "measured must be of one set-up",
            )
            for other in (
                {"ledger": "postgresql"},
                {"gateways": 2},
                {"centre": True},
                {"tls": True},
            )
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(other, words) -> None:
    with pytest.raises(InvalidField, match=words.replace(" ", r"\W* ?")):
        costs_at([SMALL, other], 100, 20.0)


def test_the_set_up_is_that_of_the_plan() -> None:
    table = {"ledger": "postgresql", "gateways": 2, "lease": 15, "centre": False, "tls": True}
    result = a_result()
    over = replace(result, plan=result.plan | {"embedded": table})

    assert unit_costs(over).set_up == SetUp("postgresql", 2, centre=False, tls=True)
    assert ONE.set_up == SetUp("sqlite", 1, centre=False, tls=False)


def test_the_plan_names_every_rehearsal_and_what_lies_between_them() -> None:
    night = Night(500, 100.0, (1.0,), 600.0, 1_000)

    told = "\n".join(sizing_lines(night, [SMALL, LARGE]))

    assert "with 100 boxes" in told
    assert "with 1,600 boxes" in told
    assert "between two of them in the measure of the logarithm" in told
    assert "beyond the outermost of them all is as it was there" in told
