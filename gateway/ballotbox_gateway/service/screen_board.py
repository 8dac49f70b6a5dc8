"""What the screen in the room shows of one election, in one language: a board for a template.

A pure function of what was read, what officers have marked as seen, and the time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ballotbox_gateway.service.said import Gap, Said
from ballotbox_gateway.service.screen_alarms import Alarm, box_name, is_alone
from ballotbox_gateway.service.screen_marks import Seen
from ballotbox_gateway.service.screen_watch import REPORTS_MAX
from ballotbox_gateway.service.screen_words import Language
from ballotbox_gateway.service.times import clock
from ballotbox_protocol.election.identifiers import BOX_ID_SIZE

#: Alarms told of in full; the rest is a number.
ALARMS_MAX: Final = 12
#: Digits of a box's id, with which the subject of its alarms begins.
_ID_SIZE: Final = 2 * BOX_ID_SIZE
#: From so many boxes on their cards are smaller.
MANY: Final = 9
FEW: Final = 3

#: The states of a poll, each by a symbol and a word of its own; None before the first report.
STATES: Final[Mapping[str | None, tuple[str, Said]]] = {
    None: ("none", Said("No report yet")),
    "setup": ("setup", Said("Not open yet")),
    "zero": ("ready", Said("Ready to open")),
    "open": ("open", Said("Open")),
    "paused": ("paused", Said("Paused")),
    "closed": ("closed", Said("Closed")),
    "portable": ("portable", Said("Portable ballots")),
    "final": ("final", Said("Result is here")),
    "sealed": ("sealed", Said("Sealed")),
}
KINDS: Final[Mapping[str, Said]] = {
    "boot": Said("Switched on"),
    "zero": Said("Zero report"),
    "open": Said("Opening"),
    "turnout": Said("Interim report"),
    "close": Said("Closing"),
    "final": Said("Result"),
    "incident": Said("Incident"),
    "key_rotation": Said("New key"),
    "correction": Said("Correction"),
}
MODES: Final[Mapping[str, Said]] = {
    "rehearsal": Said("REHEARSAL"),
    "test": Said("TEST"),
}


@dataclass(frozen=True, slots=True)
class AlarmView:
    """An alarm in words; `seen` says who has marked it, or is empty."""

    id: str
    urgent: bool
    what: str
    do: str
    seen: str


@dataclass(frozen=True, slots=True)
class BoxView:
    """A box's card. passing: of its reports upward, "" where there is no gateway above."""

    name: str
    id: str
    symbol: str
    state: str
    ballots: str
    last: str
    passing: str
    waits: bool
    alarmed: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the screen that changes. tone: well, look or act."""

    election: str
    tone: str
    headline: str
    alarms: Sequence[AlarmView]
    more_alarms: int
    totals: Sequence[tuple[str, str, str]]
    boxes: Sequence[BoxView]
    more_boxes: int
    size: str
    as_of: str
    stale: bool


def board_of(
    read: Mapping[str, Any],
    alarms: Sequence[Alarm],
    seen: Mapping[str, Seen],
    language: Language,
    now: int,
) -> Board:
    """Return the board of what was read at `read["at"]`, looked at `now` (both Unix seconds)."""
    open_alarms = [each for each in alarms if each.id not in seen]
    shown = [*open_alarms, *(each for each in alarms if each.id in seen)]
    alone, passing = is_alone(read), read["passing_on"]
    alarmed = {each.subject[:_ID_SIZE] for each in alarms if each.urgent}
    boxes = [
        replace(
            _box(each, language, now, alone=alone, passing=passing), alarmed=each["id"] in alarmed
        )
        for each in read["boxes"]
    ]
    tone = "well"
    if alarms:
        tone = "act" if any(each.urgent for each in open_alarms) else "look"
    size = "many" if len(boxes) >= MANY else "few" if len(boxes) <= FEW else "some"
    return Board(
        read["election"],
        tone,
        _headline(open_alarms, alarms, language),
        [_alarm(each, seen.get(each.id), language) for each in shown[:ALARMS_MAX]],
        max(0, len(shown) - ALARMS_MAX),
        _totals(read, language, now),
        boxes,
        read["more_boxes"],
        size,
        clock(read["at"], seconds=True),
        stale=now - read["at"] > STALE_S,
    )


#: What was read so many seconds ago is called old.
STALE_S: Final = 15


def _headline(open_alarms: Sequence[Alarm], alarms: Sequence[Alarm], language: Language) -> str:
    if open_alarms:
        return language.say(Said("To do: {count}", {"count": len(open_alarms)}))
    return language.say(Said("Everything to do has been seen") if alarms else Said("All is well"))


def _alarm(alarm: Alarm, seen: Seen | None, language: Language) -> AlarmView:
    by = ""
    if seen is not None:
        gaps = {"officer": seen.officer, "time": clock(seen.at)}
        by = language.say(Said("Seen by {officer}, {time}", gaps))
    return AlarmView(alarm.id, alarm.urgent, language.say(alarm.what), language.say(alarm.do), by)


def _box(
    box: Mapping[str, Any], language: Language, now: int, *, alone: bool, passing: bool
) -> BoxView:
    symbol, words = STATES[box["state"]]
    ballots, waiting = box["ballots"], box["backlog"]
    return BoxView(
        language.say(box_name(box, alone=alone)),
        box["id"][-8:],
        symbol,
        language.say(words),
        "–" if ballots is None else language.number(ballots),
        _last(box["last"], language, now),
        _passing(box, language, now) if passing else "",
        waits=waiting is not None,
    )


def _last(last: Mapping[str, Any] | None, language: Language, now: int) -> str:
    if last is None:
        return "–"
    kind = language.say(KINDS[last["kind"]])
    return f"{kind}, {language.ago(now - last['came'])} ({clock(last['came'])})"


def _passing(box: Mapping[str, Any], language: Language, now: int) -> str:
    waiting = box["backlog"]
    if waiting is not None:
        return _waiting(waiting, language, now)
    return language.say("all passed on") if box["last"] else "–"


def _waiting(backlog: Mapping[str, int], language: Language, now: int) -> str:
    count = backlog["reports"]
    gaps: dict[str, Gap] = {
        "count": count if count < REPORTS_MAX else f"{count}+",
        "age": language.span(now - backlog["since"]),
    }
    return language.say(Said("{count} waiting, the oldest for {age}", gaps))


def _totals(read: Mapping[str, Any], language: Language, now: int) -> list[tuple[str, str, str]]:
    boxes = read["boxes"]
    ballots = sum(each["ballots"] or 0 for each in boxes)
    told = sum(each["last"] is not None for each in boxes)
    finals = sum(each["final"] for each in boxes)
    say = language.say
    totals = [
        (say("Ballots in the boxes"), language.number(ballots), say("by their last reports")),
        (say("Boxes that have reported"), say(_of(told, len(boxes))), ""),
        (say("Results that are here"), say(_of(finals, len(boxes))), ""),
    ]
    if read["passing_on"]:
        backlog = read["backlog"]
        count = language.number(backlog["reports"] if backlog else 0)
        totals.append(
            (say("Waiting for the gateway above"), count, _oldest(backlog, language, now))
        )
    return totals


def _of(count: int, whole: int) -> Said:
    return Said("{count} of {all}", {"count": count, "all": whole})


def _oldest(backlog: Mapping[str, int] | None, language: Language, now: int) -> str:
    if backlog is None:
        return language.say("everything is there")
    age = {"age": language.span(now - backlog["since"])}
    return language.say(Said("the oldest for {age}", age))
