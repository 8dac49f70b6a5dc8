"""A log folded, as the tests look at it."""

from ballotbox_tabulation.core.faults import Fault
from ballotbox_tabulation.core.log import open_log, read_leaves
from ballotbox_tabulation.core.outcome import Refused, conclude, read_standings


def standings(log, authority=None):
    """Where the boxes stand after a log; `authority` may bring a later register."""
    opened = open_log(log.files().get, (authority or log.authority).trusted)
    return read_standings(opened, read_leaves(opened))


def first(log, authority=None):
    """Where the first box stands."""
    return standings(log, authority).boxes[0]


def uses(box):
    """What the result does with each listed report of a box, and its leaves."""
    return [(report.use, report.leaves) for report in box.reports]


def read(authority, files):
    """The published result of exported files, or the list of their faults."""
    opened = open_log(files.get, authority.trusted)
    if isinstance(opened, Fault):
        return [opened]
    outcome = conclude(opened, read_leaves(opened), authority.root, "test 1")
    return list(outcome.faults) if isinstance(outcome, Refused) else outcome


def codes(faults):
    """Which faults at which leaves."""
    return [(fault.code, fault.leaf) for fault in faults]
