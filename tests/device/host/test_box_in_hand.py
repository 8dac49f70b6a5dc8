"""Is a box in the hand a box: through cuts, kills and what goes wrong, over a line and a broker?"""

import json
import os
import queue
import select
import signal
import subprocess
import sys

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from ballotbox_device.host import held_run
from ballotbox_device.host.control_client import Refusal
from ballotbox_device.host.handheld import BoxStopped, start_box
from ballotbox_device.host.problem import Problem
from ballotbox_protocol.election.identifiers import ElectionDigest
from ballotbox_protocol.wire.fingerprint import fingerprint
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.message import MessageKind, parse_message
from ballotbox_simulator.authority import Plan, make_authority
from tests.brokers import mosquitto
from tests.device.host.box_in_hand import run_options, try_out
from tests.device.host.box_process import PATIENCE_S, run_command
from tests.device.host.small_gateway import LineEnd, SmallGateway
from tests.device.polling_place import report_in

HOME = ("HOME", 0, [[0], [1]])
MQTT_ALONE = "mqtt-alone.toml"


@pytest.fixture
def place(tmp_path):
    return try_out(tmp_path)


@pytest.fixture
def box(place):
    with start_box(place) as running:
        yield running


def test_a_day_with_what_goes_wrong_in_it(box):
    box.open_poll()
    box.jam_next()
    box.feed(*HOME)
    for drop, answered in (("cut_stayed", True), ("cut_fell", True), ("stays", False)):
        box.drop_next(drop)
        box.feed(*HOME)
        if answered:
            assert box.power_on()["panel"]["question"] == "dropped"
            box.answer_dropped()
    box.cut_power()
    assert box.panel()["power"] is False
    box.power_on()
    box.close_poll()
    final = box.reports()[-1]
    assert (final["kind"], final["counters"]["accepted"]) == ("final", 1)
    assert box.paper()["container"] == {"sheets": {"HOME/0": 1}, "strays": 0}
    assert all(report["debug"] for report in box.reports())


def test_a_step_that_the_box_refuses_is_told_and_the_next_is_not_tried(box):
    what = "close: not_in_this_state: the poll is setup, where print_zero can be pressed"
    with pytest.raises(Refusal, match=what):
        box.act("close", "print_zero")
    box.act("print_zero")
    with pytest.raises(Refusal, match="open: not_two_officers: the poll is zero"):
        box.act("open", officers=("officer-1",))
    assert box.panel()["state"] == "zero"


def test_a_fresh_box_is_new_each_time_and_leaves_the_other_alone(place):
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    for _ in range(2):
        with start_box(place, fresh=True) as box:
            box.open_poll()
            box.feed(*HOME)
            assert [report["sequence"] for report in box.reports()] == [0, 1, 2]
            assert box.reports()[0]["box"] == (place / "box-1" / "box.id").read_text().strip()
    assert before == {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}


def test_a_box_is_not_started_as_a_kind_that_knows_no_way_on(place):
    with start_box(place) as box:
        box.open_poll()
        box.act("close", "admit_portable")
    with pytest.raises(BoxStopped, match="--profile aks: knows no step on from portable"):
        start_box(place, profile="aks")
    with start_box(place) as box:
        box.act("end_portable", "finish")
    with start_box(place, profile="aks") as box:
        assert box.panel()["state"] == "final"


def test_a_box_of_a_kind_without_a_battery_goes_off_with_the_mains(place):
    with start_box(place, profile="koib", fresh=True) as box:
        assert box.ask("mains", on=False)["panel"]["power"] is False
        box.ask("mains", on=True)
        assert box.power_on()["panel"]["power"] is True
        with pytest.raises(Refusal, match="percent: this kind of box has no battery"):
            box.ask("battery", percent=50)


def serve_until_all_is_answered(box, gateway, descriptor):
    """Be the gateway at the far end of the box's line."""
    end = LineEnd(gateway, descriptor)
    end.flush()
    while box.ask("delivery")["unanswered"] or not gateway.hellos:
        ready, _, _ = select.select([descriptor], [], [], PATIENCE_S)
        assert ready, "nothing moves"
        end.readable()


