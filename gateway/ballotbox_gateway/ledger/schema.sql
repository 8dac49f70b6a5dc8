-- The ledger of one gateway, one election. Rows of leaves, checkpoints, refusals and receipts are
-- only ever added; a report's row and a box's head follow the newest leaf.

CREATE TABLE binding (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    format INTEGER NOT NULL,
    origin TEXT NOT NULL,
    election BLOB NOT NULL,
    register_version INTEGER NOT NULL
) STRICT;

CREATE TABLE leaves (
    position INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL,
    report_first INTEGER NOT NULL, -- reports.first of the report that the leaf is about
    ruling BLOB,
    note INTEGER                   -- notes.number of the lower checkpoint it came with
) STRICT;

-- `first` is the position of the report's first leaf; `newest` that of the one in force.
CREATE TABLE reports (
    id BLOB NOT NULL UNIQUE,
    box BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    place INTEGER NOT NULL,
    first INTEGER PRIMARY KEY,
    newest INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    own_verdict INTEGER NOT NULL,
    own_reason INTEGER NOT NULL,
    ruled INTEGER NOT NULL,
    below BLOB NOT NULL,
    data BLOB NOT NULL,
    -- What changes of a report, a second time: SQLite compares the two when it checks the file.
    mark INTEGER NOT NULL CHECK (
        mark = newest + (place << 36) + (verdict << 38) + (reason << 41)
            + (own_verdict << 50) + (own_reason << 53) + (ruled << 62)
    )
) STRICT;

CREATE INDEX reports_of_box ON reports (box, sequence);

CREATE TABLE heads (
    box BLOB PRIMARY KEY,
    version INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    last BLOB NOT NULL,
    waiting INTEGER NOT NULL,
    disputed INTEGER NOT NULL,
    branched INTEGER NOT NULL,
    facts BLOB NOT NULL            -- and a checksum of the whole row
) STRICT, WITHOUT ROWID;

CREATE TABLE refusals (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    reason INTEGER NOT NULL,
    box BLOB NOT NULL,
    data BLOB NOT NULL,
    answer BLOB NOT NULL
) STRICT;

CREATE TABLE unauthentic (
    number INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    reason INTEGER NOT NULL,
    road TEXT NOT NULL,
    sample BLOB NOT NULL,
    times INTEGER NOT NULL,
    time INTEGER NOT NULL
) STRICT;

CREATE TABLE counts (
    tally INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (tally, reason)
) STRICT, WITHOUT ROWID;

-- `evidence` is the digest of what came with the batch and no leaf commits to byte for byte: the
-- reports by `first`, and the lower checkpoint.
CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY,
    root BLOB NOT NULL,
    note BLOB NOT NULL,
    evidence BLOB NOT NULL
) STRICT;

-- Checkpoints of lower logs; under this log's own origin those that contradict it.
CREATE TABLE notes (
    number INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    size INTEGER NOT NULL,
    note BLOB NOT NULL
) STRICT;

CREATE TABLE lower_logs (
    origin TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    note BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    upper TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE upper_receipts (
    upper TEXT NOT NULL,
    position INTEGER NOT NULL,
    receipt BLOB NOT NULL,
    PRIMARY KEY (upper, position)
) STRICT, WITHOUT ROWID;
