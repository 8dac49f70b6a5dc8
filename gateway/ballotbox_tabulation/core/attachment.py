"""What stands beside a leaf: [report or null, ruling or null, lower checkpoint's note or null]."""

from typing import Final, NamedTuple

from ballotbox_protocol.election.identifiers import require
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.checkpoint import NOTE_BYTES_MAX

#: A report, a ruling and a note at their largest, with their three string heads.
ATTACHMENT_LIMITS: Final = cbor.Limits(
    size=2 * cbor.REPORT_LIMITS.size + NOTE_BYTES_MAX + 16, depth=1, items=3
)
#: How an attachment begins whose report has 256 to 65,535 bytes, and where such a report stands.
_LONG_REPORT: Final = b"\x83\x59"
_REPORT_AT: Final = 4
_SHORT_MAX: Final = 0xFF
_NULLS: Final = b"\xf6\xf6"


class Attachment(NamedTuple):
    """The evidence behind one leaf; nothing in it is verified yet."""

    report: bytes | None
    ruling: bytes | None
    lower_note: bytes | None


def decode_attachment(data: bytes) -> Attachment:
    """Return the attachment in `data`; raises CborError or InvalidField, both ValueErrors."""
    # A report with or without a note, as nearly all are: the same bytes around both.
    if data[:2] == _LONG_REPORT and len(data) <= ATTACHMENT_LIMITS.size:
        stop = _REPORT_AT + int.from_bytes(data[2:_REPORT_AT])
        if stop > _REPORT_AT + _SHORT_MAX:
            beside = data[stop:]
            if beside == _NULLS:
                return Attachment(data[_REPORT_AT:stop], None, None)
            note = beside[_REPORT_AT:]
            long = len(note) > _SHORT_MAX
            if long and beside[:_REPORT_AT] == b"\xf6\x59" + len(note).to_bytes(2):
                return Attachment(data[_REPORT_AT:stop], None, note)
    return _decode_any(data)


def _decode_any(data: bytes) -> Attachment:
    items = cbor.decode(data, ATTACHMENT_LIMITS)
    require(type(items) is list and len(items) == 3, "attachment", "must be an array of 3 items")
    fits = all(item is None or type(item) is bytes for item in items)
    require(fits, "attachment", "must hold byte strings or null")
    return Attachment(*items)
