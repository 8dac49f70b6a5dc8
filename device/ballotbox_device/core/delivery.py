"""Which log has answered for which report. A fold of RECEIPTED, HELD and RESEND records."""

from array import array
from collections.abc import Iterable
from itertools import zip_longest
from typing import Final

from ballotbox_protocol.election.identifiers import OriginId
from ballotbox_protocol.wire.report import HeldCheckpoint
from ballotbox_protocol.wire.verdict import Verdict

#: The answer of a signed refusal, beside the codes of Verdict.
REFUSED: Final = 255
_NO_ANSWER: Final = 0


class Delivery:
    """Per log, one answer for each report: a verdict's code, REFUSED, or none yet."""

    __slots__ = ("_answers", "_held", "_signed_at")

    def __init__(self) -> None:
        self._answers: dict[OriginId, bytearray] = {}
        self._held: dict[OriginId, HeldCheckpoint] = {}
        # Offsets alone: a report may have to be proved long after newer checkpoints came.
        self._signed_at: dict[OriginId, array[int]] = {}

    @property
    def origins(self) -> tuple[OriginId, ...]:
        """The logs that have answered for anything."""
        return tuple(self._answers)

    def answer_of(self, origin: OriginId, sequence: int) -> int | None:
        """Return what the log answered for report `sequence`, or None."""
        answers = self._answers.get(origin, b"")
        return (answers[sequence] or None) if sequence < len(answers) else None

    def is_news(self, origin: OriginId, sequence: int, answer: int) -> bool:
        """Tell whether an answer adds something: the first, or the acceptance after another.

        Any other repetition is not worth a record, so that old receipts cannot fill the journal.
        """
        known = self.answer_of(origin, sequence)
        return known is None or (answer == Verdict.ACCEPTED and known != Verdict.ACCEPTED)

    def answer(self, origin: OriginId, sequence: int, answer: int) -> None:
        """Note the answer to report `sequence`."""
        answers = self._answers.setdefault(origin, bytearray())
        answers.extend(bytes(max(0, sequence + 1 - len(answers))))
        answers[sequence] = answer

    def forget(self, origin: OriginId, sequence: int) -> None:
        """Take report `sequence` and all later ones as never answered by this log."""
        del self._answers.setdefault(origin, bytearray())[sequence:]

    def has_answers_from(self, origin: OriginId, sequence: int) -> bool:
        """Tell whether `forget` would change anything."""
        return any(self._answers.get(origin, b"")[sequence:])

    def hold(self, held: HeldCheckpoint, signed_at: int | None = None) -> None:
        """Note the last checkpoint verified of a log, and where the journal has it signed."""
        self._held[held.origin] = held
        if signed_at is not None:
            self._signed_at.setdefault(held.origin, array("Q")).append(signed_at)

    def signed_at(self, origin: OriginId) -> Iterable[int]:
        """Return where in the journal the signed checkpoints of a log stand, newest first."""
        return reversed(self._signed_at.get(origin, array("Q")))

    def advances(self, held: HeldCheckpoint) -> bool:
        """Tell whether the checkpoint is newer than what is held of its log."""
        known = self._held.get(held.origin)
        return known is None or held.size > known.size

    def open_sequences(self, count: int, origin: OriginId | None, limit: int) -> list[int]:
        """Return the first `limit` of `count` reports that wait for an answer.

        With an origin: for that log's. Without one: for any log's.
        """
        asked = list(self._answers.values()) if origin is None else [self._answers.get(origin, b"")]
        answers = asked[0] if len(asked) == 1 else bytes(map(max, zip_longest(*asked, fillvalue=0)))
        found: list[int] = []
        at = answers.find(_NO_ANSWER)
        while 0 <= at < count and len(found) < limit:
            found.append(at)
            at = answers.find(_NO_ANSWER, at + 1)
        found.extend(range(len(answers), count))
        return found[:limit]
