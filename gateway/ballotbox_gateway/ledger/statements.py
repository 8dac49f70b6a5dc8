"""The SQL of the ledger. Columns stand in the order of the port's values (core/ports.py)."""

from typing import Final

LOG_HEAD: Final = "SELECT size, root FROM checkpoints ORDER BY size DESC LIMIT 1"
BINDING: Final = "SELECT origin, election, register_version FROM binding"
BIND: Final = "INSERT INTO binding VALUES (1, ?, ?, ?, ?)"
USE_REGISTER: Final = "UPDATE binding SET register_version = ?"

ADD_LEAF: Final = "INSERT INTO leaves VALUES (?, ?, ?, ?, ?)"
LEAVES: Final = "SELECT leaf FROM leaves WHERE position >= ? ORDER BY position LIMIT ?"
ENTRIES: Final = """
SELECT position, leaf, CASE WHEN ruling IS NULL THEN data END, ruling,
       (SELECT notes.note FROM notes WHERE number = leaves.note)
FROM leaves JOIN reports ON first = report_first
WHERE position >= ? AND position < ? ORDER BY position
"""

ADD_REPORT: Final = "INSERT INTO reports VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
MOVE_REPORT: Final = """
UPDATE reports SET place = ?, newest = ?, verdict = ?, reason = ?, own_verdict = ?,
                   own_reason = ?, ruled = ?, below = ?
WHERE first = ?
"""
REPORT: Final = "SELECT * FROM reports WHERE id = ?"
REPORTS_OF: Final = """
SELECT * FROM reports WHERE box = ? AND sequence >= ? AND sequence < ? ORDER BY sequence, first
"""

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

ADD_CHECKPOINT: Final = "INSERT INTO checkpoints VALUES (?, ?, ?)"
CHECKPOINT_OF_LEAF: Final = """
SELECT size, root, note FROM checkpoints WHERE size > ? ORDER BY size LIMIT 1
"""
CHECKPOINT_AT: Final = "SELECT size, root, note FROM checkpoints WHERE size = ?"
CHECKPOINT_UP_TO: Final = """
SELECT size, root, note FROM checkpoints WHERE size <= ? ORDER BY size DESC LIMIT 1
"""

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
