"""Does the gateway accept every kind of report that a box can make, in every state it makes it?"""

from dataclasses import replace

from ballotbox_device.core.courier import Courier, Reception
from ballotbox_device.core.device import Device
from ballotbox_device.core.events import (
    CorrectionRequested,
    DropFailed,
    DropUncertain,
    RotationRequested,
    SheetInserted,
)
from ballotbox_device.core.poll import Action
from ballotbox_device.core.rules import ElectionRules
from ballotbox_gateway.core.intake import Arrival, Identity, Intake, Outcome, Road, RoadKind
from ballotbox_gateway.core.ports import Binding
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.election.register import BoxEntry
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.message import MessageKind
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_simulator.authority import FIRMWARE, with_register
from tests.device.polling_place import (
    HOME_1,
    HOME_2,
    Chance,
    PollingPlace,
    authority,
    identity_of,
    portable,
    report_in,
)

NEXT_KEY = PrivateKey.from_seed(bytes(range(32)))


class Place(PollingPlace):
    """A polling place whose box talks to a real intake over its SQLite ledger."""

    def __init__(self, directory):
        super().__init__()
        entry = self.authority.trusted.register.boxes[0]
        following = BoxEntry(entry.box, NEXT_KEY.public, 2, entry.precinct, (FIRMWARE,))
        register = self.authority.trusted.register
        register = replace(register, version=2, boxes=(*register.boxes, following))
        self.authority = with_register(authority(), register)
        self.rules = ElectionRules.of(self.authority.trusted)
        self.key = identity_of(self.authority).key
        origin = register.gateways[0].origin
        create(directory / "ledger", Binding(origin, register.election, 2))
        self.ledger = open_ledger(directory / "ledger")
        gateway = Identity(origin, self.authority.gateway_keys[origin])
        self.intake = Intake(self.authority.trusted, gateway, self.ledger)
        self.outcomes = []

    def new_device(self):
        identity = replace(identity_of(self.authority), key=self.key)
        return Device(identity, self.rules, self.disk.memory, Chance(self.facts.boots))

    def deliver(self):
        """Bring everything that waits to the gateway, and its receipts back."""
        courier = Courier(self.device.outgoing)
        courier.connected(0)
        while sent := [m for m in courier.messages(0) if m.kind is MessageKind.REPORT]:
            arrivals = [Arrival(m.payload, Road(RoadKind.IMPORT, "test")) for m in sent]
            for answer in self.intake.admit(arrivals, 1_796_000_000).answers:
                self.outcomes.append((answer.outcome, answer.reason))
                assert courier.receive(answer.message, 0) is Reception.RECEIPT

    def reboot(self):
        self.disk.power_off()
        self.boot()
        self.deliver()


def vote(place):
    """From a new box to the close, with a jam, a doubt and a boot in every state."""
    place.boot()
    place.reboot()
    place.act(Action.PRINT_ZERO)
    place.reboot()
    place.act(Action.OPEN)
    place.turnout()
    place.feed(HOME_1)
    place.facts.in_transport = HOME_2
    place.device.on(SheetInserted(HOME_2), place.now())
    place.on(DropFailed())
    place.facts.in_transport = HOME_2
    place.device.on(SheetInserted(HOME_2), place.now())
    place.let_fall()
    place.on(DropUncertain())
    place.reboot()
    place.act(Action.PAUSE)
    place.turnout()
    place.reboot()
    place.act(Action.RESUME, Action.CLOSE)
    place.reboot()


def count(place):
    """From the close to the seal, reopened once, with a new key between corrections."""
    place.act(Action.REOPEN, Action.PAUSE, Action.CLOSE, Action.ADMIT_PORTABLE)
    place.feed(portable(HOME_1))
    place.turnout()
    place.reboot()
    place.act(Action.END_PORTABLE)
    place.turnout()
    place.act(Action.FINISH)
    place.reboot()
    votes = report_in(place.kept()[-2]).votes
    place.on(CorrectionRequested(votes))
    place.on(RotationRequested(NEXT_KEY))
    place.key = NEXT_KEY
    place.on(CorrectionRequested(votes))
    place.act(Action.SEAL)
    place.reboot()
    place.on(CorrectionRequested(votes))
    place.deliver()


def test_every_report_of_a_long_life_is_accepted(tmp_path):
    place = Place(tmp_path)
    vote(place)
    count(place)
    refused = [each for each in place.outcomes if each[0] is not Outcome.ACCEPTED]
    assert refused == []
    reports = [report_in(data) for data in place.kept()]
    assert len(place.outcomes) == len(reports) > 25
    assert {report.kind for report in reports} == set(ReportKind)
    assert {report.state for report in reports} == set(PollState)
    assert any(report.held for report in reports)
    place.ledger.close()
