"""What a gateway can decide about a report, and why: closed sets with stable codes."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from ballotbox_protocol.election.conservation import MEANING as LAW_MEANING
from ballotbox_protocol.election.conservation import Law

#: Reason codes from here on say which law broke.
_LAW_REASONS: Final = 300


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
    # 5 stands in frozen vectors for what no reader knows.
    REPLACES = 6
    PUBLISHED = 7
    # With HELD
    GAP_BEFORE = 20
    BOX_DISPUTED = 21
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
    # Refusals of a publication that officers of the register signed
    OTHER_LOG = 115
    RELEASERS = 116
    VERSION = 117
    CHECKPOINT = 118
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
    FIRMWARE_OLDER = 217
    LAW_UNKNOWN = 218
    LINES = 219
    RELATION = 220
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
    LAW_CLOSED = 300 + Law.CLOSED


#: The refusals that get a signed answer: authentic bytes that can never belong into this log.
ANSWERED: Final = frozenset({Reason.BODY, Reason.OTHER_BOX, Reason.OTHER_ELECTION})


def law_reason(law: Law) -> Reason:
    """Return the reason code of a broken law."""
    return Reason(_LAW_REASONS + law)


#: Each reason as the rest of a sentence about a report.
REASON_MEANING: Final[Mapping[Reason, str]] = {
    Reason.IN_ORDER: "it follows the report before it, and nothing speaks against it",
    Reason.GAP_CLOSED: "the reports missing before it have come",
    Reason.RELEASED: "two officers released it",
    Reason.NAMED: "two officers named it the true one of several",
    Reason.REPLACES: "it opens this log in the place of one that is closed",
    Reason.PUBLISHED: "two officers released this result",
    Reason.GAP_BEFORE: "a report before it is missing",
    Reason.BOX_DISPUTED: "its box is disputed",
    Reason.SAME_SEQUENCE: "another report of its box has the same sequence",
    Reason.EVIDENCE_BELOW: "it is evidence at the gateway below",
    Reason.SIZE: "the bytes are more than a report may have",
    Reason.ENVELOPE: "the bytes are not a COSE_Sign1 message of this profile",
    Reason.HEADER: "the protected header is not that of a report",
    Reason.UNKNOWN_KEY: "the key is not in the register",
    Reason.SIGNATURE: "the signature does not verify",
    Reason.TOPIC: "it came on the topic of another box",
    Reason.CERTIFICATE: "it came under the certificate of another box",
    Reason.RATE: "too many came at once",
    Reason.OLD_REGISTER: "the gateway's register is too old for it",
    Reason.DISK: "the gateway cannot store it",
    Reason.OTHER_LOG: "it is a publication of another log",
    Reason.RELEASERS: "it is not signed by two officers who may release in all precincts",
    Reason.VERSION: "it does not follow the last publication of its log",
    Reason.CHECKPOINT: "it names a size and root that this log never had",
    Reason.BODY: "it is authentic, but its body is not a report of this version",
    Reason.OTHER_BOX: "it is signed by one box and names another",
    Reason.OTHER_ELECTION: "it was made for another election",
    Reason.PRECINCT: "it names another precinct than the register",
    Reason.EPOCH: "its key epoch is not the current one of its box",
    Reason.CLOSED_ENTRY: "the register closed its box's entry before this leaf",
    Reason.FIRMWARE: "its firmware is not on the box's list",
    Reason.DEBUG: "its box ran in debug mode in an official election",
    Reason.OFFICERS: "it lacks the signatures of two officers with the role",
    Reason.PREVIOUS: "it does not name the report before it",
    Reason.BOOT: "its boot count does not follow",
    Reason.JOURNAL: "its journal has not grown since the report before it",
    Reason.STATE: "its poll state does not follow, or does not fit its kind",
    Reason.KIND_ORDER: "a report of its kind may not stand here",
    Reason.VOTES_LENGTH: "its votes do not have the length that the definition gives",
    Reason.NEW_KEY: "the new key is not in the register as the next epoch, or its proof is wrong",
    Reason.CORRECTS: "it corrects another report than the last one that counts",
    Reason.HELD_AHEAD: "it holds a checkpoint beyond the end of this log",
    Reason.HELD_FORK: "it holds a checkpoint that this log never signed",
    Reason.QUARANTINED_BELOW: "the gateway below quarantined it",
    Reason.FIRMWARE_OLDER: "its firmware's number is lower than one that its box reported before",
    Reason.LAW_UNKNOWN: "it was counted by a law that is not in use here",
    Reason.LINES: "its lines and options are not those of its law and its contest",
    Reason.RELATION: "it breaks a relation of its law that blocks",
} | {
    law_reason(law): f"it breaks the law: {meaning}"
    for law, meaning in LAW_MEANING.items()
    if _LAW_REASONS + law in set(Reason)
}
