"""Do the measurements of `make bench` measure what their rows say, and say so when they cannot?"""

import importlib
import json
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

from ballotbox_gateway.core.intake import Arrival, Intake, Outcome, Road, RoadKind
from ballotbox_gateway.core.outcome import Identity
from ballotbox_gateway.core.ports import Binding, Damaged
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_simulator.inner_gateway import InnerGateway
from ballotbox_simulator.live.broker import find_broker
from ballotbox_simulator.rehearse.result_file import read_result
from ballotbox_simulator.world.auditor import Breach, Finding
from ballotbox_simulator.world.campaign import DayResult
from ballotbox_simulator.world.faults import FaultClass, FaultKind
from ballotbox_simulator.world.settlement import Balance
from ballotbox_tabulation.cli import conclude_log
from ballotbox_tabulation.core.outcome import Published
from ballotbox_tabulation.trust_files import load_trusted
from tests.conftest import REPOSITORY
from tests.simulator.rehearse.small_document import DOCUMENT

TOLD = {
    "sqlite": {
        "cold": {"msgs_per_s": 436.0},
        "warm": {
            "msgs_per_s": 2_500.0,
            "gateway_cpu_s_per_1000": 0.39,
            "reached_all": True,
            "sent": 20_000,
        },
        "peak_rss_mib": 160.0,
    },
    "kill": {"lost": 571, "duplicated_ids": 446},
}
WRITES = """
import pathlib, sys
assert sys.argv[sys.argv.index("--n") + 1] == "20000"
pathlib.Path(sys.argv[sys.argv.index("--json") + 1]).write_text({!r})
"""

