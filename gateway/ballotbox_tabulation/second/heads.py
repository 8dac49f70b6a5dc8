"""The kind and the sequence of a report, read from the start of its body alone.

Nine of ten reports carry no votes, and of these nothing else matters here: that they are whole and
well formed is what the first computation asks.
"""

import re
from typing import Final

from ballotbox_protocol.wire.report import decode_report

#: A whole number in CBOR.
_NUMBER: Final = rb"(?:[\x00-\x17]|\x18.|\x19..|\x1a....)"
#: Version, kind, election, precinct, box, epoch, boot and sequence, which stand first and in order.
_HEAD: Final = re.compile(
    rb"[\xb0-\xb7]\x00\x01\x01([\x01-\x09])\x02\x58\x20.{32}\x03" + _NUMBER
    + rb"\x04\x50.{16}\x05" + _NUMBER + rb"\x06" + _NUMBER + rb"\x07(" + _NUMBER + rb")\x08",
    re.DOTALL,
)  # fmt: skip


def head_of(body: bytes) -> tuple[int, int]:
    """Return the code of the kind of a report, and its sequence.

    Raises CborError or InvalidField when it is none.
    """
    found = _HEAD.match(body)
    if found is None:
        report = decode_report(body)
        return int(report.kind), report.sequence
    kind, sequence = found.group(1, 2)
    return kind[0], sequence[0] if len(sequence) == 1 else int.from_bytes(sequence[1:])
