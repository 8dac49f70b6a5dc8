"""Carrying a log by hand: packing a stick, taking it in above, taking its receipts back below.

A stick is a folder of files (`stick`) behind two functions, so that any medium can be one. Above,
what it brings is admitted as from any other road; whatever stands there already is not taken twice.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol, assert_never

from ballotbox_gateway.core.stick import (
    FILES_MAX,
    MANIFEST_NAME,
    STANDING_NAME,
    Manifest,
    Returned,
    Stretch,
    leaves_name,
    listed,
    standing_from_bytes,
    standing_to_bytes,
)
from ballotbox_gateway.core.upward import (
    ENTRIES_MAX,
    UpwardBatch,
    UpwardConflict,
    UpwardFault,
    UpwardReply,
)
from ballotbox_protocol.election.identifiers import InvalidField

#: The content of a file by its name, None when it is not there.
Read = Callable[[str], bytes | None]
Admit = Callable[[UpwardBatch], UpwardReply | UpwardConflict | UpwardFault]

#: How often what is left of a stretch is asked for while another road moves the log on.
_TRIES: Final = 4
_EXPORT_AGAIN: Final = "export again onto this stick: nothing is lost"


class Sender(Protocol):
    """The gateway whose log is carried."""

    def backlog(self, upper: str) -> range:
        """Return the leaves that `upper` has not receipted."""
        ...

    def stretch(self, first: int, stop: int) -> Stretch:
        """Return leaves with what verifies them; moves nothing."""
        ...


class Taker(Protocol):
    """The gateway whose log was carried, when the stick is back."""

    def backlog(self, upper: str) -> range:
        """Return the leaves that `upper` has not receipted."""
        ...

    def take_back(self, upper: str, first: int, reply: UpwardReply) -> UpwardFault | None:
        """Store receipts of the leaves from `first` on; None also when all are stored already."""
        ...

    def conflict(self, conflict: UpwardConflict, upper: str) -> UpwardFault | None:
        """Go on where the upper gateway says it stands, unless this log is not as long."""
        ...


def pack(sender: Sender, origin: str, upper: str, election: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file of what waits for `upper`, the manifest last.

    Nothing when nothing waits. The cursor stays where it is: only receipts move it.
    """
    waiting = sender.backlog(upper)
    # What one stick cannot hold is for the next, when the receipts of these are back.
    waiting = waiting[: FILES_MAX * ENTRIES_MAX]
    files = []
    for first in waiting[::ENTRIES_MAX]:
        stop = min(first + ENTRIES_MAX, waiting.stop)
        name, data = leaves_name(first, stop), sender.stretch(first, stop).to_bytes()
        files.append(listed(name, data))
        yield name, data
    if files:
        manifest = Manifest(origin, upper, election, waiting.start, waiting.stop, tuple(files))
        yield MANIFEST_NAME, manifest.to_bytes()


