"""Elections for the two computations: anything a log may say, and what both make of it."""

from copy import deepcopy
from dataclasses import replace
from itertools import islice
from random import Random

from hypothesis import strategies as st

from ballotbox_protocol.election.register import ClosedAs, Closure, origin_id
from ballotbox_protocol.election.tally import Marks
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import with_register
from ballotbox_tabulation.core.log import open_log, read_leaves
from ballotbox_tabulation.core.outcome import read_standings
from ballotbox_tabulation.core.publication import Source, build_result
from ballotbox_tabulation.core.totals import tabulate
from ballotbox_tabulation.second_opinion import second_opinion
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import ORIGIN, Ballot, LogBuilder, authority_of, count

BOXES = 4
AUTHORITY = authority_of(boxes=BOXES, boxes_per_precinct=2)
_VOTING = (ReportKind.FINAL, ReportKind.CORRECTION)
_REASONS = {
    Verdict.ACCEPTED: (Reason.IN_ORDER, Reason.GAP_CLOSED),
    Verdict.HELD: (Reason.GAP_BEFORE, Reason.BOX_DISPUTED),
    Verdict.QUARANTINED: (Reason.PREVIOUS, Reason.FIRMWARE, Reason.QUARANTINED_BELOW),
    Verdict.EVIDENCE: (Reason.SAME_SEQUENCE, Reason.EVIDENCE_BELOW),
}
#: Mostly what an honest box has: an objection is the exception.
_ODD = ({}, {}, {}, {}, {"precinct": 9}, {"epoch": 3}, {"firmware": bytes(32)}, {"votes": (1, 2)})

acts = st.tuples(
    st.integers(0, BOXES - 1),
    st.sampled_from(["final", "final", "correction", "turnout", "rival", "again", "rule", "odd"]),
    st.sampled_from(sorted(Verdict) + [Verdict.ACCEPTED] * 3),
    st.integers(0, 7),
)
closures = st.dictionaries(
    st.integers(0, BOXES - 1), st.tuples(st.sampled_from(list(ClosedAs)), st.integers(0, 30))
)


def random_ballots(random: Random) -> list[Ballot]:
    """Ballots of every sort: overvoted, undervoted, blank, with preferences and without."""
    return [
        Ballot(
            0,
            {
                0: Marks(frozenset({option}), frozenset({(option, random.randrange(2))}))
                if (option := random.randrange(5)) < 4
                else Marks(),
                1: Marks(frozenset(random.sample(range(4), random.randrange(4)))),
                2: Marks(frozenset(random.sample(range(7), random.randrange(7)))),
            },
        )
        for _ in range(random.randrange(12))
    ]


class Day:
    """A log in the making: does what it is told, as far as a gateway could have."""

    def __init__(self, authority=AUTHORITY):
        self.log = LogBuilder(authority)
        self.pens = [self.log.pen(number) for number in range(BOXES)]
        #: By box, each report with its newest verdict.
        self.written = [[] for _ in range(BOXES)]

    def do(self, number, act, verdict, pick):
        """Do one act; what no gateway could do is left out."""
        written = self.written[number]
        if act in ("again", "rule", "correction") and not written:
            return
        if act in ("again", "rule"):
            entry = written[pick % len(written)]
            (self._again if act == "again" else self._rule)(entry, verdict, pick)
            return
        signed = self._write(number, act, pick)
        written.append([signed, None, False])
        self._decide(written[-1], verdict, pick, attached=True)

    def _write(self, number, act, pick):
        pen = self.pens[number]
        before = (pen.sequence, pen.previous)
        if act == "rival" and pen.sequence:
            pen.sequence -= 1
        if act == "turnout":
            return pen.write(ReportKind.TURNOUT)
        row, counters = count(self.log.authority, random_ballots(Random(pick + 8 * self.log.size)))
        voting = [each for each, *_ in self.written[number] if each.report.kind in _VOTING]
        odd = _ODD[pick] if act == "odd" else {}
        if act == "correction" and voting:
            return pen.correction(voting[pick % len(voting)], row, counters=counters, **odd)
        signed = pen.write(ReportKind.FINAL, counters, **{"votes": row, **odd})
        if act == "rival" and pick % 2:
            pen.sequence, pen.previous = before
        return signed

    def _again(self, entry, verdict, pick):
        self._decide(entry, verdict, pick, attached=bool(pick % 2))

    def _decide(self, entry, verdict, pick, *, attached):
        reasons = _REASONS[verdict]
        reason = reasons[pick % len(reasons)]
        self.log.decide(entry[0], verdict, reason, attached=attached)
        entry[1] = verdict

    def _rule(self, entry, _, pick):
        signed, verdict, _ = entry
        if verdict is Verdict.EVIDENCE:
            kind = RulingKind.NAME
        else:
            kind = RulingKind.RELEASE if verdict is not Verdict.ACCEPTED or pick % 2 else None
        self.log.rule(kind or RulingKind.NAME, signed)
        entry[1] = Verdict.ACCEPTED


def day_of(told, authority=AUTHORITY):
    """The log in which all that was told has happened."""
    day = Day(authority)
    for act in told:
        day.do(*act)
    return day.log


def closing(closed, authority=AUTHORITY):
    """The authority after it closed entries of its register."""
    register = authority.trusted.register
    boxes = tuple(
        replace(each, closed=Closure(closed[at][0], ((origin_id(ORIGIN), closed[at][1]),)))
        if at in closed
        else each
        for at, each in enumerate(register.boxes)
    )
    return with_register(authority, replace(register, version=2, boxes=boxes))


def opened(log, authority=None):
    """The log as the tabulation opens it."""
    return open_log(log.files().get, (authority or log.authority).trusted)


def result_of(log, authority=None):
    """The result before any gate, to be changed at will, or the faults of the log."""
    given = authority or log.authority
    source = opened(log, given)
    found = read_standings(source, read_leaves(source))
    if isinstance(found, list):
        return found
    election = given.trusted.election
    whole = Source(given.root, given.trusted, source.checkpoint, "test")
    return deepcopy(build_result(tabulate(found, election), whole))


def opinion(log, result, authority=None):
    """What the second computation holds against a result, in words."""
    return [str(each) for each in islice(second_opinion(opened(log, authority), result), 5)]


def publish(log, authority=None):
    """What becomes of a log with both computations."""
    return concluded(log, "test", authority, second=second_opinion)
