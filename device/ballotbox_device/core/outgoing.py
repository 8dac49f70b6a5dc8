"""The reports a box keeps and what logs have answered for them: the side that couriers see."""

from zlib import crc32

from ballotbox_device.core.delivery import REFUSED
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import (
    SIGNED_HELD_SIZE,
    Receipted,
    SendAgain,
    held_record,
    read_held,
)
from ballotbox_device.core.reporting import Clerk
from ballotbox_protocol.election.identifiers import (
    BoxId,
    ElectionDigest,
    OriginId,
    PollState,
    ReportId,
)
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.checkpoint import (
    Checkpoint,
    CheckpointFault,
    note_with,
    own_signature,
    parse_note,
)
from ballotbox_protocol.wire.message import HeldWanted
from ballotbox_protocol.wire.report import HeldCheckpoint
from ballotbox_protocol.wire.statements import Hello, sign_statement
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Verdict


class Outgoing:
    """Kept reports by sequence number. Answers are journalled before they have an effect."""

    __slots__ = ("_book", "_clerk", "box", "trusted")

    def __init__(self, trusted: Trusted, box: BoxId, book: RecordBook, clerk: Clerk) -> None:
        self.trusted = trusted
        self.box = box
        self._book = book
        self._clerk = clerk

    @property
    def election(self) -> ElectionDigest:
        """The election that all kept reports belong to."""
        return self.trusted.digest

    @property
    def state(self) -> PollState:
        """The state of the poll: some boxes send nothing before its close."""
        return self._book.history.state

    @property
    def count(self) -> int:
        """The number of reports kept, which is the next sequence number."""
        return len(self._book.history.reports)

    def report(self, sequence: int) -> bytes:
        """Return the stored bytes of a report; raises MemoryFault when they have changed."""
        kept = self._book.history.reports[sequence]
        data = self._book.read(kept.offset, kept.size)
        if crc32(data) != kept.check:
            raise MemoryFault(
                f"report {sequence} is damaged in the journal: its bytes have changed"
            )
        return data

    def sequence_of(self, report: ReportId) -> int | None:
        """Return the sequence number of the kept report with this id, or None."""
        for sequence, kept in enumerate(self._book.history.reports):
            if kept.id == report:
                return sequence
        return None

    def waiting(self, origin: OriginId | None, limit: int) -> list[int]:
        """Return the first `limit` reports that wait for an answer from this log, or any log."""
        return self._book.history.delivery.open_sequences(self.count, origin, limit)

    def answer_of(self, origin: OriginId, sequence: int) -> int | None:
        """Return the code of the verdict, REFUSED, or None when the log has not answered."""
        return self._book.history.delivery.answer_of(origin, sequence)

    def is_waiting(self, origin: OriginId | None, sequence: int) -> bool:
        """Tell whether the report still waits for an answer from this log, or from any."""
        delivery = self._book.history.delivery
        origins = delivery.origins if origin is None else (origin,)
        return all(delivery.answer_of(each, sequence) is None for each in origins)

    def receipted(
        self, sequence: int, verdict: Verdict, held: HeldCheckpoint, note: bytes = b""
    ) -> None:
        """Note a verified receipt and the checkpoint it proves, signed in `note`."""
        delivery = self._book.history.delivery
        if not delivery.is_news(held.origin, sequence, verdict):
            return
        records = [Receipted(held.origin, sequence, verdict).record()]
        if delivery.advances(held):
            records.append(held_record(held, self._signature_in(note)))
        self._book.commit(*records)

    def _signature_in(self, note: bytes) -> bytes:
        signed = parse_note(note)
        if isinstance(signed, CheckpointFault):
            return b""
        key = self.trusted.register.gateway_keys[signed.checkpoint.origin]
        return own_signature(signed, key) or b""

    def held_note(self, wanted: HeldWanted) -> bytes | None:
        """Return a checkpoint verified of a log, the newest or an older, as its own key signed it.

        None when there is none, or when the firmware that verified it kept no signature.
        """
        keys = self.trusted.register.gateway_keys
        name = {origin_id(each): each for each in keys}.get(wanted.origin)
        kept = self._held(wanted) if name is not None else None
        if kept is None or name is None:
            return None
        held, signature = kept
        return note_with(Checkpoint(name, held.size, held.root), keys[name], signature)

    def _held(self, wanted: HeldWanted) -> tuple[HeldCheckpoint, bytes] | None:
        """Return the wanted checkpoint with its signature, as the journal tells it."""
        for offset in self._book.history.delivery.signed_at(wanted.origin):
            held, signature = read_held(self._book.read(offset, SIGNED_HELD_SIZE))
            if wanted.size in (0, held.size):
                return held, signature
        return None

    def refused(self, origin: OriginId, sequence: int) -> None:
        """Note a verified refusal."""
        if self._book.history.delivery.is_news(origin, sequence, REFUSED):
            self._book.commit(Receipted(origin, sequence, REFUSED).record())

    def send_again(self, origin: OriginId, sequence: int) -> None:
        """Take report `sequence` and all later ones as never answered by this log."""
        if self._book.history.delivery.has_answers_from(origin, sequence):
            self._book.commit(SendAgain(origin, sequence).record())

    def hello(self, challenge: bytes) -> bytes:
        """Return the signed answer to a gateway's challenge."""
        key, history = self._clerk.key, self._book.history
        hello = Hello(self.election, self.box, challenge, history.boots, self.count)
        return sign_statement(hello, key.public, key.sign)
