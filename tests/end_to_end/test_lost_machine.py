"""After a gateway's machine is lost, is everything that it receipted at the centre, once?"""

import json
import shutil

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_gateway.ledger.sqlite import open_ledger
from ballotbox_protocol.wire.message import MessageKind
from ballotbox_protocol.wire.replacement import decode_replacement
from ballotbox_simulator.live.broker import free_port
from tests.end_to_end.field_gateway import FieldGateway
from tests.end_to_end.mqtt_box import MqttBox
from tests.end_to_end.test_second_copy import verified
from tests.end_to_end.test_two_gateways import await_delivery
from tests.gateway.scripted import CENTRE, ORIGIN, OTHER, ScriptedBox, report_id

LISTENING = "connected, listening on"


def status(gateway):
    return json.loads(gateway.command("status", "--json").stdout)


def officers(gateway):
    """The key files of two officers, as options."""
    options = []
    for number in (0, 1):
        path = gateway.folder / f"officer-{number}.key"
        if not path.exists():
            write_key(path, gateway.authority.officer_keys[number], None)
        options += ["--officer-key", str(path)]
    return options


def test_a_machine_lost_between_receipt_and_delivery_loses_nothing(
    gateway, centre, mqtt_table, broker, election, tmp_path
):
    port = free_port()
    upward = f'[upstream]\nurl = "http://127.0.0.1:{port}"\norigin = "{CENTRE}"\n'
    gateway.configure(mqtt_table, upward, second_copy=tmp_path / "copy")
    gateway.init()
    centre.configure(f"[http]\nport = {port}\n")
    centre.init()
    box = ScriptedBox(election)
    day = box.day(20)
    with MqttBox(broker, election) as road:
        with gateway.running():
            gateway.await_line(LISTENING)
            road.say(box.box, *day)
            road.await_receipts(map(report_id, day))
            gateway.kill()
        lose_the_disk(gateway)
        new = replaced(tmp_path / "new", election, (mqtt_table, upward), tmp_path / "copy-2")
        road.receipts.clear()
        with centre.running(), new.running():
            new.await_line(LISTENING)
            assert road.await_other(MessageKind.RESEND)
            road.say(box.box, *day)
            road.await_receipts(map(report_id, day))
            assert {each.origin for _, each in road.receipts.values()} == {OTHER}
            await_delivery(new)
            assert status(centre)["log"]["size"] == len(day) + 1
            assert status(centre)["counts"]["leaves"] == {"IN_ORDER": len(day), "REPLACES": 1}
            assert new.stop() == 0
    done = verified(new, tmp_path / "copy-2")
    assert done.returncode == 0, done.stdout
    assert f"two officers closed the log {ORIGIN}: from leaf 5 on is lost" in done.stdout


def lose_the_disk(gateway):
    """The ledger is gone; the copy on the other disk may lack the last leaves."""
    shutil.rmtree(gateway.folder / "state")
    refused = gateway.process("run")
    assert refused.returncode == 1
    assert f"so the log {ORIGIN} is closed" in refused.stderr
    assert f"`ballotbox-gateway init --replace {ORIGIN} --kept " in refused.stderr
    assert "already" in gateway.command("init").stderr


def replaced(folder, election, tables, copy):
    """Another machine under the other origin that the register lists."""
    new = FieldGateway(folder, election, OTHER)
    mqtt, upward = tables
    new.configure(mqtt.replace('client_id = "', 'client_id = "new-'), upward, second_copy=copy)
    done = new.command("init", "--replace", ORIGIN, "--kept", "5", *officers(new))
    assert done.exit_code == 0, done.stderr
    assert f"replaces {ORIGIN}, lost from leaf 5 on; boxes are asked to send again" in done.stdout
    return new


def test_a_damaged_ledger_goes_aside_when_its_log_is_replaced(gateway, mqtt_table, election):
    gateway.configure(mqtt_table)
    gateway.init()
    gateway.ledger.write_bytes(b"nothing of a ledger")
    refused = gateway.process("run")
    assert refused.returncode == 1
    assert "init --replace" in refused.stderr
    same = gateway.command("init", "--replace", ORIGIN, *officers(gateway))
    assert "must be another one: a log never begins twice" in same.stderr
    one = gateway.command("init", "--replace", OTHER, *officers(gateway)[:2])
    assert "1 given, two are needed" in one.stderr
    assert gateway.ledger.read_bytes() == b"nothing of a ledger"
    (gateway.folder / "gateway.key").unlink()
    write_key(gateway.folder / "gateway.key", election.gateway_keys[OTHER], None)
    gateway.configure(mqtt_table, origin=OTHER)
    unknown = gateway.command("init", "--replace", "lost.example", *officers(gateway))
    assert "names lost.example, which is not in the register" in unknown.stderr
    done = gateway.command("init", "--replace", ORIGIN, *officers(gateway))
    assert done.exit_code == 0, done.stderr
    aside = gateway.ledger.with_name("ledger.sqlite.aside-1")
    assert done.stdout.startswith("kept     state/ledger.sqlite.aside-1\n")
    assert aside.read_bytes() == b"nothing of a ledger"
    again = gateway.command("init", "--replace", ORIGIN, *officers(gateway))
    assert f"is the ledger of {OTHER} already" in again.stderr


def test_a_log_that_never_came_up_is_told_of_by_the_next_one(gateway, mqtt_table, election):
    (gateway.folder / "gateway.key").unlink()
    write_key(gateway.folder / "gateway.key", election.gateway_keys[CENTRE], None)
    gateway.configure(mqtt_table, origin=CENTRE)
    before = ("--before", ORIGIN, "5")
    alone = gateway.command("init", *before, *officers(gateway))
    assert "Name with --replace the closed log that the new one stands for" in alone.stderr
    twice = gateway.command("init", "--replace", ORIGIN, *before, *officers(gateway))
    assert f"--before: names {ORIGIN}, which is named already. Name each" in twice.stderr
    loop = gateway.command("init", "--replace", OTHER, "--before", CENTRE, "0", *officers(gateway))
    assert f"--before: names {CENTRE}, which is named already. Name each" in loop.stderr
    assert not gateway.ledger.exists()
    done = gateway.command("init", "--replace", OTHER, *before, *officers(gateway))
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == [
        f"replaces {OTHER}, lost from leaf 0 on; boxes are asked to send again",
        f"replaces {ORIGIN}, lost from leaf 5 on, as that one did",
    ]
    ledger = open_ledger(gateway.ledger)
    said = [decode_replacement(each.ruling) for each in ledger.entries(0, 3)]
    ledger.close()
    assert [(each.replaced, each.origin, each.kept) for each in said] == [
        (OTHER, CENTRE, 0),
        (ORIGIN, OTHER, 5),
    ]
