"""What a power cut left, booted by the real firmware: does the box say where the sheets are?"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from zlib import crc32

from ballotbox_device.core import units
from ballotbox_device.core.outputs import Output, ReportMade
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import answer_record
from ballotbox_device.core.reporting import LawBroken
from ballotbox_protocol.wire.report import IncidentCode, ReportKind
from ballotbox_simulator.disk import BoxDisk
from tests.device.poll_day import Script, Station, Truth, strict_rules
from tests.device.polling_place import report_in
from tests.device.power_cuts import (
    PLAIN,
    Contents,
    Grain,
    Moment,
    moments_of,
    slots_torn_alike,
    states,
    witness,
)

_RESERVED, _COUNTED = 0x0F, 0xFF
_OF_CONTAINERS = {IncidentCode.CONTAINER_FULL, IncidentCode.CONTAINER_NEARLY_FULL}
_ANSWERS = tuple(units.frame(answer_record(dropped=told).to_bytes()) for told in (False, True))


class Wrong(AssertionError):
    """What the box says is not what is; by how many sheets."""

    def __init__(self, problem: str, lost: int = 0, doubled: int = 0) -> None:
        super().__init__(problem)
        self.lost = lost
        self.doubled = doubled


@dataclass
class Tally:
    """What was checked and what was found; `second` of the states were cut twice."""

    states: int = 0
    second: int = 0
    asked: int = 0
    lost: int = 0
    doubled: int = 0
    findings: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.states += other.states
        self.second += other.second
        self.asked += other.asked
        self.lost += other.lost
        self.doubled += other.doubled
        self.findings += other.findings


class Examiner:
    """Boots the states of one moment and checks them; `checked` counts them."""

    def __init__(
        self, script: Script, moment: Moment, *, follow: bool = True, to_the_end: bool = False
    ) -> None:
        self._script, self._moment = script, moment
        self._follow = follow
        self._to_the_end = to_the_end
        self._disk = BoxDisk()
        #: A memory of which all that follows has been checked; truth is the same at one moment.
        self._known: set[tuple[bytes, bytes]] = set()
        self.tally = Tally()

    def found(self, files: Contents, moment: Moment | None = None) -> Station:
        """Return the place as it is found after the cut, power off."""
        at = moment or self._moment
        for file, content in zip(self._disk.files, files, strict=True):
            file.load(content)
        place = Station(self._disk, at.truth.copy(), self._script.habits)
        place.second = at.second
        return place

    def examine(self, files: Contents, moment: Moment | None = None) -> Station:
        """Boot a state, let people settle it, check it; raises AssertionError or a box's stop."""
        place = self.found(files, moment)
        before = (moment or self._moment).truth
        place.said = place.boot()
        self.tally.states += 1
        asked = place.facts.asked - before.asked
        if asked:
            self.tally.asked += asked
            _check_questions(before, files, asked)
        _check_sheets(place)
        if self._follow:
            self._check_what_follows(place)
        return place

    def _check_what_follows(self, place: Station) -> None:
        memory = place.disk.journal.read(), place.disk.slots.read()
        if memory in self._known:
            return
        self._known.add(memory)
        later = Station(place.disk.copy(), place.facts.copy(), self._script.habits)
        later.second = place.second
        asked = later.facts.asked
        outputs = [each for each in later.boot() if not _is_of_container(each)]
        _require(later.facts.asked == asked, "a person is asked again about what is settled")
        _require([type(each) for each in outputs] == [ReportMade], "the next boot repairs again")
        step, steps = self._moment.step, self._script.steps
        if step >= 0 and not steps[step].is_done(later):
            steps[step].do(later)
        if self._to_the_end:
            for each in steps[step + 1 :]:
                later.facts.in_box_before = len(later.facts.in_box)
                each.do(later)
        later.check()
        _check_answers_reported(later)

    def examine_again(self, files: Contents, grain: Grain) -> None:
        """Cut the boot of a state at each of its operations, and examine what that leaves."""
        place = self.found(files)
        for moment in witness(place, Station.boot):
            for state in states(moment, grain):
                self.examine(state, moment)
                self.tally.second += 1


def _is_of_container(output: Output) -> bool:
    """Tell whether it is what a box says at every boot of a container that is full, or nearly."""
    if not (isinstance(output, ReportMade) and output.kind is ReportKind.INCIDENT):
        return False
    incident = report_in(output.data).incident
    return incident is not None and incident.code in _OF_CONTAINERS


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise Wrong(problem)


