"""Does `make bench SET=planner` claim only what valid rehearsals foretold, and draw its table?"""

import importlib
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from ballotbox_simulator.rehearse.core.document import Conclusion, RehearsalResult
from ballotbox_simulator.rehearse.plan_file import read_plan
from tests.conftest import REPOSITORY
from tests.simulator.rehearse.result_material import a_result


@pytest.fixture
def planner(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(REPOSITORY / "bench"))
    return importlib.import_module("planner")


def invalid(boxes: int) -> RehearsalResult:
    why = Conclusion("INVALID", 3, ("the tester was the limit",), ())
    return replace(a_result(boxes), verdict=why)


def test_set_names_it(planner: ModuleType) -> None:
    planned = subprocess.run(
        ["make", "-n", "bench", "SET=planner"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "bench/run.py --only planner" in planned.stdout
    measures = importlib.import_module("run").MEASURES
    assert measures["planner"] is planner.planner_errors


def test_every_size_is_one_plan_that_takes_a_minute(planner: ModuleType) -> None:
    plans = [read_plan("a", planner.PLAN.format(boxes=each), Path()) for each in planner.SIZES]

    assert [plan.count for plan in plans] == list(planner.SIZES) == [500, 1_500, 4_000]
    assert len({plan.burst.spread for plan in plans}) == 1
    assert plans[0].day.clock.lasts_s + plans[0].burst.spread == 60


def test_the_rows_are_the_errors_of_every_size_but_the_source(planner: ModuleType) -> None:
    found = list(planner.rows({each: a_result(each) for each in (1_500, 4_000, 500)}))

    values = {row.name: row.value for row in found}
    assert values.pop("planner.costs_from") == 4_000
    assert set(values) == {
        *(f"planner.{each}.{at}" for each in planner.FIGURES.values() for at in (500, 1_500)),
        *(f"planner.pair.{each}.1500" for each in planner.FIGURES.values()),
    }
    assert {row.unit for row in found} == {"boxes", "%"}
    (row,) = (row for row in found if row.name == "planner.gateway_cpu_error.500")
    # The costs of a thousand microseconds that are known foretell each other.
    assert abs(row.value) < 5
    assert "costs of 4,000 boxes" in row.limited_by


def test_of_a_run_that_says_nothing_there_is_no_row(
    planner: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys
) -> None:
    results = {500: a_result(500), 1_500: a_result(1_500), 4_000: invalid(4_000)}
    monkeypatch.setattr(planner, "_rehearsed", lambda _folder, boxes: results[boxes])
    monkeypatch.setattr(planner, "forget", lambda _prefix: None)

    names = {row.name for row in planner.planner_errors(tmp_path)}

    told = capsys.readouterr().err
    assert "4,000 boxes are not measured: INVALID: the tester was the limit" in told
    assert names == {
        "planner.costs_from",
        *(f"planner.{each}.500" for each in planner.FIGURES.values()),
    }
    results[500] = None
    assert list(planner.planner_errors(tmp_path)) == []
    told = capsys.readouterr().err
    assert "500 boxes are not measured: there is no result" in told
    assert "nothing is foretold" in told


def test_rows_of_an_older_run_are_gone(planner: ModuleType, tmp_path: Path) -> None:
    units = importlib.import_module("units")
    file = tmp_path / "results.json"
    file.write_text(json.dumps([{"name": "planner.gateway_cpu_error.500"}, {"name": "peer.rate"}]))

    units.forget("planner.", file)
    units.forget("planner.", tmp_path / "none.json")

    assert json.loads(file.read_text()) == [{"name": "peer.rate"}]
    assert not (tmp_path / "none.json").exists()


def test_the_table_is_drawn_from_the_rows(planner: ModuleType) -> None:
    found = {
        "planner.costs_from": 4_000,
        "planner.receipted_99_error.500": -3.4,
        "planner.gateway_cpu_error.500": 30.2,
        "planner.broker_cpu_error.500": 12.0,
        "planner.pair.gateway_cpu_error.1500": -7.0,
    }

    table = planner.markdown([{"name": name, "value": value} for name, value in found.items()])

    assert table.splitlines()[2:] == [
        "| 500, costs from 4,000 | −3 % | +30 % | +12 % |",
        "| 1,500, costs from 500 and 4,000 | not seen | −7 % | not seen |",
    ]
    with pytest.raises(SystemExit, match="make bench SET=planner"):
        planner.markdown([])
