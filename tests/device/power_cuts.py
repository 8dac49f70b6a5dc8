"""Power cuts of a scripted day: what each can leave in the four files, and a check of every state.

A *moment* is a box in the middle of an operation, with what its files have not synced. A *state* is
what four files hold after power failed there: of each file all unsynced writes are lost, or kept,
or of the last one some bytes are found. Every state is booted by the real firmware and compared
with where the sheets physically are.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, combinations, product
from zlib import crc32

from ballotbox_device.core import units
from ballotbox_device.core.outputs import Output, ReportMade
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import answer_record
from ballotbox_device.core.reporting import LawBroken
from ballotbox_protocol.wire.report import IncidentCode, ReportKind
from ballotbox_simulator.disk import (
    KEPT,
    LOST,
    BoxDisk,
    MemoryJournal,
    Outcome,
    Power,
    Torn,
)
from tests.device.poll_day import Script, Station, Truth, go_through, strict_rules
from tests.device.polling_place import report_in

#: Contents of the four files, in the order of BoxDisk.files.
Contents = tuple[bytes, ...]
#: Content of a file in operation, and its unsynced writes.
Written = tuple[bytes, tuple[tuple[int, bytes, bytes], ...]]

_RESERVED, _COUNTED = 0x0F, 0xFF
_OF_CONTAINERS = {IncidentCode.CONTAINER_FULL, IncidentCode.CONTAINER_NEARLY_FULL}
_ANSWERS = tuple(units.frame(answer_record(dropped=told).to_bytes()) for told in (False, True))


@dataclass(frozen=True)
class Moment:
    """A box in the middle of an operation; `step` is the one of the script, -1 at boot."""

    files: tuple[Written, ...]
    truth: Truth
    second: int
    step: int


class Witness(Power):
    """Power that never fails and looks at every operation."""

    __slots__ = ("_look",)

    def __init__(self, look: Callable[[], None]) -> None:
        super().__init__()
        self.sound = False
        self._look = look

    def spend(self, operation: str) -> None:
        self._look()
        self.operations += 1


def witness(place: Station, work: Callable[[Station], object], step=lambda: -1) -> list[Moment]:
    """Do the work and return the moment of each operation."""
    moments: list[Moment] = []

    def look() -> None:
        files = tuple((bytes(f._content), tuple(f._unsynced)) for f in place.disk.files)
        moments.append(Moment(files, place.facts.copy(), place.second, step()))

    power = Witness(look)
    for file in place.disk.files:
        file.power = power
    work(place)
    place.disk.power_on()
    return moments


@cache
def moments_of(script: Script) -> tuple[Moment, ...]:
    """Return the moments of a whole day."""
    place = Station(habits=script.habits)
    now = [-1]

    def steps() -> Iterator[object]:
        for number, each in enumerate(script.steps):
            now[0] = number
            yield each

    return tuple(witness(place, lambda p: go_through(p, steps()), lambda: now[0]))


@dataclass(frozen=True)
class Grain:
    """How finely writes are torn, from either end.

    fine: writes of at most so many bytes are torn at every byte. every: longer ones at every so
    many, at both ends and in the middle; 0 for no torn writes at all. bits: of the first byte that
    is not found whole, the bits that are. pairs: also two files torn at once; of a long write then
    only every so many of its tears.
    """

    fine: int = 0
    every: int = 1
    bits: tuple[int, ...] = (0,)
    pairs: int = 0


_ALL_BITS = (0, 0x01, 0x0F, 0x10, 0xF0, 0xA5)
#: Writes that are short enough for both to be torn in every way at once.
_SHORT = 16
#: Every byte from either end, one file or two at once.
EVERYTHING = Grain(bits=_ALL_BITS, pairs=43)
#: Both ends and the middle.
FIRST = Grain(every=1_000_000)
#: A second cut, in the boot after the first: short writes at every byte.
SECOND = Grain(fine=_SHORT, every=1_000_000)
#: Lost or kept, in every combination.
PLAIN = Grain(every=0)


def fates(file: Written, grain: Grain) -> tuple[list[bytes], list[bytes], bool]:
    """Return the contents of a file with its writes lost or kept, and torn, and if it is short."""
    whole = dict.fromkeys(after(file, each) for each in (LOST, KEPT))
    _, unsynced = file
    size = len(unsynced[-1][2]) if unsynced else 0
    torn = dict.fromkeys(after(file, each) for each in _tears(size, grain))
    return list(whole), [each for each in torn if each not in whole], size <= _SHORT


def _tears(size: int, grain: Grain) -> Iterator[Torn]:
    places = range(size)
    if not grain.every:
        return
    if size > grain.fine:
        places = sorted({*places[:: grain.every], size // 2, *places[-1:]})
    for kept in places:
        # Which bits of a byte survive matters in a slot's state, its first byte; elsewhere the
        # check sum sees any of them.
        for mask in grain.bits if kept == 0 else (0,):
            yield Torn(kept, mask)
        yield Torn(kept, from_end=True)


def after(file: Written, outcome: Outcome) -> bytes:
    """Return what a file holds after a power cut with this outcome."""
    content, unsynced = file
    scratch = MemoryJournal(Power())
    scratch.load(content)
    scratch._unsynced = list(unsynced)
    scratch.fail(outcome)
    return scratch.read()


def states(moment: Moment, grain: Grain) -> Iterator[Contents]:
    """Yield what the files can hold after a cut at a moment; no state twice."""
    each = [fates(file, grain) for file in moment.files]
    whole = [fate[0] for fate in each]
    yield from product(*whole)
    for place, (_, torn, _) in enumerate(each):
        yield from product(*whole[:place], torn, *whole[place + 1 :])
    if grain.pairs:
        for pair in combinations(range(len(each)), 2):
            yield from product(*_both_torn(each, whole, pair, grain.pairs))


def _both_torn(each, whole, pair, stride) -> list[list[bytes]]:
    choice = list(whole)
    for place in pair:
        _, torn, short = each[place]
        choice[place] = torn if short else torn[::stride]
    return choice


#: In the middle of a slot, and in the middle of its state.
TORN_SLOTS = (Torn(4), Torn(0, 0x10))


def slots_torn_alike(moment: Moment) -> Iterator[Contents]:
    """Yield states in which neither copy of a slot was finished: what needs most repair."""
    first, slots, second, others = moment.files
    if slots[1] and others[1]:
        for torn in TORN_SLOTS:
            one, other = ([after(file, torn)] for file in (slots, others))
            yield from product(fates(first, PLAIN)[0], one, fates(second, PLAIN)[0], other)


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
