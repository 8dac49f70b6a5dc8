"""Does the planner find again what is known, and is it monotone where a country is?"""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_simulator.cli.rehearsal_reports import plan
from ballotbox_simulator.rehearse.core.capacity import (
    LOAD,
    Night,
    answered_s,
    peak_per_s,
    shared_capacity_per_s,
    sized,
)
from ballotbox_simulator.rehearse.core.capacity_check import checked
from ballotbox_simulator.rehearse.core.unit_costs import unit_costs
from ballotbox_simulator.rehearse.report.capacity_words import check_lines, sizing_lines
from ballotbox_simulator.rehearse.result_file import packaged_result, write_result
from tests.simulator.rehearse.result_material import COSTS, a_result, an_invalid_result

KNOWN = unit_costs(a_result())
COUNTRY = Night(1_050_000, 1_800.0, (8.0, 4.0, 2.0, 1.0), 2_400.0, 50_000)


def test_unit_costs_are_those_that_made_the_measurement() -> None:
    assert (KNOWN.day_reports, KNOWN.burst_reports, KNOWN.boxes) == (6.0, 2.0, 100)
    assert (KNOWN.broker_kib_per_box, KNOWN.log_kib_per_report) == (1.5, 0.5)
    for kind, (us, idle) in COSTS.items():
        part = KNOWN.of(kind)
        assert part.us_per_report == pytest.approx(us)
        assert part.idle_cores == pytest.approx(idle)


def test_a_run_too_short_for_a_line_puts_all_down_to_the_reports() -> None:
    whole = a_result()
    short = replace(
        whole.series,
        **{name: getattr(whole.series, name)[:12] for name in ("at_s", "receipts_per_s")},
    )

    part = unit_costs(replace(whole, series=short)).of("gateway")

    gateway = next(each for each in whole.series.parts if each.kind == "gateway")
    assert part.us_per_report == pytest.approx(gateway.cpu_s * 1e6 / whole.ledger.sent)
    assert part.idle_cores == 0


def test_without_a_queue_the_boxes_themselves_set_the_time() -> None:
    # An even burst of 200 of 800 reports: 99 % are there when 192 of the 200 have come.
    night = Night(100, 10.0, (1.0,), 60.0, 1_000)

    assert answered_s(night, KNOWN, 1e9) == pytest.approx(9.6 + 0.0255, abs=0.03)


def test_with_a_queue_the_capacity_sets_the_time() -> None:
    night = Night(100, 10.0, (1.0,), 60.0, 1_000)

    assert answered_s(night, KNOWN, 8.0) == pytest.approx(192 / 8 + 0.0255, abs=0.03)


@settings(max_examples=60)
@given(
    st.integers(1_000, 3_000_000),
    st.floats(10, 10_000),
    st.lists(st.floats(0, 10), min_size=1, max_size=8).filter(lambda each: sum(each) > 0.1),
    st.floats(1.01, 5),
)
def test_what_is_sized_answers_in_time_and_one_gateway_less_does_not(
    boxes, spread_s, shape, patience
) -> None:
    night = Night(boxes, spread_s, tuple(shape), spread_s * patience + 1, 50_000)

    sizing = sized(night, KNOWN)

    assert sizing.answered_s <= night.within_s
    assert sizing.brokers * sizing.boxes_per_broker >= boxes
    assert sizing.boxes_per_broker <= 50_000
    assert sizing.broker_cores <= LOAD + 0.02
    assert sizing.gateway_cores <= LOAD + 0.06
    if sizing.gateways > 1:
        one = sizing.capacity_per_s / sizing.gateways
        assert answered_s(night, KNOWN, sizing.capacity_per_s - one) > night.within_s
    assert answered_s(night, KNOWN, sizing.capacity_per_s * 2) <= sizing.answered_s + 1e-6


def test_the_peak_is_that_of_the_densest_part() -> None:
    assert peak_per_s(COUNTRY, KNOWN) == pytest.approx(1_050_000 * 2 * 8 / 15 / 450)


