"""The states in which a power cut may leave a ledger's files, and what must hold of each.

A write that was not synced may be there, missing, torn at any 512 bytes, or there while an older
one is missing. Bytes that were synced are as they were written. A file is made or deleted for good
once its folder is synced; SQLite does that with the first sync of a file that it has made.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from ballotbox_gateway.problem import Problem
from tests.gateway.durable.audit import Findings, Told, missing, open_side, twice
from tests.gateway.durable.ledger_day import LEDGER, Day
from tests.gateway.durable.recorder import Do, Op
from tests.gateway.scripted import ORIGIN

SECTOR = 512
#: Of the writes that are not synced: how many are dropped alone, and how many draws of some.
_SINGLES, _DRAWS = 12, 6

Files = dict[str, bytes | None]


@dataclass
class CutTally:
    """What came of the states so far."""

    states: int = 0
    lost: int = 0
    doubled: int = 0
    findings: list[str] = field(default_factory=list)

    def add(self, other: "CutTally") -> None:
        """Take in what another tally has counted."""
        self.states += other.states
        self.lost += other.lost
        self.doubled += other.doubled
        self.findings += other.findings


@dataclass
class Disk:
    """What is durable, and what was done since, in order."""

    durable: Files = field(default_factory=lambda: {LEDGER: b""})
    pending: list[Op] = field(default_factory=list)

    def do(self, op: Op) -> None:
        """Follow one more operation."""
        if op.do is Do.SYNC:
            mine = self._of(op.file)
            # SQLite syncs the folder, too, when it syncs a file that it has made.
            if self.durable.get(op.file) is None or any(each.do is Do.DELETE for each in mine):
                self._sync_folder()
            self.durable = after(self.durable, self._of(op.file))
            self._forget(op.file)
        elif op.do is Do.FOLDER_SYNC or (op.do is Do.DELETE and op.offset):
            self.pending += [op] if op.do is Do.DELETE else []
            self._sync_folder()
        elif op.do is Do.FAILED_SYNC:
            # A system forgets which pages were to be written: what they held is lost.
            self._forget(op.file)
        else:
            self.pending.append(op)

    def _of(self, file: str) -> list[Op]:
        return [each for each in self.pending if each.file == file]

    def _forget(self, file: str) -> None:
        self.pending = [each for each in self.pending if each.file != file]

    def _sync_folder(self) -> None:
        """Make durable which files there are: deletions, and new files, still without content."""
        for file in {each.file for each in self.pending}:
            mine = self._of(file)
            gone = [at for at, each in enumerate(mine) if each.do is Do.DELETE]
            if gone:
                self._forget(file)
                self.durable = self.durable | {file: None}
                mine = mine[gone[-1] + 1 :]
                self.pending += mine
            if mine and self.durable.get(file) is None:
                self.durable = self.durable | {file: b""}

    def states(self, chance: random.Random) -> Iterator[Files]:
        """Yield every state that a cut may leave now: kept, lost, torn, reordered."""
        pending = self.pending
        yield after(self.durable, pending)
        yield self.durable
        if pending and pending[-1].do is Do.WRITE:
            for part in _torn(pending[-1]):
                yield after(self.durable, [*pending[:-1], part])
        for some in _reordered(pending, chance):
            yield after(self.durable, some)


def _torn(write: Op) -> Iterator[Op]:
    for at in range(SECTOR, len(write.data), SECTOR):
        yield Op(Do.WRITE, write.file, write.offset, write.data[:at])
        yield Op(Do.WRITE, write.file, write.offset + at, write.data[at:])


def _reordered(pending: Sequence[Op], chance: random.Random) -> Iterator[list[Op]]:
    count = len(pending)
    if count < 2:
        return
    for at in sorted(chance.sample(range(count - 1), min(_SINGLES, count - 1))):
        yield [*pending[:at], *pending[at + 1 :]]
        yield [pending[at]]
    yield [pending[-1]]
    for _ in range(min(_DRAWS, count)):
        yield [each for each in pending if chance.random() < 0.5]


def after(files: Files, ops: Sequence[Op]) -> Files:
    """Return the files after these operations, all of them done."""
    found: dict[str, bytearray | None] = {}
    for op in ops:
        if op.do is Do.DELETE:
            found[op.file] = None
            continue
        if op.file not in found:
            found[op.file] = bytearray(files.get(op.file) or b"")
        content = found[op.file]
        if content is None:
            content = found[op.file] = bytearray()
        _done(content, op)
    return files | {name: None if c is None else bytes(c) for name, c in found.items()}


def _done(content: bytearray, op: Op) -> None:
    if op.do is Do.TRUNCATE:
        del content[op.offset :]
        return
    if len(content) < op.offset:
        content.extend(bytes(op.offset - len(content)))
    content[op.offset : op.offset + len(op.data)] = op.data


def moments(day: Day, first: int = 0) -> Iterator[tuple[int, Disk]]:
    """Yield, from operation `first` on, how many operations were done and the disk then."""
    disk = Disk()
    for number, op in enumerate(day.record.ops, start=1):
        disk.do(op)
        if number > first:
            yield number, disk


def cut_everywhere(folder: Path, day: Day, seed: int, every: int = 1) -> CutTally:
    """Open what each cut of a day leaves; `every`: only one in so many of the distinct states.

    The ledger is made in the same way every day: that is cut on the first one alone.
    """
    tally, seen, chance = CutTally(), set(), random.Random(seed)
    for number, disk in moments(day, day.created if seed else 0):
        told = day.until(number)
        for files in disk.states(chance):
            known = hash(tuple(sorted(files.items())))
            if known in seen:
                continue
            seen.add(known)
            if len(seen) % every == 0:
                tally.states += 1
                findings = examined(folder, files, told, must_start=number > day.created)
                tally.lost += len(findings.lost)
                tally.doubled += len(findings.doubled)
                if findings:
                    tally.findings.append(f"seed {seed}, after operation {number}: {findings}")
    return tally


def put(folder: Path, files: Files) -> None:
    """Let the folder hold these files of a ledger and no others."""
    for path in folder.glob(f"{LEDGER}*"):
        path.unlink()
    for name, content in files.items():
        if content is not None:
            (folder / name).write_bytes(content)


def examined(folder: Path, files: Files, told: Told, *, must_start: bool) -> Findings:
    """Start a gateway on these files, with all its checks, and hold it against what was told.

    must_start: the ledger was made; before that nobody was told anything, and `init` makes it anew.
    """
    findings = Findings()
    put(folder, files)
    try:
        opened = open_side(folder, ORIGIN)
    except Problem as problem:
        if must_start:
            findings.lost.append(f"does not start: {problem}")
        return findings
    with closing(opened.ledger):
        findings.other += [f"mended: {line}" for line in opened.told]
        findings.lost += missing(told, opened)
        findings.doubled += twice(opened.ledger.leaves(0))
    return findings
