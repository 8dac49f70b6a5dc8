"""The least that a box may take for a gateway: it greets, keeps every report, signs receipts."""

import os
from dataclasses import dataclass, field

from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.link import Link
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.message import Message, MessageKind, parse_message
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.report import Report, decode_report
from ballotbox_protocol.wire.statements import Hello, Resend, open_statement, sign_statement
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import Authority

_TIME = 1_800_000_000


@dataclass
class SmallGateway:
    """`reports` by id, as they arrived first; every copy is answered, while `answers`."""

    authority: Authority
    answers: bool = True
    origin: str = "rehearsal.example/precinct"
    reports: dict[ReportId, bytes] = field(default_factory=dict)
    copies: list[ReportId] = field(default_factory=list)
    hellos: list[Hello] = field(default_factory=list)
    challenges: int = 0
    _tree: Tree = field(default_factory=Tree)
    _leaves: dict[ReportId, tuple[int, bytes]] = field(default_factory=dict)

    def take(self, data: bytes) -> list[Message]:
        """Return the answers to one message of a box."""
        message = parse_message(data)
        assert message is not None
        if message.kind is MessageKind.HELLO_WANTED:
            self.challenges += 1
            return [Message(MessageKind.CHALLENGE, self._challenge)]
        if message.kind is MessageKind.HELLO:
            key = self.authority.trusted.register.boxes[0].key
            self.hellos.append(open_statement(message.payload, key, Hello))
            assert self.hellos[-1].challenge == self._challenge
            return []
        assert message.kind is MessageKind.REPORT
        return self._report(message.payload)

    @property
    def _challenge(self) -> bytes:
        return self.challenges.to_bytes(16)

    def _report(self, data: bytes) -> list[Message]:
        envelope = cose.parse(data)
        key = self.authority.trusted.register.boxes[0].key
        assert cose.verify(envelope.statement, envelope.signature, key)
        report = ReportId(cose.statement_id(envelope.statement))
        self.copies.append(report)
        assert self.reports.setdefault(report, data) == data
        if report not in self._leaves:
            leaf = Leaf(LeafType.REPORT, report, Verdict.ACCEPTED, Reason.IN_ORDER, None, _TIME)
            encoded = encode_leaf(leaf)
            self._leaves[report] = (self._tree.size, encoded)
            self._tree.append(leaf_hash(encoded))
        return [self.receipt(report)] if self.answers else []

    def receipt(self, report: ReportId) -> Message:
        """A receipt for a report that was taken."""
        key = self.authority.gateway_keys[self.origin]
        index, leaf = self._leaves[report]
        checkpoint = Checkpoint(self.origin, self._tree.size, self._tree.root())
        note = sign_checkpoint(checkpoint, key.public, key.sign)
        path = tuple(self._tree.inclusion(index, self._tree.size))
        return Message(MessageKind.RECEIPT, Receipt(leaf, index, path, note).to_bytes())

    def send_again(self, sequence: int) -> Message:
        """A signed request for report `sequence` and all later ones."""
        trusted = self.authority.trusted
        box = trusted.register.boxes[0].box
        key = self.authority.gateway_keys[self.origin]
        request = Resend(trusted.digest, box, self.origin, sequence)
        return Message(MessageKind.RESEND, sign_statement(request, key.public, key.sign))

    def bodies(self) -> list[Report]:
        """The reports in the order of their sequence numbers."""
        bodies = [decode_report(cose.parse(data).payload) for data in self.reports.values()]
        return sorted(bodies, key=lambda body: body.sequence)


class LineEnd:
    """The gateway's end of a serial line: a link on a descriptor, driven by whoever waits on it."""

    def __init__(self, gateway: SmallGateway, descriptor: int) -> None:
        self.gateway = gateway
        self.descriptor = descriptor
        self._link = Link(os.urandom(8))
        self._now_ms = 0

    def readable(self) -> None:
        """Take what has arrived and answer."""
        self._now_ms += 1
        for data in self._link.receive(os.read(self.descriptor, 65_536), self._now_ms):
            for message in self.gateway.take(data):
                self._link.send(message.to_bytes())
        self.flush()

    def send(self, message: Message) -> None:
        self._link.send(message.to_bytes())
        self.flush()

    def flush(self) -> None:
        """Send what is due, however little the other end reads at a time."""
        data = self._link.bytes_to_send(self._now_ms)
        while data:
            data = data[os.write(self.descriptor, data) :]
