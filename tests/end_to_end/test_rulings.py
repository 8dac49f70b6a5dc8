"""Can two officers, and only two, let a report count: at a running gateway and at a stopped one?"""

import pytest

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.end_to_end.mqtt_box import MqttBox
from tests.gateway.scripted import ScriptedBox, report_id

LISTENING = "connected, listening on"
PASSPHRASES = ("first officer", "second officer")


@pytest.fixture
def officers(tmp_path, election):
    """The command line's words for two officers with protected keys."""
    words = []
    for number, passphrase in enumerate(PASSPHRASES):
        key, secret = tmp_path / f"officer{number}.key", tmp_path / f"passphrase{number}"
        write_key(key, election.officer_keys[number], passphrase)
        secret.write_text(passphrase + "\n")
        words += ["--officer-key", str(key), "--passphrase-file", str(secret)]
    return words


@pytest.fixture
def quarantined(gateway, mqtt_table, broker, election):
    """A running gateway that holds a box's day, with one turnout report in quarantine."""
    gateway.configure(mqtt_table)
    gateway.init()
    gateway.start()
    box = ScriptedBox(election)
    messages = [*box.open_poll(), box.report(ReportKind.TURNOUT, firmware=bytes(32))]
    with MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, *messages)
        road.await_receipts(map(report_id, messages))
        yield report_id(messages[-1]), road


def test_a_report_is_released_while_the_gateway_runs(gateway, quarantined, officers):
    report, road = quarantined
    listed = gateway.command("quarantine", "list").stdout
    assert listed == (
        f"{report.hex()}  box {'0' * 31}1 precinct 1 report 3, turnout quarantined: "
        "its firmware is not on the list [FIRMWARE]\n1 set aside, register version 1\n"
    )
    road.receipts.clear()
    done = gateway.command("quarantine", "release", report.hex()[:12], *officers)
    assert done.exit_code == 0, done.stderr
    assert done.stderr == listed.splitlines(keepends=True)[0]
    road.await_receipts([report])
    leaf, _ = road.receipts[report]
    assert (leaf.verdict, leaf.reason) == (Verdict.ACCEPTED, Reason.RELEASED)
    assert gateway.command("quarantine", "list").stdout == "0 set aside, register version 1\n"
    again = gateway.command("quarantine", "release", report.hex(), *officers)
    assert again.exit_code == 1
    assert again.stderr == (
        f"Error: {report.hex()}: is no report that is set aside. "
        "`ballotbox-gateway quarantine list` shows them\n"
    )


def test_a_report_is_released_while_the_gateway_is_stopped(gateway, quarantined, officers):
    report, _ = quarantined
    assert gateway.stop() == 0
    assert "1 set aside" in gateway.command("quarantine", "list").stdout
    done = gateway.command("quarantine", "release", report.hex(), *officers)
    assert done.exit_code == 0, done.stderr
    assert gateway.command("quarantine", "list").stdout == "0 set aside, register version 1\n"
    assert "5 leaves" in gateway.command("check").stdout


def test_one_officer_a_stranger_and_a_wrong_passphrase_change_nothing(
    gateway, quarantined, officers, tmp_path, election
):
    report, _ = quarantined
    alone = gateway.command("quarantine", "release", report.hex(), *officers[:4])
    assert (
        alone.stderr == "Error: --officer-key: 1 given, two are needed. Give --officer-key twice\n"
    )

    stranger = tmp_path / "stranger.key"
    write_key(stranger, election.root_key, None)
    done = gateway.command(
        "quarantine", "release", report.hex(), *officers[:4], "--officer-key", str(stranger)
    )
    assert done.exit_code == 1
    assert done.stderr.endswith(". Nothing was changed\n")

    (tmp_path / "passphrase1").write_text("guess\n")
    done = gateway.command("quarantine", "release", report.hex(), *officers)
    assert done.exit_code == 1
    assert "wrong passphrase, or the key file is damaged" in done.stderr
    assert "1 set aside" in gateway.command("quarantine", "list").stdout


def test_a_dispute_is_settled_by_naming_one_of_two(gateway, mqtt_table, broker, election, officers):
    """Acceptance 14: equal sequence, other content: both are evidence, `status` names the box."""
    gateway.configure(mqtt_table)
    gateway.init()
    box = ScriptedBox(election, 2)
    opened = box.open_poll()
    rival = box.forge(ReportKind.TURNOUT, accept=3)
    true = box.report(ReportKind.TURNOUT, accept=2)
    later = box.report(ReportKind.TURNOUT)
    with gateway.running(), MqttBox(broker, election) as road:
        gateway.await_line(LISTENING)
        road.say(box.box, *opened, true, rival, later)
        road.await_receipts(map(report_id, [*opened, true, rival, later]))
        assert f"disputed  box {box.box.hex()}" in gateway.command("status").stdout
        listed = gateway.command("quarantine", "list").stdout
        assert listed.count("SAME_SEQUENCE") == 2
        assert "[BOX_DISPUTED]" in listed
        road.receipts.clear()
        done = gateway.command("dispute", "name", report_id(true).hex(), *officers)
        assert done.exit_code == 0, done.stderr
        road.await_receipts(map(report_id, [true, later]))
        assert "disputed" not in gateway.command("status").stdout
        named = road.receipts[report_id(true)][0]
        assert (named.verdict, named.reason) == (Verdict.ACCEPTED, Reason.NAMED)


def test_a_short_or_unknown_report_id_is_told(gateway, quarantined, officers):
    done = gateway.command("quarantine", "release", "abc", *officers)
    assert done.stderr == "Error: abc: is too short for a report id. Give 8 digits or more\n"
    done = gateway.command("dispute", "name", "f" * 64, *officers)
    assert "is no report that is set aside" in done.stderr
