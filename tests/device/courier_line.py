"""One box, its courier, and the logs that could stand at the other end of the line."""

from ballotbox_device.core.courier import Courier, Pace, Reception
from ballotbox_device.core.poll import Action
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.verdict import Verdict
from tests.device.log_keeper import LogKeeper, id_of
from tests.device.polling_place import PollingPlace, authority, report_in

CHALLENGE = Message(MessageKind.CHALLENGE, bytes(range(16)))
PACE = Pace(first_ms=1_000, longest_ms=8_000)


class Line:
    """One box, one courier, and the logs that could stand at the other end."""

    def __init__(self, turnouts=0):
        self.place = PollingPlace()
        self.place.boot()
        self.place.act(Action.PRINT_ZERO, Action.OPEN)
        for _ in range(turnouts):
            self.place.turnout()
        self.logs = [LogKeeper(authority(), number) for number in (0, 1)]
        self.new_courier()

    def new_courier(self):
        self.outgoing = self.place.device.outgoing
        self.courier = Courier(self.outgoing, PACE)
        self.courier.connected(0)

    def reboot(self):
        self.place.disk.power_off()
        self.place.boot()
        self.new_courier()

    def sent(self, now_ms=0):
        """The sequence numbers of the reports that the courier sends now."""
        return [
            report_in(message.payload).sequence
            for message in self.courier.messages(now_ms)
            if message.kind is MessageKind.REPORT
        ]

    def id(self, sequence):
        return id_of(self.place.kept()[sequence])

    def receive(self, message, now_ms=0):
        return self.courier.receive(message, now_ms)

    def answer(self, *sequences, log=0, verdict=Verdict.ACCEPTED):
        for sequence in sequences:
            message = self.logs[log].receipt(self.id(sequence), verdict)
            assert self.receive(message) is Reception.RECEIPT
