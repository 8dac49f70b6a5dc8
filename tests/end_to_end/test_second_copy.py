"""Is a running gateway's second copy a whole log that tabulation and verifier read?"""

import json
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.mqtt_box import MqttBox
from tests.gateway.scripted import ScriptedBox, report_id
from tests.gateway.service.test_mending import rot

LISTENING = "connected, listening on"


def status(gateway):
    return json.loads(gateway.command("status", "--json").stdout)


def verified(gateway, directory):
    """What `ballotbox-verify log` says of a directory."""
    return subprocess.run(
        [
            Path(sys.executable).with_name("ballotbox-verify"),
            *("log", directory, "--root", str(gateway.authority.root)),
            *("--election", gateway.folder / "election.cose"),
            *("--register", gateway.folder / "register.cose"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_copy_is_complete_when_the_gateway_has_stopped(
    gateway, mqtt_table, broker, election, tmp_path
):
    copy = tmp_path / "copy"
    gateway.configure(mqtt_table, second_copy=copy)
    gateway.init()
    box = ScriptedBox(election)
    day = box.day(20)
    with gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, *day)
        road.await_receipts(map(report_id, day))
        assert status(gateway)["second_copy"]["directory"] == str(copy)
        assert gateway.stop() == 0
    done = verified(gateway, copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"signed it at size {len(day)}" in done.stdout
    assert (copy / "complete").read_bytes() == (copy / "checkpoint").read_bytes()


def test_a_copy_that_cannot_be_written_stops_nothing(
    gateway, mqtt_table, broker, election, tmp_path
):
    (tmp_path / "copy").write_text("in the way")
    gateway.configure(mqtt_table, second_copy=tmp_path / "copy")
    gateway.init()
    box = ScriptedBox(election)
    with gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line("The intake goes on without it")
        gateway.await_line(LISTENING)
        message = box.day()[0]
        road.say(box.box, message)
        road.await_receipts([report_id(message)])
        told = gateway.command("status").stdout
        assert f"copy      {tmp_path}/copy: 1 leaves behind for " in told
        assert (
            "Mend that disk, or take second_copy out of the settings" in told or "cannot be" in told
        )


def test_a_gateway_whose_ledger_has_rotten_starts_names_it_and_serves(
    gateway, mqtt_table, broker, election, tmp_path
):
    """Acceptance 10: a corrupt byte in the store: it starts, names the leaf, keeps the old file."""
    gateway.configure(mqtt_table, second_copy=tmp_path / "copy")
    gateway.init()
    box = ScriptedBox(election)
    day = box.day(20)
    with MqttBox(broker, election) as road:
        with gateway.running():
            gateway.await_line(LISTENING)
            road.say(box.box, *day[:-1])
            road.await_receipts(map(report_id, day[:-1]))
            assert gateway.stop() == 0
        rot(gateway.ledger, day[7], 60)
        told = gateway.command("check").stdout
        held = f"ok    second copy: {tmp_path}/copy holds {len(day) - 1} leaves; on the disk of the"
        assert held in told
        assert "FAIL  state/ledger.sqlite: what stands beside leaves" in told
        assert "`ballotbox-gateway run` makes it whole again" in told
        gateway.start()
        assert gateway.await_line(f"is whole again, {len(day) - 1} leaves")
        assert gateway.await_line("restored from the second copy: leaf 7")
        assert gateway.await_line("kept for examination: state/ledger.sqlite.aside-1")
        road.receipts.clear()
        road.say(box.box, *day)
        road.await_receipts(map(report_id, day))
        assert status(gateway)["log"]["size"] == len(day)
        assert road.receipts[report_id(day[7])][1].index == 7
    assert gateway.stop() == 0
    assert verified(gateway, tmp_path / "copy").returncode == 0
