"""What stands beside a leaf: [report or null, ruling or null, lower checkpoint's note or null]."""

from dataclasses import dataclass
from typing import Final

from ballotbox_protocol.election.identifiers import require
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.checkpoint import NOTE_BYTES_MAX

#: A report, a ruling and a note at their largest, with their three string heads.
ATTACHMENT_LIMITS: Final = cbor.Limits(
    size=2 * cbor.REPORT_LIMITS.size + NOTE_BYTES_MAX + 16, depth=1, items=3
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """The evidence behind one leaf; nothing in it is verified yet."""

    report: bytes | None
    ruling: bytes | None
    lower_note: bytes | None


def decode_attachment(data: bytes) -> Attachment:
    """Return the attachment in `data`; raises CborError or InvalidField, both ValueErrors."""
    items = cbor.decode(data, ATTACHMENT_LIMITS)
    require(type(items) is list and len(items) == 3, "attachment", "must be an array of 3 items")
    fits = all(item is None or type(item) is bytes for item in items)
    require(fits, "attachment", "must hold byte strings or null")
    return Attachment(*items)
