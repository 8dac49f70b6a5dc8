"""Does what a database costs reach the reader: whole, once, and in the size of a country?"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ballotbox_simulator.live.families import is_over, started_by
from ballotbox_simulator.rehearse.core.capacity import Night, shared_capacity_per_s, sized
from ballotbox_simulator.rehearse.core.capacity_check import checked
from ballotbox_simulator.rehearse.core.comparison import compared
from ballotbox_simulator.rehearse.core.document import PartUse, RehearsalResult
from ballotbox_simulator.rehearse.core.headroom import headroom
from ballotbox_simulator.rehearse.core.unit_costs import cost_rows, unit_costs
from ballotbox_simulator.rehearse.machine import _Process, _together, use_of
from ballotbox_simulator.rehearse.report.capacity_words import sizing_lines
from ballotbox_simulator.rehearse.report.figures import charts
from ballotbox_simulator.rehearse.report.wording import not_rehearsed
from tests.simulator.rehearse.result_material import a_result

COUNTRY = Night(1_050_000, 1_800.0, (8.0, 4.0, 2.0, 1.0), 2_400.0, 50_000)
_US, _IDLE = 900.0, 0.03


def over_database(boxes: int = 100) -> RehearsalResult:
    """Return a night of two gateways, which halve the work, over a database."""
    whole = a_result(boxes)
    rates = whole.series.receipts_per_s
    cores = tuple(_IDLE + _US * rate / 1e6 for rate in rates)
    memory = (90.5,) * len(rates)
    database = PartUse("database", "database", "postgres", cores, memory, sum(cores), 90.5)
    parts = [each for each in whole.series.parts if each.kind != "gateway"]
    (gateway,) = [each for each in whole.series.parts if each.kind == "gateway"]
    half = tuple((each or 0.0) / 2 for each in gateway.cpu_cores)
    twice = [
        replace(gateway, name=f"gateway {number}", cpu_cores=half, cpu_s=sum(half))
        for number in (1, 2)
    ]
    plan = whole.plan | {"embedded": {"ledger": "postgresql", "gateways": 2, "centre": False}}
    series = replace(whole.series, parts=(*parts, *twice, database))
    return replace(whole, plan=plan, series=series)


def test_the_database_is_sized_by_what_it_cost() -> None:
    costs = unit_costs(over_database())
    found = costs.of("database")
    sizing = sized(COUNTRY, costs)
    told = "\n".join(sizing_lines(COUNTRY, [costs]))

    assert found.us_per_report == pytest.approx(_US)
    assert found.idle_cores == pytest.approx(_IDLE)
    passing = min(sizing.peak_per_s, sizing.capacity_per_s)
    assert sizing.database_cores == pytest.approx(_IDLE + passing * _US / 1e6)
    assert f"Database: PostgreSQL, {sizing.database_cores:.2f} cores at the peak" in told
    assert "a report costs a database 900 µs" in told
    assert "without a standby; gateways take turns at its log" in told
    assert "was not measured" not in told
    assert (
        "3 times the exported log, and its write-ahead log (max_wal_size, which is no hard" in told
    )
    assert "an empty cluster come on top" in told


def test_one_gateway_measured_over_postgresql_is_not_sized_over_a_file() -> None:
    costs = unit_costs(over_database())
    small = replace(COUNTRY, boxes=100)

    assert sized(small, costs).gateways == 1
    assert sized(small, costs).database == "PostgreSQL"
    assert [sized(small, each).ledger_of_log for each in (costs, unit_costs(a_result()))] == [3, 2]
    alone = unit_costs(a_result())
    told = "\n".join(sizing_lines(small, [alone]))
    assert "Database: SQLite, in the gateway, on its core, " in told
    assert "on top" not in told


def test_two_gateways_together_cost_what_a_report_costs() -> None:
    costs = unit_costs(over_database())

    assert costs.of("gateway").processes == 2
    assert costs.of("gateway").us_per_report == pytest.approx(1_100)


def test_a_row_of_costs_is_of_a_kind_whatever_number_shares_the_work() -> None:
    two, one = over_database(), a_result()
    told = [
        replace(each, costs=tuple(cost_rows(each.series.parts, each.ledger.sent, 100)))
        for each in (one, two)
    ]

    assert [(each.part, each.per) for each in told[1].costs] == [
        ("tester", "report"),
        ("broker", "report"),
        ("broker", "box"),
        ("gateway", "report"),
        ("database", "report"),
    ]
    rows = {row.name: row for row in compared(*told).rows}
    gateway = rows["Cost: gateway, each report"]
    assert gateway.before == gateway.after == pytest.approx(1_100 + 0.05 * 40 * 1e6 / 800)


def test_no_one_core_is_the_limit_of_a_server_of_several_processes() -> None:
    costs = unit_costs(over_database())
    dear = replace(
        costs,
        cores=64,
        parts=tuple(
            replace(part, us_per_report=50_000.0) if part.kind == "database" else part
            for part in costs.parts
        ),
    )

    # The tester's one core is full first, at 1,500 µs a report.
    assert shared_capacity_per_s(dear) == pytest.approx(0.98 * 1e6 / 1_500)
    result = over_database()
    heavy = replace(
        result,
        machine=replace(result.machine, cores=64),
        series=replace(
            result.series,
            parts=tuple(
                replace(part, cpu_cores=tuple(40.0 for _ in part.cpu_cores))
                if part.kind == "database"
                else part
                for part in result.series.parts
            ),
        ),
    )
    assert "the database" not in headroom(heavy).set_by


def test_what_a_database_will_use_is_foretold() -> None:
    found = {each.name: each for each in checked(over_database(500), [unit_costs(over_database())])}

    assert abs(found["processor time of the database"].error) < 0.05


def test_a_report_says_that_no_standby_was_waited_for() -> None:
    told = list(not_rehearsed(over_database()))

    assert any(each.startswith("PostgreSQL had no standby, and its data lay") for each in told)
    assert "There was no centre above the gateway." not in told
    assert not any("standby" in each for each in not_rehearsed(a_result()))
    caption, chart = next(each for each in charts(over_database()) if each[1].name == "cpu")
    assert "a database several" in caption
    assert [line.name for line in chart.lines][-3:] == ["gateway 1", "gateway 2", "database"]


# A server is a process and those it has started.

_CHILD = "x = bytearray(30 << 20); print('on', flush=True); input()"
_BUSY = "import time\nwhile time.process_time() < .25: pass"


@pytest.fixture
def parent() -> Iterator["subprocess.Popen[str]"]:
    code = (
        "import subprocess, sys\n"
        f"subprocess.run([sys.executable, '-c', {_BUSY!r}])\n"
        f"child = subprocess.Popen([sys.executable, '-c', {_CHILD!r}], stdin=subprocess.PIPE)\n"
        "input(); child.kill(); input()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as made:
        assert made.stdout is not None
        assert made.stdout.readline() == "on\n"
        yield made
        made.kill()


def test_a_part_is_a_process_and_those_it_has_started(parent: "subprocess.Popen[str]") -> None:
    (child,) = started_by(parent.pid)
    whole, alone = use_of(parent.pid), use_of(child)

    assert whole is not None
    assert alone is not None
    assert whole.memory_mib > alone.memory_mib > 30
    # The one that is over has used a quarter of a second.
    assert whole.cpu_s >= 0.2 + alone.cpu_s
    assert not is_over(child)


def test_pages_that_several_share_are_counted_once() -> None:
    whole, one = _Process(10, 5, 1_000, 800), _Process(3, 0, 900, 850)

    used = _together(whole, [one])

    assert used.cpu_s == 18 / os.sysconf("SC_CLK_TCK")
    assert used.memory_mib == (200 + 50 + 850) * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_of_a_process_that_is_gone_nothing_is_told(parent: "subprocess.Popen[str]") -> None:
    assert not is_over(parent.pid)
    parent.kill()
    parent.wait()

    assert use_of(parent.pid) is None
    assert started_by(parent.pid) == []
    assert is_over(parent.pid)
