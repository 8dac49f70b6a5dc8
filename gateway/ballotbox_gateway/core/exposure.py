"""This log against the checkpoints of it that boxes hold.

A report's echo is the box's word alone, so what contradicts this log sets the report aside and no
more. The note behind the echo is this log's own word: one that its key signed, and that this log is
not, proves that the ledger is an older copy, was changed, or that the key signs elsewhere. Such a
note is kept. It makes no report accepted: that stays with the officers.
"""

from collections.abc import Iterable
from typing import Final

from ballotbox_gateway.core.books import Books, Case
from ballotbox_gateway.core.chain import EXPOSING
from ballotbox_gateway.core.ports import Tally
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.checkpoint import Checkpoint, CheckpointFault, verify_checkpoint
from ballotbox_protocol.wire.message import HeldWanted, Message
from ballotbox_protocol.wire.verdict import Reason

#: Notes kept; one is proof, and who holds the key could sign any number.
CONTRADICTIONS_MAX: Final = 16
#: A box is asked for its checkpoint at most this often, in seconds.
_ASK_AGAIN: Final = 10


class Exposure:
    """Asks boxes whose echo contradicts this log, and judges what they hand over."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._asked: dict[BoxId, int] = {}
        #: The size of the last echo of each box against this log, 0 when it never sent one.
        self._echoes: dict[BoxId, int] = {}
        ledger = books.ledger
        self._is_convicted = bool(ledger.contradictions())
        self._is_suspected = any((Tally.LEAVES, each) in ledger.counts() for each in EXPOSING)
        self._origin = origin_id(books.identity.origin)

    def ask(self, box: BoxId, size: int, now: int) -> list[tuple[BoxId, Message]]:
        """Return the question to a box whose echo of `size` leaves contradicts this log.

        Nothing when the box was just asked, or when the proof is there already.
        """
        self._is_suspected = True
        self._echoes[box] = size
        last = self._asked.get(box)
        if self._is_convicted or (last is not None and now < last + _ASK_AGAIN):
            return []
        self._asked[box] = now
        return [(box, self._question(size))]

    def remind(self, boxes: Iterable[BoxId], now: int) -> list[tuple[BoxId, Message]]:
        """Return the questions to those of the boxes whose echo is not proved yet."""
        if self._is_convicted or not self._echoes:
            return []
        open_echoes = [(box, size) for box in boxes if (size := self._echoes.get(box))]
        return [question for box, size in open_echoes for question in self.ask(box, size, now)]

    def ask_anew(self, box: BoxId) -> Message | None:
        """Return the question for a box that has just proved that it is here.

        Without an echo of its own it is asked for the newest checkpoint that it holds. Nothing when
        no echo ever contradicted this log, or when the proof is there already.
        """
        if self._is_convicted or not self._is_suspected:
            return None
        if box not in self._echoes:
            self._echoes[box] = self._stored_echo(box)
        return self._question(self._echoes[box])

    def _stored_echo(self, box: BoxId) -> int:
        """Return the size of the box's last echo against this log, as its reports tell it."""
        rows = self._books.ledger.reports_of(box, 0, None)
        exposing = [row for row in rows if row.own_reason in EXPOSING]
        if not exposing:
            return 0
        held = self._books.roster.reopen(exposing[-1].id, exposing[-1].data).report.held
        return held.size if held is not None else 0

    def _question(self, size: int) -> Message:
        return HeldWanted(self._origin, size).message()

    def confront(self, note: bytes, now: int) -> Checkpoint | None:
        """Judge a note that a box holds; return its checkpoint if it convicts this log anew."""
        identity = self._books.identity
        told = verify_checkpoint(note, identity.origin, identity.key.public)
        if isinstance(told, CheckpointFault):
            self._books.turned_away(Reason.SIGNATURE, 1)
            return None
        convicting = self._books.settle(lambda case: self._convict(case, told, note), now).result
        if convicting is not None:
            self._is_convicted = True
        return convicting

    def _convict(self, case: Case, told: Checkpoint, note: bytes) -> Checkpoint | None:
        known = self._books.ledger.contradictions()
        holds = self._books.log.root_at(told.size) == told.root
        if holds or note in known or len(known) >= CONTRADICTIONS_MAX:
            return None
        case.draft.contradictions.append(note)
        return told
