"""Reason codes in words, for officers and operators."""

from typing import Final

from ballotbox_protocol.election.conservation import MEANING, Law
from ballotbox_protocol.wire.verdict import Reason

_LAW_CODES: Final = 300

_WORDS: Final = {
    Reason.IN_ORDER: "in order",
    Reason.GAP_CLOSED: "the gap before it closed",
    Reason.RELEASED: "released by two officers",
    Reason.NAMED: "named by two officers as the true one",
    Reason.REPLACES: "opens a log in the place of one that is closed",
    Reason.GAP_BEFORE: "an earlier report is missing",
    Reason.BOX_DISPUTED: "its box is disputed",
    Reason.SAME_SEQUENCE: "another report of its box has the same number",
    Reason.EVIDENCE_BELOW: "evidence of a dispute at the gateway below",
    Reason.SIZE: "longer than a report may be",
    Reason.ENVELOPE: "not a signed message",
    Reason.HEADER: "not a signed report",
    Reason.UNKNOWN_KEY: "signed by a key that is not in the register",
    Reason.SIGNATURE: "the signature is wrong",
    Reason.TOPIC: "came on another box's topic",
    Reason.CERTIFICATE: "came under another box's certificate",
    Reason.RATE: "too many at once",
    Reason.OLD_REGISTER: "this gateway's register is too old for it",
    Reason.DISK: "no room on the disk",
    Reason.BODY: "signed, but its content is no report",
    Reason.OTHER_BOX: "signed by one box in the name of another",
    Reason.OTHER_ELECTION: "made for another election",
    Reason.PRECINCT: "names another precinct than the register",
    Reason.EPOCH: "signed with a key epoch that is not the current one",
    Reason.CLOSED_ENTRY: "its box is closed in the register",
    Reason.FIRMWARE: "its firmware is not on the list",
    Reason.DEBUG: "the box ran in debug mode",
    Reason.OFFICERS: "lacks the signatures of two officers with the role",
    Reason.PREVIOUS: "does not follow the report before it",
    Reason.BOOT: "its boot count does not fit",
    Reason.JOURNAL: "the box's journal became shorter",
    Reason.STATE: "the poll's state does not fit",
    Reason.KIND_ORDER: "this kind of report may not stand here",
    Reason.VOTES_LENGTH: "its votes do not fit the election's contests",
    Reason.NEW_KEY: "the new key is not the register's, or its proof is wrong",
    Reason.CORRECTS: "corrects another report than the last one that counts",
    Reason.HELD_AHEAD: "the box holds a checkpoint beyond this log",
    Reason.HELD_FORK: "the box holds a checkpoint that this log never had",
    Reason.QUARANTINED_BELOW: "quarantined by the gateway below",
}


def in_words(reason: Reason) -> str:
    """Return what a reason code means."""
    if reason >= _LAW_CODES:
        return f"breaks the law: {MEANING[Law(reason - _LAW_CODES)]}"
    return _WORDS[reason]
