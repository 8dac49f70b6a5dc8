"""What the commands that carry a log by hand ask of a gateway, running or not."""

from collections.abc import Callable, Mapping
from typing import Any

from ballotbox_gateway.core.intake import Intake
from ballotbox_gateway.core.stick import Stretch
from ballotbox_gateway.core.upward import UpwardBatch, UpwardConflict, UpwardFault, UpwardReply

Question = dict[str, Any]
Answer = UpwardReply | UpwardConflict | UpwardFault


class CarryingDesk:
    """Answers for one election's log. Called on the thread that owns its ledger."""

    def __init__(
        self,
        intake: Callable[[], Intake],
        take_in: Callable[[UpwardBatch], Answer],
        now: Callable[[], int],
    ) -> None:
        """`take_in` admits what comes from below; `now` returns Unix seconds."""
        self._intake = intake
        self._take_in = take_in
        self._now = now

    @property
    def answers(self) -> Mapping[str, Callable[[Question], Question]]:
        """The questions by name; each raises LedgerFailure, or ValueError for a bad question."""
        return {
            "backlog": self._backlog,
            "stretch": self._stretch,
            "take_in": self._taken_in,
            "take_back": self._taken_back,
            "stand": self._stood,
        }

    def _backlog(self, question: Question) -> Question:
        waiting = self._intake().outbox.backlog(str(question["upper"]))
        return {"first": waiting.start, "stop": waiting.stop}

    def _stretch(self, question: Question) -> Question:
        first, stop = int(question["first"]), int(question["stop"])
        return self._intake().outbox.stretch(first, stop).to_json()

    def _taken_in(self, question: Question) -> Question:
        return answer_to_json(self._take_in(UpwardBatch.from_json(question["batch"])))

    def _taken_back(self, question: Question) -> Question:
        reply = UpwardReply.from_json(question["reply"])
        first = int(question["first"])
        outbox = self._intake().outbox
        return _maybe(outbox.take_back(str(question["upper"]), first, reply, self._now()))

    def _stood(self, question: Question) -> Question:
        conflict = UpwardConflict.from_json({"expected": question["expected"]})
        return _maybe(self._intake().outbox.conflict(conflict, str(question["upper"])))


def _maybe(fault: UpwardFault | None) -> Question:
    return {} if fault is None else answer_to_json(fault)


def answer_to_json(answer: Answer) -> Question:
    """Return an answer to a batch as JSON-able values."""
    match answer:
        case UpwardReply():
            return {"reply": answer.to_json()}
        case UpwardConflict():
            return {"conflict": answer.to_json()}
        case UpwardFault():
            return {"fault": [answer.field, answer.problem, answer.fix, answer.retry]}


def fault_in(value: Question) -> UpwardFault | None:
    """Return the fault in an answer, None when it has none."""
    if "fault" not in value:
        return None
    field, problem, fix, retry = value["fault"]
    return UpwardFault(field, problem, fix, retry)


def answer_in(value: Question) -> Answer:
    """Return what `answer_to_json` described; raises InvalidField."""
    if (fault := fault_in(value)) is not None:
        return fault
    if "conflict" in value:
        return UpwardConflict.from_json(value["conflict"])
    return UpwardReply.from_json(value["reply"])


class AskedGateway:
    """A gateway behind questions, as `core.carrying` needs one to pack a stick or take it back."""

    def __init__(self, ask: Callable[..., Question]) -> None:
        self._ask = ask

    def backlog(self, upper: str) -> range:
        """Return the leaves that `upper` has not receipted."""
        told = self._ask(ask="backlog", upper=upper)
        return range(told["first"], told["stop"])

    def stretch(self, first: int, stop: int) -> Stretch:
        """Return leaves with what verifies them; moves nothing."""
        return Stretch.from_json(self._ask(ask="stretch", first=first, stop=stop))

    def admit(self, batch: UpwardBatch) -> Answer:
        """Take in a stretch of a lower log."""
        return answer_in(self._ask(ask="take_in", batch=batch.to_json()))

    def take_back(self, upper: str, first: int, reply: UpwardReply) -> UpwardFault | None:
        """Store receipts of the leaves from `first` on."""
        told = self._ask(ask="take_back", upper=upper, first=first, reply=reply.to_json())
        return fault_in(told)

    def conflict(self, conflict: UpwardConflict, upper: str) -> UpwardFault | None:
        """Go on where the upper gateway says it stands."""
        return fault_in(self._ask(ask="stand", upper=upper, expected=conflict.expected))
