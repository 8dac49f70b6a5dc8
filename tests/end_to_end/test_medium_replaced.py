"""The ledger's SD card has failed and an empty one is in its place: what each command then says."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_simulator.live.broker import free_port
from tests.end_to_end.mqtt_box import MqttBox
from tests.end_to_end.test_gateway_mqtt import LISTENING, stored_leaves
from tests.end_to_end.test_lost_machine import officers
from tests.end_to_end.test_second_copy import verified
from tests.end_to_end.test_two_gateways import await_delivery
from tests.gateway.scripted import CENTRE, ORIGIN, OTHER, ScriptedBox, report_id

pytestmark = pytest.mark.accept

MANUAL = (Path(__file__).parents[2] / "gateway" / "OPERATING.md").read_text("utf-8")


def shown(words: str) -> str:
    """Return words that the manual must show as they are, but for the numbers in them."""
    pattern = re.sub(r"\d+", r"\\d+", re.escape(words))
    assert re.search(pattern, MANUAL), words
    return words


def status(gateway):
    return json.loads(gateway.command("status", "--json").stdout)


def decisions(road):
    """Leaf and place of each report, whichever checkpoint its receipt is under."""
    return {each: (leaf, proof.index) for each, (leaf, proof) in road.receipts.items()}


def replace_the_card(gateway):
    """What was on it is gone; the folder that it is mounted at is empty."""
    shutil.rmtree(gateway.folder / "state")
    (gateway.folder / "state").mkdir()


@pytest.fixture
def served(gateway, centre, mqtt_table, tmp_path):
    """A precinct with a second copy, and the centre above it."""
    port = free_port()
    upward = f'[upstream]\nurl = "http://127.0.0.1:{port}"\norigin = "{CENTRE}"\n'
    gateway.configure(mqtt_table, upward, second_copy=tmp_path / "copy")
    gateway.init()
    centre.configure(f"[http]\nport = {port}\n")
    centre.init()
    return gateway


def test_after_a_stop_in_order_the_second_copy_makes_the_ledger_again(
    served, centre, broker, election, tmp_path
):
    box = ScriptedBox(election)
    day = box.day(8)
    with MqttBox(broker, election) as road, centre.running():
        with served.running():
            served.await_line(LISTENING)
            road.say(box.box, *day[:6])
            road.await_receipts(map(report_id, day[:6]))
            await_delivery(served)
            assert served.stop() == 0
        replace_the_card(served)
        again = "state/ledger.sqlite: there is no ledger. `ballotbox-gateway run` makes it "
        for command, words in (
            ("check", f"FAIL  {again}whole again, or says what to do"),
            ("status", f"Error: {again}again from the second copy, or says what to do"),
        ):
            done = served.command(*command.split())
            assert done.exit_code == 1
            assert shown(words) in done.stdout + done.stderr
        refused = served.command("init")
        assert (
            shown(f"holds 6 leaves of {ORIGIN} already. `ballotbox-gateway run`") in refused.stderr
        )
        with served.running():
            told = "the ledger was damaged (there is no ledger) and is whole again, 6 leaves"
            served.await_line(shown(told))
            served.await_line(LISTENING)
            before = decisions(road)
            road.receipts.clear()
            road.say(box.box, *day)
            road.await_receipts(map(report_id, day))
            assert decisions(road).items() >= before.items()
            await_delivery(served)
            assert served.stop() == 0
        assert status(centre)["counts"]["leaves"] == {"IN_ORDER": len(day)}
    assert [leaf.report for leaf in stored_leaves(served)] == [report_id(each) for each in day]
    assert verified(served, tmp_path / "copy").returncode == 0


def test_when_it_fails_in_the_day_two_officers_open_a_log_in_its_place(
    served, centre, broker, election, tmp_path
):
    box = ScriptedBox(election)
    day = box.day(8)
    with MqttBox(broker, election) as road, centre.running():
        with served.running():
            served.await_line(LISTENING)
            road.say(box.box, *day[:6])
            road.await_receipts(map(report_id, day[:6]))
            await_delivery(served)
            served.kill()
        replace_the_card(served)
        refused = served.process("run")
        assert refused.returncode == 1
        assert refused.stderr.startswith("Error: ")
        assert f"so the log {ORIGIN} is closed" in refused.stderr
        do_as_told(served, refused.stderr, tmp_path)
        road.receipts.clear()
        with served.running():
            served.await_line(LISTENING)
            road.say(box.box, *day)
            road.await_receipts(map(report_id, day))
            await_delivery(served)
            assert served.stop() == 0
        counted = status(centre)["counts"]["leaves"]
        assert counted == {"IN_ORDER": len(day), "REPLACES": 1}
    assert {leaf.report for leaf in stored_leaves(served)} >= {report_id(each) for each in day}
    done = verified(served, tmp_path / "copy-2")
    assert done.returncode == 0, done.stdout
    assert f"two officers closed the log {ORIGIN}" in done.stdout


def do_as_told(gateway, told, folder):
    """Set origin and key to the spare ones of the register, and run the command that was named."""
    (command,) = re.findall(
        r"`ballotbox-gateway (init --replace [^`]+)` with two officers' keys", told
    )
    (gateway.folder / "gateway.key").unlink()
    write_key(gateway.folder / "gateway.key", gateway.authority.gateway_keys[OTHER], None)
    text = gateway.config.read_text().replace(f'origin = "{ORIGIN}"', f'origin = "{OTHER}"')
    gateway.config.write_text(text.replace(f"{folder}/copy", f"{folder}/copy-2"))
    done = gateway.command(*shlex.split(command), *officers(gateway))
    assert done.exit_code == 0, done.stderr
    assert f"replaces {ORIGIN}, lost from leaf " in done.stdout
    assert "boxes are asked to send again" in done.stdout
