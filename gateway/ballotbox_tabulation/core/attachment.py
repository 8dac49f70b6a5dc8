"""What stands beside a leaf: [report or null, ruling or null, lower checkpoint's note or null]."""

from typing import Final, NamedTuple

from ballotbox_protocol.election.identifiers import require
from ballotbox_protocol.wire import cbor, cose
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
_LIMIT: Final = ATTACHMENT_LIMITS.size - len(_NULLS)


class Attachment(NamedTuple):
    """The evidence behind one leaf; nothing in it is verified yet."""

    report: bytes | None
    ruling: bytes | None
    lower_note: bytes | None


def decode_attachment(data: bytes) -> Attachment:
    """Return the attachment in `data`; raises CborError or InvalidField, both ValueErrors."""
    place = _usual_place(data)
    if place is None:
        return _decode_any(data)
    stop, note = place
    return Attachment(data[_REPORT_AT:stop], None, note)


def _usual_place(data: bytes) -> tuple[int, bytes | None] | None:
    """Return where the report ends and the note after it, None of what is not usual.

    A report with or without a note, as nearly all are: the same bytes around both.
    """
    stop = _REPORT_AT + int.from_bytes(data[2:_REPORT_AT])
    usual = data[:2] == _LONG_REPORT and stop > _REPORT_AT + _SHORT_MAX
    if not usual or len(data) > ATTACHMENT_LIMITS.size:
        return None
    beside = data[stop:]
    if beside == _NULLS:
        return stop, None
    note = beside[_REPORT_AT:]
    long = len(note) > _SHORT_MAX
    if long and beside[:_REPORT_AT] == b"\xf6\x59" + len(note).to_bytes(2):
        return stop, note
    return None


def signed_beside(data: bytes) -> tuple[cose.Parts, bytes | None] | None:
    """Return the parts of the report in a usual attachment, and the lower note if one is there.

    None for all other bytes. It is what `decode_attachment` and `cose.take_apart` say, in half the
    time. Raises EnvelopeError for a report that is none.
    """
    stop = len(data) - len(_NULLS)
    alone = data[:2] == _LONG_REPORT and data[stop:] == _NULLS and stop <= _LIMIT
    if alone and int.from_bytes(data[2:_REPORT_AT]) == stop - _REPORT_AT > _SHORT_MAX:
        return cose.take_apart(data, _REPORT_AT, stop), None
    place = _usual_place(data)
    if place is None:
        return None
    stop, note = place
    return cose.take_apart(data, _REPORT_AT, stop), note


def _decode_any(data: bytes) -> Attachment:
    items = cbor.decode(data, ATTACHMENT_LIMITS)
    require(type(items) is list and len(items) == 3, "attachment", "must be an array of 3 items")
    fits = all(item is None or type(item) is bytes for item in items)
    require(fits, "attachment", "must hold byte strings or null")
    return Attachment(*items)
