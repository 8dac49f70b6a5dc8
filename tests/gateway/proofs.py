"""What a box does with the messages it gets: it believes nothing that it cannot verify."""

from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire.leaf import Leaf, decode_leaf
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.receipt import Receipt, VerifiedReceipt, verify_receipt
from ballotbox_protocol.wire.statements import Refusal, Resend, open_statement
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.authority import Authority


def proved(given: Authority, receipt: bytes) -> tuple[VerifiedReceipt, Leaf]:
    """Return what a receipt proves, or fail."""
    parsed = Receipt.from_bytes(receipt)
    assert isinstance(parsed, Receipt), parsed
    verified = verify_receipt(parsed, given.trusted.register.gateway_keys)
    assert isinstance(verified, VerifiedReceipt), verified
    return verified, decode_leaf(verified.leaf)


def receipted(given: Authority, message: Message | None) -> tuple[ReportId, Verdict]:
    """Return which report a receipt is for, and with which verdict."""
    assert message is not None
    assert message.kind is MessageKind.RECEIPT
    _, leaf = proved(given, message.payload)
    return leaf.report, leaf.verdict


def resend_of(given: Authority, message: Message, origin: str) -> Resend:
    """Return a verified request to send again."""
    assert message.kind is MessageKind.RESEND
    return open_statement(message.payload, given.gateway_keys[origin].public, Resend)


def refusal_of(given: Authority, message: Message | None, origin: str) -> Refusal:
    """Return a verified refusal."""
    assert message is not None
    assert message.kind is MessageKind.REFUSAL
    return open_statement(message.payload, given.gateway_keys[origin].public, Refusal)
