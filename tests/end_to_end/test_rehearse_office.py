"""Does a rehearsal work against an office's own broker and gateway, of which it starts nothing?"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from ballotbox_simulator.cli import main
from ballotbox_simulator.live.processes import GatewayProcess, Roads
from ballotbox_simulator.rehearse.conductor import fleet_of
from ballotbox_simulator.rehearse.plan_file import load_plan
from ballotbox_simulator.rehearse.result_file import read_result
from tests.brokers import mosquitto

pytestmark = pytest.mark.accept

ORIGIN = "office.example/gateway"
PLAN = """
title = "The office's own"
[[boxes]]
count = 4
sheets = 6
[day]
morning = "1s"
compression = "fastest"
[burst]
spread = "1s"
[tester]
patience = "20s"
lag_p99_ms = 5_000
[office]
host = "127.0.0.1"
port = {port}
origin = "{origin}"
export = {export}
"""
GATEWAY = (sys.executable, "-c", "from ballotbox_gateway.cli import main; main()")


@contextmanager
def running_gateway(folder: Path) -> Iterator[None]:
    """The gateway of a folder, as its manual starts it, once it answers."""
    config = ("--config", str(folder / "gateway.toml"))
    subprocess.run([*GATEWAY, "init", *config], check=True, capture_output=True)
    log = (folder / "gateway.log").open("wb")
    with log, subprocess.Popen([*GATEWAY, "run", *config], stdout=log, stderr=log) as process:
        try:
            asked = ([*GATEWAY, "status", *config] for _ in range(100))
            assert any(
                not subprocess.run(each, capture_output=True, check=False).returncode
                for each in asked
            )
            yield
        finally:
            process.terminate()


def rehearse(plan: Path, out: Path):
    return CliRunner().invoke(main, ["rehearse", str(plan), "--out", str(out)])


def test_the_office_exports_its_log_and_the_verdict_is_go(tmp_path: Path) -> None:
    plan, config = tmp_path / "plan.toml", tmp_path / "gateway" / "gateway.toml"
    export = [*GATEWAY, "log", "export", "{log}", "--config", str(config)]
    with mosquitto(tmp_path / "broker") as broker:
        text = PLAN.format(port=broker.port, origin=ORIGIN, export=json.dumps(export))
        plan.write_text(text)
        authority = fleet_of(load_plan(str(plan))).authority
        roads = Roads(mqtt=(broker.host, broker.port, "5"))
        gateway = GatewayProcess(tmp_path / "gateway", authority, ORIGIN, roads)
        try:
            asyncio.run(gateway.start())
            done = rehearse(plan, tmp_path / "out")
            again = rehearse(plan, tmp_path / "again")
        finally:
            gateway.close()
        assert done.exit_code == 0, done.output
        assert again.exit_code == 2, again.output
        assert "reports before the start" in again.output
        result = read_result(tmp_path / "out" / "rehearsal.json")
        assert result.ledger.holds
        assert {part.kind for part in result.series.parts} == {"machine", "tester"}


def test_a_log_that_nobody_exports_makes_it_invalid(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    with mosquitto(tmp_path / "broker") as broker:
        plan.write_text(PLAN.format(port=broker.port, origin=ORIGIN, export="[]"))
        authority = fleet_of(load_plan(str(plan))).authority
        roads = Roads(mqtt=(broker.host, broker.port, "5"))
        gateway = GatewayProcess(tmp_path / "gateway", authority, ORIGIN, roads)
        try:
            asyncio.run(gateway.start())
            done = rehearse(plan, tmp_path / "out")
        finally:
            gateway.close()

    assert done.exit_code == 3, done.output
    assert "nobody saw the gateways' log" in done.output
    assert read_result(tmp_path / "out" / "rehearsal.json").ledger.stored is None


def test_a_folder_of_an_election_to_try_out_is_rehearsed_with_its_own_settings(
    tmp_path: Path,
) -> None:
    plan, folder = tmp_path / "plan.toml", tmp_path / "try-out"
    config = str(folder / "gateway.toml")
    export = json.dumps([*GATEWAY, "log", "export", "{log}", "--config", config])
    with mosquitto(tmp_path / "broker") as broker:
        address = f"127.0.0.1:{broker.port}"
        made = CliRunner().invoke(
            main, ["election", str(folder), "--boxes", "4", "--broker", address]
        )
        assert made.exit_code == 0, made.output
        text = PLAN.format(port=broker.port, origin="rehearsal.example/precinct", export=export)
        plan.write_text(text + '[election]\nfolder = "try-out"\n')
        with running_gateway(folder):
            done = rehearse(plan, tmp_path / "out")

    assert done.exit_code == 0, done.output
    result = read_result(tmp_path / "out" / "rehearsal.json")
    assert 24 <= result.ledger.sheets.tabulated <= 28
    assert result.election.root == (folder / "root.txt").read_text().strip()
