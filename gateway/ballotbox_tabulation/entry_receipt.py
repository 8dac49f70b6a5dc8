"""The receipt by which a log proves that a statement of a publication is one of its leaves."""

from ballotbox_protocol.wire.checkpoint import CheckpointFault, parse_note
from ballotbox_protocol.wire.leaf import LeafType, decode_leaf
from ballotbox_protocol.wire.publication import Publication
from ballotbox_protocol.wire.receipt import Receipt, VerifiedReceipt, verify_receipt
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Verdict


def proves_entry(data: bytes, statement: Publication, trusted: Trusted) -> bool:
    """Tell whether a receipt proves, by its log's signature, that a statement is in that log."""
    receipt = Receipt.from_bytes(data)
    if not isinstance(receipt, Receipt) or not is_for(data, statement):
        return False
    return isinstance(verify_receipt(receipt, trusted.register.gateway_keys), VerifiedReceipt)


def is_for(data: bytes, statement: Publication) -> bool:
    """Tell whether a receipt says that a statement is in its log; nothing of it is proved."""
    receipt = Receipt.from_bytes(data)
    if not isinstance(receipt, Receipt):
        return False
    signed = parse_note(receipt.note)
    if isinstance(signed, CheckpointFault) or signed.checkpoint.origin != statement.origin:
        return False
    try:
        leaf = decode_leaf(receipt.leaf)
    except ValueError:
        return False
    # A log keeps what it set aside as well: only an accepted leaf is an entry.
    stands = leaf.type is LeafType.PUBLICATION and leaf.verdict is Verdict.ACCEPTED
    return stands and leaf.report == statement.id
