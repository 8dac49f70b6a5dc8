"""The statements that find the finals in force, one step after the other, each a table by name.

A box's reports carry the verdict of their newest leaf. Officers who name one of several rivals set
aside what was built on another one: that depends on the order of leaves, and a trigger follows it,
for the boxes alone that have rivals or wait for something.
"""

from typing import Final

#: Every report that leaves decided about: its first and its newest leaf. One that came again is
#: the same report, known by the leaf that brought it first. Few are decided about twice: these are
#: found in the index; of the others all stands in their one leaf.
_KNOWN: Final = """
CREATE INDEX leaf_about ON leaf (about) WHERE type IN ('report', 'ruling');
CREATE TABLE again (
    about BLOB PRIMARY KEY, first INTEGER, newest INTEGER, brought INTEGER
) WITHOUT ROWID;
INSERT INTO again
SELECT about, min(leaf) AS first, max(leaf) AS newest, min(leaf) FILTER (WHERE entry IS NOT NULL)
FROM leaf WHERE type IN ('report', 'ruling') AND about IN (
    SELECT about FROM leaf WHERE type IN ('report', 'ruling') GROUP BY about HAVING count(*) > 1
) GROUP BY about;
CREATE VIEW known AS
SELECT leaf.leaf AS number, leaf.about AS id, leaf.kind, leaf.sequence, leaf.entry, entry.box,
       coalesce(again.first, leaf.leaf) AS first, coalesce(again.newest, leaf.leaf) AS newest
FROM leaf CROSS JOIN entry ON entry.entry = leaf.entry
LEFT JOIN again ON again.about = leaf.about
WHERE coalesce(again.brought, leaf.leaf) = leaf.leaf
"""

#: What this computation holds against finals and corrections that a gateway accepted.
_OBJECTION: Final = """
CREATE TABLE objection AS
SELECT number, by_form, CASE
    WHEN closed_from <= first THEN 'closed_entry'
    ELSE by_form
END AS reason
FROM (
    SELECT known.number, known.first, entry.closed_from, CASE
        WHEN paper.width <> (SELECT width FROM setting) THEN 'votes_length'
        WHEN paper.precinct <> entry.precinct THEN 'precinct'
        WHEN paper.epoch <> entry.epoch THEN 'epoch'
        WHEN NOT EXISTS (
            SELECT 1 FROM firmware
            WHERE firmware.entry = entry.entry AND firmware.digest = paper.firmware
        ) THEN 'firmware'
        WHEN paper.debug AND (SELECT official FROM setting) THEN 'debug'
        WHEN NOT paper.consented THEN 'officers'
    END AS by_form
    FROM paper CROSS JOIN known USING (number) CROSS JOIN entry USING (entry)
)
WHERE reason IS NOT NULL;
CREATE UNIQUE INDEX objection_number ON objection (number)
"""

#: Every leaf about a report, with the objection that meets it: no ruling lifts a wrong length.
_EVENTS: Final = """
CREATE VIEW event_of AS
SELECT leaf.leaf, leaf.type, leaf.verdict, leaf.reason, leaf.time,
       known.number, known.box, known.sequence, CASE
    WHEN leaf.type = 'ruling' AND objection.by_form = 'votes_length' THEN 'votes_length'
    WHEN leaf.type = 'report' AND leaf.verdict = 'accepted' THEN objection.reason
END AS objection
FROM known
CROSS JOIN leaf ON leaf.about = known.id AND leaf.type IN ('report', 'ruling')   -- by its index
LEFT JOIN objection ON objection.number = known.number
"""

#: Where each report with votes or a turnout stands by its newest leaf; of boxes with rivals each.
_STANDING: Final = """
CREATE TABLE rival AS
SELECT DISTINCT known.box
FROM leaf AS decided NOT INDEXED   -- as they lie
CROSS JOIN leaf AS brought ON brought.about = decided.about
    AND brought.type IN ('report', 'ruling')
CROSS JOIN known ON known.number = brought.leaf
WHERE decided.verdict = 'evidence' AND decided.type IN ('report', 'ruling');
CREATE TABLE standing (
    number INTEGER PRIMARY KEY, id BLOB, box BLOB, kind TEXT, sequence INTEGER, first INTEGER,
    leaf INTEGER, verdict TEXT, reason TEXT, aside INTEGER
);
INSERT INTO standing
SELECT known.number, known.id, known.box, known.kind, known.sequence, known.first, known.newest,
       CASE WHEN event.objection IS NULL THEN event.verdict ELSE 'quarantined' END,
       coalesce(event.objection, event.reason),
       0
FROM (
    SELECT number FROM paper UNION SELECT number FROM interim
    UNION SELECT number FROM known
    WHERE box IN (SELECT box FROM rival) AND EXISTS (SELECT 1 FROM rival)
) AS asked
CROSS JOIN known ON known.number = asked.number
CROSS JOIN event_of AS event ON event.leaf = known.newest AND event.number = known.number;
CREATE INDEX standing_box ON standing (box, kind)
"""

