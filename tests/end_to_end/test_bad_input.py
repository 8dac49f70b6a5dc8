"""What does the user read when something is wrong? Exactly this."""

import resource
import signal
import socket
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_simulator.authority import with_register
from tests.end_to_end.mqtt_box import MqttBox
from tests.gateway.scripted import CENTRE, ScriptedBox, report_id
from tests.small_disk import fill

LISTENING = "connected, listening on"
NOWHERE = '[mqtt]\nhost = "127.0.0.1"\nport = 1\n'


def read(gateway, *words):
    """The text of a command that must fail with exit code 1."""
    if words[0] == "run":
        process = gateway.process(*words)
        assert process.returncode == 1, process
        return process.stderr
    done = gateway.command(*words)
    assert done.exit_code == 1, (done.stdout, done.stderr)
    return done.stderr or done.stdout


def damaged(path: Path, at=None):
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("command", ["init", "check", "run", "status"])
def test_a_wrong_field_in_the_settings(gateway, command):
    gateway.configure(NOWHERE + "prot = 5\n")
    assert read(gateway, command) == (
        "Error: gateway.toml: mqtt.prot: there is no such setting; did you mean `port`? "
        "`ballotbox-gateway settings` lists every field\n"
    )


def test_no_settings_at_all(gateway):
    assert read(gateway, "run") == (
        "Error: gateway.toml: there is no such file. "
        "Name it with --config; `ballotbox-gateway init` at a terminal makes it\n"
    )


@pytest.mark.parametrize("command", ["init", "run"])
def test_a_corrupted_definition(gateway, command):
    gateway.configure(NOWHERE)
    damaged(gateway.folder / "election.cose")
    assert read(gateway, command) == (
        "Error: election.cose: election definition: the signature does not verify; "
        "is --root the right key? Get the file again from the authority, and compare the root "
        "key with its notice\n"
    )


@pytest.mark.parametrize("command", ["init", "run"])
def test_a_corrupted_register(gateway, command):
    gateway.configure(NOWHERE)
    damaged(gateway.folder / "register.cose")
    assert read(gateway, command) == (
        "Error: register.cose: register: the signature does not verify; no signer named by the "
        "definition signed it. Get the newest register of this election from the authority\n"
    )


def test_run_creates_nothing_and_init_replaces_nothing(gateway):
    gateway.configure(NOWHERE)
    assert read(gateway, "run") == (
        "Error: state/ledger.sqlite: there is no ledger. "
        "Make it once with `ballotbox-gateway init`; if there was one, find it; if it is lost, "
        "`ballotbox-gateway init --replace` opens a new log\n"
    )
    assert not gateway.ledger.exists()
    gateway.init()
    before = gateway.ledger.read_bytes()
    assert read(gateway, "init") == (
        "Error: state/ledger.sqlite: there is a ledger already. It stays as it is: `run` uses it; "
        "a new election takes a new ledger_file\n"
    )
    assert gateway.ledger.read_bytes() == before


def test_a_ledger_below_a_file(gateway):
    (gateway.folder / "state").touch()
    gateway.configure(NOWHERE)
    assert read(gateway, "init") == (
        "Error: state: is no directory. Name a file in a directory in ledger_file\n"
    )


def test_a_second_gateway_on_the_same_ledger(gateway):
    gateway.configure(NOWHERE)
    gateway.init()
    with gateway.running():
        told = "Error: state/ledger.sqlite: another process has this ledger open. "
        assert read(gateway, "run").startswith(told)
        gateway.await_line("refuses the connection")


def test_another_origin_s_ledger_and_an_older_register(gateway, election):
    gateway.configure(NOWHERE)
    newer = with_register(election, replace(election.trusted.register, version=2))
    newer.write(gateway.folder)
    gateway.init()
    election.write(gateway.folder)
    told = read(gateway, "run")
    assert "version 1 is older than version 2" in told
    (gateway.folder / "gateway.key").unlink()
    newer.write(gateway.folder)
    write_key(gateway.folder / "gateway.key", election.gateway_keys[CENTRE], None)
    gateway.configure(NOWHERE, origin=CENTRE)
    told = read(gateway, "run")
    assert told.startswith(f"Error: state/ledger.sqlite: ledger: belongs to {gateway.origin}")


def test_a_ledger_that_was_tampered_with_is_not_used(gateway, mqtt_table, broker, election):
    gateway.configure(mqtt_table)
    gateway.init()
    box = ScriptedBox(election)
    day = box.day()
    with gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, *day)
        road.await_receipts(map(report_id, day))
        assert gateway.stop() == 0
    with sqlite3.connect(gateway.ledger) as ledger:
        (leaf,) = ledger.execute("SELECT leaf FROM leaves WHERE position = 3").fetchone()
        changed = leaf[:-1] + bytes((leaf[-1] ^ 1,))
        ledger.execute("UPDATE leaves SET leaf = ? WHERE position = 3", (changed,))
    ledger.close()
    told = read(gateway, "run")
    assert told.startswith("Error: state/ledger.sqlite: ")
    assert "If the newest ledger or the second copy is elsewhere, put it back" in told
    assert f"`ballotbox-gateway init --replace {gateway.origin} --kept 0`" in told
    assert "FAIL  state/ledger.sqlite: " in read(gateway, "check")


