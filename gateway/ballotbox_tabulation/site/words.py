"""The words of the pages that stand in no template: each is a key of the catalogues."""

from typing import Final

from ballotbox_protocol.election.counters import COUNTER_NAMES

#: How a result stands, by the name of its status.
STATUS: Final = {
    "preliminary": "Preliminary result",
    "complete": "Complete result",
    "correction": "Corrected result",
    "certified": "Certified result",
}
#: The states of a box.
STATE: Final = {
    "disputed": "Disputed",
    "quarantined": "Quarantined",
    "held": "Held",
    "missing": "Missing",
    "counted": "Counted",
    "unused": "Closed as unused",
}
#: What the states of boxes mean that are in no total.
MEANING: Final = {
    "disputed": "Two different reports carry one number. Two officers must name one.",
    "quarantined": "The final is authentic, but its own content fails a check.",
    "held": "The final waits for reports of its box that have not arrived.",
    "missing": "No final has arrived.",
}
KIND: Final = {"final": "final", "correction": "correction"}
#: What became of a report.
USE: Final = {
    "counted": "counted",
    "replaced": "replaced by a correction",
    "superseded": "built on a report that officers did not name",
    "held": "held",
    "quarantined": "quarantined",
    "evidence": "kept as evidence",
    "left_out": "left out",
}
COUNTER: Final = dict(
    zip(
        COUNTER_NAMES,
        (
            "Sheets presented",
            "Sheets accepted",
            "Sheets given back",
            "Sheets pending",
            "From the portable box",
            "Box counter",
            "Ballots",
            "Sheets in the life of the box",
        ),
        strict=True,
    )
)
#: Why a list got no seat.
BELOW: Final = "below %(percent)s"
ELECTED: Final = "elected"
#: The same while boxes are missing.
AHEAD: Final = "most votes so far"
CHART: Final = "Bar chart of the votes."
VOTES: Final = "votes"
#: What a scenario whose sources leave numbers open says on every page.
SYNTHETIC: Final = (
    "Simulation with public figures of a real election. What the figures do not give is drawn from "
    "a seed and synthetic: the split by station, invalid ballots, single-mandate votes and all "
    "later arrivals."
)
#: The files of data, with what each is.
FILES: Final = {
    "data/result.json": "The whole result as the program computed it, with its digest.",
    "data/options.csv": "Votes and shares of every option in the whole election.",
    "data/stations.csv": "A row for every station, with all its numbers.",
    "data/boxes.csv": "A row for every box, with its state, its report and its leaf.",
    "data/err.json": "Election results report, version 2 of the NIST common data format.",
    "data/companion.json": (
        "What that format cannot say: invalid, spoiled, cancelled, lost and portable ballots."
    ),
    "data/companion.schema.json": "The JSON schema of the companion.",
    "SHA256SUMS": "The digest of every file here.",
}
#: The files of data that a released result has more; the second only when its centre has it.
STATEMENT: Final = "The statement by which officers released this result, with their signatures."
RECEIPT: Final = "The receipt of the centre: the proof that the statement is a leaf of its log."
#: Every word here, what the decisions' bases are called, and marks in place of numbers.
ALL: Final = (
    *STATUS.values(),
    *STATE.values(),
    *MEANING.values(),
    *KIND.values(),
    *USE.values(),
    *COUNTER.values(),
    *FILES.values(),
    STATEMENT,
    RECEIPT,
    BELOW,
    ELECTED,
    AHEAD,
    CHART,
    VOTES,
    SYNTHETIC,
    "test",
    "rehearsal",
    "accepted",
    "evidence",
    "no data",
    "illegible",
    "ballots",
    "valid votes",
    "valid votes and votes against all",
    "all ballots",
    "registered voters",
)
