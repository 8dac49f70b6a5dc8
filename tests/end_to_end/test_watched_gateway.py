"""Do the service manager, a collector of metrics and a reader of logs learn how a gateway is?"""

import json
import re
import socket

import pytest
import urllib3
from prometheus_client.parser import text_string_to_metric_families

from ballotbox_gateway.cli.status import _process_lines
from ballotbox_gateway.core.ports import HOLDS, DiskFull
from ballotbox_gateway.service.metrics import MEASURES, health, metrics_table
from tests.end_to_end.test_hostile_words import ESCAPES, lines_beside_an_evil_centre
from tests.patience import PATIENCE_S


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def watched(gateway, mqtt_table, port):
    gateway.configure(f"[metrics]\nport = {port}", mqtt_table)
    gateway.init()
    return gateway


def get(port, path):
    return urllib3.request("GET", f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S)


def samples(port):
    text = get(port, "/metrics").data.decode()
    return {
        (each.name, *(value for name, value in each.labels.items() if name != "origin")): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def test_health_and_metrics_are_told_and_name_no_box(watched, election, port):
    with watched.running():
        watched.await_line("connected, listening on")
        assert get(port, "/health").status == 200
        told = get(port, "/health").json()
        assert told["health"] == "ok"
        assert told["elections"][0]["troubles"] == []
        found = samples(port)
        assert found["ballotbox_boxes_expected",] == 4
        assert found["ballotbox_boxes_silent",] == 4
        assert found["ballotbox_log_leaves",] == 0
        assert found["ballotbox_disk_free_bytes",] > 0
        assert found["process_resident_memory_bytes",] > 2**20
        assert any(
            name == "ballotbox_road_up" and value == 1 for (name, *_), value in found.items()
        )
        text = get(port, "/metrics").data.decode()
        boxes = [each.box.hex() for each in election.trusted.register.boxes]
        assert not [box for box in boxes if box in text]
        assert get(port, "/").status == 404
        assert watched.stop() == 0


def test_a_full_disk_is_no_health_and_a_broker_that_is_away_is_a_trouble():
    road = {"name": "MQTT broker b:1", "state": "down", "trouble": "refuses the connection"}
    state = {"origin": "o", "mode": "official", "convicted_by": [], "roads": [road]}
    able, told = health([state])
    assert (able, told["health"]) == (True, "troubled")
    assert told["elections"][0]["troubles"] == ["MQTT broker b:1: refuses the connection"]
    greedy = {"roads": [], "over_quota": ["box ab", "gateway b.example"]}
    _, told = health([state | greedy])
    assert told["elections"][0]["troubles"] == ["senders over their quota: 2"]
    able, told = health([state | {"disk_full": "no room"}])
    assert (able, told["health"]) == (False, "not taking in")
    assert told["elections"][0]["troubles"][0] == "no room. Free some space"


@pytest.mark.parametrize("hold", HOLDS, ids=lambda hold: hold.kind)
def test_what_holds_the_intake_is_told_by_its_own_name(hold):
    state = {"origin": "o", "mode": "official", "convicted_by": [], hold.kind: "trouble"}
    able, told = health([state])
    assert (able, told["health"]) == (False, "not taking in")
    assert told["elections"][0]["troubles"] == [f"trouble. {hold.remedy}"]
    names = {
        "disk_full": "ballotbox_disk_full",
        "read_only": "ballotbox_disk_read_only",
        "signer_away": "ballotbox_signer_away",
        "database_away": "ballotbox_database_away",
        "register_behind": "ballotbox_register_behind",
    }
    shown = {
        each.name: [value for _, value in each.values(state)]
        for each in MEASURES
        if each.name in names.values()
    }
    assert shown == {name: [float(kind == hold.kind)] for kind, name in names.items()}
    lines = list(_process_lines(state))
    if hold is DiskFull:
        assert lines == ["DISK FULL trouble"]
    else:
        assert lines == ["NOT TAKING IN trouble", f"          {hold.remedy}"]


def test_no_label_could_carry_a_vote_or_a_box():
    labels = {label for measure in MEASURES for label in measure.labels}
    assert labels == {"mode", "election", "tally", "reason", "state", "road", "table"}


def test_every_metric_stands_in_the_manual(repository):
    manual = (repository / "gateway" / "OPERATING.md").read_text()
    assert metrics_table() in manual


def test_the_service_manager_hears_of_start_life_and_end(watched, tmp_path, monkeypatch):
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(PATIENCE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(address))
        monkeypatch.setenv("WATCHDOG_USEC", "60000")
        watched.start()
        heard = [manager.recv(100) for _ in range(4)]
        assert heard == [b"READY=1", *[b"WATCHDOG=1"] * 3]
        assert watched.stop() == 0
        while (last := manager.recv(100)) == b"WATCHDOG=1":
            pass
        assert last == b"STOPPING=1"


def test_escapes_of_others_are_words_in_a_json_log_as_well(
    gateway, mqtt_table, broker, election, monkeypatch
):
    monkeypatch.setenv("BALLOTBOX_GATEWAY_LOG", "json")
    lines_beside_an_evil_centre(gateway, mqtt_table, broker, election)
    *lines, ended = gateway.lines
    assert ended == "(ended)"
    assert all(line.isascii() and line.isprintable() for line in lines), lines
    said = [json.loads(line) for line in lines]
    assert all(re.fullmatch(r"[\d-]{10}T[\d:.]{12}Z", each["time"]) for each in said)
    assert {each["mark"] for each in said} == {"REHEARSAL"}
    assert any(ESCAPES in each["message"] for each in said), "they are told, not dropped"
