"""What the front panel says, line by line: one JSON object each, strict, turned into an event.

Whatever is not exactly understood is refused whole, naming the field and what would be right. The
words never repeat what stood in a field, so that no choice of a voter lands in an error.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from ballotbox_device.core.events import (
    ClearingRequested,
    Consented,
    ContainerChanged,
    CorrectionRequested,
    DropAnswered,
    DropFailed,
    DropJoined,
    DropSensed,
    DropUncertain,
    Event,
    ReprintRequested,
    Requested,
    Sensed,
    SheetInserted,
    TurnoutDue,
    VoterDecided,
)
from ballotbox_device.core.poll import Action
from ballotbox_device.core.sheet import Sheet
from ballotbox_device.core.signals import Signal
from ballotbox_device.host.line_fields import (
    SHEET,
    TRUTH,
    Fields,
    fields_of,
    marks_in,
    style_in,
)
from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.identifiers import KEY_ID_SIZE, InvalidField, KeyId, require
from ballotbox_protocol.wire.cose import SIGNATURE_SIZE
from ballotbox_protocol.wire.report import OFFICERS_MAX, OfficerSignature


class HostAction(Enum):
    """What the panel may ask of the host instead of the box."""

    ROTATE_KEY = "rotate_key"
    SWITCH_OFF = "switch_off"


def parse_line(line: bytes, election: Election) -> Event | HostAction:
    """Return what one line asks for; raises InvalidField."""
    fields = fields_of(line)
    verb = fields.take("do", str, "one of the panel's words")
    build = _VERBS.get(verb)
    if build is None:
        raise InvalidField("do", f"must be one of {', '.join(_VERBS)}")
    event = build(fields, election)
    fields.require_all_used()
    return event


def _insert(fields: Fields, election: Election) -> Event:
    style = style_in(fields, election)
    number = fields.take("sheet", int, SHEET)
    marks = marks_in(fields)
    sheet = Sheet(
        style,
        number,
        marks,
        readable=fields.take_or("readable", bool, TRUTH, True),  # noqa: FBT003
        portable=fields.take_or("portable", bool, TRUTH, False),  # noqa: FBT003
        stamped=fields.take_or("stamped", bool, TRUTH, True),  # noqa: FBT003
        marginal=fields.take_or("marginal", bool, TRUTH, False),  # noqa: FBT003
    )
    confirmed = fields.take_or("confirmed", bool, TRUTH, False)  # noqa: FBT003
    return SheetInserted(sheet, confirmed=confirmed)


def _decided(fields: Fields, _: Election) -> Event:
    what = "true when the voter insists, false when the voter wants the sheet back"
    return VoterDecided(fields.take("insists", bool, what))


def _sensed(fields: Fields, _: Election) -> Event:
    what = f"one of {', '.join(_SIGNALS)}"
    name = fields.take("signal", str, what)
    require(name in _SIGNALS, "signal", f"must be {what}")
    return Sensed(_SIGNALS[name])


_SIGNALS: Final = {signal.name.lower(): signal for signal in Signal}


def _answer(fields: Fields, _: Election) -> Event:
    what = "true when the sheet is in the box, false when it is not"
    return DropAnswered(fields.take("dropped", bool, what))


def _correct(fields: Fields, _: Election) -> Event:
    what = "the whole row of counts, in the order of the final's votes"
    votes = fields.take("votes", list, what)
    require(all(type(count) is int for count in votes), "votes", "must be whole numbers")
    return CorrectionRequested(tuple(votes))


def _reprint(fields: Fields, _: Election) -> Event:
    return ReprintRequested(fields.take("sequence", int, "the sequence number of a report"))


def _consent(fields: Fields, _: Election) -> Event:
    what = "a list of what `ballotbox-device consent` printed for each officer"
    tokens = fields.take("signatures", list, what)
    fits = 1 <= len(tokens) <= OFFICERS_MAX
    require(fits, "signatures", f"must be 1 to {OFFICERS_MAX} signatures")
    return Consented(tuple(_signature(each, n) for n, each in enumerate(tokens)))


def _signature(token: object, place: int) -> OfficerSignature:
    head, _, tail = token.partition(":") if type(token) is str else ("", "", "")
    try:
        key_id, signature = bytes.fromhex(head), bytes.fromhex(tail)
    except ValueError:
        key_id = signature = b""
    fits = (len(key_id), len(signature)) == (KEY_ID_SIZE, SIGNATURE_SIZE)
    what = "must be the line that `ballotbox-device consent` printed: key id, colon, signature"
    require(fits, f"signatures[{place}]", what)
    return OfficerSignature(KeyId(key_id), signature)


_Build = Callable[[Fields, Election], Event | HostAction]


def _always(event: Event | HostAction) -> _Build:
    return lambda _fields, _election: event


#: Every word of the panel.
_VERBS: Final[Mapping[str, _Build]] = MappingProxyType(
    {action.name.lower(): _always(Requested(action)) for action in Action}
    | {
        "insert": _insert,
        "voter_decided": _decided,
        "dropped": _always(DropSensed()),
        "failed": _always(DropFailed()),
        "uncertain": _always(DropUncertain()),
        "drop_joined": _always(DropJoined()),
        "answer": _answer,
        "sensed": _sensed,
        "container_changed": _always(ContainerChanged()),
        "turnout": _always(TurnoutDue()),
        "correct": _correct,
        "reprint": _reprint,
        "consent": _consent,
        "clear": _always(ClearingRequested()),
    }
    | {action.value: _always(action) for action in HostAction}
)
WORDS: Final = tuple(_VERBS)