def test_a_country_is_sized_with_everything_it_rests_on() -> None:
    sizing = sized(COUNTRY, KNOWN)
    told = "\n".join(sizing_lines(COUNTRY, [KNOWN]))

    assert sizing.brokers == 21
    assert sizing.gateways == 2
    assert sizing.database == "PostgreSQL"
    assert sizing.disk_gib == pytest.approx(8_400_000 * 0.5 * 3 / 1_024**2)
    assert "costs measured on 2026-10-03 with 100 boxes and 800 reports, 20 a second" in told
    assert "a report costs the same however many come at once" in told
    assert "a broker bears 50,000 connections: more than the 100 that were measured" in told
    assert "what PostgreSQL costs was not measured" in told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"within_s": 60.0}, r"within: must be 1\d{3} seconds or more"),
        ({"boxes": 0}, "boxes"),
        ({"spread_s": 0.0}, "spread"),
        ({"shape": (0.0,)}, "shape"),
        ({"boxes_per_broker": 0}, "boxes per broker"),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(change, words) -> None:
    with pytest.raises(InvalidField, match=words):
        sized(replace(COUNTRY, **change), KNOWN)


def test_a_rehearsal_without_a_gateway_of_its_own_sizes_nothing() -> None:
    alone = replace(KNOWN, parts=KNOWN.parts[:1])

    with pytest.raises(InvalidField, match=r"measured: has no gateway"):
        sized(COUNTRY, alone)


@pytest.mark.parametrize("option", ["--measured", "--check"])
def test_a_rehearsal_that_says_nothing_is_neither_measured_nor_foretold(
    option: str, tmp_path: Path
) -> None:
    file = write_result(tmp_path, an_invalid_result())

    refused = CliRunner().invoke(plan, ["--boxes", "100", option, str(file)])

    assert refused.exit_code == 2
    assert f"{file}: verdict.outcome: is INVALID, so its numbers say nothing" in refused.output
    assert "rehearse again until it is GO or NO-GO" in refused.output
    # Nothing is said of a country before all is read.
    assert "100 boxes" not in refused.output


@pytest.mark.parametrize("boxes", [100, 500, 2_000])
def test_a_world_without_surprises_is_foretold(boxes: int) -> None:
    for each in checked(a_result(boxes), [KNOWN]):
        assert abs(each.error) < 0.05, each


def test_an_error_is_stated_with_its_sign() -> None:
    dear = replace(
        KNOWN,
        parts=tuple(replace(part, us_per_report=part.us_per_report * 3) for part in KNOWN.parts),
    )

    found = {each.name: each for each in checked(a_result(500), [dear])}

    assert found["processor time of the gateway"].error > 0.5
    assert "error +" in "\n".join(check_lines(tuple(found.values())))


def test_the_machine_is_shared_with_the_tester() -> None:
    # One tester alone fills its core first; on one core all of them fill that.
    assert shared_capacity_per_s(KNOWN) == pytest.approx((1 - 0.02) * 1e6 / 1_500)
    one = replace(KNOWN, cores=1)
    assert shared_capacity_per_s(one) == pytest.approx((1 - 0.08) * 1e6 / 2_800)


def test_testers_on_machines_of_their_own_fill_no_other() -> None:
    parts = [replace(part, here=part.kind != "tester") for part in KNOWN.parts]
    far = replace(KNOWN, cores=1, parts=tuple(parts))

    # Broker and gateway share the one core; each process of the tester still has only its own.
    assert shared_capacity_per_s(replace(far, parts=tuple(parts[1:]))) == pytest.approx(
        (1 - 0.06) * 1e6 / 1_300
    )
    assert shared_capacity_per_s(far) == pytest.approx((1 - 0.02) * 1e6 / 1_500)


def test_the_rehearsal_that_comes_with_the_package_sizes_a_country() -> None:
    packaged = packaged_result()

    assert packaged.ledger.holds
    assert packaged.tester.valid
    assert sized(COUNTRY, unit_costs(packaged)).answered_s <= COUNTRY.within_s
