"""The SQL of the ledger in PostgreSQL. Columns stand in the order of the port's values.

Many rows go in as one statement: an array for each column (`%b`: as binary, which costs a fifth of
text), taken apart by `unnest`.
"""

from typing import Final

from ballotbox_protocol.wire.verdict import Verdict

BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
COMMIT: Final = "COMMIT"
ROLLBACK: Final = "ROLLBACK"
#: Waits for whoever moves the log now, and lets nobody else move it before this transaction ends.
#: The lock is written ahead, so that the end of the transaction waits for disk and standby.
LOCK_HEAD: Final = "SELECT size, root, register_version, frontier FROM head FOR UPDATE"
WATCHED: Final = "SELECT"
MOVE_LOG: Final = "UPDATE head SET size = %s, root = %s, frontier = %s"
USE_REGISTER: Final = "UPDATE head SET register_version = %s"
#: Everything as it is at one moment.
SNAPSHOT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
FRONTIER: Final = "SELECT size, root, frontier FROM head"
LOG_HEAD: Final = "SELECT size, root FROM head"
BINDING: Final = "SELECT origin, election, register_version FROM head"
FORMAT: Final = "SELECT format FROM head"
BIND: Final = "INSERT INTO head VALUES (1, %s, %s, %s, %s, 0, %s, '')"

ADD_LEAVES: Final = """
INSERT INTO leaves SELECT * FROM unnest(
    %b::bigint[], %b::bytea[], %b::bigint[], %b::bytea[], %b::bigint[])
"""
LEAVES: Final = "SELECT leaf FROM leaves WHERE position >= %s ORDER BY position LIMIT %s"
BOXES_FROM: Final = """
SELECT DISTINCT box FROM leaves JOIN reports ON first = report_first WHERE position >= %s
"""
ENTRIES: Final = """
SELECT position, leaf, CASE WHEN ruling IS NULL THEN data END, ruling,
       (SELECT notes.note FROM notes WHERE number = leaves.note)
FROM leaves JOIN reports ON first = report_first
WHERE position >= %s AND position < %s ORDER BY position
"""

_MARK: Final = """
newest + (place << 36) + (verdict << 38) + (reason << 41) + (own_verdict << 50)
    + (own_reason << 53) + (ruled << 62)
"""
_REPORT_COLUMNS: Final = """
id, box, sequence, place, first, newest,
verdict, reason, own_verdict, own_reason, ruled, below, data
"""
ADD_REPORTS: Final = f"""
INSERT INTO reports SELECT {_REPORT_COLUMNS}, {_MARK} FROM unnest(
    %b::bytea[], %b::bytea[], %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[],
    %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[], %b::bytea[],
    %b::bytea[]) AS given({_REPORT_COLUMNS})
"""  # noqa: S608 - names
MOVE_REPORT: Final = """
UPDATE reports SET place = %s, newest = %s, verdict = %s, reason = %s, own_verdict = %s,
                   own_reason = %s, ruled = %s, below = %s
WHERE first = %s
"""
MARK_REPORT: Final = f"UPDATE reports SET mark = {_MARK} WHERE first = %s"  # noqa: S608 - names
MISMARKED: Final = f"SELECT first FROM reports WHERE mark <> {_MARK} ORDER BY first"  # noqa: S608
REPORT: Final = f"SELECT {_REPORT_COLUMNS} FROM reports WHERE id = %s"  # noqa: S608 - names
REPORTS_OF: Final = f"""
SELECT {_REPORT_COLUMNS} FROM reports
WHERE box = %s AND sequence >= %s AND sequence < %s ORDER BY sequence, first
"""  # noqa: S608 - names
SET_ASIDE: Final = f"""
SELECT {_REPORT_COLUMNS} FROM reports
WHERE box BETWEEN %s AND %s AND verdict <> {int(Verdict.ACCEPTED)} ORDER BY box, sequence, first
"""  # noqa: S608 - names and a code

