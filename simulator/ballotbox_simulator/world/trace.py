"""What happened to one report, one sheet or one box, picked out of a recorded day.

story = of_report(record_day(day), "1f3a")
sequence_diagram(story)
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from ballotbox_simulator.world.recording import FEEDS, HOLDS, TAKES, Actor, Recording, Step

#: What is shown of a long story: its beginning and its end.
ROWS_MAX: Final = 400
_TROUBLES: Final = ("is struck by", "fails", "boots", "is killed", "starts", "OBJECTION")
_STRUCK: Final = "is struck by "
#: Is said by the arrow that brings the receipt.
_SAID_OTHERWISE: Final = ("is receipted",)
_ORDINARY: Final = (FEEDS, TAKES, HOLDS)
_NAMES_SHOWN: Final = 6

Wanted = Callable[[Step], bool]


class NoSuchStory(Exception):
    """What is asked for did not happen on that day; the text says what did."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a diagram: a step, how often it was repeated, until when, and whether in vain.

    until: 0 for a step that happened once.
    """

    step: Step
    times: int = 1
    until: int = 0
    lost: bool = False

    @property
    def is_trouble(self) -> bool:
        """Tell whether something went wrong here."""
        at_one = self.step.source is self.step.target
        return at_one and self.step.words.startswith(("is struck by", "fails", "is killed", "OBJ"))


@dataclass(frozen=True, slots=True)
class Story:
    """Rows in order, under a title; `left_out` rows of the middle are not told."""

    title: str
    box: str
    rows: tuple[Row, ...]
    left_out: int = 0


def of_report(recording: Recording, prefix: str) -> Story:
    """Return what happened to the report whose name begins with `prefix`; raises NoSuchStory."""
    name = _only_name(recording, prefix)
    facts = recording.reports[name]
    title = f"Report {name}: {facts.kind} {facts.sequence} of {facts.box}"
    steps = _with_troubles(recording, facts.box, [_about(name)])
    return _told(title, facts.box, steps)


def of_sheet(recording: Recording, box: str, number: int) -> Story:
    """Return what happened to the `number`-th sheet that fell into a box; raises NoSuchStory.

    From its first feeding to that of the next sheet; then the first report that counts it, and the
    final.
    """
    _require_box(recording, box)
    first, last = _fall(recording.steps, box, number)
    inside = set(map(id, recording.steps[first:last]))
    falls: list[Wanted] = [
        lambda step: (
            id(step) in inside
            and step.node == box
            and not step.reports
            and not step.words.startswith(_SAID_OTHERWISE)
        )
    ]
    reports = [_about(name) for name in _reports_with(recording, box, number)]
    steps = _with_troubles(recording, box, falls + reports)
    return _told(f"Sheet {number} of {box}", box, steps)


def of_box(recording: Recording, box: str) -> Story:
    """Return the whole day of a box but for its sheets that simply fell; raises NoSuchStory."""
    _require_box(recording, box)
    names = {name for name, facts in recording.reports.items() if facts.box == box}
    left_out = (*_SAID_OTHERWISE, *_ORDINARY)
    day: list[Wanted] = [
        lambda step: not names.isdisjoint(step.reports),
        lambda step: step.node == box and not step.words.startswith(left_out),
    ]
    return _told(f"The day of {box}", box, _with_troubles(recording, box, day))


# Finding it


def _only_name(recording: Recording, prefix: str) -> str:
    found = sorted(name for name in recording.reports if name.startswith(prefix.lower()))
    if len(found) == 1:
        return found[0]
    if found:
        raise NoSuchStory(f"report {prefix}: {_some(found)} begin so: give more digits")
    known = sorted(recording.reports)
    raise NoSuchStory(f"report {prefix}: none begins so; there are {_some(known)}")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(names[:_NAMES_SHOWN]) + more


def _require_box(recording: Recording, box: str) -> None:
    if box not in recording.around:
        raise NoSuchStory(f"{box}: there is none; there are {_some(list(recording.around))}")


def _fall(steps: Sequence[Step], box: str, number: int) -> tuple[int, int]:
    """Return the place where the sheet is first fed, and where the one after it is."""
    here = [(place, step.words) for place, step in enumerate(steps) if step.node == box]
    fed = [place for place, words in here if words == FEEDS]
    fell = [place for place, words in here if words.startswith(HOLDS)]
    if not 1 <= number <= len(fell):
        raise NoSuchStory(f"sheet {number}: {len(fell)} sheets fell into {box}")
    before = fell[number - 2] if number > 1 else -1
    first = next(place for place in fed if place > before)
    return first, next((place for place in fed if place > fell[number - 1]), len(steps))


def _reports_with(recording: Recording, box: str, number: int) -> frozenset[str]:
    """Return the first report that counts so many sheets, and the final."""
    counting = sorted(
        (facts.sequence, name)
        for name, facts in recording.reports.items()
        if facts.box == box and facts.accepted >= number
    )
    finals = [name for _, name in counting if recording.reports[name].kind == "FINAL"]
    return frozenset([name for _, name in counting[:1]] + finals)


def _about(name: str) -> Wanted:
    return lambda step: name in step.reports


def _with_troubles(recording: Recording, box: str, parts: Sequence[Wanted]) -> list[Step]:
    """Return the steps that the parts want, and what went wrong around while each part went on."""
    steps = recording.steps
    around = recording.around.get(box, frozenset())
    told: set[int] = set()
    for wanted in parts:
        places = [place for place, step in enumerate(steps) if wanted(step)]
        told.update(places)
        meanwhile = range(places[0], places[-1]) if places else range(0)
        told.update(
            place
            for place in meanwhile
            if steps[place].node in around and _is_trouble(steps[place])
        )
    return [steps[place] for place in sorted(told)]


def _is_trouble(step: Step) -> bool:
    return step.source is step.target and step.words.startswith(_TROUBLES)


# Telling it


def _told(title: str, box: str, steps: Sequence[Step]) -> Story:
    rows = list(_repeats_joined(_strikes_joined(_arrivals_joined(steps))))
    left_out = max(0, len(rows) - ROWS_MAX)
    if left_out:
        half = ROWS_MAX // 2
        rows = rows[:half] + rows[half + left_out :]
    return Story(title, box, tuple(rows), left_out)


#: As what a thing that was sent arrives; between a gateway and the centre nobody stands.
_ARRIVES_AS: Final = {
    (Actor.BOX, Actor.ROAD): (Actor.ROAD, Actor.GATEWAY),
    (Actor.GATEWAY, Actor.ROAD): (Actor.ROAD, Actor.BOX),
    (Actor.GATEWAY, Actor.CENTRE): (Actor.GATEWAY, Actor.CENTRE),
}


def _arrivals_joined(steps: Sequence[Step]) -> Iterator[Row]:
    """Yield rows: what was sent is lost when nothing arrives before it is sent again.

    What arrives as it was sent is told once.
    """
    for place, step in enumerate(steps):
        way = (step.source, step.target)
        lost = step.sent and not _arrives(step, steps[place + 1 :])
        if lost or not step.sent or _ARRIVES_AS[way] != way:
            yield Row(step, lost=lost)


def _arrives(sent: Step, later: Iterable[Step]) -> bool:
    way = (sent.source, sent.target)
    for step in later:
        if not sent.reports.isdisjoint(step.reports):
            if not step.sent and (step.source, step.target) == _ARRIVES_AS[way]:
                return True
            if step.sent and (step.source, step.target) == way:
                return False
    return False


def _strikes_joined(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows with strikes that follow each other at one node made one."""
    for struck, group in groupby(rows, _struck_node):
        together = list(group)
        if struck and len(together) > 1:
            counts = Counter(row.step.words.removeprefix(_STRUCK) for row in together)
            kinds = (kind if n == 1 else f"{kind} × {n}" for kind, n in sorted(counts.items()))
            words = _STRUCK + ", ".join(kinds)
            first, last = together[0], together[-1]
            yield replace(first, step=replace(first.step, words=words), until=last.step.time)
        else:
            yield from together


def _struck_node(row: Row) -> str:
    return row.step.node if row.step.words.startswith(_STRUCK) else ""


def _repeats_joined(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows with equal neighbours made one."""
    for _, group in groupby(rows, lambda row: (row.lost, replace(row.step, time=0))):
        together = list(group)
        last = together[-1]
        until = last.until if len(together) == 1 else last.step.time
        yield replace(together[0], times=len(together), until=until)
