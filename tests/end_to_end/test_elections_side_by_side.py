"""Are two elections of one gateway told apart, and does one go on when the other cannot?"""

import os
import signal
from dataclasses import replace

import pytest

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_protocol.election.register import GatewayEntry
from ballotbox_protocol.wire.message import topic_of
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_simulator.authority import with_register
from ballotbox_simulator.live.broker import free_port
from tests.certificates import CertificateAuthority
from tests.end_to_end.mqtt_box import MqttBox
from tests.end_to_end.secured_broker import SecuredBroker, SecuredClient, mosquitto_program
from tests.end_to_end.test_secured_broker import ACCEPTED, NOT_AUTHORIZED
from tests.end_to_end.two_elections_place import AUTHORITY, BELOW, SIDES, TwoElections
from tests.gateway.scripted import ScriptedBox, report_id
from tests.gateway.two_elections import official

CHOICES = "serves 2 elections. Name one with --election: dress, official"


@pytest.fixture
def place(tmp_path, broker):
    """Both ledgers made; the broker is shared with other tests, so sessions have names."""
    field = TwoElections(tmp_path / "g", tmp_path / "line")
    field.serve(broker.port, session=tmp_path.name[:50])
    yield field
    field.kill()


@pytest.mark.parametrize(
    "words",
    [
        ("init",),
        ("check",),
        ("status",),
        ("log", "checkpoint"),
        ("log", "export", "published"),
        ("quarantine", "list"),
        ("quarantine", "release", "00" * 32),
        ("dispute", "name", "00" * 32),
    ],
)
def test_every_command_asks_which_election_and_names_the_choices(place, words):
    asked = place.command(*words)
    assert (asked.exit_code, asked.stderr) == (1, f"Error: gateway.toml: {CHOICES}\n")
    wrong = place.command(*words, "--election", "offical")
    assert (wrong.exit_code, wrong.stderr) == (
        1,
        (
            "Error: --election: there is no 'offical' in gateway.toml. "
            "Name one with --election: dress, official\n"
        ),
    )


def test_each_ledger_is_of_its_own_election_alone(place):
    settings = place.config.read_text()
    swapped = settings.replace("state/dress", "state/x").replace("state/official", "state/dress")
    place.config.write_text(swapped.replace("state/x", "state/official"))
    for side in SIDES:
        checked = place.command("check", "--election", side)
        assert checked.exit_code == 1
        assert "FAIL  state/" in checked.stdout
    refused = place.process("run")
    assert refused.returncode == 1
    assert "Error: election dress: state/official.sqlite: " in refused.stderr
    assert "`ballotbox-gateway run --election NAME` serves one without the others" in refused.stderr


def test_check_looks_at_one_election_and_at_what_it_shares(place):
    checked = place.command("check", "--election", "official")
    assert "ok    election: Parliament (official)\n" in checked.stdout
    assert "ok    elections: nothing of official can be taken for dress\n" in checked.stdout
    assert "ok    ledger: state/official.sqlite holds 0 leaves" in checked.stdout
    register_lists_the_gateway_below_of("dress", place)
    told = f"FAIL  register_file: gateway {BELOW['dress']} is listed for Parliament and Rehearsal"
    assert told in place.command("check", "--election", "official").stdout


def test_one_election_is_served_while_the_other_cannot_be(place, broker):
    (place.folder / "state" / "dress.sqlite").write_bytes(b"rotten")
    refused = place.process("run")
    assert refused.returncode == 1
    assert "Error: election dress: " in refused.stderr
    place.start("--election", "official")
    box = ScriptedBox(AUTHORITY["official"], 1)
    day = box.day()
    with MqttBox(broker, AUTHORITY["official"], f"{place.session}-boxes") as road:
        place.await_line("connected, listening on")
        road.say(box.box, *day)
        road.await_receipts(map(report_id, day))
    assert place.stop() == 0
    assert not any("[dress]" in line for line in place.lines)


def register_lists_the_gateway_below_of(side, place, version=2):
    """Give the official election a newer register; with a gateway of `side` where one is named."""
    given = official()
    register = given.trusted.register
    more = ()
    if side is not None:
        key = AUTHORITY[side].gateway_keys[BELOW[side]]
        more = (GatewayEntry(BELOW[side], key.public),)
    newer = replace(register, version=version, gateways=register.gateways + more)
    with_register(given, newer).write(place.folder / "official")


def test_a_newer_register_is_taken_by_its_election_alone_and_must_leave_the_other_its_logs(place):
    place.start()
    register_lists_the_gateway_below_of("dress", place)
    place.tell(signal.SIGHUP)
    told = place.await_line("register version 1 stays in use: register_file")
    assert " [official] ERROR " in told
    assert f"gateway {BELOW['dress']} is listed for Rehearsal of a parliamentary election" in told
    register_lists_the_gateway_below_of(None, place)
    place.tell(signal.SIGHUP)
    assert " [official] INFO " in place.await_line("register version 2 is in use")
    assert place.status("official")["register_version"] == 2
    assert place.status("dress")["register_version"] == 1
    assert place.stop() == 0


