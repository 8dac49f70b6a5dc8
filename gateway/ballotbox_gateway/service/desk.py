"""What people ask of a gateway, whether it is running or not: one question in, one answer out.

A running gateway answers at its control socket, a stopped one through the command that opens its
ledger. Questions and answers are JSON-able, so that both ways are the same code.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from ballotbox_gateway.core.backlog import backlog
from ballotbox_gateway.core.intake import CountOutcome, Intake, RulingOutcome, RulingResult
from ballotbox_gateway.core.ports import DatabaseAway, DiskFull, Ledger, LedgerFailure
from ballotbox_gateway.core.upward import UpwardBatch
from ballotbox_gateway.log_lines import LAST_FAULTS
from ballotbox_gateway.service.carrying_desk import Answer, CarryingDesk
from ballotbox_gateway.service.count_records import stored_counts
from ballotbox_gateway.service.counts_aside import counts_aside
from ballotbox_gateway.service.drafts import Drafts
from ballotbox_gateway.service.inspection import outline, overview, set_aside
from ballotbox_gateway.service.reasons import count_in_words
from ballotbox_protocol.election.definition import CONTESTS_MAX
from ballotbox_protocol.election.identifiers import COUNT_MAX
from ballotbox_protocol.wire.hand_count import decode_hand_count
from ballotbox_protocol.wire.trust import Trusted

Asked = Callable[[dict[str, Any]], dict[str, Any]]

#: Leaves in one answer; a reader asks for the next stretch.
ENTRIES_AT_ONCE: Final = 256


class Desk:
    """Answers questions about one ledger. Called on the thread that owns it."""

    def __init__(
        self,
        ledger: Ledger,
        trusted: Trusted,
        rule: Callable[[bytes], RulingOutcome],
        count: Callable[[bytes], CountOutcome],
        running: Callable[[], dict[str, Any]] = dict,
        further: Mapping[str, Asked] = MappingProxyType({}),
    ) -> None:
        """`rule` applies a ruling, `count` takes in a count by hand.

        `running` adds to the status what only a process knows; `further` answers more questions.
        """
        self._further = further
        self.trusted = trusted
        self._ledger = ledger
        self._rule = rule
        self._count = count
        self._running = running
        self._drafts = Drafts()

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the answer, or {"problem": why there is none}."""
        answers = {
            "status": self._status,
            "set_aside": self._set_aside,
            "checkpoint": self._checkpoint,
            "entries": self._entries,
            "rule": self._ruling,
            "count": self._counted,
            "counts": self._counts,
            "draft": self._drafted,
            "drafts": self._waiting,
            "counts_aside": self._counts_aside,
            **self._further,
            "faults": self._faults,
        }
        asked = answers.get(str(question.get("ask")))
        if asked is None:
            return {"problem": f"`ask` must be one of {', '.join(answers)}"}
        try:
            return asked(question)
        except (KeyError, TypeError, ValueError) as error:
            return {"problem": f"the question is incomplete: {error}"}
        except LedgerFailure as error:
            return {"problem": str(error)}

    def _status(self, _: dict[str, Any]) -> dict[str, Any]:
        running = self._running()
        if running.get(DatabaseAway.kind):
            # Known already: to try it once more would hold everything else up.
            return outline(self.trusted) | running
        try:
            return overview(self._ledger, self.trusted) | running
        except DatabaseAway as error:
            if not running.get("running"):
                raise
            return outline(self.trusted) | running | {error.kind: str(error)}

    def _set_aside(self, _: dict[str, Any]) -> dict[str, Any]:
        version = self.trusted.register.version
        return {"register_version": version, "reports": set_aside(self._ledger)}

    def _checkpoint(self, _: dict[str, Any]) -> dict[str, Any]:
        size = self._ledger.log_head().size
        found = self._ledger.checkpoint_at(size)
        return {"size": size, "checkpoint": found.note.decode() if found else None}

    def _entries(self, question: dict[str, Any]) -> dict[str, Any]:
        first = int(question["first"])
        stop = min(int(question["stop"]), first + ENTRIES_AT_ONCE)
        entries = self._ledger.entries(first, stop)
        parts = [[_text(part) for part in entry[1:]] for entry in entries]
        return {"entries": parts}

    def _ruling(self, question: dict[str, Any]) -> dict[str, Any]:
        outcome = self._rule(b64decode(question["ruling"], validate=True))
        done = outcome.result in (RulingResult.APPLIED, RulingResult.ALREADY)
        return {
            "done": done,
            "result": outcome.result.name.lower(),
            "explanation": outcome.explanation,
        }

    def _counted(self, question: dict[str, Any]) -> dict[str, Any]:
        data = b64decode(question["count"], validate=True)
        outcome = self._count(data)
        row = outcome.row
        told = {"stored": row is not None, "explanation": count_in_words(outcome.reason)}
        if row is None:
            return told
        self._drafts.drop(decode_hand_count(data).id)
        receipt = b64encode(outcome.receipt).decode()
        verdict = row.verdict.name.lower()
        return told | {"verdict": verdict, "leaf": row.newest, "receipt": receipt}

    def _counts(self, question: dict[str, Any]) -> dict[str, Any]:
        precinct, contest = int(question["precinct"]), int(question["contest"])
        if not (0 <= precinct <= COUNT_MAX and 0 <= contest < CONTESTS_MAX):
            return {"problem": "precinct and contest must be numbers of the definition"}
        return stored_counts(self._ledger, precinct, contest)

    def _drafted(self, question: dict[str, Any]) -> dict[str, Any]:
        count = decode_hand_count(b64decode(question["count"], validate=True))
        if count.signatures or count.election != self.trusted.digest:
            return {"problem": "a draft is an unsigned count of this election"}
        self._drafts.keep(count)
        return {"id": count.id.hex()}

    def _waiting(self, _: dict[str, Any]) -> dict[str, Any]:
        drafts = [
            {"id": each.id.hex(), "count": b64encode(each.to_bytes()).decode()}
            for each in self._drafts.listed()
        ]
        return {"drafts": drafts}

    def _faults(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"faults": LAST_FAULTS.listed()}

    def _counts_aside(self, question: dict[str, Any]) -> dict[str, Any]:
        return counts_aside(self._ledger, str(question.get("begins", "")))


