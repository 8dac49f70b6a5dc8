"""Does a rehearsal with real parts end in the right verdict, whatever is broken on the way?"""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest
from click.testing import CliRunner, Result

from ballotbox_protocol.election.identifiers import Mode
from ballotbox_simulator.authority import Plan, make_authority
from ballotbox_simulator.cli import main
from ballotbox_simulator.live.broker import BrokerUnavailable, find_broker
from ballotbox_simulator.rehearse import rehearsal
from ballotbox_simulator.rehearse.core.document import RehearsalResult
from ballotbox_simulator.rehearse.result_file import read_result

pytestmark = pytest.mark.accept

SMALL = """
title = "A small night"
[[boxes]]
count = 24
sheets = 12
turnout = "4h"
[day]
morning = "2s"
compression = "fastest"
[burst]
spread = "2s"
[tester]
patience = "{patience}s"
lag_p99_ms = {lag}
"""


@pytest.fixture(autouse=True)
def mosquitto() -> None:
    try:
        program = find_broker()
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    if program.name != "mosquitto":
        pytest.skip("mosquitto is not installed, and the broker from pip speaks no MQTT 5")


def run(tmp_path: Path, plan: str) -> tuple[Result, RehearsalResult]:
    done = CliRunner().invoke(main, ["rehearse", plan, "--out", str(tmp_path / "out")])
    assert done.exit_code != 2, done.output
    return done, read_result(tmp_path / "out" / "rehearsal.json")


def small(tmp_path: Path, more: str = "", patience: int = 30, lag: float = 2_000) -> Path:
    file = tmp_path / "night.toml"
    file.write_text(SMALL.format(patience=patience, lag=lag) + more)
    return file


def last_line(done: Result) -> str:
    return done.stdout.strip().splitlines()[-1]


def test_the_quick_plan_is_a_go(tmp_path: Path) -> None:
    done, result = run(tmp_path, "quick")

    assert done.exit_code == 0, done.output
    assert last_line(done).startswith("VERDICT: GO 60 boxes")
    ledger = result.ledger
    assert ledger.holds
    assert ledger.sent == ledger.receipted == ledger.stored > 300
    assert ledger.finals == ledger.tabulated == 60
    assert set(vars_of(ledger.sheets)) == {1_200}
    assert result.election.mode == "rehearsal"
    assert result.moments.ended < 60
    assert max(result.series.connections) == 60
    assert result.series.receipted[-1] == ledger.receipted
    assert {part.kind for part in result.series.parts} == {
        "machine",
        "tester",
        "broker",
        "gateway",
    }
    assert any("journals and slots in memory" in each for each in result.assumptions)
    suite = parse(tmp_path / "out" / "junit.xml").getroot()
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")


def vars_of(sheets: object) -> list[int]:
    return [
        getattr(sheets, name) for name in ("fed", "counted", "receipted", "stored", "tabulated")
    ]


def test_a_planted_loss_is_a_no_go_that_names_every_report(tmp_path: Path) -> None:
    silent = '[[event]]\nkind = "boxes-silent"\nat = "20:00"\nboxes = 2\n'

    done, result = run(tmp_path, str(small(tmp_path, silent, patience=4)))

    assert done.exit_code == 1
    missing = result.ledger.missing
    # The closing report and the final of each box that fell silent.
    assert {each.box for each in missing} == {f"{23:032x}", f"{24:032x}"}
    assert len(missing) >= 4
    assert all("no receipt" in each.where for each in missing)
    assert f"{len(missing)} reports are missing" in last_line(done)
    assert result.ledger.sheets.fed == 24 * 12
    assert result.ledger.sheets.tabulated == 22 * 12


def test_a_planted_double_is_a_no_go_that_names_the_report(tmp_path: Path, monkeypatch) -> None:
    genuine = rehearsal.stored_log

    def with_one_twice(*arguments):
        stored = genuine(*arguments)
        stored.accepted[min(stored.accepted)] += 1
        return stored

    monkeypatch.setattr(rehearsal, "stored_log", with_one_twice)

    done, result = run(tmp_path, str(small(tmp_path)))

    assert done.exit_code == 1
    assert result.ledger.missing == ()
    (doubled,) = result.ledger.doubled
    assert f"1 report is doubled: {doubled.report} accepted in the log 2 times" in last_line(done)


