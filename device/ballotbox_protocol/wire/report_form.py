"""The form of the usual report, read by one pattern: what `cbor.decode` returns, in less time.

Usual: without incident, correction and new key, which is nearly all that a gateway receives. Such
a body is always the same bytes around its values. What does not fit the form is for `cbor.decode`
to read, or to refuse in words; what the values may be is checked elsewhere.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from ballotbox_protocol.wire import cbor

#: Every code there is takes one byte.
_CODE: Final = rb"([\x00-\x17])"
#: A whole number in its shortest form, up to int64.
_NUMBER: Final = (
    rb"([\x00-\x17]|\x18[\x18-\xff]|\x19[\x01-\xff].|\x1a(?!\x00\x00).{4}"
    rb"|\x1b(?!\x00{4})[\x00-\x7f].{7})"
)
_DIGEST: Final = rb"\x58\x20(.{32})"
_SHORT_ID: Final = rb"\x50(.{16})"
_FORM: Final = re.compile(
    b"".join(
        (
            rb"(?:(\xb1)|\xb0)\x00\x01\x01" + _CODE,  # with votes or without; version, kind
            rb"\x02" + _DIGEST + rb"\x03" + _NUMBER + rb"\x04" + _SHORT_ID,
            rb"\x05" + _NUMBER + rb"\x06" + _NUMBER + rb"\x07" + _NUMBER,
            rb"\x08" + _DIGEST + rb"\x09\x82" + _NUMBER + _DIGEST,
            rb"\x0a\xa8" + b"".join(bytes((key,)) + _NUMBER for key in range(8)),  # counters
            rb"(?(1)\x0b((?:[\x81-\x97]|\x98[\x18-\xff]).+?))",  # votes
            rb"\x0c\x82" + _DIGEST + _NUMBER + rb"\x0d\x82" + _CODE + _CODE,
            rb"\x0e\x83" + _NUMBER + _CODE + _NUMBER,  # clock
            rb"\x13(?:\xf6|\x83" + _SHORT_ID + _NUMBER + _DIGEST + rb")",  # held
            rb"\x17(?:\x80|([\x81-\x88])((?:\x82\x48.{8}\x58\x40.{64})+))",  # signatures
        )
    ),
    re.DOTALL,
)
_VOTES_AT: Final = 18
#: An officer's key id and signature, each after its head.
_SIGNATURE_SIZE: Final = 76
#: One level further in than the report; as many items as it has room for beside all others.
_VOTES_LIMITS: Final = cbor.Limits(
    size=cbor.REPORT_LIMITS.size,
    depth=cbor.REPORT_LIMITS.depth - 1,
    items=cbor.REPORT_LIMITS.items - 96,
)


def usual_items(body: bytes) -> dict[int, Any] | None:
    """Return what `cbor.decode` returns of a usual report's body; None for all other bytes."""
    found = _FORM.fullmatch(body)
    if found is None or len(body) > cbor.REPORT_LIMITS.size:
        return None
    with_votes, *values, count, signed = found.groups()
    if count is not None and len(signed) != (count[0] & 0x0F) * _SIGNATURE_SIZE:
        return None
    signatures = [] if count is None else _signatures(signed)
    if not with_votes:
        return _items(values, signatures)
    # Where the pattern ended the votes too early or too late, they are no array.
    try:
        return _items(values, signatures, cbor.decode(values[_VOTES_AT], _VOTES_LIMITS))
    except cbor.CborError:
        return None


def _signatures(signed: bytes) -> list[cbor.Value]:
    starts = range(0, len(signed), _SIGNATURE_SIZE)
    return [[signed[at + 2 : at + 10], signed[at + 12 : at + 76]] for at in starts]


def _items(
    values: Sequence[bytes], signatures: cbor.Value, votes: list[cbor.Value] | None = None
) -> dict[int, cbor.Value]:
    # A name for each value, and no loop: this runs for every report that arrives.
    kind, election, precinct, box, epoch, boot, sequence, previous, size, root, *rest = values
    *counters, _, firmware, firmware_sequence, state, debug, time, quality, uptime = rest[:16]
    origin, held_size, held_root = rest[16:]
    items = {
        0: 1,
        1: kind[0],
        2: election,
        3: _number(precinct),
        4: box,
        5: _number(epoch),
        6: _number(boot),
        7: _number(sequence),
        8: previous,
        9: [_number(size), root],
        10: dict(enumerate(map(_number, counters))),
    }
    if votes is not None:
        items[11] = votes
    items[12] = [firmware, _number(firmware_sequence)]
    items[13] = [state[0], debug[0]]
    items[14] = [_number(time), quality[0], _number(uptime)]
    items[19] = None if origin is None else [origin, _number(held_size), held_root]
    items[23] = signatures
    return items


def _number(data: bytes) -> int:
    return data[0] if len(data) == 1 else int.from_bytes(data[1:])
