"""Whether what stands beside the leaves still is what was committed with them.

The leaves are held against the signed root (core/log.py). They name reports by the digest of what
is signed and rulings by their whole; the signature of a report is in no leaf, so each batch has a
digest of its reports as they came.
"""

from collections.abc import Iterable
from hashlib import sha256
from operator import attrgetter
from typing import Any, Final

import apsw

from ballotbox_gateway.core.ports import Batch
from ballotbox_gateway.ledger import statements as sql
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.leaf import LeafType, decode_leaf

_BY_FIRST: Final = attrgetter("first")
#: A report leaf begins with version and type, and holds the report's id from the fifth byte on.
_HEAD: Final = bytes((0x87, 1, LeafType.REPORT, 0x58, 32))
_PREFIX: Final = len(_HEAD) + 32
#: Beyond every position: no batch ends there.
_NO_END: Final = 1 << 63
#: Of pages, while SQLite looks up each row in every index: with its usual 2 MiB it reads the pages
#: of an index of 100,000 reports again and again, which takes half as long once more.
_CHECK_CACHE_KIB: Final = 8_192


def evidence_of(batch: Batch) -> bytes:
    """Return the digest of the reports and the lower checkpoint that come with a batch."""
    note = b"" if batch.lower is None else batch.lower.log.note
    return _digest((row.data for row in sorted(batch.reports, key=_BY_FIRST)), note)


def _digest(reports: Iterable[bytes], note: bytes) -> bytes:
    return sha256(b"".join((*reports, note))).digest()


def damaged_records(connection: apsw.Connection) -> list[int]:
    """Return the leaves beside which something else stands than was committed.

    Where only a batch's digest tells, all its new reports are named.
    """
    batches: list[Any] = connection.execute(sql.BATCHES).fetchall()
    return misplaced_records(batches, connection.execute(sql.RECORDS))


def misplaced_records(batches: list[Any], records: Iterable[Any]) -> list[int]:
    """Return the same of the rows of `statements.BATCHES` and `RECORDS`."""
    batches = [*batches, (_NO_END, None, None)]
    batch, (size, digest, note) = 0, batches[0]
    found: set[int] = set()
    firsts: list[int] = []
    reports: list[bytes] = []
    # One loop without calls: it runs once for each leaf there is, while nobody is served.
    for position, leaf, ruling, first, report, data in records:
        while position >= size:
            if _digest(reports, note or b"") != digest:
                found.update(firsts)
            firsts, reports, batch = [], [], batch + 1
            size, digest, note = batches[batch]
        if ruling is not None or data is None:
            if not _is_ruling(leaf, ruling):
                found.add(position)
            elif first == position:
                # A replacement stands for a report, and its statement for the report's bytes.
                firsts.append(position)
                reports.append(data or b"")
        elif leaf[:_PREFIX] != _HEAD + report or cose.message_id(data) != report:
            found.add(position)
        elif first == position:
            firsts.append(position)
            reports.append(data)
    if batch < len(batches) - 1 and _digest(reports, note or b"") != digest:
        found.update(firsts)
    return sorted(found)


def structural_damage(connection: apsw.Connection) -> str:
    """Return what SQLite itself finds wrong in pages, indexes and constraints, or an empty text."""
    usual = connection.pragma("cache_size")
    connection.pragma("cache_size", -_CHECK_CACHE_KIB)
    try:
        ((answer,),) = connection.execute("PRAGMA integrity_check(1)").fetchall()
    finally:
        connection.pragma("cache_size", usual)
        connection.pragma("shrink_memory")
    return "" if answer == "ok" else str(answer)


def _is_ruling(leaf: bytes, ruling: bytes | None) -> bool:
    try:
        statement = decode_leaf(leaf).statement
    except ValueError:
        return False
    return ruling is not None and sha256(ruling).digest() == statement