#: What the order of leaves decides, leaf by leaf: who is in the chain of a box, what is set aside.
_REPLAY: Final = """
CREATE TABLE place (box BLOB, sequence INTEGER, number INTEGER, PRIMARY KEY (box, sequence));
CREATE TABLE now (
    number INTEGER PRIMARY KEY, box BLOB, verdict TEXT, reason TEXT, aside INTEGER
);
CREATE TABLE branched (box BLOB PRIMARY KEY);
CREATE TABLE event (
    leaf INTEGER PRIMARY KEY, number INTEGER, box BLOB, sequence INTEGER,
    type TEXT, verdict TEXT, reason TEXT, objection TEXT
);

CREATE TRIGGER follow AFTER INSERT ON event BEGIN
    INSERT OR IGNORE INTO now VALUES (new.number, new.box, 'held', 'gap_before', 0);

    -- Officers name a rival of the one on which the later reports were built.
    UPDATE now SET aside = 1
    WHERE new.type = 'ruling' AND new.reason = 'named'
      AND 'evidence' = (SELECT verdict FROM now WHERE number = new.number)
      AND new.number <> (SELECT number FROM place WHERE box = new.box AND sequence = new.sequence)
      AND reason NOT IN ('released', 'named')
      AND number IN (SELECT number FROM place WHERE box = new.box AND sequence >= new.sequence);
    DELETE FROM place
    WHERE new.type = 'ruling' AND new.reason = 'named'
      AND 'evidence' = (SELECT verdict FROM now WHERE number = new.number)
      AND box = new.box AND (
          sequence = new.sequence
          OR sequence > new.sequence AND number IN (SELECT number FROM now WHERE aside)
      );
    INSERT OR IGNORE INTO place
    SELECT new.box, new.sequence, new.number FROM now
    WHERE number = new.number AND new.type = 'ruling' AND (
        new.reason = 'named' AND verdict = 'evidence'
        OR new.reason = 'released' AND verdict IN ('held', 'quarantined')
    );

    UPDATE now SET verdict = new.verdict, reason = new.reason,
        aside = aside AND new.type = 'report' AND new.verdict NOT IN ('accepted', 'held')
    WHERE number = new.number;
    INSERT OR IGNORE INTO branched SELECT new.box WHERE new.verdict = 'evidence';
    INSERT OR IGNORE INTO place
    SELECT new.box, new.sequence, new.number FROM now
    WHERE number = new.number AND NOT aside
      AND new.type = 'report' AND new.verdict IN ('accepted', 'quarantined')
      AND NOT (new.reason = 'previous' AND EXISTS (SELECT 1 FROM branched WHERE box = new.box));

    UPDATE now SET verdict = 'quarantined', reason = new.objection
    WHERE number = new.number AND new.objection IS NOT NULL;
END;

CREATE TABLE unsettled AS
SELECT box FROM rival UNION SELECT box FROM standing WHERE kind = 'final' AND verdict = 'held';
INSERT INTO event
SELECT event.leaf, event.number, event.box, event.sequence, event.type, event.verdict,
       event.reason, event.objection
FROM event_of AS event WHERE event.box IN (SELECT box FROM unsettled)
    AND EXISTS (SELECT 1 FROM unsettled)
ORDER BY event.leaf;
UPDATE standing SET aside = 1 WHERE number IN (SELECT number FROM now WHERE aside)
"""

#: The corrections that count, in their order: each follows from a final or the one before it.
_CORRECTION: Final = """
CREATE TABLE correction AS
SELECT standing.box, standing.number, row_number() OVER (
           PARTITION BY standing.box ORDER BY standing.sequence, standing.id
       ) AS nth,
       standing.reason IN ('released', 'named') AS ruled,
       earlier.number AS corrects,
       coalesce(earlier.kind = 'final' AND earlier.verdict = 'accepted' AND NOT earlier.aside
                AND earlier.box = standing.box, 0) AS of_final
FROM standing
JOIN paper ON paper.number = standing.number
LEFT JOIN standing AS earlier ON earlier.number = (
    SELECT corrected.number FROM leaf AS named JOIN known AS corrected
        ON corrected.number = named.leaf
    WHERE named.about = paper.corrects AND named.type IN ('report', 'ruling')
)
WHERE standing.kind = 'correction' AND standing.verdict = 'accepted' AND NOT standing.aside;
CREATE UNIQUE INDEX correction_nth ON correction (box, nth);

CREATE TABLE walk (box BLOB, nth INTEGER, tried INTEGER, number INTEGER);
INSERT INTO walk
WITH RECURSIVE step (box, nth, tried, number) AS (
    SELECT DISTINCT box, 0, NULL, NULL FROM correction
    UNION ALL
    SELECT step.box, next.nth, next.number, CASE
        WHEN next.ruled OR next.of_final OR next.corrects = step.number THEN next.number
        ELSE step.number
    END
    FROM step JOIN correction AS next ON next.box = step.box AND next.nth = step.nth + 1
)
SELECT box, nth, tried, number FROM step;
CREATE INDEX walk_tried ON walk (tried);

CREATE TABLE corrected AS SELECT box, number, max(nth) AS nth FROM walk GROUP BY box;
CREATE UNIQUE INDEX corrected_box ON corrected (box)
"""

