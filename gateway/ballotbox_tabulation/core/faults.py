"""What can be wrong with a log: a closed set with stable codes. One fault refuses the whole log."""

from dataclasses import dataclass
from enum import IntEnum, unique


@unique
class LogFault(IntEnum):
    """The ways in which a log does not hold together; the codes are public, never renumbered."""

    # The log as a whole
    CHECKPOINT_MISSING = 1
    CHECKPOINT_FORM = 2
    CHECKPOINT_ORIGIN = 3
    CHECKPOINT_SIGNATURE = 4
    FILE_MISSING = 10
    FILE_FORM = 11
    ROOT = 12
    TILE = 13
    # One leaf and what stands beside it
    LEAF_FORM = 20
    VERDICT_REASON = 21
    ATTACHMENT_FORM = 22
    REPORT_MISSING = 30
    REPORT_FORM = 31
    REPORT_ID = 32
    REPORT_SIGNER = 33
    REPORT_SIGNATURE = 34
    REPORT_BOX = 35
    REPORT_ELECTION = 36
    RULING_MISSING = 40
    RULING_UNASKED = 41
    RULING_FORM = 42
    RULING_DIGEST = 43
    RULING_SCOPE = 44
    RULING_OFFICERS = 45
    RULING_CAUSE = 46
    LOWER_CHECKPOINT = 50
    LOWER_FORK = 51
    HELD_CHECKPOINT = 52
    SAME_SEQUENCE = 53
    # Counts by hand
    COUNT_MISSING = 60
    COUNT_FORM = 61
    COUNT_DIGEST = 62
    COUNT_OFFICERS = 63
    COUNT_RIVALS = 64
    # Released results
    PUBLICATION_MISSING = 70
    PUBLICATION_DIGEST = 71
    PUBLICATION_FORM = 72
    PUBLICATION_LOG = 73
    PUBLICATION_CHECKPOINT = 74
    PUBLICATION_VERSION = 75


MEANING: dict[LogFault, str] = {
    LogFault.CHECKPOINT_MISSING: "the log has no checkpoint",
    LogFault.CHECKPOINT_FORM: "the checkpoint is not a signed note",
    LogFault.CHECKPOINT_ORIGIN: "the register knows no gateway with the log's origin",
    LogFault.CHECKPOINT_SIGNATURE: "the checkpoint is not signed by the gateway of its origin",
    LogFault.FILE_MISSING: "a file of the log is missing",
    LogFault.FILE_FORM: "a file of the log does not hold what its name promises",
    LogFault.ROOT: "the leaves do not lead to the root that the gateway signed",
    LogFault.TILE: "a hash tile differs from the leaves",
    LogFault.LEAF_FORM: "a leaf is not canonical",
    LogFault.VERDICT_REASON: "verdict and reason of a leaf do not belong together",
    LogFault.ATTACHMENT_FORM: "what stands beside a leaf is not [report, ruling, lower checkpoint]",
    LogFault.REPORT_MISSING: "neither this leaf nor one before it carries the report",
    LogFault.REPORT_FORM: "the report is malformed",
    LogFault.REPORT_ID: "the report is another than the one the leaf decided about",
    LogFault.REPORT_SIGNER: "no box of the register has the key that the report names",
    LogFault.REPORT_SIGNATURE: "the box's signature does not verify",
    LogFault.REPORT_BOX: "the report names another box than the one that signed it",
    LogFault.REPORT_ELECTION: "the report belongs to another election",
    LogFault.RULING_MISSING: "the leaf rests on a ruling that is not there",
    LogFault.RULING_UNASKED: "a ruling stands beside a leaf that rests on none",
    LogFault.RULING_FORM: "the ruling is malformed",
    LogFault.RULING_DIGEST: "the ruling is another than the one the leaf commits to",
    LogFault.RULING_SCOPE: "the ruling is about another report, another election or another matter",
    LogFault.RULING_OFFICERS: "the ruling is not signed by two officers who may rule there",
    LogFault.RULING_CAUSE: "the ruling decides what was not open",
    LogFault.LOWER_CHECKPOINT: "the lower level's checkpoint does not verify",
    LogFault.LOWER_FORK: "the lower level signed two different logs of one size",
    LogFault.HELD_CHECKPOINT: "the box holds a checkpoint of this origin that the log contradicts",
    LogFault.SAME_SEQUENCE: "two different reports of one box and sequence are both accepted",
    LogFault.COUNT_MISSING: "the leaf rests on a count by hand that is not there",
    LogFault.COUNT_FORM: "no officers of the register vouch for the count by hand",
    LogFault.COUNT_DIGEST: "the count by hand is another than the one the leaf commits to",
    LogFault.COUNT_OFFICERS: "the count by hand is not signed by two officers who may sign there",
    LogFault.COUNT_RIVALS: "two counts by hand that exclude each other are both accepted",
    LogFault.PUBLICATION_MISSING: "the leaf rests on a publication that is not there",
    LogFault.PUBLICATION_DIGEST: "the publication is another than the one the leaf commits to",
    LogFault.PUBLICATION_FORM: "no two releasing officers of this election signed the publication",
    LogFault.PUBLICATION_LOG: "the register knows no gateway with the publication's log",
    LogFault.PUBLICATION_CHECKPOINT: "the publication was made of another log than this one",
    LogFault.PUBLICATION_VERSION: "the publication does not follow the one before it",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One misfit: what, at which leaf (None: the log as a whole), and the particulars."""

    code: LogFault
    leaf: int | None = None
    detail: str = ""

    def __str__(self) -> str:
        place = "log" if self.leaf is None else f"leaf {self.leaf}"
        detail = f" ({self.detail})" if self.detail else ""
        return f"{place}: {MEANING[self.code]}{detail} [{self.code.name}]"
