"""Rot: single bits that flip in one of the four files, at rest or while the box runs.

No bit stands in bytes that nobody reads: every byte of a journal is in a unit with a check sum or
in a torn tail, which is cut off and reported; and every byte of the slots, the empty ones too, is
compared with the other copy. So every flip must be reported, and mended from the other copy.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache

from ballotbox_device.core.events import Requested, TurnoutDue
from ballotbox_device.core.outputs import Output, ReportMade
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.recovery import Repair
from ballotbox_device.core.reporting import LawBroken
from ballotbox_device.core.transport import SheetState
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.wire.report import IncidentCode
from ballotbox_simulator.disk import LOST, Torn
from tests.device.examined_cuts import Examiner
from tests.device.poll_day import DAY, Act, Station
from tests.device.polling_place import report_in
from tests.device.power_cuts import Contents, Moment, after, moments_of

FILES = ("first journal", "first slots", "second journal", "second slots")
#: Where the poll and the sheet are when the memory is left alone.
AT_REST = (
    (PollState.OPEN, SheetState.NONE),
    (PollState.OPEN, SheetState.TAKEN),
    (PollState.OPEN, SheetState.RELEASED),
    (PollState.OPEN, SheetState.IN_DOUBT),
    (PollState.FINAL, SheetState.NONE),
)
#: Which sheet of the day is taken: the first ones say nothing of a memory with sheets in it.
_SHEETS_BEFORE = 2


@dataclass(frozen=True)
class Image:
    """A memory without power; `settled`: its copies are alike, nothing was being written."""

    name: str
    moment: Moment
    files: Contents
    settled: bool = True

    @property
    def bits(self) -> int:
        return 8 * sum(map(len, self.files))

    def flipped(self, bit: int) -> Contents:
        """Return the memory with one bit of one file flipped."""
        place, bit = self.place_of(bit)
        rotten = bytearray(self.files[place])
        rotten[bit // 8] ^= 1 << bit % 8
        return (*self.files[:place], bytes(rotten), *self.files[place + 1 :])

    def place_of(self, bit: int) -> tuple[int, int]:
        """Return the file that a bit of the image stands in, and which of the file it is."""
        for place, content in enumerate(self.files):
            if bit < 8 * len(content):
                return place, bit
            bit -= 8 * len(content)
        raise IndexError(bit)


@cache
def images() -> tuple[Image, ...]:
    """Return memories at rest, in every place a sheet can be, and some that a cut left unlike."""
    wanted = dict.fromkeys(AT_REST)
    for moment in moments_of(DAY):
        files = tuple(after(file, LOST) for file in moment.files)
        if files[:2] != files[2:]:
            continue
        where = _where(files)
        if where in wanted and wanted[where] is None and _is_told(where, moment):
            name = f"{where[0].name} with sheet {where[1].name}"
            wanted[where] = Image(name, moment, files)
    at_rest = [image for image in wanted.values() if image is not None]
    return (*at_rest, *_left_unlike())


def _is_told(where: tuple[PollState, SheetState], moment: Moment) -> bool:
    return where[0] is not PollState.OPEN or len(moment.truth.in_box) > _SHEETS_BEFORE


def _where(files: Contents) -> tuple[PollState, SheetState]:
    place = Examiner(DAY, moments_of(DAY)[0]).found(files)
    device = place.new_device()
    return device.state, device.sheet


def _left_unlike() -> Iterator[Image]:
    """Yield memories whose second journal has not what the first has, or half of it."""
    for what, is_that in (("a record", _is_record), ("a report", _is_report)):
        moment = next(each for each in moments_of(DAY) if is_that(_only_in_second_journal(each)))
        half = len(_only_in_second_journal(moment)) // 2
        for how, outcome in (("lost", LOST), ("torn", Torn(half))):
            files = tuple(after(file, outcome) for file in moment.files)
            yield Image(f"{what} {how} in the second journal", moment, files, settled=False)


def _only_in_second_journal(moment: Moment) -> bytes:
    """Return what waits for the sync of the second journal and of no other file."""
    unsynced = [writes for _, writes in moment.files]
    alone = list(map(bool, unsynced)) == [False, False, True, False]
    late = len(moment.truth.in_box) > _SHEETS_BEFORE
    return unsynced[2][-1][2] if alone and late else b""


def _is_record(unit: bytes) -> bool:
    return 0 < len(unit) < 20


def _is_report(unit: bytes) -> bool:
    return len(unit) > 100


@dataclass
class RotTally:
    """Flips that were tried; those that nobody reported, and those that were not mended."""

    bits: int = 0
    undetected: int = 0
    unrepaired: int = 0
    findings: list[str] = field(default_factory=list)

    def note(self, where: str, *, told: bool, mended: bool) -> None:
        """Count one flip: whether it was reported, and whether it was mended."""
        self.bits += 1
        self.undetected += not told
        self.unrepaired += not mended
        if not told:
            self.findings.append(f"{where}: not reported")
        if not mended:
            self.findings.append(f"{where}: not mended")

    def add(self, other: "RotTally") -> None:
        self.bits += other.bits
        self.undetected += other.undetected
        self.unrepaired += other.unrepaired
        self.findings += other.findings


class Rot:
    """Flips bits of one image, boots each and looks what the box makes of it."""

    def __init__(self, number: int) -> None:
        self.image = images()[number]
        self._examiner = Examiner(DAY, self.image.moment)
        self._sound = self._examiner.examine(self.image.files)
        assert not self.image.settled or not tells_rot(self._sound.said)
        self._slots = self._sound.disk.slots.read()
        self.bits = self.image.bits
        self.tally = RotTally()

    def try_bit(self, bit: int) -> None:
        """Flip a bit, boot, and note what is wrong."""
        place, at = self.image.place_of(bit)
        where = f"{self.image.name}, {FILES[place]}, bit {at}"
        try:
            found = self._examiner.examine(self.image.flipped(bit))
        except (AssertionError, MemoryFault, LawBroken) as stop:
            # A box that stops has noticed.
            told = not isinstance(stop, AssertionError)
            self.tally.note(f"{where}: {type(stop).__name__}: {stop}", told=told, mended=False)
        else:
            told, mended = tells_rot(found.said), self._is_mended(found)
            self.tally.note(where, told=told, mended=mended)

    def _is_mended(self, found: Station) -> bool:
        """That the copies are alike, and count what is, has been examined before."""
        if not self.image.settled:
            return True
        journal, slots = found.disk.journal.read(), found.disk.slots.read()
        return journal.startswith(self.image.files[0]) and slots == self._slots


class RotOfReports:
    """Flips bits of reports under a running box that is asked to send them."""

    def __init__(self) -> None:
        (self.image,) = (each for each in images() if each.name.startswith("FINAL"))
        self._place = Examiner(DAY, self.image.moment).examine(self.image.files)
        self.tally = RotTally()
        outgoing = self._place.device.outgoing
        self._reports = [outgoing.report(sequence) for sequence in range(outgoing.count)]
        self.bits = 2 * 8 * sum(map(len, self._reports))

    def try_bit(self, bit: int) -> None:
        """Flip a bit, read the report, let something happen, and note what is wrong."""
        disk = self._place.disk
        copy, bit = (disk.journal, disk.second_journal)[bit % 2], bit // 2
        sequence = 0
        while bit >= 8 * len(self._reports[sequence]):
            bit -= 8 * len(self._reports[sequence])
            sequence += 1
        sound, data = disk.journal.read(), self._reports[sequence]
        offset = sound.index(data) + bit // 8
        copy.rot(offset, 1 << bit % 8)
        sent = self._place.device.outgoing.report(sequence)
        mended = disk.journal.read() == disk.second_journal.read() == sound
        told = tells_rot(self._place.on(TurnoutDue()))
        self.tally.note(f"report {sequence}, bit {bit}", told=told, mended=mended and sent == data)
        self._renew()

    def _renew(self) -> None:
        """Boot anew now and then: the reports of the rot itself make the journal long."""
        if len(self._place.disk.journal.read()) > 2 * len(self.image.files[0]):
            self._place = Examiner(DAY, self.image.moment).examine(self.image.files)


class RotOfVotes:
    """Flips bits of the slots under a running box that then makes its final."""

    def __init__(self) -> None:
        step = DAY.steps.index(Act(Action.FINISH, PollState.FINAL))
        self._moment = next(each for each in moments_of(DAY) if each.step == step)
        self._files = tuple(after(file, LOST) for file in self._moment.files)
        self._examiner = Examiner(DAY, self._moment)
        self.bits = 2 * 8 * len(self._files[1])
        self.tally = RotTally()

    def try_bit(self, bit: int) -> None:
        """Boot, flip a bit, make the final, and note what is wrong."""
        place = self._examiner.found(self._files)
        place.boot()
        disk = place.disk
        sound = disk.slots.read()
        (disk.slots, disk.second_slots)[bit % 2].rot(bit // 16, 1 << bit // 2 % 8)
        try:
            told = tells_rot(place.on(Requested(Action.FINISH)))
            place.check()
        except (AssertionError, MemoryFault, LawBroken) as stop:
            self.tally.note(f"{stop}, slots, bit {bit}", told=False, mended=False)
            return
        mended = disk.slots.read() == disk.second_slots.read() == sound
        self.tally.note(f"slots, bit {bit}", told=told, mended=mended)


def tells_rot(outputs: list[Output]) -> bool:
    """Tell whether a report among the outputs says that a copy was mended or a tail cut off."""
    return any(_tells_rot(output.data) for output in outputs if isinstance(output, ReportMade))


_ROTTEN = (Repair.SECOND_COPY, Repair.CUT_TAIL)


@lru_cache(256)
def _tells_rot(data: bytes) -> bool:
    incident = report_in(data).incident
    repaired = incident is not None and incident.code is IncidentCode.MEMORY_REPAIRED
    return repaired and incident.detail in _ROTTEN
