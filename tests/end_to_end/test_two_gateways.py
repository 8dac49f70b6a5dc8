"""Does a precinct's log reach the centre whole, through refusals, absences and kills?"""

import json
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path

from ballotbox_gateway.adapters.control_socket import ControlClient
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_simulator.live.broker import free_port
from tests.end_to_end.mqtt_box import MqttBox
from tests.gateway.scripted import CENTRE, ScriptedBox, report_id, ruling
from tests.patience import PATIENCE_S

LISTENING = "connected, listening on"


def status(gateway):
    return json.loads(gateway.command("status", "--json").stdout)


def upward(port):
    return f'[upstream]\nurl = "http://127.0.0.1:{port}"\norigin = "{CENTRE}"\nbatch_leaves = 7\n'


def both(gateway, centre, mqtt_table):
    port = free_port()
    gateway.configure(mqtt_table, upward(port))
    gateway.init()
    centre.configure(f"[http]\nport = {port}\n")
    centre.init()
    return port


def await_delivery(gateway, patience_s=PATIENCE_S):
    """Ask the precinct until nothing waits; it answers between batches, so this moves on."""
    deadline = time.monotonic() + patience_s
    with ControlClient(gateway.ledger.parent / "control.socket") as client:
        while client.ask({"ask": "status"})["upstream"]["waiting"]:
            assert time.monotonic() < deadline, client.ask({"ask": "status"})["upstream"]


def test_everything_with_a_leaf_travels_up_and_comes_back_as_receipts(
    gateway, centre, mqtt_table, broker, election
):
    both(gateway, centre, mqtt_table)
    boxes = [ScriptedBox(election, number) for number in (1, 2)]
    days = [box.day() for box in boxes]
    aside = boxes[0].forge(ReportKind.TURNOUT, debug=False, precinct=99)
    with centre.running(), gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        for box, day in zip(boxes, days, strict=True):
            road.say(box.box, *day)
        road.say(boxes[0].box, aside)
        road.await_receipts([*map(report_id, days[0] + days[1]), report_id(aside)])
        await_delivery(gateway)
        below, above = status(gateway), status(centre)
        assert above["log"]["size"] == below["log"]["size"] == 15
        assert above["boxes"]["with_final"] == 2
        assert above["counts"] == below["counts"]
        shown = centre.command("quarantine", "list").stdout
        assert report_id(aside).hex() in shown
        checkpoint = gateway.command("log", "checkpoint").stdout
        assert checkpoint.splitlines()[1] == "15"


def test_a_centre_that_is_away_is_told_once_and_caught_up_with(
    gateway, centre, mqtt_table, broker, election
):
    port = both(gateway, centre, mqtt_table)
    box = ScriptedBox(election, 3)
    day = box.day(30)
    refused = "upstream.url: the upper gateway refuses the connection. Check the network"
    with gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, *day[:20])
        road.await_receipts(map(report_id, day[:20]))
        waits = gateway.await_line("delivery to")
        assert f"delivery to http://127.0.0.1:{port} waits: {refused}" in waits
        assert status(gateway)["upstream"]["waiting"] == 20
        assert refused in gateway.command("status").stdout
        centre.start()
        gateway.await_line("takes our log again")
        road.say(box.box, *day[20:])
        road.await_receipts(map(report_id, day[20:]))
        centre.kill()
        gateway.kill()
        centre.start()
        gateway.start()
        await_delivery(gateway)
        assert status(centre)["log"]["size"] == len(day)
        assert status(centre)["counts"]["leaves"] == {"IN_ORDER": len(day)}
        assert sum("refuses the connection" in line for line in gateway.lines) <= 3


def test_a_release_below_is_verified_above(gateway, centre, mqtt_table, broker, election):
    both(gateway, centre, mqtt_table)
    box = ScriptedBox(election, 4)
    messages = [*box.open_poll(), box.report(ReportKind.TURNOUT, firmware=bytes(32))]
    with centre.running(), gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, *messages)
        road.await_receipts(map(report_id, messages))
        await_delivery(gateway)
        aside = report_id(messages[3])
        assert aside.hex() in centre.command("quarantine", "list").stdout
        signed = ruling(election, RulingKind.RELEASE, aside)
        with ControlClient(gateway.ledger.parent / "control.socket") as client:
            answer = client.ask({"ask": "rule", "ruling": b64encode(signed).decode()})
        assert answer["done"], answer
        await_delivery(gateway)
        assert centre.command("quarantine", "list").stdout == "0 set aside, register version 1\n"
        assert status(centre)["log"]["size"] == 5


def test_the_exported_log_of_the_centre_verifies(
    gateway, centre, mqtt_table, broker, election, tmp_path
):
    both(gateway, centre, mqtt_table)
    box = ScriptedBox(election)
    day = box.day()
    with centre.running(), gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, *day)
        road.await_receipts(map(report_id, day))
        await_delivery(gateway)
        exported = centre.command("log", "export", str(tmp_path / "log"))
        assert exported.stdout == f"7 leaves in 4 files: {tmp_path}/log\n"
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ballotbox-verify"),
            *("log", tmp_path / "log", "--root", str(election.root)),
            *("--election", centre.folder / "election.cose"),
            *("--register", centre.folder / "register.cose"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
