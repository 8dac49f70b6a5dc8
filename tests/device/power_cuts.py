"""Power cuts of a scripted day: what each can leave in the four files.

A *moment* is a box in the middle of an operation, with what its files have not synced. A *state* is
what four files hold after power failed there: of each file all unsynced writes are lost, or kept,
or of the last one some bytes are found. `examined_cuts.py` boots every state.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

from ballotbox_simulator.disk import KEPT, LOST, MemoryJournal, Outcome, Power, Torn
from tests.device.poll_day import Script, Station, Truth, go_through

#: Contents of the four files, in the order of BoxDisk.files.
Contents = tuple[bytes, ...]
#: Content of a file in operation, and its unsynced writes.
Written = tuple[bytes, tuple[tuple[int, bytes, bytes], ...]]


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