def misdirected(manifest: Manifest, origin: str, election: str) -> UpwardFault | None:
    """Return why the gateway of `origin` has nothing to do with a stick, None when it has.

    election: digest of the gateway's definition, in hexadecimal digits.
    """
    if origin not in (manifest.origin, manifest.upper):
        problem = f"goes from {manifest.origin} to {manifest.upper}"
        fix = f"Carry it there: this is {origin}, and it has taken nothing from it"
        return UpwardFault("manifest", problem, fix)
    if manifest.election != election:
        fix = "Name the election meant with --election, or look for the right stick"
        return UpwardFault("manifest", "belongs to another election", fix)
    return None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one stretch: its receipts, or why it has none.

    expected: the leaf at which the upper gateway stands, where the stretch does not lead on.
    """

    first: int
    stop: int
    returned: Returned | None = None
    fault: UpwardFault | None = None
    expected: int | None = None

    @property
    def files(self) -> Iterator[tuple[str, bytes]]:
        """What goes back on the stick."""
        if self.returned is not None:
            yield self.returned.name, self.returned.to_bytes()
        if self.expected is not None:
            yield STANDING_NAME, standing_to_bytes(self.expected)


def take_in(manifest: Manifest, read: Read, key: bytes, admit: Admit) -> Iterator[Taken]:
    """Admit the stretches of a stick in order, up to the first one that cannot be.

    key: public key of the log. Each outcome is durable above before it is yielded.
    """
    for each in manifest.files:
        data = read(each.name)
        fault = each.fault(data)
        if fault is None and data is not None:
            try:
                stretch = Stretch.from_bytes(data)
            except InvalidField as error:
                fault = UpwardFault(f"{each.name}: {error.field}", error.problem, _EXPORT_AGAIN)
            else:
                fault = _not_of(manifest, stretch) or stretch.fault(key)
        if fault is not None:
            yield Taken(manifest.first, manifest.stop, fault=fault)
            return
        taken = _deliver(stretch.batch, admit)
        yield taken
        if taken.fault is not None:
            return


def _not_of(manifest: Manifest, stretch: Stretch) -> UpwardFault | None:
    if stretch.batch.origin == manifest.origin:
        return None
    return UpwardFault("origin", "is not the log that the manifest names", _EXPORT_AGAIN)


def _deliver(batch: UpwardBatch, admit: Admit) -> Taken:
    """Admit what of a stretch is new; its receipts are those of the whole stretch."""
    answer = admit(batch)
    for _ in range(_TRIES):
        if not isinstance(answer, UpwardConflict):
            break
        if not batch.first < answer.expected < batch.stop:
            return _beside(batch, answer.expected)
        rest = admit(batch.after(answer.expected))
        answer = admit(batch) if isinstance(rest, UpwardReply) else rest
    match answer:
        case UpwardReply():
            return Taken(batch.first, batch.stop, Returned(batch.origin, batch.first, answer))
        case UpwardFault():
            return Taken(batch.first, batch.stop, fault=answer)
        case UpwardConflict():
            fix = "import the stick again"
            fault = UpwardFault("first", "another road moves the log on meanwhile", fix, retry=True)
            return Taken(batch.first, batch.stop, fault=fault)
        case _:
            assert_never(answer)


def _beside(batch: UpwardBatch, expected: int) -> Taken:
    if expected >= batch.stop:
        return Taken(batch.first, batch.stop, expected=expected)
    problem = f"begins at leaf {batch.first}, but this gateway has only {expected}"
    fix = "carry the stick back, import it below and export again: the missing leaves come then"
    fault = UpwardFault("first", problem, fix)
    return Taken(batch.first, batch.stop, fault=fault, expected=expected)


def take_back(
    manifest: Manifest, names: Iterable[str], read: Read, taker: Taker
) -> Iterator[UpwardFault]:
    """Store the receipts that came back, in order; yield what is wrong with a file.

    names: of all files on the stick. Receipts that are stored already change nothing.
    """
    for name in sorted(each for each in names if each.startswith("receipts-")):
        fault = _store(manifest, name, read(name) or b"", taker)
        if fault is not None:
            yield fault
    standing = read(STANDING_NAME)
    if standing is not None:
        fault = _stand(manifest, standing, taker)
        if fault is not None:
            yield fault


def _store(manifest: Manifest, name: str, data: bytes, taker: Taker) -> UpwardFault | None:
    fix = "import the stick above once more, and bring it back"
    try:
        returned = Returned.from_bytes(data)
    except InvalidField as error:
        return UpwardFault(f"{name}: {error.field}", error.problem, fix)
    if returned.lower != manifest.origin:
        return UpwardFault(name, "has receipts for another log", fix)
    fault = taker.take_back(manifest.upper, returned.first, returned.reply)
    if fault is None:
        return None
    return UpwardFault(f"{name}: {fault.field}", fault.problem, fault.fix)


def _stand(manifest: Manifest, data: bytes, taker: Taker) -> UpwardFault | None:
    """Go back to what the upper gateway lacks, if nothing has moved since the stick was packed."""
    try:
        expected = standing_from_bytes(data)
    except InvalidField as error:
        return UpwardFault(error.field, error.problem, _EXPORT_AGAIN)
    waiting = taker.backlog(manifest.upper)
    has_forgotten = expected < manifest.first == waiting.start
    if has_forgotten or expected > waiting.stop:
        return taker.conflict(UpwardConflict(expected), manifest.upper)
    return None
