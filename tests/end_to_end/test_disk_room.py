"""Can one sender fill the disk of a real gateway, and what still works when little room is left?"""

import json
import shutil
import signal

import pytest

from ballotbox_gateway.core.correspondence import BATCH_MAX
from ballotbox_gateway.core.quota import ROW_OVERHEAD
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.live.broker import free_port
from tests.end_to_end.mqtt_box import MqttBox
from tests.end_to_end.test_two_gateways import await_delivery, upward
from tests.gateway.adapters.office_certificates import OfficeCa
from tests.gateway.scripted import CENTRE, ORIGIN, ScriptedBox, report_id
from tests.patience import PATIENCE_S

LISTENING = "connected, listening on"
KIB = 1_024
FLOOD = 1_500
QUOTA_MIB = 1
QUOTA = QUOTA_MIB * KIB * KIB
#: A bucket may go below empty by one batch, and gains a little for as long as the test may wait.
ROOM_OF_A_REPORT = 2 * KIB
BEYOND = BATCH_MAX * ROOM_OF_A_REPORT + QUOTA * int(PATIENCE_S) // 3_600


def status(gateway):
    return json.loads(gateway.command("status", "--json").stdout)


def flood_of_one_box(gateway, mqtt_table, broker, election, limits):
    """A thief of one box's key reports without end; another box has its day beside it."""
    thief, honest = ScriptedBox(election, 1), ScriptedBox(election, 2)
    said = thief.open_poll() + [thief.report(ReportKind.TURNOUT) for _ in range(FLOOD)]
    gateway.configure(mqtt_table, limits)
    gateway.init()
    with gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(thief.box, *said)
        road.say(honest.box, *honest.day())
        road.await_receipts(map(report_id, honest.said))
        taken = [each for each in said if report_id(each) in road.receipts]
        # What is gained meanwhile lets in a few that came later: those have a gap before them.
        leaves = [(each, road.receipts[report_id(each)][0]) for each in taken]
        in_order = [each for each, leaf in leaves if leaf.reason is Reason.IN_ORDER]
        assert said[: len(in_order)] == in_order
        stored = sum(len(each) + ROW_OVERHEAD for each in taken)
        assert stored >= QUOTA
        assert stored < QUOTA + BEYOND, f"{len(taken)} of {len(said)} reports"
        gateway.await_line(f"box {thief.box.hex()} sends more than one may have stored")
        assert f"OVER QUOTA box {thief.box.hex()}" in gateway.command("status").stdout
        # What was accepted is answered as ever.
        before = road.raw[report_id(taken[0])]
        road.receipts.clear()
        road.say(thief.box, taken[0])
        road.await_receipts([report_id(taken[0])])
        assert road.raw[report_id(taken[0])] == before
        assert gateway.stop() == 0
    assert gateway.ledger.stat().st_size < 4 * KIB * KIB


@pytest.mark.attack(26, check="the quota of each box")
def test_a_flood_of_one_enrolled_box_is_stopped_at_its_quota(gateway, mqtt_table, broker, election):
    flood_of_one_box(gateway, mqtt_table, broker, election, f"[limits]\nbox_mib = {QUOTA_MIB}")


@pytest.mark.attack(26, control_of="test_a_flood_of_one_enrolled_box_is_stopped_at_its_quota")
def test_with_a_quota_beyond_the_flood_all_of_it_is_stored(gateway, mqtt_table, broker, election):
    """The negative control: nothing else stops it."""
    with pytest.raises(AssertionError, match=f"{FLOOD + 3} of {FLOOD + 3} reports"):
        flood_of_one_box(gateway, mqtt_table, broker, election, "[limits]\nbox_mib = 1000")


def leave(folder, free):
    """Write a file that leaves `free` bytes in a folder's file system."""
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(folder).free - free))
    return ballast


def no_room_is_told(gateway, road, day):
    gateway.await_line("nothing is acknowledged until there is room")


def all_are_receipted(gateway, road, day):
    road.await_receipts(map(report_id, day))


def little_room(
    gateway, centre, mqtt_table, broker, election, small_disk, *, reserve, until, room=120 * KIB
):
    """`until` waits for what comes of reports for which no room is left but the reserve."""
    port = free_port()
    gateway.configure(
        mqtt_table,
        upward(port),
        f"[limits]\ndisk_reserve_mib = {reserve}",
        ledger_file=small_disk / "ledger.sqlite",
        control_socket=gateway.folder / "state" / "control.socket",
    )
    (gateway.folder / "state").mkdir(parents=True, exist_ok=True)
    gateway.init()
    centre.configure(f"[http]\nport = {port}\n")
    centre.init()
    day = ScriptedBox(election).day(10)
    with gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        box = ScriptedBox(election).box
        road.say(box, *day[:8])
        road.await_receipts(map(report_id, day[:8]))
        gateway.await_line("the upper gateway refuses the connection")
        ballast = leave(small_disk, room)
        road.say(box, *day[8:])
        until(gateway, road, day)
        assert set(road.receipts) == set(map(report_id, day[:8])), "some are acknowledged"
        with centre.running():
            await_delivery(gateway)
            assert status(centre)["log"]["size"] == 8
            assert status(gateway)["disk_full"]
            assert set(road.receipts) == set(map(report_id, day[:8]))
            ballast.unlink()
            road.await_receipts(map(report_id, day))
            await_delivery(gateway)
            assert status(centre)["log"]["size"] == len(day)
        assert gateway.stop() == 0


