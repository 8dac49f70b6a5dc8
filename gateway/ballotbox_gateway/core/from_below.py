"""Taking in a stretch of a lower gateway's log: its own checks, then this gateway's admission.

The lower log must continue where this gateway stands and end with a checkpoint its key signed. All
of a stretch is taken or nothing, so a lower log is never known with holes.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, assert_never

from ballotbox_gateway.core.below import Word
from ballotbox_gateway.core.books import Books, Case
from ballotbox_gateway.core.outcome import Road, RoadKind, RulingResult
from ballotbox_gateway.core.ports import LowerLog, LowerStep, StoredReport
from ballotbox_gateway.core.publications import FromBelow
from ballotbox_gateway.core.replacing import Line, fault_of, line_of, taken_in
from ballotbox_gateway.core.roster import Authentic, Misplaced, Roster, Unproved
from ballotbox_gateway.core.upward import (
    ENTRIES_MAX,
    UpwardBatch,
    UpwardConflict,
    UpwardEntry,
    UpwardFault,
    UpwardReply,
)
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.checkpoint import Checkpoint, CheckpointFault, verify_checkpoint
from ballotbox_protocol.wire.hand_count import HandCount, decode_hand_count, is_hand_count_place
from ballotbox_protocol.wire.hand_count_check import read_hand_count
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf
from ballotbox_protocol.wire.merkle import Frontier, leaf_hash
from ballotbox_protocol.wire.publication import Publication, decode_publication
from ballotbox_protocol.wire.replacement import Replacement, decode_replacement
from ballotbox_protocol.wire.statements import Ruling, decode_ruling
from ballotbox_protocol.wire.verdict import Reason, Verdict

#: What a newer register may mend.
_BEHIND = frozenset({Reason.UNKNOWN_KEY, Reason.OLD_REGISTER})
_SEND_AS_STORED = "send the leaf and what it commits to as the log stores them"
_NEWER_REGISTER = "give this gateway the newer register"


#: What may stand beside a leaf in the place of a report.
Statement = Ruling | Replacement | HandCount | Publication


class Evidence(NamedTuple):
    """One entry whose parts belong together: a leaf with its report, or with its statement."""

    leaf: Leaf
    given: Authentic | Statement
    ruling: bytes


def take_in(
    books: Books, batch: UpwardBatch, now: int, keep: Callable[[Misplaced], None]
) -> UpwardReply | UpwardConflict | UpwardFault:
    """See `Intake.admit_from_below`; `keep` is told of a report for which a stretch is refused."""
    checkpoint = _checkpoint(books, batch)
    if isinstance(checkpoint, UpwardFault):
        return checkpoint
    lower = _taken(books, batch.origin)
    frontier = Frontier(lower.size, lower.hashes)
    if batch.stop <= lower.size:
        return _answer_again(books, batch, checkpoint, lower)
    if batch.first != lower.size:
        return UpwardConflict(lower.size)
    for entry in batch.entries:
        frontier.append(leaf_hash(entry.leaf))
    if frontier.root() != checkpoint.root:
        return _replaced("its root does not follow from the leaves taken in so far and those sent")
    evidence = [_open(books.roster, at, entry) for at, entry in enumerate(batch.entries)]
    for entry, each in zip(batch.entries, evidence, strict=True):
        if isinstance(each, UpwardFault):
            _keep_foreign(books.roster, entry, keep)
            return _count(books, each)
    log = LowerLog(batch.origin, frontier.size, frontier.hashes, batch.checkpoint)
    return _settle(books, batch.first, log, [e for e in evidence if isinstance(e, Evidence)], now)


def _taken(books: Books, origin: str) -> LowerLog:
    return books.ledger.lower_log(origin) or LowerLog(origin, 0, (), b"")


def _checkpoint(books: Books, batch: UpwardBatch) -> Checkpoint | UpwardFault:
    key = books.roster.trusted.register.gateway_keys.get(batch.origin)
    if key is None or batch.origin == books.identity.origin:
        fix = "enter the gateway in the register, or give this gateway the newer register"
        return UpwardFault("origin", "is no other gateway of the register in use", fix, retry=True)
    checkpoint = verify_checkpoint(batch.checkpoint, batch.origin, key)
    if isinstance(checkpoint, CheckpointFault):
        problem = f"is not signed by the log {batch.origin}: {checkpoint.name}"
        return UpwardFault("checkpoint", problem, "sign it with the key that the register lists")
    if checkpoint.size != batch.stop:
        problem = f"has size {checkpoint.size}, but the entries end at {batch.stop}"
        return UpwardFault("checkpoint", problem, "send the checkpoint that ends with the batch")
    return checkpoint


def _open(roster: Roster, at: int, entry: UpwardEntry) -> Evidence | UpwardFault:
    try:
        leaf = decode_leaf(entry.leaf)
    except ValueError as error:
        return UpwardFault(f"entries[{at}].leaf", str(error), _SEND_AS_STORED)
    if leaf.type is not LeafType.REPORT:
        return _open_statement(roster, at, leaf, entry)
    field = f"entries[{at}].report"
    if entry.report is None or entry.ruling is not None:
        return UpwardFault(field, "must stand beside a report leaf, alone", _SEND_AS_STORED)
    given = roster.authenticate(entry.report, Road(RoadKind.HTTP, field))
    if isinstance(given, Unproved) and given.reason in _BEHIND:
        return _older_register(field)
    if not isinstance(given, Authentic):
        return UpwardFault(field, f"cannot be taken: {given.reason.name}", _SEND_AS_STORED)
    if given.id != leaf.report:
        return UpwardFault(field, "is another report than the leaf decides on", _SEND_AS_STORED)
    return Evidence(leaf, given, b"")


def _older_register(field: str) -> UpwardFault:
    problem = "rests on a key that the register in use does not list"
    return UpwardFault(field, problem, _NEWER_REGISTER, retry=True)


class _Kind(NamedTuple):
    """One kind of statement that may stand beside a leaf.

    judge: returns what speaks against taking in a whole stretch with it, in the field.
    """

    name: str
    decode: Callable[[bytes], Statement]
    judge: Callable[[Roster, str, Any], UpwardFault | None]


def _open_statement(
    roster: Roster, at: int, leaf: Leaf, entry: UpwardEntry
) -> Evidence | UpwardFault:
    field, kind = f"entries[{at}].ruling", _KINDS[leaf.type]
    if entry.ruling is None or entry.report is not None:
        return UpwardFault(field, f"must stand beside a {kind.name} leaf, alone", _SEND_AS_STORED)
    try:
        said = kind.decode(entry.ruling)
    except ValueError as error:
        return UpwardFault(field, str(error), _SEND_AS_STORED)
    about = said.report if isinstance(said, Ruling) else said.id
    if (about, said.digest) != (leaf.report, leaf.statement):
        problem = f"is another {kind.name} than the leaf commits to"
        return UpwardFault(field, problem, _SEND_AS_STORED)
    return kind.judge(roster, field, said) or Evidence(leaf, said, entry.ruling)


def _judge_ruling(roster: Roster, field: str, ruling: Ruling) -> UpwardFault | None:
    return None if roster.knows_signers(ruling.signatures) else _older_register(field)


def _judge_replacement(roster: Roster, field: str, said: Replacement) -> UpwardFault | None:
    if not roster.knows_signers(said.signatures):
        return _older_register(field)
    fault = fault_of(said, roster)
    fix = "open the log again, with two officers of the register"
    return UpwardFault(field, fault, fix) if fault else None


def _judge_count(roster: Roster, field: str, count: HandCount) -> UpwardFault | None:
    read = read_hand_count(count.to_bytes(), roster.trusted)
    if isinstance(read, HandCount):
        return None
    if read in _BEHIND:
        return _older_register(field)
    return UpwardFault(field, f"cannot be taken: {read.name}", _SEND_AS_STORED)


def _judge_publication(roster: Roster, field: str, said: Publication) -> UpwardFault | None:
    """Whatever else speaks against it sets it aside: a leaf is no reason to stop a whole log."""
    trusted = roster.trusted
    if (said.election, said.mode) != (trusted.digest, trusted.election.mode):
        problem = f"cannot be taken: {Reason.OTHER_ELECTION.name}"
        return UpwardFault(field, problem, _SEND_AS_STORED)
    if said.origin not in trusted.register.gateway_keys:
        problem = "is of a log that the register in use does not list"
        return UpwardFault(field, problem, _NEWER_REGISTER, retry=True)
    return None


_KINDS: Final = {
    LeafType.RULING: _Kind("ruling", decode_ruling, _judge_ruling),
    LeafType.REPLACEMENT: _Kind("replacement", decode_replacement, _judge_replacement),
    LeafType.HAND_COUNT: _Kind("hand count", decode_hand_count, _judge_count),
    LeafType.PUBLICATION: _Kind("publication", decode_publication, _judge_publication),
}


def _keep_foreign(roster: Roster, entry: UpwardEntry, keep: Callable[[Misplaced], None]) -> None:
    """Hand over the report of a refused entry when it is authentic and can never belong here.

    The log that the gateway below signed vouches for it, so it is evidence about that gateway.
    """
    if entry.report is not None:
        given = roster.authenticate(entry.report, Road(RoadKind.HTTP, "evidence"))
        if isinstance(given, Misplaced):
            keep(given)


def _count(books: Books, fault: UpwardFault) -> UpwardFault:
    if fault.retry:
        books.turned_away(Reason.OLD_REGISTER, 1)
    return fault


def _settle(
    books: Books, first: int, log: LowerLog, evidence: Sequence[Evidence], now: int
) -> UpwardReply | UpwardConflict | UpwardFault:
    origin = origin_id(log.origin)

    def judge(case: Case) -> list[StoredReport] | UpwardConflict | UpwardFault:
        taken = _taken(books, log.origin).size
        if taken != first:
            case.draft.abandon()
            return UpwardConflict(taken)
        case.draft.lower = LowerStep(first, log, books.ledger.next_note())
        rows: list[StoredReport] = []
        line = Line()
        publications = FromBelow(case.draft, books.roster.trusted, log.origin)
        for at, each in enumerate(evidence):
            if at == 0 or evidence[at - 1].leaf.type is LeafType.REPLACEMENT:
                line = line_of(case.draft, log.origin)
            row = _place(books, case, each, Word(origin, each.leaf.verdict, *line), publications)
            if row is None:
                case.draft.abandon()
                return _unknown(at)
            rows.append(row)
        return rows

    settled = books.settle(judge, now)
    if not isinstance(settled.result, list):
        return settled.result
    current = [settled.case.draft.chain(row.box).current(row) for row in settled.result]
    receipts = tuple(message.payload for message in books.receipts(settled, current))
    return UpwardReply(books.identity.origin, receipts)


def _place(
    books: Books, case: Case, evidence: Evidence, word: Word, publications: FromBelow
) -> StoredReport | None:
    """Return the row of what an entry decides on; None when no earlier leaf brought it."""
    match evidence.given:
        case Authentic() as given:
            return case.chains.place(given, word).row
        case Ruling() as ruling:
            return _rule(case, ruling, evidence.ruling, word)
        case HandCount() as count:
            return books.hand_counts(case).place(count, evidence.ruling, word).row
        case Replacement() as replacement:
            return taken_in(case.draft, replacement)
        case Publication() as publication:
            stands = evidence.leaf.verdict is Verdict.ACCEPTED
            return publications.take(publication, stands=stands)
        case _:
            assert_never(evidence.given)


def _rule(case: Case, ruling: Ruling, data: bytes, word: Word) -> StoredReport | None:
    if case.draft.report(ruling.report) is None:
        return None
    result = case.bench.apply(data, heard=True)
    row = case.draft.report(ruling.report)
    if row is not None and is_hand_count_place(row.box):
        # What follows for each version the lower gateway says in leaves of their own.
        return row
    if row is not None and result in (RulingResult.APPLIED, RulingResult.ALREADY):
        return case.chains.hear(row, word)
    return row


def _unknown(at: int) -> UpwardFault:
    problem = "decides on a report that no earlier leaf brought"
    return UpwardFault(f"entries[{at}].leaf", problem, _SEND_AS_STORED)


def _two_logs(lower: LowerLog, batch: UpwardBatch) -> tuple[bytes, bytes]:
    """Return the two checkpoints of one size: signed by one key, with different roots."""
    return lower.note, batch.checkpoint


def _replaced(problem: str, proof: tuple[()] | tuple[bytes, bytes] = ()) -> UpwardFault:
    fix = "stop: the lower log was replaced or changed; compare it with this gateway's copy"
    return UpwardFault("checkpoint", problem, fix, proof=proof)


def _answer_again(
    books: Books, batch: UpwardBatch, checkpoint: Checkpoint, taken: LowerLog
) -> UpwardReply | UpwardConflict | UpwardFault:
    """Answer a stretch that was taken in before with the receipts as they are now.

    Only at its present end can a lower log be compared with what was taken in: whoever stops short
    of it is told where it is, unless one stretch cannot reach so far.
    """
    if batch.stop < taken.size and len(batch.entries) < ENTRIES_MAX:
        return UpwardConflict(taken.size)
    if batch.stop == taken.size and checkpoint.root != Frontier(taken.size, taken.hashes).root():
        problem = "its root is not that of the leaves taken in so far"
        return _replaced(problem, _two_logs(taken, batch))
    receipts: list[bytes] = []
    for at, entry in enumerate(batch.entries):
        try:
            row = books.ledger.report(decode_leaf(entry.leaf).report)
        except ValueError as error:
            return UpwardFault(f"entries[{at}].leaf", str(error), _SEND_AS_STORED)
        if row is None:
            return _unknown(at)
        receipts.append(books.stored_receipt(row.newest))
    return UpwardReply(books.identity.origin, tuple(receipts))
