"""A gateway's log as a box sees it: signs receipts, refusals and requests. Admits everything."""

from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.statements import Refusal, Resend, sign_statement
from ballotbox_protocol.wire.verdict import Reason, Verdict


class LogKeeper:
    """One origin's log and key."""

    def __init__(self, authority, number: int = 0) -> None:
        self.origin = authority.trusted.register.gateways[number].origin
        self.id = origin_id(self.origin)
        self.key = authority.gateway_keys[self.origin]
        self.trusted = authority.trusted
        self.tree = Tree()

    def receipt(
        self, report: ReportId, verdict=Verdict.ACCEPTED, reason=Reason.IN_ORDER
    ) -> Message:
        leaf = encode_leaf(Leaf(LeafType.REPORT, report, verdict, reason, None, 1_796_000_000))
        return self.receipt_for(leaf)

    def receipt_for(self, leaf: bytes) -> Message:
        self.tree.append(leaf_hash(leaf))
        size = self.tree.size
        checkpoint = Checkpoint(self.origin, size, self.tree.root())
        note = sign_checkpoint(checkpoint, self.key.public, self.key.sign)
        receipt = Receipt(leaf, size - 1, tuple(self.tree.inclusion(size - 1)), note)
        return Message(MessageKind.RECEIPT, receipt.to_bytes())

    def refusal(self, report: ReportId) -> Message:
        refusal = Refusal(self.origin, report, Reason.OTHER_ELECTION, 1_796_000_000)
        return Message(MessageKind.REFUSAL, self._signed(refusal))

    def resend(self, box, sequence: int, election=None) -> Message:
        resend = Resend(election or self.trusted.digest, box, self.origin, sequence)
        return Message(MessageKind.RESEND, self._signed(resend))

    def _signed(self, statement) -> bytes:
        return sign_statement(statement, self.key.public, self.key.sign)


def id_of(data: bytes) -> ReportId:
    return ReportId(cose.statement_id(cose.parse(data).statement))