def decoded_entry(parts: list[str | None]) -> list[bytes | None]:
    """Return leaf, report, ruling and note of one entry of an answer."""
    return [None if part is None else b64decode(part) for part in parts]


def stopped_desk(
    ledger: Ledger,
    trusted: Trusted,
    intake: Callable[[], Intake],
    now: int,
    upper: str | None = None,
    shortage: Callable[[], str] = str,
) -> Desk:
    """Return the desk of a gateway that is not running; `intake` is made once, to decide alone.

    upper: the origin of the gateway above, where there is one. shortage: tells why the disk has no
    room for what comes from below, or an empty text.
    """
    made = cache(intake)

    def take_in(batch: UpwardBatch) -> Answer:
        if trouble := shortage():
            raise DiskFull(trouble)
        return made().admit_from_below(batch, now)

    carrying = CarryingDesk(made, take_in, lambda: now)
    return Desk(
        ledger,
        trusted,
        lambda ruling: made().rule(ruling, now),
        lambda count: made().count_by_hand(count, now),
        lambda: {"upstream": _waiting(ledger, upper, now)} if upper else {},
        carrying.answers,
    )


def _waiting(ledger: Ledger, upper: str, now: int) -> dict[str, Any]:
    told = backlog(ledger, upper, now, None).to_json()
    return {"origin": upper, **told, "leaves_per_s": None, "trouble": "not running"}


def _text(data: bytes | None) -> str | None:
    return None if data is None else b64encode(data).decode()
