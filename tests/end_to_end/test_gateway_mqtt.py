"""From a box over a real broker to a stored receipt, through kills, repeats and stops."""

import json
import sqlite3

from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.statements import Hello, Resend, open_statement, sign_statement
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.live.broker import Broker, find_broker
from tests.end_to_end.mqtt_box import MqttBox
from tests.gateway.scripted import ORIGIN, ScriptedBox, report_id

LISTENING = "connected, listening on"


def started(gateway, mqtt_table):
    gateway.configure(mqtt_table)
    gateway.init()
    return gateway


def stored_leaves(gateway):
    """What is on the disk of a gateway that does not run, read past its own code."""
    with sqlite3.connect(gateway.ledger) as ledger:
        rows = ledger.execute("SELECT leaf FROM leaves ORDER BY position").fetchall()
    ledger.close()
    return [decode_leaf(row[0]) for row in rows]


def status(gateway):
    return json.loads(gateway.command("status", "--json").stdout)


def test_a_day_of_reports_is_receipted_and_a_repeat_gets_the_same_receipt(
    gateway, mqtt_table, broker, election
):
    box = ScriptedBox(election)
    day = box.day()
    with started(gateway, mqtt_table).running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, *day)
        road.await_receipts(map(report_id, day))
        leaves = [road.receipts[report_id(each)][0] for each in day]
        assert {leaf.verdict for leaf in leaves} == {Verdict.ACCEPTED}
        before = dict(road.raw)
        road.receipts.clear()
        road.say(box.box, *day)
        road.await_receipts(map(report_id, day))
        assert road.raw == before
        assert gateway.stop() == 0
    assert [leaf.report for leaf in stored_leaves(gateway)] == [report_id(each) for each in day]


def test_a_gap_is_asked_for_and_the_held_reports_are_receipted_anew(
    gateway, mqtt_table, broker, election
):
    box = ScriptedBox(election, 2)
    day = box.day()
    with started(gateway, mqtt_table).running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, day[0], day[2], day[3])
        road.await_receipts(map(report_id, (day[2], day[3])))
        assert road.receipts[report_id(day[3])][0].reason is Reason.GAP_BEFORE
        resend = road.await_other(MessageKind.RESEND)
        asked = open_statement(resend.payload, election.gateway_keys[ORIGIN].public, Resend)
        assert asked.sequence == 1
        shown = gateway.command("quarantine", "list").stdout
        assert "report 2, open held: waiting for report 1 [GAP_BEFORE]" in shown
        assert "2 set aside, register version 1" in shown
        road.receipts.clear()
        road.say(box.box, day[1])
        road.await_receipts(map(report_id, day[1:4]))
        assert {road.receipts[report_id(each)][0].reason for each in day[2:4]} == {
            Reason.GAP_CLOSED
        }


def test_a_box_that_says_hello_is_asked_for_what_is_missing(gateway, mqtt_table, broker, election):
    box = ScriptedBox(election, 3)
    with started(gateway, mqtt_table).running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.send(box.box, Message(MessageKind.HELLO_WANTED))
        challenge = road.await_other(MessageKind.CHALLENGE).payload
        hello = Hello(election.trusted.digest, box.box, challenge, 1, 5)
        signed = sign_statement(hello, box.key.public, box.key.sign)
        road.send(box.box, Message(MessageKind.HELLO, signed))
        resend = road.await_other(MessageKind.RESEND)
        asked = open_statement(resend.payload, election.gateway_keys[ORIGIN].public, Resend)
        assert (asked.box, asked.sequence) == (box.box, 0)
        assert status(gateway)["fresh_boxes"] == 1


def test_forgeries_and_foreign_topics_are_counted_and_never_answered(
    gateway, mqtt_table, broker, election
):
    box, other = ScriptedBox(election), ScriptedBox(election, 2)
    good, *_ = box.open_poll()
    forged = good[:-1] + bytes((good[-1] ^ 1,))
    with started(gateway, mqtt_table).running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, forged, b"", b"rubbish")
        road.say(other.box, good)
        road.say(box.box, good)
        road.await_receipts([report_id(good)])
        assert list(road.receipts) == [report_id(good)]
        assert road.others == []
        counts = status(gateway)["counts"]
        assert counts["leaves"] == {"IN_ORDER": 1}
        assert counts["unauthentic"] == {"ENVELOPE": 2, "SIGNATURE": 1, "TOPIC": 1}
        assert counts["refused"] == {}


def test_killed_in_a_burst_the_gateway_has_all_it_receipted_and_each_once(
    gateway, mqtt_table, broker, election
):
    boxes = [ScriptedBox(election, number) for number in (1, 2, 3, 4)]
    for box in boxes:
        box.day(60)
    everything = [
        (box, each)
        for at in zip(*(b.said for b in boxes), strict=True)
        for box, each in zip(boxes, at, strict=True)
    ]
    ids = {report_id(each) for _, each in everything}
    started(gateway, mqtt_table).start()
    with MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        for said, (box, each) in enumerate(everything):
            road.say(box.box, each)
            if said in (60, 61, 180):
                # Some of the last forty have no receipt yet: the burst is under way.
                gateway.kill()
                gateway.start()
            road.await_count(said - 40)
        gateway.kill()
        receipted = set(road.receipts)
        leaves = stored_leaves(gateway)
        assert receipted <= {leaf.report for leaf in leaves}
        gateway.start()
        # What the broker still has comes by itself; boxes say again what has no receipt.
        for box, each in everything:
            if report_id(each) not in receipted:
                road.say(box.box, each)
        road.await_receipts(ids)
        assert gateway.stop() == 0
    accepted = [leaf.report for leaf in stored_leaves(gateway) if leaf.verdict is Verdict.ACCEPTED]
    assert sorted(accepted) == sorted(ids)


def test_told_to_stop_the_gateway_settles_what_it_has_read(gateway, mqtt_table, broker, election):
    box = ScriptedBox(election)
    day = box.day(100)
    started(gateway, mqtt_table).start()
    with MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, *day)
        road.await_receipts([report_id(day[0])])
        assert gateway.stop() == 0
        stopped = gateway.await_line("stopped: ")
        leaves = stored_leaves(gateway)
        assert f"stopped: {len(leaves)} leaves" in stopped
        gateway.start()
        road.await_receipts(map(report_id, day))
        gateway.stop()
    assert len(stored_leaves(gateway)) == len(day)


def test_without_a_broker_it_waits_says_so_once_and_goes_on_when_there_is_one(
    gateway, tmp_path, election
):
    late = Broker(find_broker(), tmp_path / "late")
    gateway.configure(f'[mqtt]\nhost = "127.0.0.1"\nport = {late.port}\n')
    gateway.init()
    refused = (
        f"MQTT broker 127.0.0.1:{late.port} refuses the connection. "
        "Start the broker, or correct mqtt.host and mqtt.port"
    )
    checked = gateway.command("check")
    assert checked.exit_code == 1
    assert f"FAIL  {refused}\n1 to mend\n" in checked.stdout
    with gateway.running():
        assert gateway.await_line("refuses the connection").endswith(
            f" REHEARSAL WARNING {refused}"
        )
        (road,) = status(gateway)["roads"]
        assert road["state"] in ("down", "connecting")
        assert f"{road['name']} {road['trouble']}" == refused
        with late:
            gateway.await_line(LISTENING)
            assert sum("refuses" in line for line in gateway.lines) == 1
