"""Reason codes in words, for officers and operators."""

from collections.abc import Iterator
from typing import Final

from ballotbox_protocol.election.conservation import MEANING, Law
from ballotbox_protocol.wire.verdict import ANSWERED, Reason

_LAW_CODES: Final = 300

_WORDS: Final = {
    Reason.IN_ORDER: "in order",
    Reason.GAP_CLOSED: "the gap before it closed",
    Reason.RELEASED: "released by two officers",
    Reason.NAMED: "named by two officers as the true one",
    Reason.REPLACES: "opens a log in the place of one that is closed",
    Reason.PUBLISHED: "a result that two officers released",
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
    Reason.OTHER_LOG: "made from another log than this one",
    Reason.RELEASERS: "not signed by two officers who may release in all precincts",
    Reason.VERSION: "does not follow the last publication of this log",
    Reason.CHECKPOINT: "names a size and root that this log never had",
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
    Reason.JOURNAL: "the box's journal did not grow since its last report",
    Reason.STATE: "the poll's state does not fit",
    Reason.KIND_ORDER: "this kind of report may not stand here",
    Reason.VOTES_LENGTH: "its votes do not fit the election's contests",
    Reason.NEW_KEY: "the new key is not the register's, or its proof is wrong",
    Reason.CORRECTS: "corrects another report than the last one that counts",
    Reason.HELD_AHEAD: "the box holds a checkpoint beyond this log",
    Reason.HELD_FORK: "the box holds a checkpoint that this log never had",
    Reason.QUARANTINED_BELOW: "quarantined by the gateway below",
    Reason.FIRMWARE_OLDER: "its firmware is older than one that its box has run",
    Reason.LAW_UNKNOWN: "counted by a law that is not in use here",
    Reason.LINES: "its lines or options are not those of law and contest",
    Reason.RELATION: "breaks a relation of its law that blocks",
}


def in_words(reason: Reason) -> str:
    """Return what a reason code means."""
    if reason >= _LAW_CODES:
        return f"breaks the law: {MEANING[Law(reason - _LAW_CODES)]}"
    return _WORDS[reason]


#: Where a reason means something of its own for a count by hand.
_OF_COUNTS: Final = {
    Reason.IN_ORDER: "in order",
    Reason.GAP_CLOSED: "what it waited for has come",
    Reason.GAP_BEFORE: "the version that it corrects is not here",
    Reason.BOX_DISPUTED: "a version before it has a rival",
    Reason.SAME_SEQUENCE: "another version stands in the same place",
    Reason.CORRECTS: "its number is not the next after that of the version it corrects",
    Reason.PRECINCT: "names no precinct of this election",
    Reason.SIZE: "longer than a count by hand may be",
    Reason.BODY: "these bytes are no count by hand",
    Reason.OLD_REGISTER: "signed by somebody whom this register does not list",
}


def count_in_words(reason: Reason) -> str:
    """Return what a reason code means for a count by hand."""
    return _OF_COUNTS.get(reason) or in_words(reason)


_R: Final = Reason
_LAWS: Final = tuple(reason for reason in Reason if reason >= _LAW_CODES)

#: What is asked of a report, in this order, and with which reasons it fails.
STEPS: Final[dict[str, tuple[Reason, ...]]] = {
    "road": (_R.RATE, _R.DISK),
    "envelope": (_R.SIZE, _R.ENVELOPE, _R.HEADER),
    "register": (_R.UNKNOWN_KEY,),
    "signature": (_R.SIGNATURE,),
    "body": (_R.BODY,),
    "binding": (_R.TOPIC, _R.CERTIFICATE, _R.OTHER_ELECTION, _R.OTHER_BOX, _R.OLD_REGISTER),
    "sequence": (_R.SAME_SEQUENCE, _R.BOX_DISPUTED, _R.GAP_BEFORE, _R.PREVIOUS),
    "entry": (_R.PRECINCT, _R.EPOCH, _R.CLOSED_ENTRY, _R.FIRMWARE, _R.DEBUG),
    "echo": (_R.HELD_AHEAD, _R.HELD_FORK),
    "ratchets": (_R.FIRMWARE_OLDER, _R.BOOT, _R.JOURNAL),
    "poll": (_R.STATE, _R.KIND_ORDER),
    "laws": (*_LAWS, _R.VOTES_LENGTH, _R.CORRECTS),
    "officers": (_R.OFFICERS, _R.NEW_KEY),
    "hand count": (_R.LAW_UNKNOWN, _R.LINES, _R.RELATION),
    "publication": (_R.RELEASERS, _R.OTHER_LOG, _R.VERSION, _R.CHECKPOINT),
    "levels": (_R.QUARANTINED_BELOW, _R.EVIDENCE_BELOW),
}