#: Where every box of the register stands.
_BOX: Final = """
CREATE TABLE box AS
WITH verdicts AS (
    SELECT box, max(verdict = 'accepted') AS accepted, max(verdict = 'quarantined') AS quarantined,
           max(verdict = 'held') AS held
    FROM standing WHERE kind = 'final' AND NOT aside GROUP BY box
),
disputed AS (
    SELECT DISTINCT rival.box FROM standing AS rival
    WHERE rival.verdict = 'evidence' AND NOT EXISTS (
        SELECT 1 FROM standing AS true_one
        WHERE true_one.box = rival.box AND true_one.sequence = rival.sequence
          AND true_one.verdict = 'accepted' AND true_one.reason = 'named'
    )
)
SELECT entry.box, CAST(max(entry.precinct) AS INTEGER) AS precinct, CASE
    WHEN disputed.box IS NOT NULL THEN 'disputed'
    WHEN verdicts.accepted THEN 'counted'
    WHEN verdicts.quarantined THEN 'quarantined'
    WHEN verdicts.held THEN 'held'
    WHEN max(entry.closed_as IS NOT 'unused') THEN 'missing'
    ELSE 'unused'
END AS state
FROM entry
LEFT JOIN verdicts ON verdicts.box = entry.box
LEFT JOIN disputed ON disputed.box = entry.box
GROUP BY entry.box;
CREATE UNIQUE INDEX box_box ON box (box);
CREATE INDEX box_place ON box (precinct, box, state)
"""

#: The one report of each counted box whose numbers are in force.
_COUNTED: Final = """
CREATE TABLE counted (
    place INTEGER PRIMARY KEY, box BLOB, precinct INTEGER, number INTEGER, leaf INTEGER,
    ruled INTEGER
);
INSERT INTO counted (box, precinct, number, leaf, ruled)
SELECT final.box, box.precinct, used.number, used.leaf,
       final.reason IN ('released', 'named') OR used.reason IN ('released', 'named')
FROM standing AS final
JOIN box ON box.box = final.box AND box.state = 'counted'
LEFT JOIN corrected ON corrected.box = final.box AND 1 = (
    SELECT count(*) FROM standing AS other
    WHERE other.box = final.box AND other.kind = 'final'
      AND other.verdict = 'accepted' AND NOT other.aside
)
JOIN standing AS used ON used.number = coalesce(corrected.number, final.number)
WHERE final.kind = 'final' AND final.verdict = 'accepted' AND NOT final.aside
ORDER BY box.precinct, final.box, final.sequence;
CREATE INDEX counted_precinct ON counted (precinct);
CREATE INDEX counted_number ON counted (number)
"""

#: Every report that a result lists under its box, and what the result does with it.
_LISTED: Final = """
CREATE VIEW listed AS
SELECT kept.box, kept.sequence, kept.id, kept.kind, kept.first, kept.leaf,
       box.state, box.precinct,
       CASE WHEN kept.misplaced THEN 'quarantined' ELSE kept.verdict END AS verdict,
       CASE WHEN kept.misplaced THEN 'corrects' ELSE kept.reason END AS reason,
       CASE
           WHEN EXISTS (SELECT 1 FROM counted WHERE number = kept.number) THEN 'counted'
           WHEN kept.aside THEN 'superseded'
           WHEN kept.misplaced THEN 'quarantined'
           WHEN kept.verdict <> 'accepted' THEN kept.verdict
           WHEN box.state = 'counted' THEN 'replaced'
           ELSE 'left_out'
       END AS use
FROM (
    SELECT standing.*, EXISTS (
        SELECT 1 FROM walk WHERE tried = standing.number AND number IS NOT standing.number
    ) AS misplaced
    FROM standing WHERE kind IN ('final', 'correction') OR verdict = 'evidence'
) AS kept
JOIN box ON box.box = kept.box
"""

#: In this order; each may use the tables of those before it.
STEPS: Final = {
    "known": _KNOWN,
    "objection": _OBJECTION,
    "event_of": _EVENTS,
    "standing": _STANDING,
    "replay": _REPLAY,
    "correction": _CORRECTION,
    "box": _BOX,
    "counted": _COUNTED,
    "listed": _LISTED,
}
