"""What the rules make of the sums that SQL found: thresholds, seats, ties and winners.

Every step is a table by name, in whole numbers alone: what is divided is kept with its rest, so
that two quotients are equal here exactly where they are equal.
"""

from typing import Final

_BASE: Final = """
CREATE TABLE base AS
SELECT rule.rule, tally.area, CASE rule.base
    WHEN 'all ballots' THEN tally.ballots
    ELSE (
        SELECT coalesce(sum(votes), 0) FROM vote
        WHERE vote.area = tally.area AND vote.contest = tally.contest
          AND NOT (rule.base = 'valid votes' AND vote.name IS rule.against_all)
    )
END AS value
FROM rule JOIN tally USING (contest)
"""

#: The first threshold that a list misses. An area of which no box is counted has no base here, and
#: so says nothing against anybody.
_FAILED: Final = """
CREATE TABLE failed AS
SELECT rule, place, name FROM (
    SELECT threshold.rule, vote.place, threshold.name, row_number() OVER (
        PARTITION BY threshold.rule, vote.place ORDER BY threshold.place
    ) AS nth
    FROM threshold JOIN rule USING (rule)
    JOIN vote ON vote.area = threshold.area AND vote.contest = rule.contest
    JOIN base ON base.area = threshold.area AND base.rule = rule.rule
    WHERE vote.votes * threshold.whole < threshold.part * base.value
      AND vote.name IS NOT rule.against_all
) WHERE nth = 1
"""

_PASSED: Final = """
CREATE TABLE passed AS
SELECT rule.rule, rule.method, rule.seats, vote.place, vote.votes,
       sum(vote.votes) OVER (PARTITION BY rule.rule) AS total
FROM rule JOIN vote ON vote.contest = rule.contest AND vote.area = 0
LEFT JOIN failed ON failed.rule = rule.rule AND failed.place = vote.place
WHERE rule.kind = 'list' AND failed.rule IS NULL
  AND vote.votes > 0 AND vote.name IS NOT rule.against_all
"""

#: What each list has before rests are compared, and what is left to give.
_CERTAIN: Final = """
CREATE TABLE certain AS
SELECT rule, place, own, seats - sum(own) OVER (PARTITION BY rule) AS open
FROM (
    SELECT rule, place, seats,
           CASE method WHEN 'largest_remainder' THEN votes * seats / total ELSE 0 END AS own
    FROM passed
)
"""

#: Every claim on one of the seats that are left: the rest of a quota, or a quotient, as its whole
#: part and twelve digits of its rest. No divisor is above three million, and one of two different
#: ones is below 20,000: different rests differ within eleven digits.
_CLAIM: Final = """
CREATE TABLE claim AS
WITH RECURSIVE
method (name, step) AS (
    VALUES ('d_hondt', 1), ('sainte_lague', 2), ('modified_sainte_lague', 2)
),
seat (nth) AS (
    SELECT 0 UNION ALL SELECT nth + 1 FROM seat WHERE nth + 1 < (SELECT max(seats) FROM passed)
),
quotient AS (
    SELECT rule, place,
           CASE nth WHEN 0 THEN votes * divisor.whole ELSE votes END AS up,
           CASE nth WHEN 0 THEN divisor.part ELSE 1 + step * nth END AS down
    FROM passed JOIN method ON method.name = passed.method
    JOIN divisor USING (rule) JOIN seat ON seat.nth < passed.seats
)
SELECT rule, place, up / down AS whole, up % down * 1000000000000 / down AS rest FROM quotient
UNION ALL
SELECT rule, place, 0, votes * seats % total FROM passed WHERE method = 'largest_remainder'
"""

#: Equal claims stand together: either there is a seat for each of them, or they are tied.
_GIVEN: Final = """
CREATE TABLE ranked AS
SELECT claim.rule, claim.place, certain.open,
       rank() OVER (PARTITION BY claim.rule ORDER BY whole DESC, rest DESC) AS first,
       count(*) OVER (PARTITION BY claim.rule, whole, rest) AS equals
FROM claim JOIN certain ON certain.rule = claim.rule AND certain.place = claim.place;

CREATE TABLE given AS
SELECT rule, place, own + (
    SELECT count(*) FROM ranked
    WHERE ranked.rule = certain.rule AND ranked.place = certain.place
      AND ranked.first + ranked.equals - 1 <= ranked.open
) AS seats
FROM certain;

CREATE TABLE tied AS
SELECT rule, place, open + 1 - first AS seats
FROM ranked WHERE first <= open AND first + equals - 1 > open
"""