Load = Callable[[str], ModuleType]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Import a module of `bench/` as its scripts do."""
    monkeypatch.syspath_prepend(str(REPOSITORY / "bench"))
    return importlib.import_module


@pytest.fixture
def peer(load: Load) -> ModuleType:
    return load("peer")


@pytest.fixture
def night(load: Load) -> ModuleType:
    return load("night")


def _script(folder: Path, text: str) -> Path:
    script = folder / "peer_thingsboard.py"
    script.write_text(text)
    return script


@pytest.mark.parametrize("name", ["growth", "peer", "small_hardware"])
def test_set_names_the_one_measurement(load: Load, name: str) -> None:
    planned = subprocess.run(
        ["make", "-n", "bench", f"SET={name}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"bench/run.py --only {name}" in planned.stdout
    assert name in load("run").MEASURES


def test_without_the_peer_one_line_says_why_and_no_row_is_written(
    peer: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr(peer, "SCRIPT", tmp_path / "peer_thingsboard.py")
    assert list(peer.side_by_side(tmp_path)) == []
    told = capsys.readouterr().err
    assert told.startswith("side by side: skipped: there is no peer_thingsboard.py")
    assert told.count("\n") == 1


def test_a_peer_that_cannot_be_installed_is_told_in_its_own_last_words(
    peer: ModuleType, tmp_path: Path
) -> None:
    script = _script(tmp_path, "raise SystemExit('first\\nno such package')")
    with pytest.raises(peer.Unavailable, match=r"did not measure .*: no such package$"):
        peer.run_script(script, "sqlite", tmp_path)


def test_the_rows_are_those_of_both_sides_and_the_ratio_of_the_warm_rates(
    peer: ModuleType, tmp_path: Path
) -> None:
    script = _script(tmp_path, WRITES.format(json.dumps(TOLD)))
    theirs = peer.peer_side(peer.run_script(script, "sqlite", tmp_path))
    ours = peer.Side(3_000.0, 7_500.0, 0.13, 65.0, 0, 0)
    rows = {
        row.name: row.value for row in peer.rows(peer.Stopwatch("side_by_side.rate"), ours, theirs)
    }
    assert rows.pop("side_by_side.rate") == 3.0
    assert rows == {
        "side_by_side.ours_per_s": 7_500.0,
        "side_by_side.ours_cold_per_s": 3_000.0,
        "side_by_side.ours_cpu_per_1000": 0.13,
        "side_by_side.ours_peak_rss": 65.0,
        "side_by_side.ours_lost": 0,
        "side_by_side.ours_doubled": 0,
        "side_by_side.peer_per_s": 2_500.0,
        "side_by_side.peer_cold_per_s": 436.0,
        "side_by_side.peer_cpu_per_1000": 0.39,
        "side_by_side.peer_peak_rss": 160.0,
        "side_by_side.peer_lost": 571,
        "side_by_side.peer_doubled": 446,
    }
    assert "571" in peer.comparison(ours, theirs)


def test_a_peer_that_did_not_get_through_is_not_compared_with(peer: ModuleType) -> None:
    short = {**TOLD, "sqlite": {**TOLD["sqlite"], "warm": {"reached_all": False, "sent": 20_000}}}
    with pytest.raises(peer.Unavailable, match="did not forward all 20000 in time; try again"):
        peer.peer_side(short)
    with pytest.raises(peer.Unavailable, match="told nothing of 'kill'"):
        peer.peer_side({"sqlite": TOLD["sqlite"]})


def _crews(peer: ModuleType, night: ModuleType, boxes: int) -> tuple:
    authority = night.authority_of(boxes)
    rules = peer.ElectionRules.of(authority.trusted)
    return authority, [peer.new_crew(authority, rules, box, 1) for box in authority.boxes]


def test_our_messages_are_each_report_of_each_box_once_and_in_its_order(
    peer: ModuleType, night: ModuleType
) -> None:
    _, crews = _crews(peer, night, 3)
    parts = peer.our_messages(crews)
    assert [len(part) for part in parts] == [30, 30, 30, 30]
    for crew in crews:
        up = peer.topic_of(crew.device.outgoing.election, crew.device.outgoing.box, "up")
        sent = [data[1:] for part in parts for topic, data in part if topic == up]
        assert sent == [report.data for report in crew.made]


def test_a_report_without_leaf_is_lost_and_one_with_two_is_doubled(
    peer: ModuleType, night: ModuleType, tmp_path: Path
) -> None:
    authority, crews = _crews(peer, night, 2)
    messages = peer.our_messages(crews)[0]
    ledger = tmp_path / "ledger.sqlite"
    with InnerGateway(tmp_path, authority, night.ORIGIN) as gateway:
        gateway.admit([data[1:] for _, data in messages])
        gateway.flush()
    assert peer.lost_and_doubled(ledger, messages) == (0, 0)
    assert night.mean_batch(ledger, 0, len(messages)) == len(messages)
    with closing(sqlite3.connect(ledger)) as connection, connection:
        # In place of the last report's leaf a second one of the first report.
        last = len(messages) - 1
        connection.execute("UPDATE leaves SET report_first = 0 WHERE position = ?", (last,))
    assert peer.lost_and_doubled(ledger, messages) == (1, 1)


@pytest.mark.accept
@pytest.mark.skipif(not shutil.which("mosquitto", path="/usr/sbin:/usr/bin"), reason="no mosquitto")
def test_our_side_is_measured_through_a_real_broker_and_a_kill(
    peer: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(peer, "_DEVICES", 20)
    monkeypatch.setattr(peer, "_QUIET_S", 1.0)
    assert find_broker().name == "mosquitto"
    with peer.OurGateway(tmp_path) as gateway:
        gateway.meet()
        gateway.serve()
        gateway.serve()
        gateway.survive()
    ours = gateway.side()
    assert (ours.lost, ours.doubled) == (0, 0)
    assert ours.peak_mib > 20


def test_a_laid_out_ledger_is_whole_and_what_comes_after_it_is_judged(
    load: Load, peer: ModuleType, night: ModuleType, tmp_path: Path
) -> None:
    authority, (crew,) = _crews(peer, night, 1)
    peer.our_messages([crew])
    identity = Identity(night.ORIGIN, authority.gateway_keys[night.ORIGIN])
    trusted, path = authority.trusted, tmp_path / "ledger"
    create(path, Binding(night.ORIGIN, trusted.digest, trusted.register.version))
    load("laid_out").lay_out(path, identity, crew.made[0].data, 300)
    with closing(open_ledger(path)) as ledger:
        intake = Intake(trusted, identity, ledger)
        ledger.require_whole()
        given = [Arrival(crew.made[0].data, Road(RoadKind.IMPORT, "test"))]
        (answer,) = intake.admit(given, 1_796_000_000).answers
        assert (intake.size, answer.outcome) == (301, Outcome.ACCEPTED)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE reports SET data = CAST(data || x'00' AS BLOB) WHERE first = 7")
    with closing(open_ledger(path)) as ledger, pytest.raises(Damaged, match="has changed"):
        ledger.require_whole()


SMALL = {
    "report_costs": ({"_BOXES": 24, "_PASSES": 2}, 3, "12 reports a commit"),
    "growth": ({"_GROWING": 10, "_ROUNDS": 2, "_SIZES": (40, 90)}, 1, "90 leaves laid out"),
    "memory": ({"_PRECINCT": 3, "_TURNOUTS": 2}, 1, "after 21 reports of 3 connected boxes"),
    "start_time": ({"_START_BOXES": 4, "_START_LEAVES": 20, "_STARTS": 1}, 1, "; 256 leaves"),
}


@pytest.mark.accept
@pytest.mark.parametrize("measure", SMALL)
def test_a_gateway_is_measured_on_a_small_scale_too(
    load: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, measure: str
) -> None:
    costs = load("gateway_costs")
    constants, count, told = SMALL[measure]
    for name, value in constants.items():
        monkeypatch.setattr(costs, name, value)
    rows = list(getattr(costs, measure)(tmp_path))
    assert len(rows) == count
    assert all(row.value > 0 and row.name.startswith("gateway.") for row in rows)
    assert told in rows[0].limited_by


def test_a_long_log_is_one_that_both_computations_publish(load: Load, tmp_path: Path) -> None:
    assert load("long_log").write_long_log(tmp_path, 7) == 7 * 5
    key, trusted = load_trusted(
        tmp_path / "election.cose", tmp_path / "register.cose", (tmp_path / "root.txt").read_text()
    )
    published = conclude_log(tmp_path / "log", key, trusted)
    assert isinstance(published, Published), published
    assert published.result["nation"]["boxes_counted"] == 7
    assert published.result["log"]["leaves"]["accepted"] == 35


@pytest.mark.accept
def test_the_tabulation_is_measured_on_a_small_scale_too(
    load: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    costs = load("tabulation_costs")
    for name, value in {"_FEW": 100, "_MANY": 1_500}.items():
        monkeypatch.setattr(costs, name, value)
    (cost,) = costs.report_cost(tmp_path)
    assert (cost.name, cost.unit) == ("tabulation.report_cost", "Ed25519 verifications")
    assert cost.value > 1
    assert "; 7,500 reports, " in cost.limited_by
    assert "; median of 3 passes, " in cost.limited_by
    memory, growth = costs.memory_per_station(tmp_path)
    assert memory.name == "tabulation.memory_per_station"
    # So few stations may fit into what the program took before.
    assert 0 <= memory.value < 16
    assert "at 1,500 stations" in memory.limited_by
    assert (growth.name, growth.unit) == ("tabulation.memory_growth", "bytes per report")


def failed_day(seed: int, count: int) -> DayResult:
    """A day of a campaign to which somebody objected so often."""
    findings = tuple(Finding(Breach.LAW, "box", f"no. {each}") for each in range(count))
    nothing: Counter[FaultKind] = Counter()
    return DayResult(
        seed, findings, Balance(), FaultClass.EXACT, nothing, nothing, 0, 0, 0, 0.0, "transcript"
    )


def test_of_a_failed_day_a_campaign_tells_how_to_see_it_and_five_objections(load: Load) -> None:
    told = list(load("soak").objections([failed_day(7, 299), failed_day(8, 5)]))
    assert told[0] == "ballotbox-sim run --scenario swarm --seed 7"
    assert told[1:6] == [f"  LAW at box: no. {each}" for each in range(5)]
    assert told[6:8] == [
        "  and 294 more: the command above tells all",
        "ballotbox-sim run --scenario swarm --seed 8",
    ]
    assert len(told) == 8 + 5


def test_of_many_failed_days_a_campaign_tells_twenty_and_how_many_more(load: Load) -> None:
    told = list(load("soak").objections([failed_day(each, 1) for each in range(23)]))
    assert len(told) == 2 * 20 + 1
    assert told[-1].startswith("and 3 more days with objections")
    assert list(load("soak").objections([])) == []


def test_the_acceptance_campaign_tells_what_failed_and_why(
    load: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    acceptance, memory = load("acceptance"), load("memory")
    (tmp_path / "tests").mkdir()
    marked = "import pytest\n@pytest.mark.acceptance\n"
    holds = "def test_holds(record_property): record_property('boats', 1)\n"
    tests = (holds, "def test_sinks(): raise OSError('it sank')\n")
    text = "\n".join(marked + each for each in tests)
    (tmp_path / "tests" / "test_boat.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = acceptance\nfilterwarnings = error")
    monkeypatch.setattr(acceptance, "shown", lambda: {1: ["test_boat.py::test_holds"]})
    monkeypatch.setattr(acceptance, "_ROOT", tmp_path)
    monkeypatch.setattr(memory, "_FOLDER", tmp_path)
    rows = {row.name: row for row in acceptance.run_acceptance("this commit")}
    assert (rows["acceptance.passed"].value, rows["acceptance.failed"].value) == (1, 1)
    assert rows["acceptance.failed"].limited_by == "test_boat.py::test_sinks"
    assert "test_boat.py::test_sinks: OSError: it sank" in capsys.readouterr().out


def test_a_slow_disk_waits_at_each_commit_of_a_ledger_and_nowhere_else(
    load: Load, peer: ModuleType, night: ModuleType, tmp_path: Path
) -> None:
    waited = []
    authority, (crew,) = _crews(peer, night, 1)
    peer.our_messages([crew])
    identity = Identity(night.ORIGIN, authority.gateway_keys[night.ORIGIN])
    trusted, path = authority.trusted, tmp_path / "ledger"
    disk = load("slow_disk").SlowDisk(lambda: waited.append(1))
    try:
        create(path, Binding(night.ORIGIN, trusted.digest, trusted.register.version))
        assert waited
        with closing(open_ledger(path)) as ledger:
            intake = Intake(trusted, identity, ledger)
            syncs = []
            for number, report in enumerate(crew.made[:3]):
                waited.clear()
                intake.admit([Arrival(report.data, Road(RoadKind.IMPORT, "test"))], number)
                syncs.append(len(waited))
            assert syncs == [2, 1, 1], "the first has the head of the write-ahead log as well"
            waited.clear()
            ledger.require_whole()
            assert waited == []
    finally:
        disk.unregister()


@pytest.mark.accept
@pytest.mark.skipif(not shutil.which("mosquitto", path="/usr/sbin:/usr/bin"), reason="no mosquitto")
def test_small_hardware_is_measured_on_a_small_scale_too(
    load: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small = load("small_hardware")
    for name, value in {"_BOXES": 10, "_PRECINCT": 2, "_ROUNDS": 5, "_STARTS": 1}.items():
        monkeypatch.setattr(small, name, value)
    rows = {row.name: row for row in small.small_hardware(tmp_path)}
    assert set(rows) == {
        "small.reports_per_s",
        "small.receipt_p99",
        "small.start",
        "small.peak_rss",
    }
    # A receipt comes after the sync of its batch.
    assert rows["small.receipt_p99"].value >= 1_000 * small.SYNC_S
    assert 20 < rows["small.peak_rss"].value < small.MEMORY_MIB
    assert all(
        row.limited_by.startswith("one core, 512 MiB, 50 ms a sync") for row in rows.values()
    )


def night_rows(load: Load, tmp_path: Path, **changes: object) -> dict[str, float]:
    (tmp_path / "rehearsal.json").write_text(json.dumps(DOCUMENT | changes))
    result = read_result(tmp_path / "rehearsal.json")
    watch = load("units").Stopwatch("nights.x")
    return {row.name: row.value for row in load("rehearsals").rows_of("x", result, watch)}


def test_a_rehearsed_night_that_fails_or_never_drains_fails_the_campaign(
    load: Load, tmp_path: Path
) -> None:
    drained = [event | {"drained_s": 4.0} for event in DOCUMENT["events"]]
    go = {"outcome": "GO", "exit_code": 0, "reasons": [], "notes": []}

    fine = night_rows(load, tmp_path, verdict=go, events=drained)
    assert (fine["nights.x.failed"], fine["nights.x.drained"]) == (0, 4.0)
    assert night_rows(load, tmp_path, events=drained)["nights.x.failed"] == 1
    assert night_rows(load, tmp_path, verdict=go)["nights.x.failed"] == 1
    invalid = go | {"outcome": "INVALID", "exit_code": 3}
    assert night_rows(load, tmp_path, verdict=invalid, events=drained)["nights.x.failed"] == 1
    assert fine["nights.x.missing"] == 1


def test_a_rehearsed_night_without_a_result_fails_the_campaign(load: Load) -> None:
    watch = load("units").Stopwatch("nights.x")

    (row,) = load("rehearsals").rows_of("x", None, watch)

    assert (row.name, row.value) == ("nights.x.failed", 1)
    assert "nights.broker-killed.failed" in load("soak")._MUST_BE_ZERO
