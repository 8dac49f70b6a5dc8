"""Taking in a stretch of a lower gateway's log: its own checks, then this gateway's admission.

The lower log must continue where this gateway stands and end with a checkpoint its key signed. All
of a stretch is taken or nothing, so a lower log is never known with holes.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from ballotbox_gateway.core.below import Word
from ballotbox_gateway.core.books import Books, Case
from ballotbox_gateway.core.outcome import Road, RoadKind, RulingResult
from ballotbox_gateway.core.ports import LowerLog, LowerStep, StoredReport
from ballotbox_gateway.core.publications import place_publication
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
from ballotbox_protocol.wire.hand_count import HandCount, is_hand_count_place
from ballotbox_protocol.wire.hand_count_check import read_hand_count
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf
from ballotbox_protocol.wire.merkle import Frontier, leaf_hash
from ballotbox_protocol.wire.publication import (
    Publication,
    decode_publication,
    read_publication,
)
from ballotbox_protocol.wire.replacement import decode_replacement
from ballotbox_protocol.wire.statements import decode_ruling
from ballotbox_protocol.wire.verdict import Reason

#: What a newer register may mend.
_BEHIND = frozenset({Reason.UNKNOWN_KEY, Reason.OLD_REGISTER})
_SEND_AS_STORED = "send the leaf and what it commits to as the log stores them"


class Evidence(NamedTuple):
    """One entry whose parts belong together: a leaf with its report, or with its statement."""

    leaf: Leaf
    given: Authentic | None
    ruling: bytes
    counted: HandCount | None = None


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
        return _OPENERS[leaf.type](roster, at, leaf, entry)
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
    return UpwardFault(field, problem, "give this gateway the newer register", retry=True)


def _open_ruling(roster: Roster, at: int, leaf: Leaf, entry: UpwardEntry) -> Evidence | UpwardFault:
    field = f"entries[{at}].ruling"
    if entry.ruling is None or entry.report is not None:
        return UpwardFault(field, "must stand beside a ruling leaf, alone", _SEND_AS_STORED)
    try:
        ruling = decode_ruling(entry.ruling)
    except ValueError as error:
        return UpwardFault(field, str(error), _SEND_AS_STORED)
    if (ruling.report, ruling.digest) != (leaf.report, leaf.statement):
        return UpwardFault(field, "is another ruling than the leaf commits to", _SEND_AS_STORED)
    if not roster.knows_signers(ruling.signatures):
        return _older_register(field)
    return Evidence(leaf, None, entry.ruling)


def _open_replacement(
    roster: Roster, at: int, leaf: Leaf, entry: UpwardEntry
) -> Evidence | UpwardFault:
    field = f"entries[{at}].ruling"
    if entry.ruling is None or entry.report is not None:
        return UpwardFault(field, "must stand beside a replacement leaf, alone", _SEND_AS_STORED)
    try:
        replacement = decode_replacement(entry.ruling)
    except ValueError as error:
        return UpwardFault(field, str(error), _SEND_AS_STORED)
    if (replacement.id, replacement.digest) != (leaf.report, leaf.statement):
        return UpwardFault(field, "is another one than the leaf commits to", _SEND_AS_STORED)
    if not roster.knows_signers(replacement.signatures):
        return _older_register(field)
    fault = fault_of(replacement, roster)
    if fault:
        return UpwardFault(field, fault, "open the log again, with two officers of the register")
    return Evidence(leaf, None, entry.ruling)


def _open_count(roster: Roster, at: int, leaf: Leaf, entry: UpwardEntry) -> Evidence | UpwardFault:
    field = f"entries[{at}].ruling"
    if entry.ruling is None or entry.report is not None:
        return UpwardFault(field, "must stand beside a hand count leaf, alone", _SEND_AS_STORED)
    count = read_hand_count(entry.ruling, roster.trusted)
    if count in _BEHIND:
        return _older_register(field)
    if not isinstance(count, HandCount):
        return UpwardFault(field, f"cannot be taken: {count.name}", _SEND_AS_STORED)
    if (count.id, count.digest) != (leaf.report, leaf.statement):
        return UpwardFault(field, "is another count than the leaf commits to", _SEND_AS_STORED)
    return Evidence(leaf, None, entry.ruling, count)


def _open_publication(
    roster: Roster, at: int, leaf: Leaf, entry: UpwardEntry
) -> Evidence | UpwardFault:
    field = f"entries[{at}].ruling"
    if entry.ruling is None or entry.report is not None:
        return UpwardFault(field, "must stand beside a publication leaf, alone", _SEND_AS_STORED)
    given = read_publication(entry.ruling, roster.trusted)
    if given in _BEHIND:
        return _older_register(field)
    if not isinstance(given, Publication):
        return UpwardFault(field, f"cannot be taken: {given.name}", _SEND_AS_STORED)
    if (given.id, given.digest) != (leaf.report, leaf.statement):
        return UpwardFault(field, "is another one than the leaf commits to", _SEND_AS_STORED)
    return Evidence(leaf, None, entry.ruling)


_OPENERS: Final = {
    LeafType.RULING: _open_ruling,
    LeafType.REPLACEMENT: _open_replacement,
    LeafType.HAND_COUNT: _open_count,
    LeafType.PUBLICATION: _open_publication,
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
        for at, each in enumerate(evidence):
            if at == 0 or evidence[at - 1].leaf.type is LeafType.REPLACEMENT:
                line = line_of(case.draft, log.origin)
            row = _place(books, case, each, Word(origin, each.leaf.verdict, *line), at)
            if not isinstance(row, StoredReport):
                case.draft.abandon()
                return row or _unknown(at)
            rows.append(row)
        return rows

    settled = books.settle(judge, now)
    if not isinstance(settled.result, list):
        return settled.result
    current = [settled.case.draft.chain(row.box).current(row) for row in settled.result]
    receipts = tuple(message.payload for message in books.receipts(settled, current))
    return UpwardReply(books.identity.origin, receipts)


def _place(
    books: Books, case: Case, evidence: Evidence, word: Word, at: int
) -> StoredReport | UpwardFault | None:
    if evidence.given is not None:
        return case.chains.place(evidence.given, word).row
    if evidence.counted is not None:
        return books.hand_counts(case).place(evidence.counted, evidence.ruling, word).row
    if evidence.leaf.type is LeafType.REPLACEMENT:
        return taken_in(case.draft, decode_replacement(evidence.ruling))
    if evidence.leaf.type is LeafType.PUBLICATION:
        return _place_publication(books, case, evidence.ruling, at)
    if case.draft.report(evidence.leaf.report) is None:
        return None
    result = case.bench.apply(evidence.ruling, heard=True)
    row = case.draft.report(evidence.leaf.report)
    if row is not None and is_hand_count_place(row.box):
        # What follows for each version the lower gateway says in leaves of their own.
        return row
    if row is not None and result in (RulingResult.APPLIED, RulingResult.ALREADY):
        return case.chains.hear(row, word)
    return row


def _place_publication(
    books: Books, case: Case, data: bytes, at: int
) -> StoredReport | UpwardFault:
    given = decode_publication(data)
    own = given.origin == books.identity.origin
    placed = Reason.OTHER_LOG if own else place_publication(case.draft, given, data)
    if isinstance(placed, Reason):
        problem = f"cannot be taken: {placed.name}"
        return UpwardFault(f"entries[{at}].ruling", problem, _SEND_AS_STORED)
    return placed.row


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
