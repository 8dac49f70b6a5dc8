"""The journal of a box: replayed at boot, appended to ever after.

Invariant: the history in memory is never ahead of the medium. A record enters it after the sync.
"""

from collections.abc import Sequence
from typing import Final

from ballotbox_device.core.history import PASSAGE, History
from ballotbox_device.core.journal_copies import JournalCopies
from ballotbox_device.core.ports import Memory, MemoryFault
from ballotbox_device.core.records import (
    DROPPED,
    FED,
    RECORD_HEAD_SIZE,
    RELEASE,
    RETURNED,
    VOID,
    Genesis,
    Record,
    RecordType,
    split,
)
from ballotbox_device.core.units import (
    UNIT_HEAD_SIZE,
    UNIT_OVERHEAD,
    end_of,
    frame,
    require_torn,
    unit_at,
)

#: The records of every ballot: framed once, and known when they are read.
_OF_BALLOTS: Final = (FED, RETURNED, RELEASE, DROPPED, VOID)
_ALONE: Final = {each.type: frame(each.to_bytes()) for each in _OF_BALLOTS}
_KNOWN: Final[dict[bytes, Sequence[Record]]] = {each.to_bytes(): (each,) for each in _OF_BALLOTS}
#: A journal begins with a GENESIS alone: when nothing of it can be read, no more may be torn.
_FIRST_MAX: Final = UNIT_OVERHEAD + RECORD_HEAD_SIZE + Genesis.LAYOUT.size
_PASSAGE: Final = b"".join(_ALONE[kind] for kind in PASSAGE)


def _passages(journal: bytes, offset: int) -> int:
    """Return how many sheets in a row went straight into the box from `offset` on."""
    size, found = len(_PASSAGE), 0
    while journal.startswith(_PASSAGE, offset):
        offset += size
        found += 1
    return found


class RecordBook:
    """The journal with its fold. Raises MemoryFault when the journal cannot be believed."""

    __slots__ = ("_end", "_pending", "_pending_size", "_port", "history", "torn")

    def __init__(self, memory: Memory) -> None:
        self._port = port = JournalCopies(memory)
        self._pending: tuple[Record, ...] = ()
        self._pending_size = 0
        self.history = History()
        content = port.read()
        self._end = self._replay(content)
        self.torn = len(content) - self._end
        if not self._end and self.torn > _FIRST_MAX:
            raise MemoryFault("the journal is damaged at byte 0: this is more than its first unit")

    def _replay(self, content: bytes) -> int:
        """Take in the good units from the start and return where they end; the rest is torn."""
        end = 0
        while True:
            passages = _passages(content, end)
            if passages:
                self.history.apply_passages(passages)
                end += passages * len(_PASSAGE)
            unit = unit_at(content, end)
            if unit is None:
                break
            self._apply(_KNOWN.get(unit.records) or split(unit.records), unit.offset)
            end = end_of(unit)
        require_torn(content, end)
        return end

    @property
    def mended(self) -> int:
        """How often a copy of the journal was found damaged and was mended."""
        return self._port.mended

    def mend(self) -> None:
        """Remove what an interrupted append left, and make all copies alike; durable on return."""
        self._port.mend(self._end)
        self.torn = 0

    def append(self, *records: Record) -> None:
        """Write the records as one unit; they have happened only when `settle` returns."""
        if self._pending or self.torn:
            raise MemoryFault("a unit is not settled yet: this is a fault of the program")
        if self.history.cleared and records[0].type is not RecordType.GENESIS:
            raise MemoryFault("the election was cleared: nothing can happen in it any more")
        unit = _ALONE.get(records[0].type) if len(records) == 1 else None
        if unit is None:
            unit = frame(b"".join([record.to_bytes() for record in records]))
        # Noted before it is tried: nothing may follow a unit of which only a part was written.
        self._pending, self._pending_size = records, len(unit)
        self._port.append(unit)

    def settle(self) -> None:
        """Make the appended unit durable and take it into the history."""
        self._port.sync()
        # Commit point: from here on the records have happened, whatever fails later.
        records, self._pending = self._pending, ()
        self._apply(records, self._end + UNIT_HEAD_SIZE)
        self._end += self._pending_size

    def commit(self, *records: Record) -> None:
        """Append and settle."""
        self.append(*records)
        self.settle()

    def _apply(self, records: Sequence[Record], offset: int) -> None:
        for record in records:
            offset += RECORD_HEAD_SIZE
            try:
                self.history.apply(record, offset)
            except ValueError as error:
                raise MemoryFault(f"the journal is wrong at byte {offset}: {error}") from error
            offset += len(record.body)

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes that the journal holds."""
        return self._port.read_at(offset, size)
