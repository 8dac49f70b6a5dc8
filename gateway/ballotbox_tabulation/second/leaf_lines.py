"""A leaf as a line of its table: what it decided, by the names that the statements ask for."""

from typing import Final, NamedTuple

from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.leaf import LeafType, decode_leaf
from ballotbox_protocol.wire.verdict import Reason, Verdict


class LeafLine(NamedTuple):
    """What stands in a leaf; `statement` is the digest behind it, None of a report's."""

    type: str
    about: bytes
    verdict: str
    reason: str
    time: int
    statement: bytes | None


#: A decision about a report, with a time of four bytes: nearly every leaf of a log.
_START: Final = b"\x87\x01\x01\x58\x20"
_USUAL: Final = {
    _START + bytes((verdict,)) + cbor.encode(int(reason)) + b"\xf6\x1a": (
        verdict.name.lower(),
        reason.name.lower(),
    )
    for verdict in Verdict
    for reason in Reason
}
_ID_AT: Final = len(_START)
_ID_STOP: Final = _ID_AT + 32
#: A time below has a shorter form.
_TIME_MIN: Final = 0x10000


def leaf_line(data: bytes) -> LeafLine:
    """Return the line of a leaf's bytes; raises CborError or InvalidField when they are none."""
    found = _USUAL.get(data[:_ID_AT] + data[_ID_STOP:-4])
    time = int.from_bytes(data[-4:])
    if found is not None and time >= _TIME_MIN:
        verdict, reason = found
        return LeafLine("report", data[_ID_AT:_ID_STOP], verdict, reason, time, None)
    leaf = decode_leaf(data)
    verdict, reason = leaf.verdict.name.lower(), leaf.reason.name.lower()
    kind = LeafType(leaf.type).name.lower()
    return LeafLine(kind, leaf.report, verdict, reason, leaf.time, leaf.statement)