_EXAMINE: Final = "examine the box; two officers may release the report"
_WAIT: Final = "nothing: it comes again"
#: What people do about a step's reasons, where the reason itself has no entry.
_DO_STEP: Final = {
    "road": _WAIT,
    "envelope": "find what sends it, by the kept sample and its road",
    "register": "find what sends it; a box of this election needs a newer register",
    "signature": "find who sends it",
    "body": "give the box the firmware of this election",
    "binding": "compare cable, topic and certificate with the box",
    "sequence": "nothing: the box is asked for what is missing",
    "entry": "compare the register with the box; two officers may release the report",
    "echo": "see the section on checkpoints that boxes hold",
    "ratchets": _EXAMINE,
    "poll": _EXAMINE,
    "laws": _EXAMINE,
    "officers": "have two officers with the role sign; else two may release the report",
    "hand count": "count again or read the sheet again; two officers sign a correction",
    "publication": "export the log anew, draft from it, and have two officers sign that",
    "levels": "look at the gateway below",
}
_DO: Final = {
    _R.DISK: "free some space",
    _R.OTHER_ELECTION: "give the box the election that it serves here",
    _R.OTHER_BOX: "examine the box: it signs in the name of another",
    _R.OLD_REGISTER: "give this gateway the newer register",
    _R.SAME_SEQUENCE: "two officers name the true one",
    _R.BOX_DISPUTED: "two officers end the dispute",
    _R.PREVIOUS: _EXAMINE,
    _R.DEBUG: "take the box out of service: nobody can release its reports",
    _R.FIRMWARE_OLDER: "give the box the newer firmware; two officers may release the report",
    _R.LAW_UNKNOWN: "set `laws` to the law of this election, or count by it",
    _R.RELEASERS: "have two officers sign who may release in all precincts, and nobody else",
    _R.OTHER_LOG: "send it to the gateway whose log it names",
    _R.CHECKPOINT: "find out which log was folded: it may be a forgery; keep it as evidence",
    _R.VOTES_LENGTH: "examine the box: no total can hold these votes",
}
#: What sets a publication aside that a lower log brings; from people it is refused.
_FROM_BELOW: Final = frozenset({_R.OLD_REGISTER, _R.OTHER_LOG, _R.RELEASERS, _R.VERSION})
#: Where the codes of refusals and of quarantine begin.
_REFUSED: Final = 100
_QUARANTINED: Final = 200


def to_do(reason: Reason) -> str:
    """Return what people do about a reason against a report, as the table has it."""
    step = next(step for step, reasons in STEPS.items() if reason in reasons)
    return _DO.get(reason, _DO_STEP[step])


def reasons_table() -> str:
    """Return the table of what is asked of a report, in order, in Markdown."""
    head = ("| Step | Code | Reason | Then | Means | To do |", "|---|---|---|---|---|---|")
    return "\n".join((*head, *_rows())) + "\n"


def _rows() -> Iterator[str]:
    for step, reasons in STEPS.items():
        for reason in reasons:
            words = (
                step,
                str(int(reason)),
                f"`{reason.name}`",
                handling(reason),
                in_words(reason),
                to_do(reason),
            )
            yield f"| {' | '.join(words)} |"


def handling(reason: Reason) -> str:
    """Return what becomes of a report for that reason."""
    if reason in ANSWERED:
        return "refused, signed answer"
    if reason >= _QUARANTINED:
        return "quarantined"
    if reason in _FROM_BELOW:
        return "refused, no answer; a publication from below: quarantined"
    if reason >= _REFUSED:
        return "refused, no answer"
    return "evidence" if reason >= Reason.SAME_SEQUENCE else "held"
