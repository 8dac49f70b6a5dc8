"""Acceptance 3: what does a gateway say and do while its disk takes nothing? Real processes.

A full disk is in test_disk_room.py; gateway/durable/test_errors.py sweeps every write and sync.
"""

import os
import time
from contextlib import contextmanager

import pytest

from ballotbox_gateway.adapters.control_socket import ControlClient
from ballotbox_gateway.cli.run import EXIT_LEDGER
from tests.end_to_end.mqtt_box import MqttBox
from tests.end_to_end.test_two_gateways import both, status
from tests.gateway.durable.nursery import attached, require_strace
from tests.gateway.scripted import ScriptedBox, report_id
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.accept

LISTENING = "connected, listening on"
#: A gateway that hides from itself what its ledger says.
DEAF = """
import apsw
from ballotbox_gateway.ledger.sqlite import SqliteLedger
heard = SqliteLedger.commit
def commit(self, batch, expected):
    try:
        heard(self, batch, expected)
    except Exception:
        self.sick = None
SqliteLedger.commit = commit
"""


@contextmanager
def failing(gateway, call, error):
    """Let every such system call of a running gateway fail so, until the context ends."""
    options = ("-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:error={error}")
    watcher = attached(gateway.pid, options)
    try:
        yield
    finally:
        watcher.terminate()
        watcher.communicate()


def asked(gateway):
    with ControlClient(gateway.ledger.parent / "control.socket") as client:
        return client.ask({"ask": "status"})


def test_a_disk_mounted_read_only_stops_receipts_and_not_delivery(
    gateway, centre, mqtt_table, broker, election
):
    """Acceptance 3: read-only: no receipt, delivery goes on, no restart once it takes writes.

    A kernel refuses to remount what a process writes to; after an error it does so by itself, and
    then says what is said here.
    """
    require_strace()
    both(gateway, centre, mqtt_table)
    box = ScriptedBox(election)
    day = box.day(10)
    with gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, *day[:8])
        road.await_receipts(map(report_id, day[:8]))
        gateway.await_line("the upper gateway refuses the connection")
        process = gateway.pid
        with failing(gateway, "pwrite64", "EROFS"):
            road.say(box.box, *day[8:])
            gateway.await_line("nothing is acknowledged until it can be written")
            assert "read-only" in asked(gateway)["read_only"]
            centre.start()
            centre_has(centre, 8)
            assert set(road.receipts) == set(map(report_id, day[:8]))
        road.await_receipts(map(report_id, day))
        centre_has(centre, len(day))
        assert gateway.pid == process
        assert gateway.stop() == 0


def centre_has(centre, leaves):
    """Wait until a running centre has so many leaves: its status moves on with each batch."""
    deadline = time.monotonic() + PATIENCE_S
    while asked(centre)["log"]["size"] < leaves:
        assert time.monotonic() < deadline, asked(centre)["log"]


def test_a_failed_sync_ends_the_process_and_the_next_one_acknowledges(
    gateway, mqtt_table, broker, election
):
    """Acceptance 3: EIO: the process ends, nothing more is acknowledged, the next one verifies."""
    require_strace()
    gateway.configure(mqtt_table)
    gateway.init()
    box = ScriptedBox(election)
    day = box.day()
    with MqttBox(broker, election) as road:
        gateway.start()
        gateway.await_line(LISTENING)
        road.say(box.box, *day[:2])
        road.await_receipts(map(report_id, day[:2]))
        with failing(gateway, "fdatasync", "EIO"):
            road.say(box.box, *day[2:])
            assert gateway.wait() == EXIT_LEDGER
        gateway.await_line("the ledger failed")
        assert set(road.receipts) == set(map(report_id, day[:2]))
        gateway.start()
        road.say(box.box, *day)
        road.await_receipts(map(report_id, day))
        assert status(gateway)["log"]["size"] == len(day)
        assert gateway.stop() == 0


def test_a_gateway_deaf_to_its_ledger_is_found_out(gateway, mqtt_table, broker, election):
    """Acceptance 3, the control: it is the ledger's error that keeps receipts back."""
    require_strace()
    gateway.configure(mqtt_table)
    gateway.init()
    box = ScriptedBox(election)
    day = box.day()
    with MqttBox(broker, election) as road:
        gateway.start(before=DEAF)
        gateway.await_line(LISTENING)
        with failing(gateway, "fdatasync", "EIO"):
            road.say(box.box, *day)
            road.await_receipts(map(report_id, day[:1]))
        gateway.kill()
