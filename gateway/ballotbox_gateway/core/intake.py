"""The gateway's intake: judges what arrives, commits it once, and only then has something to say.

The types of its answers are in `outcome`; they are importable from here.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeVar

from ballotbox_gateway.core.books import Books, Case, Settled
from ballotbox_gateway.core.chain import Placed
from ballotbox_gateway.core.counting import CountOutcome, take_count
from ballotbox_gateway.core.delivery import Outbox
from ballotbox_gateway.core.exposure import Exposure
from ballotbox_gateway.core.from_below import take_in
from ballotbox_gateway.core.greeting import check_hello
from ballotbox_gateway.core.lower_quota import LowerQuota
from ballotbox_gateway.core.outcome import (
    OUTCOME_OF,
    Admission,
    Answer,
    Arrival,
    HelloOutcome,
    HelloResult,
    Identity,
    OlderRegister,
    Outcome,
    Road,
    RoadKind,
    RulingOutcome,
    RulingResult,
)
from ballotbox_gateway.core.ports import (
    ELSEWHERE,
    DiskFull,
    Ledger,
    SignerAway,
    StoredRefusal,
    StoredReport,
)
from ballotbox_gateway.core.publications import PublicationOutcome, take_publication
from ballotbox_gateway.core.publishing import Stretch, stretch
from ballotbox_gateway.core.quota import ROW_OVERHEAD, Quotas
from ballotbox_gateway.core.replacing import open_replacing, unheard
from ballotbox_gateway.core.roster import Authentic, Misplaced, Unproved
from ballotbox_gateway.core.rulings import EXPLANATION
from ballotbox_gateway.core.samples import Sampler
from ballotbox_gateway.core.upward import (
    UpwardBatch,
    UpwardConflict,
    UpwardFault,
    UpwardReply,
)
from ballotbox_protocol.election.identifiers import BoxId, ReportId
from ballotbox_protocol.wire.checkpoint import Checkpoint
from ballotbox_protocol.wire.hand_count_check import Laws
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.replacement import Replacement
from ballotbox_protocol.wire.statements import Refusal, Resend, sign_statement
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason

__all__ = [
    "Admission",
    "Answer",
    "Arrival",
    "CountOutcome",
    "HelloOutcome",
    "HelloResult",
    "Identity",
    "Intake",
    "OlderRegister",
    "Outcome",
    "PublicationOutcome",
    "Road",
    "RoadKind",
    "RulingOutcome",
    "RulingResult",
]

T = TypeVar("T")

#: A box is asked for the same missing report at most this often, in seconds.
_ASK_AGAIN: Final = 10


_Given = Authentic | Misplaced | Unproved
_Judged = Placed | StoredRefusal | Reason


class Intake:
    """One gateway's whole mind over one ledger. Not thread-safe: one loop owns it.

    Raises InvalidField when the register does not list this gateway's key or the ledger belongs
    to another origin or election; OlderRegister; LedgerFailure, after which nothing may be said
    (DiskFull: call again later; anything else: stop the process). After a failure the ledger is
    read again before anything is judged.
    """

    def __init__(
        self,
        trusted: Trusted,
        identity: Identity,
        ledger: Ledger,
        quotas: Quotas | None = None,
        laws: Laws | None = None,
        *,
        reading: bool = False,
    ) -> None:
        """Without `quotas` senders may have stored as much as they like; the others: `Books`."""
        self._quotas = quotas
        self._books = Books(trusted, identity, ledger, laws, reading=reading)
        self._outbox = Outbox(self._books)
        self._sampler = Sampler()
        self._exposure = Exposure(self._books)
        self._asked: dict[BoxId, tuple[int, int]] = {}

    def admit(self, arrivals: Sequence[Arrival], now: int) -> Admission:
        """Judge a batch of arrivals, commit it once, and return what may be said.

        `now` is Unix seconds. Raises LedgerFailure: then nothing may be said.
        """
        given = self._authenticate(arrivals)
        try:
            settled = self._books.settle(lambda case: self._judge(case, arrivals, given), now)
        except DiskFull as trouble:
            if not isinstance(trouble, ELSEWHERE):
                self.turned_away(Reason.DISK, len(arrivals))
            raise
        if self._quotas is not None:
            self._charge(self._quotas, settled, now)
        placed = [each for each in settled.result if isinstance(each, Placed)]
        rows = [settled.case.draft.chain(each.row.box).current(each.row) for each in placed]
        receipts = self._books.receipts(settled, rows)
        verdicts = map(_verdict, placed, rows, receipts)
        answers = [
            next(verdicts) if isinstance(each, Placed) else _refusal(each)
            for each in settled.result
        ]
        also = self._also(settled, {row.id for row in rows})
        also += self._exposure.remind((row.box for row in rows), now)
        return Admission(answers, also)

    def _authenticate(self, arrivals: Sequence[Arrival]) -> list[_Given]:
        # Two passes, because signatures and bodies drive each other out of the processor's caches.
        roster = self._books.roster
        signed = [roster.verify(arrival.data) for arrival in arrivals]
        return [
            each if isinstance(each, Unproved) else roster.read(each, arrival.road)
            for arrival, each in zip(arrivals, signed, strict=True)
        ]

    def turned_away(self, reason: Reason, count: int = 1) -> None:
        """Count arrivals that the road refused (RATE, DISK, ...); stored with the next batch."""
        self._books.turned_away(reason, count)

    def _judge(
        self, case: Case, arrivals: Sequence[Arrival], given: Sequence[_Given]
    ) -> list[_Judged]:
        judged: list[_Judged] = []
        turned_away: list[tuple[Arrival, Reason]] = []
        quotas = self._quotas
        for arrival, each in zip(arrivals, given, strict=True):
            if quotas is not None and self._is_too_much(quotas, case, each):
                judged.append(Reason.RATE)
            elif isinstance(each, Authentic):
                judged.append(case.chains.place(each))
            elif isinstance(each, Misplaced):
                judged.append(self._refuse(case, each))
            else:
                judged.append(each.reason)
                turned_away.append((arrival, each.reason))
        if turned_away:
            samples = self._sampler.samples(turned_away, case.draft.now)
            case.draft.turn_away((reason for _, reason in turned_away), samples)
        return judged

    def _is_too_much(self, quotas: Quotas, case: Case, given: _Given) -> bool:
        """Tell whether a message is new and its box has had stored what it may."""
        if isinstance(given, Unproved):
            return False
        box = given.entry.box if isinstance(given, Authentic) else given.box
        if not quotas.boxes.is_spent(box, case.draft.now):
            return False
        known = case.draft.report(given.id) or self._books.ledger.refusal(given.id)
        return known is None

    def _charge(self, quotas: Quotas, settled: Settled[list[_Judged]], now: int) -> None:
        for each in settled.result:
            if isinstance(each, Placed) and each.new:
                quotas.boxes.charge(each.row.box, len(each.row.data), now)
        for refusal in settled.case.draft.refusals.values():
            quotas.boxes.charge(refusal.box, len(refusal.data) + len(refusal.answer), now)
        # Not a reason for a commit: a flood shall not make the disk work.
        if limited := sum(each is Reason.RATE for each in settled.result):
            self.turned_away(Reason.RATE, limited)

    def _refuse(self, case: Case, given: Misplaced) -> StoredRefusal:
        draft = case.draft
        known = draft.refusals.get(given.id) or self._books.ledger.refusal(given.id)
        if known is None:
            identity = self._books.identity
            refusal = Refusal(identity.origin, given.id, given.reason, draft.now)
            answer = sign_statement(refusal, identity.key.public, identity.key.sign)
            known = StoredRefusal(given.id, given.reason, given.box, given.data, answer)
            draft.refuse(known)
        return known

    def _also(
        self, settled: Settled[T], answered: AbstractSet[ReportId] = frozenset()
    ) -> list[tuple[BoxId, Message]]:
        """Return the receipts of reports decided anew, and requests for those that are missing."""
        case = settled.case
        newest = {row.id: row for row in case.chains.again if row.id not in answered}
        receipts = self._books.receipts(settled, newest.values())
        boxes = [row.box for row in newest.values()]
        also = list(zip(boxes, receipts, strict=True))
        for box in case.chains.gaps:
            missing = case.draft.chain(box).first_missing()
            asked = self._asked.get(box)
            if asked is None or asked[0] != missing or asked[1] + _ASK_AGAIN <= case.draft.now:
                also += self._request(box, missing, case.draft.now)
        for box, size in case.chains.exposing.items():
            also += self._exposure.ask(box, size, case.draft.now)
        return also

    def _request(self, box: BoxId, missing: int, now: int) -> list[tuple[BoxId, Message]]:
        try:
            request = [(box, self._resend(box, missing))]
        except SignerAway:
            return []  # What was decided is durable and must be said; the next gap asks again.
        self._asked[box] = missing, now
        return request

    def _resend(self, box: BoxId, missing: int) -> Message:
        books, key = self._books, self._books.identity.key
        resend = Resend(books.roster.trusted.digest, box, books.identity.origin, missing)
        return Message(MessageKind.RESEND, sign_statement(resend, key.public, key.sign))

    def rule(self, ruling: bytes, now: int) -> RulingOutcome:
        """Apply two officers' ruling (wire/statements.py) to a report held here."""
        # A refused ruling makes no commit that would tell that another writer moved the books on.
        self._books.reload()
        settled = self._books.settle(lambda case: case.bench.apply(ruling), now)
        result = settled.result
        return RulingOutcome(result, EXPLANATION[result], self._also(settled))

    def count_by_hand(self, data: bytes, now: int) -> CountOutcome:
        """Take in a count by hand (wire/hand_count.py) that officers of the register signed."""
        self._books.reload()
        return take_count(self._books, data, now, self._sampler)

    def publish(self, data: bytes, now: int) -> PublicationOutcome:
        """Take in the statement of a released result (wire/publication.py) of this log."""
        return take_publication(self._books, data, now, self._sampler)

    def hello(self, hello: bytes, challenge: bytes, road: Road) -> HelloOutcome:
        """Check a box's signed hello against the challenge given on this connection."""
        checked = check_hello(self._books.roster, hello, challenge, road)
        if isinstance(checked, HelloResult):
            return HelloOutcome(checked)
        chain = self._books.chain(checked.box)
        missing = chain.first_missing()
        resend = self._resend(checked.box, missing) if checked.next_sequence > missing else None
        rolled_back = checked.next_sequence <= chain.head.sequence
        wanted = self._exposure.ask_anew(checked.box)
        return HelloOutcome(HelloResult.FRESH, checked.box, resend, rolled_back, wanted)

    def confront(self, note: bytes, now: int) -> Checkpoint | None:
        """Judge a checkpoint note that a box holds; return its checkpoint if it convicts this log.

        Then the note is stored, once; None for whatever proves nothing new. Raises LedgerFailure.
        """
        return self._exposure.confront(note, now)

    def admit_from_below(
        self, batch: UpwardBatch, now: int
    ) -> UpwardReply | UpwardConflict | UpwardFault:
        """Take in a stretch of a lower gateway's log and return this gateway's receipts.

        A stretch taken in before gets its receipts again, if it ends where this gateway stands: a
        shorter one is told where that is, and another log is refused. Raises LedgerFailure.
        """
        who = batch.origin.encode()

        def keep(given: Misplaced) -> None:
            self._keep_foreign(given, who, now)

        if self._quotas is None:
            return take_in(self._books, batch, now, keep)
        quota = LowerQuota(self._quotas, self._books, batch, now)
        if (fault := quota.fault()) is not None:
            self.turned_away(Reason.RATE)
            return fault
        outcome = take_in(self._books, batch, now, keep)
        if isinstance(outcome, UpwardReply):
            quota.charge()
        return outcome

    def _keep_foreign(self, given: Misplaced, who: bytes, now: int) -> None:
        """Keep a report that a gateway below has in its log and that can never belong into this."""
        settled = self._books.settle(lambda case: self._refuse(case, given), now)
        if self._quotas is not None:
            for refusal in settled.case.draft.refusals.values():
                size = len(refusal.data) + len(refusal.answer) + ROW_OVERHEAD
                self._quotas.gateways.charge(who, size, now)

    def next_upward(self, upper: str, limit: int) -> UpwardBatch | None:
        """Return the next at most `limit` leaves that `upper` has not receipted, or None."""
        return self._outbox.next(upper, limit)

    def probe_upward(self, upper: str) -> UpwardBatch | None:
        """Return the last leaf that `upper` has receipted, to be shown again, or None.

        An upper gateway that stands there receipts it again, which tells nothing new. A conflict
        says that one of the two was put back to an older copy: hand it to `upward_conflict`.
        """
        return self._outbox.probe(upper)

    def upward_receipted(
        self, batch: UpwardBatch, reply: UpwardReply, upper: str, now: int
    ) -> UpwardFault | None:
        """Verify and store the upper gateway's receipts, and move the cursor past the batch.

        Both in one commit. A reply that proves anything less leaves all as it was.
        """
        return self._outbox.receipted(batch, reply, upper, now)

    def upward_conflict(self, conflict: UpwardConflict, upper: str) -> UpwardFault | None:
        """Go on where the upper gateway says it stands, unless this log is not as long."""
        return self._outbox.conflict(conflict, upper)

    @property
    def outbox(self) -> Outbox:
        """What of this log each upper gateway has receipted, for what people carry by hand."""
        return self._outbox

    def next_stretch(self, first: int, bundles: int) -> Stretch | None:
        """Return the next files of a copy that holds `first` leaves, or None when it has all."""
        return stretch(self._books, first, bundles)

    def empty_note(self) -> bytes:
        """Return the signed checkpoint of this log without leaves."""
        return self._books.log.note_at(0)

    @property
    def size(self) -> int:
        """The number of leaves in the log."""
        return self._books.log.head.size

    def root_at(self, size: int) -> bytes | None:
        """Return the root of the first `size` leaves, None of more leaves than there are."""
        return self._books.log.root_at(size)

    def open_replacing(self, statement: bytes, now: int, *before: bytes) -> Replacement:
        """Let two officers' statement be the first leaf of this empty log; raises InvalidField.

        before: those of the logs closed earlier, newest first, which may never have come up.
        """
        return open_replacing(self._books, statement, now, *before)

    def call_again(self) -> list[tuple[BoxId, Message]]:
        """Return requests to the boxes of which a log opened in another's place has nothing yet."""
        return [(box, self._resend(box, 0)) for box in unheard(self._books)]

    def replace_register(self, trusted: Trusted) -> None:
        """Use a newer register from now on; raises as the constructor does, changing nothing."""
        self._books.use(trusted, self._books.roster)


def _verdict(placed: Placed, row: StoredReport, receipt: Message) -> Answer:
    outcome = OUTCOME_OF[row.verdict] if placed.new else Outcome.DUPLICATE
    return Answer(receipt, outcome, row.reason, row.box)


def _refusal(refused: StoredRefusal | Reason) -> Answer:
    if isinstance(refused, StoredRefusal):
        message = Message(MessageKind.REFUSAL, refused.answer)
        return Answer(message, Outcome.REFUSED, refused.reason, refused.box)
    road = refused >= Reason.TOPIC
    return Answer(None, Outcome.REFUSED if road else Outcome.UNAUTHENTIC, refused, None)
