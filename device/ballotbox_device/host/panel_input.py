"""What the front panel says, line by line: one JSON object each, strict, turned into an event.

Whatever is not exactly understood is refused whole, naming the field and what would be right. The
words never repeat what stood in a field, so that no choice of a voter lands in an error.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeVar

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
from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.identifiers import KEY_ID_SIZE, InvalidField, KeyId, require
from ballotbox_protocol.election.tally import Marks
from ballotbox_protocol.wire.cose import SIGNATURE_SIZE
from ballotbox_protocol.wire.report import OFFICERS_MAX, OfficerSignature

#: A correction of the longest row, each count at its largest, is 33 KB.
LINE_MAX: Final = 64 * 1024

_T = TypeVar("_T")


class HostAction(Enum):
    """What the panel may ask of the host instead of the box."""

    ROTATE_KEY = "rotate_key"
    SWITCH_OFF = "switch_off"


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of one line; `used` are those that were asked for."""

    values: dict[str, Any]
    used: set[str]

    def take(self, name: str, kind: type[_T], what: str) -> _T:
        """Return a field that must be there."""
        self.used.add(name)
        value: object = self.values.get(name)
        require(name in self.values, name, f"is missing: it must be {what}")
        if type(value) is not kind:
            raise InvalidField(name, f"must be {what}")
        return value

    def take_or(self, name: str, kind: type[_T], what: str, default: _T) -> _T:
        """Return a field, or `default` when it was left out."""
        self.used.add(name)
        return self.take(name, kind, what) if name in self.values else default

    def require_all_used(self) -> None:
        """Raise InvalidField for a field that this kind of line does not have."""
        for name in self.values.keys() - self.used:
            known = ", ".join(sorted(self.used))
            raise InvalidField(name[:40], f"is not a field here: the fields are {known}")


def parse_line(line: bytes, election: Election) -> Event | HostAction:
    """Return what one line asks for; raises InvalidField."""
    fields = _Fields(_object(line), set())
    verb = fields.take("do", str, "one of the panel's words")
    build = _VERBS.get(verb)
    if build is None:
        raise InvalidField("do", f"must be one of {', '.join(_VERBS)}")
    event = build(fields, election)
    fields.require_all_used()
    return event


def _object(line: bytes) -> dict[str, Any]:
    require(len(line) <= LINE_MAX, "line", f"must have at most {LINE_MAX} bytes")
    try:
        value = json.loads(line.decode(), object_pairs_hook=_distinct, parse_constant=_no_number)
    except InvalidField:
        raise
    except (ValueError, RecursionError):
        raise InvalidField("line", 'must be one JSON object in UTF-8, as {"do":"open"}') from None
    require(type(value) is dict, "line", 'must be one JSON object, as {"do":"open"}')
    return value  # type: ignore[no-any-return]


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    require(len(values) == len(pairs), "line", "names a field twice: leave one out")
    return values


def _no_number(_: str) -> NoReturn:
    raise InvalidField("line", "NaN and Infinity are no JSON: write whole numbers")


def _insert(fields: _Fields, election: Election) -> Event:
    style = _style(fields, election)
    number = fields.take("sheet", int, "the number of the sheet within its style, from 0")
    rows = fields.take("marks", list, "one list of option indexes for each contest on the sheet")
    lists = fields.take_or("preferences", list, "one list of [option, candidate] for each", [])
    require(not lists or len(lists) == len(rows), "preferences", "must be as long as marks")
    marks = tuple(
        Marks(
            _indexes(row, f"marks[{place}]"),
            _pairs(lists[place], f"preferences[{place}]") if lists else frozenset(),
        )
        for place, row in enumerate(rows)
    )
    sheet = Sheet(
        style,
        number,
        marks,
        readable=fields.take_or("readable", bool, _TRUTH, True),  # noqa: FBT003
        portable=fields.take_or("portable", bool, _TRUTH, False),  # noqa: FBT003
        stamped=fields.take_or("stamped", bool, _TRUTH, True),  # noqa: FBT003
        marginal=fields.take_or("marginal", bool, _TRUTH, False),  # noqa: FBT003
    )
    confirmed = fields.take_or("confirmed", bool, _TRUTH, False)  # noqa: FBT003
    return SheetInserted(sheet, confirmed=confirmed)


_TRUTH: Final = "true or false"


def _style(fields: _Fields, election: Election) -> int:
    """Return the style by its code or index; one that the scanner made up goes to the box."""
    fields.used.add("style")
    style = fields.values.get("style")
    if type(style) is int:
        return style
    codes = [each.code for each in election.styles]
    if type(style) is str and style in codes:
        return codes.index(style)
    listed = ", ".join(codes[:20]) + (" …" if len(codes) > 20 else "")
    raise InvalidField("style", f"must be the index or the code of a ballot style: {listed}")


def _indexes(row: object, field: str) -> frozenset[int]:
    if type(row) is not list or any(type(index) is not int for index in row):
        raise InvalidField(field, "must be a list of option indexes, from 0; [] is a blank")
    return _once(row, field)


def _pairs(row: object, field: str) -> frozenset[tuple[int, int]]:
    if type(row) is not list or not all(map(_is_pair, row)):
        raise InvalidField(field, "must be a list of [option, candidate], both from 0")
    return _once([(option, candidate) for option, candidate in row], field)


def _is_pair(value: object) -> bool:
    return type(value) is list and [type(each) for each in value] == [int, int]


def _once(row: list[_T], field: str) -> frozenset[_T]:
    marks = frozenset(row)
    require(len(marks) == len(row), field, "names one mark twice: a mark is there or is not")
    return marks


def _decided(fields: _Fields, _: Election) -> Event:
    what = "true when the voter insists, false when the voter wants the sheet back"
    return VoterDecided(fields.take("insists", bool, what))


def _sensed(fields: _Fields, _: Election) -> Event:
    what = f"one of {', '.join(_SIGNALS)}"
    name = fields.take("signal", str, what)
    require(name in _SIGNALS, "signal", f"must be {what}")
    return Sensed(_SIGNALS[name])


_SIGNALS: Final = {signal.name.lower(): signal for signal in Signal}


def _answer(fields: _Fields, _: Election) -> Event:
    what = "true when the sheet is in the box, false when it is not"
    return DropAnswered(fields.take("dropped", bool, what))


def _correct(fields: _Fields, _: Election) -> Event:
    what = "the whole row of counts, in the order of the final's votes"
    votes = fields.take("votes", list, what)
    require(all(type(count) is int for count in votes), "votes", "must be whole numbers")
    return CorrectionRequested(tuple(votes))


def _reprint(fields: _Fields, _: Election) -> Event:
    return ReprintRequested(fields.take("sequence", int, "the sequence number of a report"))


def _consent(fields: _Fields, _: Election) -> Event:
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


_Build = Callable[[_Fields, Election], Event | HostAction]


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
