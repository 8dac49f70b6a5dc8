"""A certificate ends at 18:00: what is read before, at and after, and what heals it."""

import datetime as dt
import json
import re
import signal

import pytest
import urllib3

from ballotbox_gateway.service.certificates import REMEDY
from ballotbox_protocol.wire.message import Message, MessageKind, topic_of
from ballotbox_simulator.live.broker import free_port
from tests.end_to_end.secured_broker import SecuredClient, secured
from tests.end_to_end.test_certificates_renewed import receipted
from tests.end_to_end.test_gateway_mqtt import LISTENING, started, stored_leaves
from tests.end_to_end.test_two_gateways import await_delivery
from tests.gateway.adapters.office_certificates import OfficeCa
from tests.gateway.scripted import CENTRE, ORIGIN, ScriptedBox, report_id

#: A certificate that ends in so many seconds: enough for a gateway to start and to serve.
SOON_S = 20
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"


def later(**span) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(**span)


def status(gateway):
    return json.loads(gateway.command("status", "--json").stdout)


def line_with(text, lines):
    (found,) = [line for line in lines.splitlines() if text in line]
    return found


def test_hours_before_check_log_status_and_screen_say_when_and_what_to_do(gateway, tmp_path):
    with secured(gateway, tmp_path) as place:
        file = place.authority.issue(place.session, "gateway", later(hours=3, minutes=20))[0]
        page = free_port()
        started(gateway, f"{place.mqtt_table()}\n[page]\nport = {page}")
        ends = rf"{file} ends at {TIME}, in 3 h (1\d|20) min"
        done = gateway.command("check")
        assert done.exit_code == 1
        found = line_with("FAIL", done.stdout)
        assert re.fullmatch(rf"FAIL  mqtt\.tls: {ends}\. {re.escape(REMEDY)}", found), found
        with gateway.running():
            assert re.search(ends, gateway.await_line("WARNING certificate of mqtt.tls"))
            told = gateway.command("status").stdout
            assert re.search(rf"CERTIFICATE mqtt\.tls: {ends}\n          Have a new one", told)
            gateway.await_line(LISTENING)
            shown = urllib3.request("GET", f"http://127.0.0.1:{page}/room").data.decode()
            assert re.search(r"A certificate of this gateway ends at \d\d:\d\d: mqtt.tls", shown)
            assert "it is renewed while all goes on" in shown


def test_a_new_one_with_a_bad_authority_beside_it_is_not_the_one_in_use(gateway, tmp_path):
    with secured(gateway, tmp_path) as place:
        place.authority.issue(place.session, "gateway", later(hours=3, minutes=20))
        started(gateway, place.mqtt_table())
        with gateway.running():
            gateway.await_line(LISTENING)
            before = status(gateway)["certificates"]
            good = place.authority.ca.read_bytes()
            place.authority.issue(place.session, "gateway")
            place.authority.ca.write_text("no authority")
            gateway.tell(signal.SIGHUP)
            gateway.await_line("the connection to the broker stays as it is")
            assert status(gateway)["certificates"] == before
            assert before[0]["trouble"]
            place.authority.ca.write_bytes(good)
            gateway.tell(signal.SIGHUP)
            gateway.await_line("connecting with the new files of the mqtt table")
            assert status(gateway)["certificates"][0]["trouble"] == ""


@pytest.mark.accept
def test_at_the_end_what_stands_goes_on_and_after_it_a_new_one_heals(gateway, election, tmp_path):
    box = ScriptedBox(election)
    day = box.day(4)
    with secured(gateway, tmp_path) as place:
        started(gateway, place.mqtt_table())
        place.authority.issue(place.session, "gateway", later(seconds=SOON_S))
        with gateway.running():
            gateway.await_line(LISTENING)
            receipted(place, place.authority, election, box, *day[:2])
            ended = gateway.await_line("ERROR   certificate of mqtt.tls")
            assert re.search(rf"ended at {TIME}, \d+ s ago: the broker takes no new", ended)
            receipted(place, place.authority, election, box, *day[2:4])
            refused(gateway, place)
            heals(gateway, place, election, box, day[4:])
            assert gateway.stop() == 0
    assert [leaf.report for leaf in stored_leaves(gateway)] == [report_id(each) for each in day]


