"""Do certificates and authorities change while boxes report, without a report or a file lost?"""

import signal
from dataclasses import replace

from ballotbox_protocol.wire.message import Message, MessageKind, topic_of
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_simulator.authority import with_register
from tests.certificates import CertificateAuthority
from tests.end_to_end.secured_broker import SecuredClient, secured
from tests.end_to_end.test_gateway_mqtt import LISTENING, started, stored_leaves
from tests.gateway.scripted import ScriptedBox, report_id

RENEWED = "connecting with the new files of the mqtt table"


class Certificates:
    """The files of a place, of an old authority and a new one."""

    def __init__(self, place, folder):
        self.place = place
        self.folder = place.authority.ca.parent
        self.old = place.authority.ca.read_bytes()
        self.successor = CertificateAuthority(folder, "The next authority")

    def trust(self, *authorities):
        (self.folder / "ca.pem").write_bytes(b"".join(authorities))

    def renew(self, common_name, file_name):
        for path in self.successor.issue(common_name, file_name):
            (self.folder / path.name).write_bytes(path.read_bytes())

    @property
    def new(self):
        return self.successor.ca.read_bytes()


def receipted(place, authority, election, box, *reports):
    """Say reports over a connection of the box's own; return once each has its receipt."""
    up, down = (topic_of(election.trusted.digest, box.box, way) for way in ("up", "down"))
    files = authority.issue(box.box.hex())
    with SecuredClient(place.port, place.folder / "certificates" / "ca.pem", files, "") as client:
        client.subscribe(down)
        for report in reports:
            client.publish(up, Message(MessageKind.REPORT, report).to_bytes())
        client.until(lambda: len(client.heard) >= len(reports))
        kinds = {heard[0] for heard in client.heard}
        assert kinds == {MessageKind.RECEIPT}
        assert all(isinstance(Receipt.from_bytes(heard[1:]), Receipt) for heard in client.heard)


def hang_up(gateway, *lines):
    """Send SIGHUP and wait for what the gateway says of it."""
    before = len(gateway.lines)
    gateway.tell(signal.SIGHUP)
    for line in lines:
        gateway.await_line(line, since=before)


def test_certificates_and_authorities_change_while_boxes_report(gateway, election, tmp_path):
    """Acceptance 11: certificate and CA rotation by SIGHUP with live connections."""
    box = ScriptedBox(election)
    day = box.day(4)
    with secured(gateway, tmp_path) as place, started(gateway, place.mqtt_table()).running():
        files = Certificates(place, tmp_path / "next")
        gateway.await_line(LISTENING)
        store = gateway.ledger.stat().st_ino
        receipted(place, place.authority, election, box, *day[:2])
        files.trust(files.old, files.new)
        hang_up(gateway, RENEWED, LISTENING)
        # mosquitto takes a new authority at its start alone.
        place.broker.stop()
        place.broker.start()
        receipted(place, place.authority, election, box, *day[2:4])
        files.renew(place.session, "gateway")
        hang_up(gateway, RENEWED, LISTENING)
        receipted(place, files.successor, election, box, *day[4:6])
        files.renew("127.0.0.1", "broker")
        files.trust(files.new)
        hang_up(gateway, RENEWED)
        place.broker.stop()
        place.broker.start()
        receipted(place, files.successor, election, box, *day[6:])
        with SecuredClient(
            place.port, files.successor.ca, place.authority.issue(place.session), ""
        ) as former:
            assert former.connected == []
        assert gateway.ledger.stat().st_ino == store
        assert gateway.stop() == 0
    assert [leaf.report for leaf in stored_leaves(gateway)] == [report_id(each) for each in day]


def test_without_the_signal_it_would_be_left_outside(gateway, election, tmp_path):
    with secured(gateway, tmp_path) as place, started(gateway, place.mqtt_table()).running():
        files = Certificates(place, tmp_path / "next")
        gateway.await_line(LISTENING)
        files.renew(place.session, "gateway")
        files.renew("127.0.0.1", "broker")
        files.trust(files.new)
        before = len(gateway.lines)
        place.broker.stop()
        place.broker.start()
        gateway.await_line("shows a certificate that fails", since=before)
        hang_up(gateway, RENEWED, LISTENING)


def test_a_bad_file_is_named_and_the_connection_stays(gateway, election, tmp_path):
    box = ScriptedBox(election)
    day = box.day()
    with secured(gateway, tmp_path) as place, started(gateway, place.mqtt_table()).running():
        gateway.await_line(LISTENING)
        key = place.authority.ca.parent / "gateway.key"
        good = key.read_bytes()
        key.write_bytes(b"not a key\n")
        told = f"the connection to the broker stays as it is: {key}: is no open private key"
        hang_up(gateway, told)
        receipted(place, place.authority, election, box, *day)
        key.write_bytes(good)
        hang_up(gateway, "register version 1 is in use")
        assert sum(LISTENING in line for line in gateway.lines) == 1


def test_a_reload_with_a_newer_register_leaves_the_store_as_it_is(gateway, election, tmp_path):
    """Acceptance 12: a reload leaves the store's inode unchanged, and what is in it."""
    box = ScriptedBox(election)
    day = box.day()
    newer = with_register(election, replace(election.trusted.register, version=2))
    with secured(gateway, tmp_path) as place, started(gateway, place.mqtt_table()).running():
        gateway.await_line(LISTENING)
        receipted(place, place.authority, election, box, *day[:3])
        before = gateway.ledger.stat()
        newer.write(gateway.folder)
        hang_up(gateway, "register version 2 is in use")
        receipted(place, place.authority, election, box, *day)
        after = gateway.ledger.stat()
        assert (after.st_ino, after.st_dev) == (before.st_ino, before.st_dev)
        assert gateway.stop() == 0
    assert [leaf.report for leaf in stored_leaves(gateway)] == [report_id(each) for each in day]
