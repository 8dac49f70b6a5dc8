"""A lost key, a rotated key, a revoked box, a new box: in mid-election, with what people read."""

import signal

import pytest

from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.election.register import BoxEntry
from ballotbox_protocol.wire.report import NewKey, ReportKind, key_proof_statement
from ballotbox_protocol.wire.trust import establish
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import FIRMWARE, seeded_key
from tests.end_to_end.field_gateway import FieldGateway
from tests.end_to_end.mqtt_box import MqttBox
from tests.end_to_end.shared_election import Office, shared
from tests.gateway.scripted import ORIGIN, ScriptedBox, report_id, sign_report

pytestmark = pytest.mark.accept

LISTENING = "connected, listening on"
K = ReportKind
NEW_KEY = seeded_key(9, "next key")


class Day:
    """A running gateway of a shared election, the officers' table, and a box that has opened."""

    def __init__(self, gateway, office, box, road):
        self.gateway, self.office, self.box, self.road = gateway, office, box, road

    def take(self, register):
        """Put a register into the gateway's folder and have it taken in; return the line told."""
        (self.gateway.folder / "register.cose").write_bytes(register)
        known = len(self.gateway.lines)
        self.gateway.tell(signal.SIGHUP)
        return self.gateway.await_line("register ", since=known).split(" ", 3)[-1]

    def said(self, message, box=None):
        """Deliver a report and return the verdict and the reason of its leaf."""
        self.road.say(box or self.box.box, message)
        self.road.await_receipts([report_id(message)])
        leaf, _ = self.road.receipts[report_id(message)]
        return leaf.verdict, leaf.reason

    @property
    def size(self):
        return str(len(self.road.receipts))

    def end(self, *more):
        return ("--close", self.box.box.hex(), "revoked", "--from", ORIGIN, self.size, *more)

    def aside(self):
        return self.gateway.command("quarantine", "list").stdout


@pytest.fixture
def day(tmp_path, election, mqtt_table, broker):
    given = shared(election, tmp_path / "office")
    gateway = FieldGateway(tmp_path / "g", given, ORIGIN)
    gateway.configure(mqtt_table)
    gateway.init()
    box = ScriptedBox(given)
    with gateway.running(), MqttBox(broker, given) as road:
        gateway.await_line(LISTENING)
        opened = box.open_poll()
        road.say(box.box, *opened)
        road.await_receipts(map(report_id, opened))
        yield Day(gateway, Office(tmp_path / "office", given), box, road)


def in_order(day, message):
    assert day.said(message) == (Verdict.ACCEPTED, Reason.IN_ORDER)


def test_a_revoked_box_is_set_aside_from_there_on_and_what_it_said_stays(day):
    in_order(day, day.box.report(K.TURNOUT, accept=2))
    register = day.office.change(*day.end())
    assert day.take(register).endswith("INFO    register version 2 is in use")
    late = day.box.report(K.TURNOUT, accept=2)
    assert day.said(late) == (Verdict.QUARANTINED, Reason.CLOSED_ENTRY)
    assert day.aside() == (
        f"{report_id(late).hex()}  box {day.box.box.hex()} precinct 1 report 4, turnout "
        "quarantined: its box is closed in the register [CLOSED_ENTRY]\n"
        "1 set aside, register version 2\n"
    )
    assert "leaves             4  IN_ORDER\n" in day.gateway.command("status").stdout


def test_a_box_that_lost_its_key_goes_on_with_a_new_one_and_the_old_one_says_no_more(day):
    words = day.end("--rotate", day.box.box.hex(), NEW_KEY.public.hex())
    assert day.take(day.office.change(*words)).endswith("register version 2 is in use")
    found = day.box.forge(K.TURNOUT, accept=5)
    entry = day.box.given.trusted.register.boxes[0]
    report = day.box.next_report(K.TURNOUT, epoch=entry.epoch + 1)
    assert day.said(sign_report(report, NEW_KEY)) == (Verdict.ACCEPTED, Reason.IN_ORDER)
    verdict, _ = day.said(found)
    assert verdict is not Verdict.ACCEPTED


def test_a_box_rotates_its_key_by_itself_once_two_officers_have_entered_the_next(day):
    bare = day.box.next_report(
        K.KEY_ROTATION, new_key=NewKey(NEW_KEY.public, bytes(64)), signatures=()
    )
    proof = NEW_KEY.sign(key_proof_statement(bare))
    register = day.office.change("--rotate", day.box.box.hex(), NEW_KEY.public.hex())
    assert day.take(register).endswith("register version 2 is in use")
    in_order(day, day.box.report(K.KEY_ROTATION, new_key=NewKey(NEW_KEY.public, proof)))
    entry = day.box.given.trusted.register.boxes[0]
    stale = day.box.report(K.TURNOUT)
    assert day.said(stale) == (Verdict.QUARANTINED, Reason.EPOCH)
    assert "signed with a key epoch that is not the current one [EPOCH]" in day.aside()
    assert entry.epoch == 1


def test_a_new_box_is_enrolled_by_two_officers_and_reports(day):
    box, key = BoxId(bytes(15) + b"\x77"), seeded_key(9, "new box")
    words = ("--enrol", box.hex(), key.public.hex(), "2")
    register = day.office.change(*words)
    given = day.box.given
    newcomer = ScriptedBox(given, 1)
    trusted = establish(given.root, given.definition, register)
    assert trusted.register.boxes[-1] == BoxEntry(box, key.public, 0, 2, (FIRMWARE,))
    report = newcomer.next_report(K.BOOT, box=box, precinct=2, epoch=0)
    message = sign_report(report, key)
    assert day.take(register).endswith("register version 2 is in use")
    assert day.said(message, box) == (Verdict.ACCEPTED, Reason.IN_ORDER)


def test_what_officers_do_wrong_is_told_and_the_register_in_use_stays(day):
    office, first = day.office, (day.office.folder / "register.cose").read_bytes()
    stale = office.folder / "stale.cose"
    stale.write_bytes(first)
    closed = office.change(*day.end())
    assert "version 2 is in use" in day.take(closed)
    old = day.take(first)
    assert "ERROR   register version 2 stays in use" in old
    assert old.endswith("Get the newest register of this election from the authority")
    fork = office.complete(
        office.draft("--gateway", "new.example", NEW_KEY.public.hex(), source="stale.cose"),
        "fork.cose",
    )
    assert "is not the version 2 in use: have the next version made, from that one" in day.take(
        fork
    )
    once = office.complete(
        office.draft("--gateway", "x.example", seeded_key(9, "x").public.hex(), source="fork.cose"),
        "undone.cose",
    )
    assert "version 3 undoes the end of box" in day.take(once)
    assert "have it made from the version in use" in day.gateway.lines[-1]
    late = day.box.report(K.TURNOUT)
    assert day.said(late) == (Verdict.QUARANTINED, Reason.CLOSED_ENTRY)


def test_a_restart_forgets_no_end(day):
    day.take(day.office.change(*day.end()))
    assert day.gateway.stop() == 0
    first = day.office.folder / "first.cose"
    first.write_bytes(day.box.given.register)
    source, office = "first.cose", day.office
    for number in range(2):
        words = ("--gateway", f"g{number}.example", seeded_key(9, number).public.hex())
        undone = office.complete(office.draft(*words, source=source), f"undone{number}.cose")
        source = f"undone{number}.cose"
        (day.gateway.folder / "register.cose").write_bytes(undone)
        told = day.gateway.command("check").stdout
        assert "is not the version 2 in use" in told or "which version 2 closed: have it" in told
        assert "Get the newest register of this election from the authority" in told
        assert day.gateway.process("run").returncode == 1
