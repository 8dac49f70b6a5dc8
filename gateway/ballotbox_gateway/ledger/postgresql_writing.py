"""Writing one batch into PostgreSQL, inside the transaction that has locked the log."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from psycopg import Cursor

from ballotbox_gateway.core.head import BoxHead
from ballotbox_gateway.core.ports import (
    UNAUTHENTIC_ROWS_MAX,
    Batch,
    Conflict,
    Delivery,
    LedgerFailure,
    LowerStep,
)
from ballotbox_gateway.ledger import postgresql_statements as sql
from ballotbox_gateway.ledger import rows
from ballotbox_gateway.ledger.evidence import evidence_of
from ballotbox_gateway.ledger.postgresql_connection import Link
from ballotbox_protocol.wire.merkle import Frontier, leaf_hash

_Execute = Callable[..., Cursor[tuple[object, ...]]]


def frontier_after(frontier: Frontier, batch: Batch) -> Frontier:
    """Return the frontier with the batch's leaves; raises LedgerFailure unless it is as signed.

    A process whose own tree went wrong must not move the log of all.
    """
    frontier.extend(leaf_hash(leaf.data) for leaf in batch.leaves)
    signed = batch.checkpoint
    if signed is None and not batch.leaves:
        return frontier
    if signed is None or (signed.size, signed.root) != (frontier.size, frontier.root()):
        raise LedgerFailure("the checkpoint of a batch does not sign for its leaves: not committed")
    return frontier


def write(link: Link, batch: Batch, frontier: Frontier) -> None:
    """Write everything; raises Conflict when a box has moved on, and psycopg.Error."""
    new = [_head_row(head) for head in batch.heads if head.version == 1]
    old = [_head_row(head) for head in batch.heads if head.version != 1]
    moved: Cursor[tuple[object, ...]] | None = None
    with link.pipeline(), link.cursor() as cursor:
        run = cursor.execute
        _write_leaves(run, batch, frontier)
        if new:
            run(sql.ADD_HEADS, _columns(new))
        if old:
            moved = link.execute(sql.MOVE_HEADS, _columns(old), binary=True)
        _write_beside(cursor, batch)
    if moved is not None and moved.rowcount != len(old):
        raise Conflict("a box has moved on")


def _write_leaves(run: _Execute, batch: Batch, frontier: Frontier) -> None:
    if batch.reports:
        run(sql.ADD_REPORTS, _columns([_numbers(row) for row in batch.reports]), binary=True)
    if batch.leaves:
        run(sql.ADD_LEAVES, _columns(batch.leaves), binary=True)
    for row in batch.moved:
        run(sql.MOVE_REPORT, _numbers(rows.moved_row(row)))
        run(sql.MARK_REPORT, (row.first,))
    if batch.checkpoint is not None:
        run(sql.ADD_CHECKPOINT, (*batch.checkpoint, evidence_of(batch)))
        size, root, _ = batch.checkpoint
        run(sql.MOVE_LOG, (size, root, b"".join(frontier.hashes)))


def _write_beside(cursor: Cursor[tuple[object, ...]], batch: Batch) -> None:
    run = cursor.execute
    for refusal in batch.refusals:
        run(sql.ADD_REFUSAL, refusal)
    for sample in batch.unauthentic:
        run(sql.ADD_SAMPLE, sample)
    if batch.unauthentic:
        run(sql.TRIM_SAMPLES, (UNAUTHENTIC_ROWS_MAX,))
    # In one order everywhere, and below the lock of the head: nothing can wait in a circle.
    for (tally, reason), count in sorted(batch.counts.items()):
        run(sql.COUNT, (tally, reason, count))
    if batch.lower is not None:
        _write_step(run, batch.lower)
    if batch.delivery is not None:
        _write_delivery(run, batch.delivery)
    for note in batch.contradictions:
        run(sql.ADD_CONTRADICTION, rows.contradiction_row(note))
    if batch.register_version is not None:
        run(sql.USE_REGISTER, (batch.register_version,))


def _write_step(run: _Execute, step: LowerStep) -> None:
    log = step.log
    run(sql.ADD_NOTE, (step.number, log.origin, log.size, log.note))
    run(sql.FOLLOW_LOWER, rows.lower_row(log))


def _write_delivery(run: _Execute, delivery: Delivery) -> None:
    run(sql.DELIVER, (delivery.upper, delivery.next))
    for index, receipt in delivery.receipts:
        run(sql.ADD_UPPER_RECEIPT, (delivery.upper, index, receipt))


def _head_row(head: BoxHead) -> tuple[Any, ...]:
    return _numbers(rows.head_row(head))


def _numbers(row: Iterable[Any]) -> tuple[Any, ...]:
    """Return the row with codes and truths as the plain numbers that they are stored as."""
    return tuple(int(each) if isinstance(each, int) else each for each in row)


def _columns(many: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Return the columns of rows of one shape."""
    return [list(column) for column in zip(*many, strict=True)]