@pytest.mark.attack(26, check="the reserve")
def test_on_a_nearly_full_disk_nothing_is_taken_in_and_delivery_goes_on(
    gateway, centre, mqtt_table, broker, election, small_disk
):
    """Acceptance 3: no room: nothing acknowledged, delivery goes on, no restart is needed."""
    given = gateway, centre, mqtt_table, broker, election, small_disk
    little_room(*given, reserve=64, until=no_room_is_told)


@pytest.mark.attack(
    26, control_of="test_on_a_nearly_full_disk_nothing_is_taken_in_and_delivery_goes_on"
)
def test_without_a_reserve_the_last_room_is_taken(
    gateway, centre, mqtt_table, broker, election, small_disk
):
    """Acceptance 3, the control: it is the reserve that stops the intake."""
    given = gateway, centre, mqtt_table, broker, election, small_disk
    with pytest.raises(AssertionError, match="some are acknowledged"):
        # On a busy machine they come one by one, and each commit takes room.
        little_room(*given, reserve=0, until=all_are_receipted, room=400 * KIB)


def test_certificates_are_renewed_by_sighup_while_reports_flow_and_the_ledger_stays(
    gateway, centre, mqtt_table, broker, election, tmp_path
):
    """Acceptance 11: certificate and CA renewed by SIGHUP with live connections between gateways.

    Acceptance 12: the ledger's inode is the same afterwards.
    """
    port, ca = free_port(), OfficeCa(tmp_path / "ca")
    below = ca.issue("lower", ORIGIN) | {"ca_file": str(ca.path)}
    above = ca.issue("server", "centre", host="127.0.0.1") | {"client_ca_file": str(ca.path)}
    below, above = ("".join(f'{k} = "{v}"\n' for k, v in each.items()) for each in (below, above))
    gateway.configure(mqtt_table, upward(port).replace("http:", "https:") + below)
    gateway.init()
    centre.configure(f"[http]\nport = {port}\n{above}")
    centre.init()
    day = ScriptedBox(election).day(10)
    with centre.running(), gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        box = ScriptedBox(election).box
        road.say(box, *day[:8])
        road.await_receipts(map(report_id, day[:8]))
        await_delivery(gateway)
        inodes = [each.ledger.stat().st_ino for each in (gateway, centre)]
        renewed = OfficeCa(tmp_path / "ca")
        renewed.issue("lower", ORIGIN)
        renewed.issue("server", "centre", host="127.0.0.1")
        centre.tell(signal.SIGHUP)
        centre.await_line("certificates of the HTTP intake are those of its files now")
        gateway.tell(signal.SIGHUP)
        gateway.await_line("register version 1 is in use")
        road.say(box, *day[8:])
        road.await_receipts(map(report_id, day))
        await_delivery(gateway)
        assert status(centre)["counts"]["leaves"] == {"IN_ORDER": len(day)}
        assert [each.ledger.stat().st_ino for each in (gateway, centre)] == inodes
        checked = gateway.command("check").stdout
        assert f"ok    upstream: {tmp_path}/ca/lower.pem is good until " in checked
        assert gateway.stop() == 0


def test_check_tries_certificates_before_the_day(gateway, centre, mqtt_table, tmp_path):
    ca = OfficeCa(tmp_path / "ca")
    files = ca.issue("server", "centre", host="127.0.0.1") | {"client_ca_file": str(ca.path)}
    centre.configure(f"[http]\nport = {free_port()}\n", *(f'{k} = "{v}"' for k, v in files.items()))
    centre.init()
    assert (
        f"ok    http: {files['certificate_file']} is good until " in centre.command("check").stdout
    )
    calls = ca.issue("wrong", CENTRE) | {"ca_file": str(ca.path)}
    table = upward(free_port()).replace("http:", "https:")
    gateway.configure(mqtt_table, table, *(f'{k} = "{v}"' for k, v in calls.items()))
    told = f"FAIL  {calls['certificate_file']}: does not name {ORIGIN}, so the upper gateway"
    assert told in gateway.command("check").stdout
    ca.issue("other", CENTRE)
    swapped = tmp_path / "ca" / "other.key"
    swapped.replace(calls["key_file"])
    told = f"FAIL  {calls['certificate_file']}: does not work: "
    assert told in gateway.command("check").stdout