def test_a_tester_that_was_the_limit_makes_it_invalid(tmp_path: Path) -> None:
    done, result = run(tmp_path, str(small(tmp_path, lag=0.1)))

    assert done.exit_code == 3
    assert last_line(done).startswith("VERDICT: INVALID the tester was the limit")
    assert not result.tester.valid
    suite = parse(tmp_path / "out" / "junit.xml").getroot()
    assert suite.get("errors") == "2"


def test_a_missed_objective_is_a_no_go(tmp_path: Path) -> None:
    impossible = "[objectives]\nreceipt_p99_ms = 0.2\n"

    done, result = run(tmp_path, str(small(tmp_path, impossible)))

    assert done.exit_code == 1
    assert result.ledger.holds
    assert re.search(r"since the close was [\d.]+ ms; at most 0.2 ms", last_line(done))


EVENTS = {
    "the broker is killed": '[[event]]\nkind = "broker-killed"\nat = "20:00"\nlasts = "2s"\n',
    "the gateway is killed": '[[event]]\nkind = "gateway-killed"\nat = "20:00"\nlasts = "2s"\n',
    "the centre is away": "[embedded]\ncentre = true\n"
    '[[event]]\nkind = "upstream-out"\nat = "20:00"\nlasts = "3s"\n',
    "an area is cut, all reconnect, cards are copied": (
        '[[event]]\nkind = "area-cut"\nat = "20:00"\nlasts = "2s"\narea = 1\n'
        '[[event]]\nkind = "reconnect-storm"\nat = "20:00:01"\n'
        '[[event]]\nkind = "boxes-cloned"\nat = "15:00"\nlasts = "4s"\nboxes = 3\n'
    ),
    "a certificate expires": "[embedded]\ntls = true\n"
    '[[event]]\nkind = "certificate-expired"\nat = "20:00"\nlasts = "3s"\n',
}


@pytest.mark.parametrize("more", EVENTS.values(), ids=EVENTS)
def test_what_befalls_a_night_loses_and_doubles_nothing(tmp_path: Path, more: str) -> None:
    done, result = run(tmp_path, str(small(tmp_path, more, patience=90, lag=5_000)))

    assert done.exit_code == 0, done.output
    assert result.ledger.holds
    assert all(each.began_s is not None and each.drained_s is not None for each in result.events)
    kinds = Counter(each.kind for each in result.events)
    if kinds.keys() & {"broker-killed", "reconnect-storm", "certificate-expired"}:
        assert result.series.reconnects[-1] >= 24


def test_only_an_election_signed_as_a_rehearsal_is_run(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["election", str(tmp_path / "test"), "--boxes", "2"])
    folder = tmp_path / "test"
    other = make_authority(replace(Plan(1, 2), mode=Mode.TEST))
    other.write(folder)
    (folder / "root.txt").write_text(f"{other.root}\n")
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'title = "a"\n[[boxes]]\ncount = 2\n[election]\nfolder = "test"\n'
        '[office]\nhost = "a"\norigin = "o.example/x"\n'
    )

    done = CliRunner().invoke(main, ["rehearse", str(plan), "--out", str(tmp_path / "out")])

    assert done.exit_code == 2
    assert "signed as test, which is never rehearsed" in done.output
    assert not (tmp_path / "out" / "rehearsal.json").exists()


def test_an_office_is_given_the_documents_of_the_plan(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'title = "a"\n[[boxes]]\ncount = 2\n'
        '[office]\nhost = "broker.example"\norigin = "o.example"\n'
    )

    done = CliRunner().invoke(main, ["rehearse", str(plan), "--documents", str(tmp_path / "docs")])

    assert done.exit_code == 0, done.output
    written = {path.name for path in (tmp_path / "docs").iterdir()}
    assert written == {"election.cose", "register.cose", "root.txt", "gateway-1.key"}
    assert (tmp_path / "docs" / "root.txt").read_text().startswith("rehearsal:")
