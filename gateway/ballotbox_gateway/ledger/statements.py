"""The SQL of the ledger. Columns stand in the order of the port's values (core/ports.py)."""

from typing import Final

from ballotbox_protocol.wire.verdict import Verdict

LOG_HEAD: Final = "SELECT size, root FROM checkpoints ORDER BY size DESC LIMIT 1"
BINDING: Final = "SELECT origin, election, register_version FROM binding"
BIND: Final = "INSERT INTO binding VALUES (1, ?, ?, ?, ?)"
USE_REGISTER: Final = "UPDATE binding SET register_version = ?"

ADD_LEAF: Final = "INSERT INTO leaves VALUES (?, ?, ?, ?, ?)"
LEAVES: Final = "SELECT leaf FROM leaves WHERE position >= ? ORDER BY position LIMIT ?"
BOXES_FROM: Final = """
SELECT DISTINCT box FROM leaves JOIN reports ON first = report_first WHERE position >= ?
"""
ENTRIES: Final = """
SELECT position, leaf, CASE WHEN ruling IS NULL THEN data END, ruling,
       (SELECT notes.note FROM notes WHERE number = leaves.note)
FROM leaves JOIN reports ON first = report_first
WHERE position >= ? AND position < ? ORDER BY position
"""

ADD_REPORT: Final = """
INSERT INTO reports VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,
    ?6 + (?4 << 36) + (?7 << 38) + (?8 << 41) + (?9 << 50) + (?10 << 53) + (?11 << 62)
)
"""
MOVE_REPORT: Final = """
UPDATE reports SET place = ?1, newest = ?2, verdict = ?3, reason = ?4, own_verdict = ?5,
                   own_reason = ?6, ruled = ?7, below = ?8,
                   mark = ?2 + (?1 << 36) + (?3 << 38) + (?4 << 41) + (?5 << 50) + (?6 << 53)
                       + (?7 << 62)
WHERE first = ?9
"""
_REPORT_COLUMNS: Final = """
id, box, sequence, place, first, newest,
verdict, reason, own_verdict, own_reason, ruled, below, data
"""
REPORT: Final = f"SELECT {_REPORT_COLUMNS} FROM reports WHERE id = ?"  # noqa: S608 - names
REPORTS_OF: Final = f"""
SELECT {_REPORT_COLUMNS} FROM reports
WHERE box = ? AND sequence >= ? AND sequence < ? ORDER BY sequence, first
"""  # noqa: S608 - names

SET_ASIDE: Final = f"""
SELECT {_REPORT_COLUMNS} FROM reports
WHERE box BETWEEN ? AND ? AND verdict <> {int(Verdict.ACCEPTED)} ORDER BY box, sequence, first
"""  # noqa: S608 - names and a code

ADD_HEAD: Final = "INSERT INTO heads VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
MOVE_HEAD: Final = """
UPDATE heads SET version = ?, sequence = ?, last = ?, waiting = ?, disputed = ?, branched = ?,
                 facts = ?
WHERE box = ? AND version = ?
"""
HEAD: Final = "SELECT * FROM heads WHERE box = ?"
HEADS: Final = "SELECT * FROM heads ORDER BY box"

ADD_REFUSAL: Final = "INSERT INTO refusals (id, reason, box, data, answer) VALUES (?, ?, ?, ?, ?)"
REFUSAL: Final = "SELECT id, reason, box, data, answer FROM refusals WHERE id = ?"
REFUSALS: Final = "SELECT id, reason, box, data, answer FROM refusals ORDER BY number"

ADD_SAMPLE: Final = """
INSERT INTO unauthentic (digest, reason, road, sample, times, time) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (digest) DO UPDATE SET times = times + excluded.times, time = excluded.time
"""
TRIM_SAMPLES: Final = """
DELETE FROM unauthentic WHERE number <= (SELECT max(number) FROM unauthentic) - ?
"""
SAMPLES: Final = """
SELECT digest, reason, road, sample, times, time FROM unauthentic ORDER BY number
"""
COUNT: Final = """
INSERT INTO counts VALUES (?, ?, ?)
ON CONFLICT (tally, reason) DO UPDATE SET total = total + excluded.total
"""
COUNTS: Final = "SELECT tally, reason, total FROM counts"

ADD_CHECKPOINT: Final = "INSERT INTO checkpoints VALUES (?, ?, ?, ?)"
CHECKPOINT_OF_LEAF: Final = """
SELECT size, root, note FROM checkpoints WHERE size > ? ORDER BY size LIMIT 1
"""
CHECKPOINT_AT: Final = "SELECT size, root, note FROM checkpoints WHERE size = ?"
CHECKPOINT_UP_TO: Final = """
SELECT size, root, note FROM checkpoints WHERE size <= ? ORDER BY size DESC LIMIT 1
"""

#: Of each batch: where it ends, its digest, and the lower checkpoint it came with.
BATCHES: Final = """
SELECT checkpoints.size, evidence, notes.note FROM checkpoints
LEFT JOIN leaves ON position = checkpoints.size - 1
LEFT JOIN notes ON number = leaves.note ORDER BY checkpoints.size
"""
#: Of each leaf: itself, its ruling, and the report it is about: first leaf, id, bytes.
RECORDS: Final = """
SELECT position, leaf, ruling, first, id, data
FROM leaves LEFT JOIN reports ON first = report_first ORDER BY position
"""
CHECKPOINTS_DOWN: Final = "SELECT size, root, note FROM checkpoints ORDER BY size DESC"
LAST_LEAF: Final = "SELECT max(position) FROM leaves"

ADD_NOTE: Final = "INSERT INTO notes VALUES (?, ?, ?, ?)"
#: Notes of this log's own name stand there too, and no leaf refers to them.
ADD_CONTRADICTION: Final = """
INSERT INTO notes SELECT coalesce((SELECT max(number) FROM notes) + 1, 0), origin, ?, ? FROM binding
"""
CONTRADICTIONS: Final = """
SELECT note FROM notes WHERE origin = (SELECT origin FROM binding) ORDER BY number
"""
LAST_NOTE: Final = "SELECT max(number) FROM notes"
FOLLOW_LOWER: Final = "INSERT OR REPLACE INTO lower_logs VALUES (?, ?, ?, ?)"
LOWER: Final = "SELECT origin, size, hashes, note FROM lower_logs WHERE origin = ?"

DELIVER: Final = "INSERT OR REPLACE INTO deliveries VALUES (?, ?)"
DELIVERED: Final = "SELECT next FROM deliveries WHERE upper = ?"
ADD_UPPER_RECEIPT: Final = "INSERT OR REPLACE INTO upper_receipts VALUES (?, ?, ?)"
UPPER_RECEIPT: Final = "SELECT receipt FROM upper_receipts WHERE upper = ? AND position = ?"