def test_a_ruling_is_of_one_election(place, broker):
    """An officer's key may stand in both registers: what it releases in one stays in the other."""
    place.start()
    aside = {side: set_aside(place, broker, side) for side in SIDES}
    keys = []
    for number in (0, 1):
        write_key(place.folder / f"officer{number}.key", official().officer_keys[number], None)
        keys += ["--officer-key", f"officer{number}.key"]
    release = ("quarantine", "release", *keys, "--election")
    refused = place.command(*release, "official", aside["dress"])
    assert "is no report that is set aside" in refused.stderr
    done = place.command(*release, "dress", aside["dress"])
    assert done.exit_code == 0, done.stderr
    left = {s: place.command("quarantine", "list", "--election", s).stdout for s in SIDES}
    assert left["dress"] == "0 set aside, register version 1\n"
    assert left["official"].startswith(aside["official"])
    # Keys in the open are for rehearsals, whatever the officer meant.
    refused = place.command(*release, "official", aside["official"])
    assert refused.exit_code == 1
    assert place.sizes() == {"dress": 2, "official": 1}
    assert place.stop() == 0


def set_aside(place, broker, side):
    """Let a box send a report that its firmware keeps from counting; return the id."""
    box = ScriptedBox(AUTHORITY[side], 2)
    report = box.forge(ReportKind.BOOT, firmware=bytes(32))
    with MqttBox(broker, AUTHORITY[side], f"{place.session}-{side}-boxes") as road:
        place.await_line(f"listening on bbx/1/{AUTHORITY[side].trusted.digest[:8].hex()}")
        road.say(box.box, report)
        road.await_receipts([report_id(report)])
    return report_id(report).hex()


def test_one_secured_broker_lets_each_office_and_each_box_into_its_elections_alone(place, tmp_path):
    certificates, port = tmp_path / "certificates", free_port()
    issuer = CertificateAuthority(certificates)
    issuer.issue("127.0.0.1", "broker")
    sessions = {side: f"office-{side}" for side in SIDES}
    for name in sessions.values():
        issuer.issue(name)
    place.secure(port, certificates, sessions)
    written = broker_files(place, tmp_path)
    assert f"this gateway   common name {sessions['official']}, for official\n" in written
    assert f"access list    {tmp_path}/broker/acl, 4 boxes\n" in written
    with SecuredBroker(mosquitto_program(), tmp_path / "broker", port), place.running():
        for side in SIDES:
            place.await_line(f"listening on bbx/1/{AUTHORITY[side].trusted.digest[:8].hex()}")
        one, two = official().boxes[:2]
        files = issuer.issue(one.hex())
        with SecuredClient(port, issuer.ca, files, one.hex()) as box:
            for side in SIDES:
                digest = AUTHORITY[side].trusted.digest
                assert box.publish(topic_of(digest, one, "up")) in ACCEPTED
                assert box.publish(topic_of(digest, two, "up")) == NOT_AUTHORIZED
        files = issuer.issue(sessions["dress"])
        place.stop()
        with SecuredClient(port, issuer.ca, files, sessions["dress"]) as office:
            for side, code in (("dress", ACCEPTED), ("official", (NOT_AUTHORIZED,))):
                topic = topic_of(AUTHORITY[side].trusted.digest, one, "down")
                assert office.publish(topic) in code


def broker_files(place, folder):
    """Run the command for the broker of both elections; return what it printed."""
    (folder / "broker-state").mkdir()
    done = place.command(
        "broker-config",
        *("-o", str(folder / "broker")),
        *("--certificates", str(folder / "certificates")),
        *("--state", str(folder / "broker-state")),
    )
    assert done.exit_code == 0, done.stderr
    if os.geteuid() == 0:
        # Root's temporary folders are closed to the user that mosquitto would become.
        with (folder / "broker" / "mosquitto.conf").open("a") as config:
            config.write("user root\n")
    return done.stdout


def test_a_broker_of_each_election_is_written_by_its_name(place, tmp_path):
    settings = place.config.read_text()
    place.config.write_text(settings + "mqtt.port = 1\n")
    words = ("broker-config", "-o", str(tmp_path / "broker"))
    told = "Error: mqtt: the elections have brokers of their own. Name an election with --election"
    assert told in place.command(*words).stderr
    done = place.command(*words, "--election", "dress")
    assert done.exit_code == 0, done.stderr
    acl = (tmp_path / "broker" / "acl").read_text()
    assert official().trusted.digest[:8].hex() not in acl
