"""What may be asked over the control socket: one word, its fields, and what it does to the box.

device/CONTROL.md shows each with its answer.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, TypeVar

from ballotbox_device.core.signals import Signal
from ballotbox_device.host import control_answers as answers
from ballotbox_device.host.held_box import HeldBox
from ballotbox_device.host.line_fields import (
    SHEET,
    TRUTH,
    Fields,
    fields_of,
    marks_in,
    style_in,
)
from ballotbox_device.machine.paper import FIRM, Paper, contests_of, darkened
from ballotbox_device.machine.printer import ROLL_LINES
from ballotbox_device.machine.scanner import ScanFault
from ballotbox_device.machine.transport import Drop
from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.identifiers import InvalidField, require

#: A century; a clock that is set further by far leaves what a report can say.
_STEP_MAX: Final = 3_155_760_000
#: Twice as fast, or standing still.
_DRIFT_MAX: Final = 1_000_000

Answer = dict[str, Any]
_Word = Callable[["Hand", Fields], Answer]
_Choice = TypeVar("_Choice", bound=Enum)


class Hand:
    """Does to a box what is asked, at the true time. `is_over`: the process shall end."""

    def __init__(self, box: HeldBox, election: Election) -> None:
        self.held = box
        self.box = box.mechanism
        self.election = election
        self.is_over = False

    @property
    def now(self) -> int:
        """The true time in milliseconds."""
        return self.held.now_ms()

    def line(self, line: bytes) -> Answer:
        """Take one line; what is malformed or impossible now changes nothing and is told so.

        Raises what the memory or the core raises.
        """
        self.held.said.clear()
        try:
            answer = self._obey(line)
        except InvalidField as error:
            return {"ok": False, "field": error.field, "problem": error.problem}
        finally:
            self.held.follow()
        return {"ok": True, **answer, "panel": answers.panel(self.held)}

    def _obey(self, line: bytes) -> Answer:
        fields = fields_of(line)
        word = fields.take("do", str, "one of the words of device/CONTROL.md")
        obey = WORDS.get(word)
        if obey is None:
            raise InvalidField("do", f"must be one of {', '.join(WORDS)}")
        answer = obey(self, fields)
        said = [answers.said(output) for output in self.held.said]
        return ({"said": said} if said else {}) | answer


def _doing(act: Callable[["Hand", Fields], object]) -> _Word:
    """Return a word that takes all its fields first, then acts, and answers with nothing more."""

    def word(hand: Hand, fields: Fields) -> Answer:
        act(hand, fields)
        return {}

    return word


def _only(act: Callable[["Hand"], object]) -> _Word:
    """Return a word that has no fields."""

    def word(hand: Hand, fields: Fields) -> Answer:
        fields.require_all_used()
        act(hand)
        return {}

    return word


def _telling(look: Callable[["Hand"], Answer]) -> _Word:
    def word(hand: Hand, fields: Fields) -> Answer:
        fields.require_all_used()
        return look(hand)

    return word


def _truth(fields: Fields, name: str) -> bool:
    value = fields.take(name, bool, TRUTH)
    fields.require_all_used()
    return value


def _number(fields: Fields, name: str, what: str) -> int:
    value = fields.take(name, int, what)
    fields.require_all_used()
    return value


def _choice(fields: Fields, name: str, kind: type[_Choice]) -> _Choice:
    known = {str(each.value): each for each in kind}
    value = fields.take(name, str, f"one of {', '.join(known)}")
    fields.require_all_used()
    if value not in known:
        raise InvalidField(name, f"must be one of {', '.join(known)}")
    return known[value]


def _feed(hand: Hand, fields: Fields) -> None:
    paper = _paper(fields, hand.election)
    confirmed = fields.take_or("confirmed", bool, TRUTH, False)  # noqa: FBT003
    fields.require_all_used()
    hand.box.feed(paper, hand.now, confirmed=confirmed)


def _paper(fields: Fields, election: Election) -> Paper:
    style = style_in(fields, election)
    number = fields.take("sheet", int, SHEET)
    firm = fields.take_or("firm", int, "how dark each mark is, in percent", FIRM)
    contests = contests_of(election, style, number)
    return Paper(
        style,
        number,
        darkened(contests, marks_in(fields), _darkness(fields), firm),
        stamped=fields.take_or("stamped", bool, TRUTH, True),  # noqa: FBT003
        portable=fields.take_or("portable", bool, TRUTH, False),  # noqa: FBT003
        length_mm=fields.take_or("length_mm", int, "millimetres", 297),
        skew_millidegrees=fields.take_or("skew_millidegrees", int, "thousandths of a degree", 0),
        legible=fields.take_or("legible", bool, TRUTH, True),  # noqa: FBT003
        face_down=fields.take_or("face_down", bool, TRUTH, False),  # noqa: FBT003
    )


def _darkness(fields: Fields) -> dict[int, int]:
    what = 'an object of target numbers and percent, as {"3":15}'
    given = fields.take_or("darkness", dict, what, {})
    fits = all(name.isdecimal() and type(each) is int for name, each in given.items())
    require(fits, "darkness", f"must be {what}")
    return {int(name): percent for name, percent in given.items()}


def _next_scan(hand: Hand, fields: Fields) -> None:
    hand.box.scanner.fault = _choice(fields, "fault", ScanFault)


def _next_drop(hand: Hand, fields: Fields) -> None:
    hand.box.transport.next_drop = _choice(fields, "drop", Drop)


def _answer_dropped(hand: Hand, fields: Fields) -> None:
    """Answer as the field says, or as a look into the container shows."""
    if "dropped" in fields.values:
        dropped = _truth(fields, "dropped")
    else:
        fields.require_all_used()
        dropped = hand.box.look()
    hand.box.answer_dropped(hand.now, dropped=dropped)


def _press(hand: Hand, fields: Fields) -> None:
    button = fields.take("button", str, "the name of a button")
    fields.require_all_used()
    hand.box.press(button, hand.now)


def _present(hand: Hand, fields: Fields) -> None:
    there = ", ".join(hand.box.tokens.names) or "none: start with --officer-key"
    names = fields.take("officers", list, f"a list of names; those here are: {there}")
    fields.require_all_used()
    hand.box.present(tuple(map(str, names)), hand.now)


def _cut_power(hand: Hand) -> None:
    require(hand.box.device is not None, "power", "is off already")
    hand.box.cut_power()


def _refill(hand: Hand, fields: Fields) -> None:
    lines = fields.take_or("lines", int, "the lines that the roll takes", ROLL_LINES)
    fields.require_all_used()
    require(lines > 0, "lines", "must be at least 1: a roll without paper is take_printer_paper")
    hand.box.refill_printer(hand.now, lines)


def _switch(bad: Signal, good: Signal, name: str) -> _Word:
    """Return the word of a switch that is out of order when its field is true."""

    def act(hand: Hand, fields: Fields) -> None:
        hand.box.sense(bad if _truth(fields, name) else good, hand.now)

    return _doing(act)


def _dirty(hand: Hand) -> None:
    hand.box.scanner.is_dirty = True


def _jam_printer(hand: Hand) -> None:
    hand.box.printer.jams_next = True


def _step(hand: Hand, fields: Fields) -> None:
    hand.box.clock.step(_either_way(fields, "seconds", _STEP_MAX), hand.now)


def _drift(hand: Hand, fields: Fields) -> None:
    hand.box.clock.drift(_either_way(fields, "ppm", _DRIFT_MAX), hand.now)


def _either_way(fields: Fields, name: str, most: int) -> int:
    what = f"a whole number from -{most} to {most}"
    value = _number(fields, name, what)
    require(-most <= value <= most, name, f"must be {what}")
    return value


def _report(hand: Hand, fields: Fields) -> Answer:
    sequence = _number(fields, "sequence", "the number of a report, from 0")
    return {"report": answers.report(hand.held, sequence)}


def _shutdown(hand: Hand) -> None:
    hand.is_over = True


#: Every word of the control socket.
WORDS: Final[Mapping[str, _Word]] = MappingProxyType(
    {
        "feed": _doing(_feed),
        "next_scan": _doing(_next_scan),
        "next_drop": _doing(_next_drop),
        "answer_voter": _doing(
            lambda hand, fields: hand.box.answer_voter(hand.now, insists=_truth(fields, "insists"))
        ),
        "answer_dropped": _doing(_answer_dropped),
        "free_stuck": _only(lambda hand: hand.box.transport.free_stuck()),
        "take_strays_out": _only(lambda hand: hand.box.transport.take_strays_out()),
        "change_container": _only(lambda hand: hand.box.change_container(hand.now)),
        "press": _doing(_press),
        "present": _doing(_present),
        "reprint": _doing(
            lambda hand, fields: hand.box.reprint(
                _number(fields, "sequence", "the number of a report, from 0"), hand.now
            )
        ),
        "cut_power": _only(_cut_power),
        "power_on": _only(lambda hand: hand.box.power_on(hand.now)),
        "mains": _doing(lambda hand, fields: hand.box.set_mains(hand.now, on=_truth(fields, "on"))),
        "battery": _doing(
            lambda hand, fields: hand.box.set_battery(
                _number(fields, "percent", "the charge in percent"), hand.now
            )
        ),
        "cover": _switch(Signal.COVER_OPENED, Signal.COVER_CLOSED, "open"),
        "seal": _switch(Signal.SEAL_BROKEN, Signal.SEAL_RENEWED, "broken"),
        "dirty_scanner": _only(_dirty),
        "clean_scanner": _only(lambda hand: hand.box.clean_scanner(hand.now)),
        "take_printer_paper": _only(lambda hand: hand.box.take_printer_paper(hand.now)),
        "refill_printer": _doing(_refill),
        "jam_printer": _only(_jam_printer),
        "step_clock": _doing(_step),
        "drift_clock": _doing(_drift),
        "panel": _telling(lambda _hand: {}),
        "report": _report,
        "tapes": _telling(lambda hand: answers.tapes(hand.box)),
        "paper": _telling(lambda hand: answers.paper(hand.box, hand.election)),
        "delivery": _telling(lambda hand: answers.delivery(hand.held)),
        "shutdown": _only(_shutdown),
    }
)