def refused(gateway, place):
    """After a moment without the broker the ended certificate opens nothing."""
    before = len(gateway.lines)
    place.broker.stop()
    place.broker.start()
    gateway.await_line("closes before it greets us: it may not trust our certificate", before)
    told = gateway.command("status").stdout
    assert re.search(r"road +MQTT broker \S+ down: closes before it greets us", told)
    assert re.search(rf"CERTIFICATE mqtt\.tls: .* ended at {TIME}, \d+ (s|min)", told)
    found = line_with("FAIL", gateway.command("check").stdout)
    assert re.fullmatch(rf"FAIL  mqtt\.tls: .* ended at {TIME}, .* ours\. .*SIGHUP\)", found)


def heals(gateway, place, election, box, reports):
    """What boxes say meanwhile lies at the broker; a new certificate and a signal bring it in."""
    up, down = (topic_of(election.trusted.digest, box.box, way) for way in ("up", "down"))
    files = place.authority.issue(box.box.hex())
    with SecuredClient(place.port, place.authority.ca, files, "") as client:
        client.subscribe(down)
        for report in reports:
            client.publish(up, Message(MessageKind.REPORT, report).to_bytes())
        place.authority.issue(place.session, "gateway")
        before = len(gateway.lines)
        gateway.tell(signal.SIGHUP)
        gateway.await_line(LISTENING, before)
        client.until(lambda: len(client.heard) >= len(reports))
        assert [heard[0] for heard in client.heard] == [MessageKind.RECEIPT] * len(reports)
    told = gateway.command("status").stdout
    assert re.search(r"road +MQTT broker \S+ up\n", told)
    assert "CERTIFICATE" not in told


def https(gateway, centre, folder, port, until):
    """A precinct under a centre whose certificate ends at that time; return the authority."""
    ca = OfficeCa(folder)
    above = ca.issue("centre", CENTRE, host="127.0.0.1", until=until) | {"client_ca_file": ca.path}
    below = ca.issue("precinct", ORIGIN) | {"ca_file": ca.path}
    upstream = {"url": f"https://127.0.0.1:{port}", "origin": CENTRE} | below
    gateway.configure(table("[upstream]", upstream), '[[serial]]\nport = "/dev/no-such-port"')
    centre.configure(table("[http]", above), f"port = {port}")
    gateway.init()
    centre.init()
    return ca


def table(name, fields):
    return "\n".join([name, *(f'{field} = "{value}"' for field, value in fields.items())])


@pytest.mark.accept
def test_a_centre_whose_certificate_has_ended_is_told_at_both_ends_and_healed(
    gateway, centre, election, tmp_path
):
    port, day = free_port(), ScriptedBox(election).day()
    ca = https(gateway, centre, tmp_path / "offices", port, later(hours=-2, minutes=-5))
    filled(gateway, election, day)
    with centre.running(), gateway.running():
        told = centre.await_line("ERROR   certificate of http")
        assert re.search(rf"ended at {TIME}, 2 h \d+ min ago: gateways below cannot connect", told)
        why = "the upper gateway shows a certificate that fails: certificate has expired. Have that"
        gateway.await_line(f"upstream.url: {why}")
        waits = rf"upward +{len(day)} leaves wait for {CENTRE}: upstream.url: {why}"
        assert re.search(waits, gateway.command("status").stdout)
        assert f"FAIL  upper gateway https://127.0.0.1:{port}: {why}" in (
            gateway.command("check").stdout
        )
        assert re.search(rf"FAIL  http: .* ended at {TIME}", centre.command("check").stdout)
        ca.issue("centre", CENTRE, host="127.0.0.1")
        centre.tell(signal.SIGHUP)
        centre.await_line("the certificates of the HTTP intake are those of its files now")
        await_delivery(gateway, patience_s=60)
        assert status(centre)["counts"]["leaves"] == {"IN_ORDER": len(day)}
        assert "CERTIFICATE" not in centre.command("status").stdout


def filled(gateway, election, day):
    """Let the gateway have taken in these reports."""
    from ballotbox_gateway.ledger.sqlite import open_ledger
    from tests.gateway.scripted import NOW, arrivals, intake

    ledger = open_ledger(gateway.ledger)
    intake(election, ledger).admit(arrivals(*day), NOW)
    ledger.close()