def test_a_file_that_is_no_ledger(gateway):
    gateway.configure(NOWHERE)
    gateway.init()
    gateway.ledger.write_bytes(b"not a database at all" * 500)
    told = read(gateway, "run")
    assert told.startswith("Error: state/ledger.sqlite: cannot be opened as a ledger: ")
    assert f"`ballotbox-gateway init --replace {gateway.origin} --kept 0`" in told
    assert gateway.ledger.read_bytes() == b"not a database at all" * 500


def test_an_address_that_another_program_listens_on(gateway):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gateway.configure(f"[http]\nport = {port}\n")
        gateway.init()
        told = (
            f"http 127.0.0.1:{port}: cannot listen: address already in use. "
            "Close what listens there, or correct http.host and http.port\n"
        )
        assert f"FAIL  {told}" in read(gateway, "check")
        assert read(gateway, "run").endswith(f"Error: {told}")
        assert not (gateway.ledger.parent / "control.socket").exists()


def test_check_tells_everything_at_once(gateway):
    gateway.configure(
        NOWHERE,
        '[[serial]]\nport = "/dev/no-such-port"\n',
        f'[upstream]\nurl = "http://127.0.0.1:1"\norigin = "{CENTRE}"\n',
    )
    told = read(gateway, "check")
    faults = [line.removeprefix("FAIL  ") for line in told.splitlines() if "FAIL" in line]
    ledger, serial, broker, upper = faults
    assert ledger == (
        "state/ledger.sqlite: there is no ledger. "
        "Make it once with `ballotbox-gateway init`; if there was one, find it; if it is lost, "
        "`ballotbox-gateway init --replace` opens a new log"
    )
    assert serial == (
        "serial port /dev/no-such-port: does not exist. "
        "Plug the cable in, or correct serial.port (ls /dev/serial/by-id)"
    )
    assert broker == (
        "MQTT broker 127.0.0.1:1 refuses the connection. "
        "Start the broker, or correct mqtt.host and mqtt.port"
    )
    assert upper == (
        "upper gateway http://127.0.0.1:1: the upper gateway refuses the connection. "
        "Check the network, upstream.url and whether the upper gateway runs"
    )
    assert told.splitlines()[-1] == "4 to mend"


def test_a_newer_register_is_taken_in_while_running_and_a_bad_one_is_not(
    gateway, mqtt_table, election
):
    gateway.configure(mqtt_table)
    gateway.init()
    with gateway.running():
        gateway.await_line(LISTENING)
        newer = with_register(election, replace(election.trusted.register, version=5))
        newer.write(gateway.folder)
        gateway.tell(signal.SIGHUP)
        gateway.await_line("register version 5 is in use")
        damaged(gateway.folder / "register.cose")
        gateway.tell(signal.SIGHUP)
        line = gateway.await_line("register version 5 stays in use: ")
        assert "the signature does not verify" in line
        assert "register 5" in gateway.command("status").stdout


def test_a_disk_that_fails_ends_the_gateway_and_nothing_receipted_is_missing(
    gateway, mqtt_table, broker, election
):
    gateway.configure(mqtt_table)
    gateway.init()
    box = ScriptedBox(election, 3)
    day = box.day()
    with gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, *day[:3])
        road.await_receipts(map(report_id, day[:3]))
        # From now on every write of a file fails, as on a medium that is dying.
        resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        road.say(box.box, *day[3:])
        assert gateway.wait() == 3
        line = gateway.await_line("CRITICAL the ledger failed: state/ledger.sqlite: ")
        assert line.endswith(". Look at the disk, then start again")
        assert set(road.receipts) == set(map(report_id, day[:3]))
        gateway.start()
        road.await_receipts(map(report_id, day))


def test_a_gateway_that_never_found_its_broker_ends_at_once(gateway):
    gateway.configure(NOWHERE)
    gateway.init()
    gateway.start()
    gateway.await_line("refuses the connection")
    assert gateway.stop() == 0
    assert not (gateway.ledger.parent / "control.socket").exists()


def test_on_a_full_disk_no_ledger_is_begun(gateway, mqtt_table, small_disk):
    ledger = small_disk / "ledger.sqlite"
    gateway.configure(mqtt_table, ledger_file=ledger)
    fill(small_disk)
    told = gateway.command("init")
    assert told.exit_code == 1
    assert told.stderr == (
        f"Error: {ledger}: cannot be created: the disk is full. "
        "Choose a local disk with room in ledger_file\n"
    )
    assert not ledger.exists()


def test_a_full_disk_stops_the_receipts_and_room_brings_them_back(
    gateway, mqtt_table, broker, election, small_disk
):
    gateway.configure(
        mqtt_table,
        ledger_file=small_disk / "ledger.sqlite",
        control_socket=small_disk.parent / "control",
    )
    gateway.init()
    box = ScriptedBox(election)
    day = box.day(40)
    with gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, day[0])
        road.await_receipts([report_id(day[0])])
        ballast = fill(small_disk)
        road.say(box.box, *day[1:])
        told = f"{small_disk}/ledger.sqlite: the disk is full: "
        line = gateway.await_line("the disk is full")
        assert told in line
        assert line.endswith("Free some space: nothing is acknowledged until there is room")
        assert f"DISK FULL {told}" in gateway.command("status").stdout
        missing = set(map(report_id, day)) - road.receipts.keys()
        assert missing
        ballast.unlink()
        gateway.await_line("there is room on the disk again")
        road.await_receipts(map(report_id, day))
        assert gateway.stop() == 0
    assert f"{len(day)} leaves" in gateway.command("check").stdout
