"""A log folded, as the tests look at it."""

from ballotbox_tabulation.core.faults import Fault
from ballotbox_tabulation.core.fold import Standings
from ballotbox_tabulation.core.log import open_log, read_leaves
from ballotbox_tabulation.core.outcome import Refused, conclude, read_standings
from ballotbox_tabulation.core.publication import Source, build_result
from ballotbox_tabulation.core.totals import tabulate
from ballotbox_tabulation.second_opinion import second_opinion


def standings(log, authority=None):
    """Where the boxes stand after a log; `authority` may bring a later register.

    Whatever is folded here is counted a second time: both computations must agree on all of it.
    """
    given = authority or log.authority
    opened = open_log(log.files().get, given.trusted)
    found = read_standings(opened, read_leaves(opened))
    if isinstance(found, Standings):
        source = Source(given.root, given.trusted, opened.checkpoint, "test 1")
        result = build_result(tabulate(found, given.trusted.election), source)
        assert second_opinion(opened, result) == []
    return found


def first(log, authority=None):
    """Where the first box stands."""
    return standings(log, authority).boxes[0]


def uses(box):
    """What the result does with each listed report of a box, and its leaves."""
    return [(report.use, report.leaves) for report in box.reports]


def concluded(log, program="test 1", authority=None, **judges):
    """What becomes of a log: its published result, or why there is none."""
    given = authority or log.authority
    opened = open_log(log.files().get, given.trusted)
    return conclude(opened, read_leaves(opened), given.root, program, **judges)


def read(authority, files):
    """The published result of exported files, or the list of their faults."""
    opened = open_log(files.get, authority.trusted)
    if isinstance(opened, Fault):
        return [opened]
    outcome = conclude(opened, read_leaves(opened), authority.root, "test 1", second_opinion)
    return list(outcome.faults) if isinstance(outcome, Refused) else outcome


def codes(faults):
    """Which faults at which leaves."""
    return [(fault.code, fault.leaf) for fault in faults]
