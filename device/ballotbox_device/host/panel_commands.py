"""What a person types at the terminal's front panel, turned into words of the control socket."""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from ballotbox_device.host.control_words import WORDS
from ballotbox_device.machine.mechanism import BUTTONS
from ballotbox_device.machine.scanner import ScanFault
from ballotbox_device.machine.transport import Drop
from ballotbox_protocol.election.identifiers import require

Asked = dict[str, Any]

HELP: Final = """\
print_zero open pause …     press that button (also: turnout, clear)
officers NAME NAME          two officers present their tokens
feed STYLE SHEET MARKS …    a sheet; MARKS of each contest: 0 or 0,2 or - for none
                            more: stamped=false darkness={"3":15} confirmed=true …
jam double skew short long  the next sheet in the scanner goes wrong like that
drop HOW                    the next sheet drops like that: falls stays unsure_fell
                            unsure_stayed joined cut_fell cut_stayed
insist, back                the voter who was asked decides
in, out, look               the answer whether the sheet is in the container
cut, on                     power goes, power comes back
cover open|closed           seal broken|whole      mains on|off      battery PERCENT
paper, tapes, report N      where the sheets are; what was printed; one report
reprint N                   one more copy on paper
WORD name=value …           any other word of device/CONTROL.md; a value has no blanks
help, quit"""

_SWITCHES: Final[Mapping[tuple[str, str], Asked]] = MappingProxyType(
    {
        ("cover", "open"): {"do": "cover", "open": True},
        ("cover", "closed"): {"do": "cover", "open": False},
        ("seal", "broken"): {"do": "seal", "broken": True},
        ("seal", "whole"): {"do": "seal", "broken": False},
        ("mains", "on"): {"do": "mains", "on": True},
        ("mains", "off"): {"do": "mains", "on": False},
    }
)
_SHORT: Final[Mapping[str, Asked]] = MappingProxyType(
    {button: {"do": "press", "button": button} for button in BUTTONS}
    | {fault.value: {"do": "next_scan", "fault": fault.value} for fault in ScanFault}
    | {
        "insist": {"do": "answer_voter", "insists": True},
        "back": {"do": "answer_voter", "insists": False},
        "in": {"do": "answer_dropped", "dropped": True},
        "out": {"do": "answer_dropped", "dropped": False},
        "look": {"do": "answer_dropped"},
        "cut": {"do": "cut_power"},
        "on": {"do": "power_on"},
    }
)


def command(line: str) -> Asked | None:
    """Return what a line asks of the box; None for an empty line. Raises InvalidField."""
    head, *rest = line.split() or ["#"]
    if head.startswith("#"):
        return None
    if head in _TAKING:
        return _TAKING[head](rest)
    if head in _SHORT and not rest:
        return dict(_SHORT[head])
    if rest and (head, rest[0]) in _SWITCHES:
        return dict(_SWITCHES[head, rest[0]])
    require(head in WORDS, "line", f"{head[:40]} is no command: type help")
    return {"do": head, **_named(rest)}


def _named(words: Sequence[str]) -> Asked:
    """Return fields that are written name=value, the value in JSON or as a bare word."""
    fields = {}
    for word in words:
        name, is_named, value = word.partition("=")
        require(is_named, "line", f"{word[:40]} must be written name=value; type help")
        fields[name] = _value(value)
    return fields


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _feed(words: Sequence[str]) -> Asked:
    if not words or "=" in words[0]:
        return {"do": "feed", **_named(words)}
    places = [word for word in words if "=" not in word]
    require(len(places) >= 2, "feed", "needs a style, a sheet and its marks: feed HOME 0 0 1")
    style, sheet, *marks = places
    named = _named([word for word in words if "=" in word])
    read = [[] if each == "-" else [_whole(n, "marks") for n in each.split(",")] for each in marks]
    return {"do": "feed", "style": style, "sheet": _whole(sheet, "sheet"), "marks": read} | named


def _drop(words: Sequence[str]) -> Asked:
    known = [each.value for each in Drop]
    require(len(words) == 1 and words[0] in known, "drop", f"must be one of {', '.join(known)}")
    return {"do": "next_drop", "drop": words[0]}


def _numbered(do: str, field: str) -> Callable[[Sequence[str]], Asked]:
    def build(words: Sequence[str]) -> Asked:
        require(len(words) == 1, field, f"needs one number: {do} 0")
        return {"do": do, field: _whole(words[0], field)}

    return build


def _whole(text: str, field: str) -> int:
    require(text.isascii() and text.isdecimal(), field, "must be a whole number")
    return int(text)


_TAKING: Final[Mapping[str, Callable[[Sequence[str]], Asked]]] = MappingProxyType(
    {
        "feed": _feed,
        "drop": _drop,
        "officers": lambda names: {"do": "present", "officers": list(names)},
        "report": _numbered("report", "sequence"),
        "reprint": _numbered("reprint", "sequence"),
        "battery": _numbered("battery", "percent"),
    }
)
