"""How an answer to a batch stands in a response, by whatever road: a status and a JSON body.

The numbers are those of gateway/intake.openapi.json: 200, 409, 400 and, for what may pass, 503.
"""

from typing import Any, Final, assert_never

from ballotbox_gateway.core.upward import UpwardConflict, UpwardFault, UpwardReply
from ballotbox_protocol.election.identifiers import InvalidField

#: Characters of what a peer says about a batch.
_WORDS_MAX: Final = 300

Answer = UpwardReply | UpwardConflict | UpwardFault


def response_of(answer: Answer) -> tuple[int, dict[str, Any]]:
    """Return status and body for an answer."""
    match answer:
        case UpwardReply():
            return 200, answer.to_json()
        case UpwardConflict():
            return 409, answer.to_json()
        case UpwardFault():
            return 503 if answer.retry else 400, answer.to_json()
        case _:
            assert_never(answer)


def answer_of(status: int, value: object) -> Answer:
    """Return the answer in a response; what is none is a fault like any other."""
    try:
        if status == 200:
            return UpwardReply.from_json(value)
        if status == 409:
            return UpwardConflict.from_json(value)
    except InvalidField as error:
        return not_ours(str(error))
    return refusal(status, value)


def refusal(status: int, value: object) -> UpwardFault:
    """Return the fault in a response that is neither receipts nor a conflict."""
    if isinstance(value, dict) and {"error", "field", "fix"} <= value.keys():
        error, field, fix = (str(value[name])[:_WORDS_MAX] for name in ("error", "field", "fix"))
        problem = f"the upper gateway answers {status}: {error}"
        return UpwardFault(field, problem, fix, retry=status == 503)
    return not_ours(f"it answers {status}")


def not_ours(problem: str) -> UpwardFault:
    """Return that something else than an upper gateway answers."""
    what = f"what listens there is no upper gateway: {problem}"
    return UpwardFault("upstream.url", what, "Correct upstream.url", retry=True)
