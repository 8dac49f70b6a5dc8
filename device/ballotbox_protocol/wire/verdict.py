"""What a gateway can decide about a report, and why: closed sets with stable codes."""

from enum import IntEnum

from ballotbox_protocol.election.conservation import Law


class Verdict(IntEnum):
    """A decision with a leaf in the log. Later verdicts on a report are new leaves."""

    ACCEPTED = 1
    HELD = 2
    QUARANTINED = 3
    EVIDENCE = 4


#: How severe a verdict is; a higher level takes the more severe of its own and the lower one.
SEVERITY: dict[Verdict, int] = {
    Verdict.ACCEPTED: 0,
    Verdict.HELD: 1,
    Verdict.QUARANTINED: 2,
    Verdict.EVIDENCE: 3,
}


class Reason(IntEnum):
    """Why; the code is public and never renumbered. 300 + n: conservation law n broke."""

    # With ACCEPTED
    IN_ORDER = 1
    GAP_CLOSED = 2
    RELEASED = 3
    NAMED = 4
    # With HELD
    GAP_BEFORE = 20
    BOX_DISPUTED = 21
    HELD_BELOW = 22
    # With EVIDENCE
    SAME_SEQUENCE = 30
    EVIDENCE_BELOW = 31
    # Refusals without an answer: unauthentic bytes, or a fault of the road
    SIZE = 100
    ENVELOPE = 101
    HEADER = 102
    UNKNOWN_KEY = 103
    SIGNATURE = 104
    TOPIC = 110
    CERTIFICATE = 111
    RATE = 112
    OLD_REGISTER = 113
    DISK = 114
    # Refusals with a signed answer: authentic bytes that can never belong here
    BODY = 120
    OTHER_BOX = 121
    OTHER_ELECTION = 122
    # With QUARANTINED
    PRECINCT = 200
    EPOCH = 201
    CLOSED_ENTRY = 202
    FIRMWARE = 203
    DEBUG = 204
    OFFICERS = 205
    PREVIOUS = 206
    BOOT = 207
    JOURNAL = 208
    STATE = 209
    KIND_ORDER = 210
    VOTES_LENGTH = 211
    NEW_KEY = 212
    CORRECTS = 213
    HELD_AHEAD = 214
    HELD_FORK = 215
    QUARANTINED_BELOW = 216
    LAW_PRESENTED = 300 + Law.PRESENTED
    LAW_BOX_COUNTER = 300 + Law.BOX_COUNTER
    LAW_PENDING = 300 + Law.PENDING
    LAW_PORTABLE = 300 + Law.PORTABLE
    LAW_BALLOTS = 300 + Law.BALLOTS
    LAW_LIFETIME = 300 + Law.LIFETIME
    LAW_ZERO = 300 + Law.ZERO
    LAW_SETTLED = 300 + Law.SETTLED
    LAW_SLOTS = 300 + Law.SLOTS
    LAW_BLANK = 300 + Law.BLANK
    LAW_OVERVOTES = 300 + Law.OVERVOTES
    LAW_PREFERENCES = 300 + Law.PREFERENCES
    LAW_CARRIED = 300 + Law.CARRIED
    LAW_COVERED = 300 + Law.COVERED
    LAW_MONOTONE = 300 + Law.MONOTONE
    LAW_FROZEN = 300 + Law.FROZEN
    LAW_CORRECTION = 300 + Law.CORRECTION
    LAW_OPTION = 300 + Law.OPTION
    LAW_MARKED = 300 + Law.MARKED


def law_reason(law: Law) -> Reason:
    """Return the reason code of a broken law."""
    return Reason(300 + law)
