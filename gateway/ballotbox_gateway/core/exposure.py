"""This log against the checkpoints of it that boxes hold.

A report's echo is the box's word alone, so what contradicts this log sets the report aside and no
more. The note behind the echo is this log's own word: one that its key signed, and that this log is
not, proves that the ledger is an older copy, was changed, or that the key signs elsewhere. Such a
note is kept. It makes no report accepted: that stays with the officers.
"""

from typing import Final

from ballotbox_gateway.core.books import Books, Case
from ballotbox_gateway.core.chain import EXPOSING
from ballotbox_gateway.core.ports import Tally
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.checkpoint import Checkpoint, CheckpointFault, verify_checkpoint
from ballotbox_protocol.wire.message import Message, MessageKind
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
        ledger = books.ledger
        self._is_convicted = bool(ledger.contradictions())
        self._is_suspected = any((Tally.LEAVES, each) in ledger.counts() for each in EXPOSING)
        self._wanted = Message(MessageKind.HELD_WANTED, origin_id(books.identity.origin))

    def ask(self, box: BoxId, now: int) -> list[tuple[BoxId, Message]]:
        """Return the question to a box whose echo contradicts this log.

        Nothing when the box was just asked, or when the proof is there already.
        """
        self._is_suspected = True
        last = self._asked.get(box)
        if self._is_convicted or (last is not None and now < last + _ASK_AGAIN):
            return []
        self._asked[box] = now
        return [(box, self._wanted)]

    def ask_anew(self) -> Message | None:
        """Return the question for whatever box has just proved that it is here.

        Nothing when no echo ever contradicted this log, or when the proof is there already.
        """
        return self._wanted if self._is_suspected and not self._is_convicted else None

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
