"""Does the file for whoever helps hold what is wrong, and neither a key nor a vote?"""

import json
import os
import signal
import time

import pytest

from ballotbox_gateway.cli.asking import asking
from ballotbox_gateway.installation import load_installation
from ballotbox_gateway.service.diagnosis import log_integrity, redacted
from tests.end_to_end.mqtt_box import MqttBox
from tests.gateway.scripted import ScriptedBox, report_id

USER = "broker-user-name"


def told(gateway, code=0):
    """What doctor writes, and what it says."""
    done = gateway.command("doctor", "--out", "doctor.json")
    assert done.exit_code == code, done.output
    path = gateway.folder / "doctor.json"
    text = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    return json.loads(text), text, done.output


@pytest.fixture
def served(gateway, mqtt_table, broker, election):
    """A gateway that runs and has a day of one box in its log."""
    password = gateway.folder / "broker.password"
    password.write_text("broker-password\n")
    gateway.configure(f'{mqtt_table}username = "{USER}"\npassword_file = "broker.password"\n')
    gateway.init()
    day = ScriptedBox(election).day()
    with gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line("connected, listening on")
        road.say(ScriptedBox(election).box, *day)
        road.await_receipts(map(report_id, day))
        yield gateway, len(day)


def test_a_running_gateway_is_described_whole_and_without_secrets(served, election):
    gateway, leaves = served
    found, text, said = told(gateway)
    assert found["log"]["size"] == found["status"]["log"]["size"] == leaves
    assert found["log"]["as_signed"] is True
    assert found["log"]["root"] == found["status"]["log"]["root"]
    assert "log   is as signed" in said
    assert any(each["line"].startswith("clock: ") for each in found["check"])
    (disk,) = found["disk"]
    assert disk["files"]["ledger.sqlite"] > 0
    secrets = [(gateway.folder / name).read_text() for name in ("gateway.key", "broker.password")]
    parts = [part for each in secrets for part in each.split() if len(part) > 12]
    parts.append(USER)
    assert len(parts) > 3
    assert not [part for part in parts if part in text]
    assert '"votes"' not in text


def test_no_table_of_a_broker_gives_its_user_away(gateway):
    table = f'host = "127.0.0.1"\nusername = "{USER}"\n'
    gateway.configure(f"[mqtt]\n{table}[below]\n{table}")
    shown = redacted(load_installation(gateway.config).one(None))
    assert {shown[name]["username"] for name in ("mqtt", "below")} == {"(hidden)"}
    assert USER not in json.dumps(shown)


def test_the_last_faults_of_the_process_are_in_it(served, election):
    gateway, _ = served
    (gateway.folder / "register.cose").write_bytes(b"no register")
    before = len(gateway.lines)
    gateway.tell(signal.SIGHUP)
    gateway.await_line("stays in use", since=before)
    done = gateway.command("doctor", "--out", "faults.json")
    found = json.loads((gateway.folder / "faults.json").read_text())
    assert done.exit_code == 0, "what cannot be read ends its own part alone"
    assert "register.cose: " in found["log"]["problem"]
    assert any("stays in use" in each["message"] for each in found["faults"]["faults"])
    assert any(not each["well"] for each in found["check"])


def test_a_log_that_is_not_as_signed_is_told(served):
    gateway, leaves = served
    assert gateway.stop() == 0
    config = load_installation(gateway.config).one(None)
    with asking(config) as ask:
        assert log_integrity(config, ask)["as_signed"]

        def forged(**question):
            answer = ask(**question)
            for texts in answer.get("entries", ()):
                texts[0] = answer["entries"][0][0]
            return answer

        assert log_integrity(config, forged)["as_signed"] is False
        short = log_integrity(config, lambda **asked: ask(**asked) | {"entries": []})
        assert short == {"size": leaves, "as_signed": False, "problem": "ends at 0"}


def test_a_stopped_gateway_is_described_and_no_file_overwritten(gateway):
    gateway.configure('[mqtt]\nhost = "127.0.0.1"\nport = 1\n')
    gateway.init()
    found, _, said = told(gateway)
    assert found["log"] == {"size": 0, "as_signed": True}
    assert "FAIL  MQTT broker 127.0.0.1:1 refuses the connection" in said
    (gateway.folder / "doctor.json").write_text("mine")
    done = gateway.command("doctor", "--out", "doctor.json")
    assert done.exit_code == 1
    assert "doctor.json: file exists. Name another file with --out" in done.output
    assert (gateway.folder / "doctor.json").read_text() == "mine"


def test_a_clock_that_is_behind_what_is_written_is_a_fault(gateway):
    gateway.configure('[mqtt]\nhost = "127.0.0.1"\nport = 1\n')
    gateway.init()
    assert "ok    clock: " in gateway.command("check").output
    ahead = time.time() + 7_200
    os.utime(gateway.ledger, (ahead, ahead))
    said = gateway.command("check").output
    assert "was written later. Set the clock: timedatectl set-time" in said
