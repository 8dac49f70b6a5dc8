"""Reasons, states and uses in plain words: what the page and the verifier say."""

from collections.abc import Mapping
from typing import Any, Final

from ballotbox_protocol.election.conservation import MEANING, Law
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_tabulation.core.result_status import SAID_BY_OFFICERS

_PLAIN: Final[dict[Reason, str]] = {
    Reason.IN_ORDER: "in order",
    Reason.GAP_CLOSED: "accepted when the reports missing before it arrived",
    Reason.RELEASED: "released by two officers",
    Reason.NAMED: "named the true one by two officers",
    Reason.REPLACES: "opens a log in the place of one that is closed",
    Reason.PUBLISHED: "a result that two officers released",
    Reason.GAP_BEFORE: "a report before it is missing",
    Reason.BOX_DISPUTED: "its box is disputed",
    Reason.SAME_SEQUENCE: "another report of its box has the same number",
    Reason.EVIDENCE_BELOW: "in evidence at the gateway below",
    Reason.OLD_REGISTER: "an officer who signed it is not in the register",
    Reason.OTHER_LOG: "another log brought it than the one it is about",
    Reason.RELEASERS: "those who signed it may not release in all precincts",
    Reason.VERSION: "it does not follow the last result of its log",
    Reason.PRECINCT: "it names another precinct than the register",
    Reason.EPOCH: "it names another key epoch than the register",
    Reason.CLOSED_ENTRY: "the register closed the box's entry before it came",
    Reason.FIRMWARE: "its firmware is not on the box's list",
    Reason.DEBUG: "its box ran in debug mode in an official election",
    Reason.OFFICERS: "it lacks the signatures of two officers who may give them",
    Reason.PREVIOUS: "it does not follow the report before it",
    Reason.BOOT: "its boot count does not follow the report before it",
    Reason.JOURNAL: "its journal is shorter than before",
    Reason.STATE: "its poll state does not follow the report before it",
    Reason.KIND_ORDER: "a report of this kind may not stand here",
    Reason.VOTES_LENGTH: "its votes do not fit the contests",
    Reason.NEW_KEY: "its new key is not proved or not in the register",
    Reason.CORRECTS: "it corrects neither the final nor the correction in force",
    Reason.HELD_AHEAD: "its box holds a checkpoint longer than the log",
    Reason.HELD_FORK: "its box holds a checkpoint that the log contradicts",
    Reason.QUARANTINED_BELOW: "quarantined by the gateway below",
    Reason.FIRMWARE_OLDER: "its firmware is older than one that its box ran before",
    Reason.LAW_UNKNOWN: "it was counted by a law that is not in use",
    Reason.LINES: "its lines or options are not those of its law and its contest",
    Reason.RELATION: "it breaks a relation of its law that blocks",
}
#: Where a reason means something of its own for a count by hand.
_OF_COUNTS: Final[dict[Reason, str]] = {
    Reason.GAP_CLOSED: "accepted when what it waited for had come",
    Reason.GAP_BEFORE: "the version that it corrects is missing",
    Reason.BOX_DISPUTED: "a version before it has a rival",
    Reason.SAME_SEQUENCE: "another version stands in the same place",
    Reason.PRECINCT: "it names no precinct of the election",
    Reason.CORRECTS: "its number is not the next after that of the version it corrects",
}
_LAWS: Final = 300


def reason_in_words(reason: Reason) -> str:
    """Return why a report was decided as it was, as the end of a sentence about it."""
    plain = _PLAIN.get(reason)
    if plain is not None:
        return plain
    return f"it breaks the law that {MEANING[Law(reason - _LAWS)]}"


def count_reason_in_words(reason: Reason) -> str:
    """Return why a count by hand was decided as it was, as the end of a sentence about it."""
    return _OF_COUNTS.get(reason) or reason_in_words(reason)


def recompute_command(result: Mapping[str, Any]) -> str:
    """Return the command by which anybody computes a result again, to the byte."""
    rules = "--rules rules.toml " if "rules" in result else ""
    named = result.get("status")
    status = f"--status {named} " if named in SAID_BY_OFFICERS else ""
    return (
        "ballotbox-tabulate run LOG --election election.cose --register register.cose "
        f"--root {result['election']['root']} {rules}{status}--out DIR"
    )


def verify_command(result: Mapping[str, Any], statement: str, file: str) -> str:
    """Return the command by which anybody checks who released a result."""
    return (
        f"ballotbox-verify publication {statement} --result {file} --election election.cose "
        f"--register register.cose --root {result['election']['root']}"
    )