#: Whoever has most votes for a mandate; nobody leads without a vote.
_LEADING: Final = """
CREATE TABLE leading AS
SELECT rule, place, name, against_all, count(*) OVER (PARTITION BY rule) AS equals
FROM (
    SELECT rule.rule, rule.against_all, vote.place, vote.name,
           rank() OVER (PARTITION BY rule.rule ORDER BY vote.votes DESC) AS first
    FROM rule JOIN vote ON vote.contest = rule.contest AND vote.area = 0
    WHERE rule.kind = 'plurality' AND vote.votes > 0
)
WHERE first = 1;
INSERT INTO tied SELECT rule, place, 1 FROM leading WHERE equals > 1;
INSERT INTO given
SELECT rule, place, 1 FROM leading WHERE equals = 1 AND name IS NOT against_all
"""

#: What a referendum comes to: whether enough took part, and whether enough of the base agreed.
_ANSWER: Final = """
CREATE TABLE answer AS
SELECT rule.rule,
       tally.ballots * quorum.whole >= quorum.part * registered.voters AS met,
       vote.votes * majority.whole > majority.part * base.value AS agreed
FROM rule
JOIN tally ON tally.contest = rule.contest AND tally.area = 0
JOIN vote ON vote.contest = rule.contest AND vote.area = 0 AND vote.name = rule.accept
JOIN base ON base.rule = rule.rule AND base.area = 0
JOIN needed AS quorum ON quorum.rule = rule.rule AND quorum.what = 'quorum_percent'
JOIN needed AS majority ON majority.rule = rule.rule AND majority.what = 'majority_percent'
JOIN (SELECT sum(registered) AS voters FROM precinct) AS registered
"""

#: In this order; each may use the tables of those before it.
DECIDING: Final = {
    "base": _BASE,
    "failed": _FAILED,
    "passed": _PASSED,
    "certain": _CERTAIN,
    "claim": _CLAIM,
    "given": _GIVEN,
    "leading": _LEADING,
    "answer": _ANSWER,
}

#: Complete is what waits for no box, when there is one at all.
STATUS: Final = """
SELECT CASE
    WHEN EXISTS (SELECT 1 FROM box WHERE state = 'counted')
     AND NOT EXISTS (SELECT 1 FROM box WHERE state NOT IN ('counted', 'unused'))
    THEN 'complete' ELSE 'preliminary'
END
"""

RULING: Final = "SELECT name, source, digest, provisional FROM ruling"

RULES: Final = """
SELECT rule.*, base.value, answer.met, answer.agreed, tally.ballots, (
    SELECT sum(registered) FROM precinct
) AS registered, coalesce(rule.seats, 1) - coalesce((
    SELECT sum(seats) FROM given WHERE given.rule = rule.rule
), 0) - coalesce((
    SELECT max(seats) FROM tied WHERE tied.rule = rule.rule
), 0) AS unfilled
FROM rule
LEFT JOIN tally ON tally.contest = rule.contest AND tally.area = 0
LEFT JOIN base ON base.rule = rule.rule AND base.area = 0
LEFT JOIN answer ON answer.rule = rule.rule
ORDER BY rule.rule
"""

OPTIONS: Final = """
SELECT vote.name, vote.votes, coalesce(given.seats, 0) AS seats, passed.rule IS NOT NULL AS passed,
       failed.name AS failed, vote.name IS rule.against_all AS against_all
FROM rule JOIN vote ON vote.contest = rule.contest AND vote.area = 0
LEFT JOIN given ON given.rule = rule.rule AND given.place = vote.place
LEFT JOIN passed ON passed.rule = rule.rule AND passed.place = vote.place
LEFT JOIN failed ON failed.rule = rule.rule AND failed.place = vote.place
WHERE rule.rule = :rule ORDER BY vote.place
"""

TIED: Final = """
SELECT DISTINCT vote.name, tied.seats, vote.place FROM tied JOIN rule USING (rule)
JOIN vote ON vote.contest = rule.contest AND vote.area = 0 AND vote.place = tied.place
WHERE tied.rule = :rule ORDER BY vote.place
"""

REGIONS: Final = """
SELECT region.name FROM threshold JOIN region USING (area)
WHERE threshold.rule = :rule ORDER BY threshold.place
"""

#: A precinct that a region names twice is in it once.
MEMBERS: Final = """
CREATE TABLE member AS
SELECT DISTINCT run.area, precinct.number AS precinct
FROM run JOIN precinct ON precinct.number BETWEEN run.first AND run.last
"""