def _check_questions(before: Truth, files: Contents, asked: int) -> None:
    """A person is asked about a released sheet, once, and never about one that was answered for."""
    _require(asked == 1, "a person is asked twice in one boot")
    there = before.in_transport is not None or len(before.in_box) > before.in_box_before
    _require(there, "a person is asked about no sheet")
    journals, slots = files[::2], files[1::2]
    answers = max(sum(map(journal.count, _ANSWERS)) for journal in journals)
    _require(answers <= before.told, "a person is asked about what was answered")
    marked, reserved = zip(*map(_marked_and_reserved, slots), strict=True)
    settled = max(marked) > before.in_box_before or not any(reserved)
    _require(not settled, "a person is asked about what the slots tell")


def _marked_and_reserved(slots: bytes) -> tuple[int, int]:
    """Return how many slots are counted, and how many reserved with all that the sheet says."""
    size = strict_rules().slots.size
    conditions = slots[::size]
    places = [place for place, condition in enumerate(conditions) if condition == _RESERVED]
    whole = [slots[place * size + 1 : (place + 1) * size] for place in places]
    return conditions.count(_COUNTED), sum(
        crc32(content[:-4]).to_bytes(4) == content[-4:] for content in whole
    )


def _check_sheets(place: Station) -> None:
    facts, device, disk = place.facts, place.device, place.disk
    counters, there = device.counters, len(facts.in_box)
    if not counters.accepted == counters.box == there:
        lost, doubled = max(0, there - counters.box), max(0, counters.box - there)
        raise Wrong(f"{there} sheets in the box, counters {counters}", lost, doubled)
    _require(counters.pending == 0, "a sheet is still under way")
    _require(counters.portable == facts.portable, "portable sheets are miscounted")
    _require(counters.ballots == sum(s.number == 0 for s in facts.in_box), "ballots miscounted")
    first = disk.journal.read(), disk.slots.read()
    second = disk.second_journal.read(), disk.second_slots.read()
    _require(first == second, "the copies differ after a boot")
    _require(slots_in(first[1]) == expected_slots(facts.in_box), "the slots hold other sheets")
    if facts.handed_out:
        newest = max(facts.handed_out)
        kept = newest < device.outgoing.count
        kept = kept and device.outgoing.report(newest) == facts.handed_out[newest]
        _require(kept, "a report that was handed out is not kept")


def _check_answers_reported(place: Station) -> None:
    """Whatever a person said has one report, though power failed between the two."""
    incidents = (report_in(data).incident for data in place.kept())
    told = sum(each is not None and each.code is IncidentCode.DROP_SETTLED for each in incidents)
    answers = sum(map(place.disk.journal.read().count, _ANSWERS))
    _require(told == answers, f"{answers} answers, but {told} reports of them")


def slots_in(content: bytes) -> list[bytes]:
    """Return the slots that are not empty, in the order of what they say."""
    size = strict_rules().slots.size
    empty = bytes(size)
    slots = [content[place : place + size] for place in range(0, len(content), size)]
    return sorted(slot for slot in slots if slot != empty)


def expected_slots(in_box: Iterable) -> list[bytes]:
    encode = strict_rules().slots.encode
    return sorted(bytes((_COUNTED,)) + encode(sheet)[1:] for sheet in in_box)


def examine_moment(script: Script, number: int, grain: Grain, again: Grain | None = None) -> Tally:
    """Check all states of one moment of a day; with `again`, cut some of their boots once more.

    What is wrong is told in the tally.
    """
    moment = moments_of(script)[number]
    examiner = Examiner(script, moment)
    for files in states(moment, grain):
        _examine_one(examiner, number, lambda files=files: examiner.examine(files))
    if again:
        for files in chain(states(moment, PLAIN), slots_torn_alike(moment)):
            _examine_one(examiner, number, lambda f=files: examiner.examine_again(f, again))
    return examiner.tally


def _examine_one(examiner: Examiner, number: int, examine: Callable[[], object]) -> None:
    tally = examiner.tally
    try:
        examine()
    except Wrong as wrong:
        tally.lost += wrong.lost
        tally.doubled += wrong.doubled
        tally.findings.append(f"moment {number}: {wrong}")
    except (AssertionError, MemoryFault, LawBroken) as stop:
        tally.findings.append(f"moment {number}: {type(stop).__name__}: {stop}")


def require_all(script: Script, numbers: Iterable[int], grain: Grain, follow_every: int = 1) -> int:
    """Check all states of these moments; raises at the first that is wrong.

    follow_every: for one of so many moments it is also checked how the day goes on.
    """
    checked = 0
    moments: Sequence[Moment] = moments_of(script)
    for number in numbers:
        examiner = Examiner(script, moments[number], follow=number % follow_every == 0)
        for files in states(moments[number], grain):
            examiner.examine(files)
        checked += examiner.tally.states
    return checked