def test_a_gateway_at_its_line_has_all_reports_through_a_power_cut(box):
    gateway = SmallGateway(make_authority(Plan(1, 1)))
    descriptor = os.open(box.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        serve_until_all_is_answered(box, gateway, descriptor)
        box.open_poll()
        box.cut_power()
        box.power_on()
        serve_until_all_is_answered(box, gateway, descriptor)
    finally:
        os.close(descriptor)
    kinds = [body.kind.name for body in gateway.bodies()]
    assert kinds == ["BOOT", "ZERO", "OPEN", "BOOT"]


def test_over_a_broker_the_power_takes_the_road_with_it(place, tmp_path):
    """A box that is cut off and comes back says all that it has said again, and its new boot."""
    with mosquitto(tmp_path / "broker") as broker:
        heard = paho.Client(CallbackAPIVersion.VERSION2)
        bodies = queue.Queue()
        heard.on_message = lambda _client, _data, message: bodies.put(message.payload)
        heard.connect("127.0.0.1", broker.port)
        heard.subscribe("#", qos=1)
        heard.loop_start()
        try:
            with start_box(place, road=("--mqtt", f"127.0.0.1:{broker.port}")) as box:
                boots = set()
                while boots != {1}:
                    boots |= boots_in(bodies.get(timeout=PATIENCE_S))
                box.cut_power()
                assert box.ask("delivery")["unanswered"] == 0
                box.power_on()
                while boots != {1, 2}:
                    boots |= boots_in(bodies.get(timeout=PATIENCE_S))
                assert box.path == ""
        finally:
            heard.disconnect()
            heard.loop_stop()


def boots_in(data):
    """The boot that a report in a message tells of, if there is one."""
    message = parse_message(data)
    if message is None or message.kind is not MessageKind.REPORT:
        return set()
    return {report_in(message.payload).boot}


def test_a_box_that_ends_says_so_to_whoever_is_connected(box):
    box._process.send_signal(signal.SIGTERM)
    assert box._process.wait(timeout=PATIENCE_S) == 0
    with pytest.raises(Problem, match="has ended"):
        box.ask("panel")


def test_a_memory_that_fails_ends_the_box_with_words(place):
    with start_box(place) as box:
        box.open_poll()
        box.cut_power()
        journal = place / "box-1" / "journal"
        second = place / "box-1" / "second" / "journal"
        for path in (journal, second):
            path.write_bytes(b"\0" * 10 + path.read_bytes()[10:])
        with pytest.raises(Refusal, match=r"box: the box stopped: .*damaged"):
            box.power_on()
        assert box._process.wait(timeout=PATIENCE_S) == 1
        assert "Before any repair copy the state directory" in box._process.stderr.read()


def test_a_box_that_cannot_start_says_why(place):
    (place / "box-1" / "box.id").unlink()
    with pytest.raises(BoxStopped, match="holds no box"):
        start_box(place)


@pytest.mark.parametrize(
    ("files", "passphrase", "told"),
    [
        (("officer-1.key",), None, "--passphrase-file: is missing"),
        (("officer-1.key", "other/officer-1.key"), "officer.passphrase", "name of another"),
        (("root.txt",), "officer.passphrase", "is not a key file"),
    ],
)
def test_tokens_that_cannot_be_read_are_named(place, files, passphrase, told):
    with pytest.raises(Problem, match=told):
        held_run.tokens_in(
            tuple(place / each for each in files), place / passphrase if passphrase else None
        )


def test_tokens_bear_the_names_of_their_files(place):
    files = (place / "officer-1.key", place / "officer-2.key")
    tokens = held_run.tokens_in(files, place / "officer.passphrase")
    assert tokens.names == ("officer-1", "officer-2")
    assert all(isinstance(key, PrivateKey) for key in tokens._keys.values())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--pty", "--serial", "x"), "exactly one of"),
        ((), "exactly one of"),
        (("--pty", "--officer-key", "x"), "give both"),
        (("--pty", "--control", "x", "--no-panel"), "not both"),
        (("--pty", "--profile", MQTT_ALONE), "--pty: is no road of the box own. Give --mqtt"),
        (("--mqtt", "mqtt://localhost"), "must be HOST:PORT"),
        (("--mqtt", "http://localhost:80"), "must be HOST:PORT"),
        (
            ("--pty", "--profile", "none"),
            "there is none of this name. The built-in ones are aks",
        ),
    ],
)
def test_options_that_do_not_fit_are_told(place, monkeypatch, options, told):
    monkeypatch.chdir(place)
    text = run_command("profiles", "generic", "--toml").stdout
    own = text.replace('"serial", "mqtt"', '"mqtt"').replace('"generic"', '"own"')
    assert own != text
    (place / MQTT_ALONE).write_text(own)
    done = run_command("run", *run_options(place, *options))
    assert done.returncode != 0
    assert told in " ".join(done.stderr.split())


def started(place, *options):
    """A box as a process, and its first line."""
    program = [sys.executable, "-c", "from ballotbox_device.cli import main; main()", "run"]
    process = subprocess.Popen(
        [*program, *run_options(place, *options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    return process, json.loads(process.stdout.readline())


def test_a_box_that_nobody_can_act_on_is_no_debug_box(place):
    process, told = started(place, "--pty", "--no-panel")
    said = json.loads(process.stdout.readline())
    process.stdin.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=PATIENCE_S) == 0
    process.stdout.close()
    process.stderr.close()
    assert told["fingerprint"] == fingerprint(
        (place / "root.txt").read_text().strip(), ElectionDigest(bytes.fromhex(told["election"]))
    )
    assert told["debug"] is False
    assert said["kind"] == "boot"
    with start_box(place) as box:
        assert [report["debug"] for report in box.reports()] == [False, True]


def test_a_box_with_a_panel_is_a_debug_box(place):
    process, told = started(place, "--pty")
    process.communicate(b'{"do":"switch_off"}\n', timeout=PATIENCE_S)
    assert told["debug"] is True
    with start_box(place) as box:
        assert [report["debug"] for report in box.reports()] == [True, True]
