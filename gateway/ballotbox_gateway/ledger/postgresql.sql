-- The ledger of one election at a centre, for any number of gateway processes. As `schema.sql`, but
-- for `head`: its one row says where the log stands, and whoever moves the log locks it first.

CREATE TABLE head (
    one smallint PRIMARY KEY CHECK (one = 1),
    format smallint NOT NULL,
    origin text NOT NULL,
    election bytea NOT NULL,
    register_version bigint NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    frontier bytea NOT NULL        -- the subtree hashes from which the log goes on
);

CREATE TABLE leaves (
    position bigint PRIMARY KEY,
    leaf bytea NOT NULL,
    report_first bigint NOT NULL,  -- reports.first of the report that the leaf is about
    ruling bytea,
    note bigint                    -- notes.number of the lower checkpoint it came with
);

-- `first` is the position of the report's first leaf; `newest` that of the one in force.
CREATE TABLE reports (
    id bytea NOT NULL UNIQUE,
    box bytea NOT NULL,
    sequence bigint NOT NULL,
    place bigint NOT NULL,
    first bigint PRIMARY KEY,
    newest bigint NOT NULL,
    verdict bigint NOT NULL,
    reason bigint NOT NULL,
    own_verdict bigint NOT NULL,
    own_reason bigint NOT NULL,
    ruled bigint NOT NULL,
    below bytea NOT NULL,
    data bytea NOT NULL,
    -- What changes of a report, a second time: the two are compared when the ledger is checked.
    mark bigint NOT NULL
);

CREATE INDEX reports_of_box ON reports (box, sequence);

CREATE TABLE heads (
    box bytea PRIMARY KEY,
    version bigint NOT NULL,
    sequence bigint NOT NULL,
    last bytea NOT NULL,
    waiting bigint NOT NULL,
    disputed bigint NOT NULL,
    branched bigint NOT NULL,
    facts bytea NOT NULL           -- and a checksum of the whole row
) WITH (fillfactor = 70);

CREATE TABLE refusals (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id bytea NOT NULL UNIQUE,
    reason bigint NOT NULL,
    box bytea NOT NULL,
    data bytea NOT NULL,
    answer bytea NOT NULL
);

CREATE TABLE unauthentic (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    reason bigint NOT NULL,
    road text NOT NULL,
    sample bytea NOT NULL,
    times bigint NOT NULL,
    time bigint NOT NULL
);

CREATE TABLE counts (
    tally bigint NOT NULL,
    reason bigint NOT NULL,
    total bigint NOT NULL,
    PRIMARY KEY (tally, reason)
);

-- `evidence` is the digest of what came with the batch and no leaf commits to byte for byte.
CREATE TABLE checkpoints (
    size bigint PRIMARY KEY,
    root bytea NOT NULL,
    note bytea NOT NULL,
    evidence bytea NOT NULL
);

-- Checkpoints of lower logs; under this log's own origin those that contradict it.
CREATE TABLE notes (
    number bigint PRIMARY KEY,
    origin text NOT NULL,
    size bigint NOT NULL,
    note bytea NOT NULL
);

CREATE TABLE lower_logs (
    origin text PRIMARY KEY,
    size bigint NOT NULL,
    hashes bytea NOT NULL,
    note bytea NOT NULL
);

CREATE TABLE deliveries (
    upper text PRIMARY KEY,
    next bigint NOT NULL
);

CREATE TABLE upper_receipts (
    upper text NOT NULL,
    position bigint NOT NULL,
    receipt bytea NOT NULL,
    PRIMARY KEY (upper, position)
);

-- Which process listens to which boxes. Nothing rests on it: two that listen to one box cost time.
CREATE TABLE shards (
    shard smallint PRIMARY KEY,
    holder text,
    expires timestamptz NOT NULL
);

CREATE TABLE processes (
    name text PRIMARY KEY,
    expires timestamptz NOT NULL
);