_HEAD_COLUMNS: Final = "box, version, sequence, last, waiting, disputed, branched, facts"
_HEAD_ARRAYS: Final = """
unnest(%b::bytea[], %b::bigint[], %b::bigint[], %b::bytea[], %b::bigint[], %b::bigint[],
       %b::bigint[], %b::bytea[])
"""
ADD_HEADS: Final = f"INSERT INTO heads SELECT * FROM {_HEAD_ARRAYS}"  # noqa: S608 - names
MOVE_HEADS: Final = f"""
UPDATE heads SET version = given.version, sequence = given.sequence, last = given.last,
                 waiting = given.waiting, disputed = given.disputed, branched = given.branched,
                 facts = given.facts
FROM {_HEAD_ARRAYS} AS given({_HEAD_COLUMNS})
WHERE heads.box = given.box AND heads.version = given.version - 1
"""  # noqa: S608 - names
HEAD: Final = "SELECT * FROM heads WHERE box = %s"
HEADS: Final = "SELECT * FROM heads ORDER BY box"

ADD_REFUSAL: Final = """
INSERT INTO refusals (id, reason, box, data, answer) VALUES (%s, %s, %s, %s, %s)
"""
REFUSAL: Final = "SELECT id, reason, box, data, answer FROM refusals WHERE id = %s"
REFUSALS: Final = "SELECT id, reason, box, data, answer FROM refusals ORDER BY number"

ADD_SAMPLE: Final = """
INSERT INTO unauthentic (digest, reason, road, sample, times, time) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (digest) DO UPDATE
SET times = unauthentic.times + excluded.times, time = excluded.time
"""
TRIM_SAMPLES: Final = """
DELETE FROM unauthentic WHERE number <= (
    SELECT number FROM unauthentic ORDER BY number DESC OFFSET %s LIMIT 1)
"""
SAMPLES: Final = """
SELECT digest, reason, road, sample, times, time FROM unauthentic ORDER BY number
"""
COUNT: Final = """
INSERT INTO counts VALUES (%s, %s, %s)
ON CONFLICT (tally, reason) DO UPDATE SET total = counts.total + excluded.total
"""
COUNTS: Final = "SELECT tally, reason, total FROM counts"

ADD_CHECKPOINT: Final = "INSERT INTO checkpoints VALUES (%s, %s, %s, %s)"
CHECKPOINT_OF_LEAF: Final = """
SELECT size, root, note FROM checkpoints WHERE size > %s ORDER BY size LIMIT 1
"""
CHECKPOINT_AT: Final = "SELECT size, root, note FROM checkpoints WHERE size = %s"
CHECKPOINT_UP_TO: Final = """
SELECT size, root, note FROM checkpoints WHERE size <= %s ORDER BY size DESC LIMIT 1
"""
#: As `statements.BATCHES` and `RECORDS`.
BATCHES: Final = """
SELECT checkpoints.size, evidence, notes.note FROM checkpoints
LEFT JOIN leaves ON position = checkpoints.size - 1
LEFT JOIN notes ON number = leaves.note ORDER BY checkpoints.size
"""
RECORDS: Final = """
SELECT position, leaf, ruling, first, id, data
FROM leaves LEFT JOIN reports ON first = report_first ORDER BY position
"""

ADD_NOTE: Final = "INSERT INTO notes VALUES (%s, %s, %s, %s)"
ADD_CONTRADICTION: Final = """
INSERT INTO notes
SELECT coalesce((SELECT max(number) FROM notes) + 1, 0), origin, %s, %s FROM head
"""
CONTRADICTIONS: Final = """
SELECT note FROM notes WHERE origin = (SELECT origin FROM head) ORDER BY number
"""
LAST_NOTE: Final = "SELECT max(number) FROM notes"
FOLLOW_LOWER: Final = """
INSERT INTO lower_logs VALUES (%s, %s, %s, %s)
ON CONFLICT (origin) DO UPDATE
SET size = excluded.size, hashes = excluded.hashes, note = excluded.note
"""
LOWER: Final = "SELECT origin, size, hashes, note FROM lower_logs WHERE origin = %s"

DELIVER: Final = """
INSERT INTO deliveries VALUES (%s, %s) ON CONFLICT (upper) DO UPDATE SET next = excluded.next
"""
DELIVERED: Final = "SELECT next FROM deliveries WHERE upper = %s"
ADD_UPPER_RECEIPT: Final = """
INSERT INTO upper_receipts VALUES (%s, %s, %s)
ON CONFLICT (upper, position) DO UPDATE SET receipt = excluded.receipt
"""
UPPER_RECEIPT: Final = "SELECT receipt FROM upper_receipts WHERE upper = %s AND position = %s"
