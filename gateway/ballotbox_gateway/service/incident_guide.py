"""The incident guide: every reason by its code, what it means, how urgent it is, what people do.

`docs/incidents.md` holds its output, so that the guide says what the gateway does.
"""

from collections.abc import Iterator
from typing import Final

from ballotbox_gateway.service.reasons import STEPS, handling, in_words, to_do
from ballotbox_protocol.wire.verdict import Reason

R: Final = Reason
#: Where somebody may be at work on the election, or a machine is not what it says.
_AT_ONCE: Final = frozenset(
    {
        R.SIGNATURE, R.CERTIFICATE, R.TOPIC, R.OTHER_BOX, R.SAME_SEQUENCE, R.BOX_DISPUTED, R.DEBUG,
        R.HELD_AHEAD, R.HELD_FORK, R.EVIDENCE_BELOW, R.CHECKPOINT, R.FIRMWARE, R.NEW_KEY, R.DISK,
    }
)  # fmt: skip
#: What heals without anybody.
_BY_ITSELF: Final = frozenset({R.GAP_BEFORE, R.RATE})
_SHOWN: Final = {
    "held": "quarantine list",
    "quarantined": "quarantine list",
    "evidence": "quarantine list",
}


def urgency(reason: Reason) -> str:
    """Return when people have to do something about it."""
    if reason in _BY_ITSELF:
        return "wait"
    return "**at once**" if reason in _AT_ONCE else "today"


def incident_guide() -> str:
    """Return the table of all reasons against a report, by code, in Markdown."""
    head = (
        "| Code | Reason | What happened | What the gateway did | When | What you do | Shown by |",
        "|---|---|---|---|---|---|---|",
    )
    return "\n".join((*head, *_rows())) + "\n"


def _rows() -> Iterator[str]:
    for reason in sorted({each for reasons in STEPS.values() for each in reasons}):
        did, what = handling(reason), in_words(reason)
        shown = f"`{_SHOWN.get(did, 'status')}`"
        do = to_do(reason)
        cells = (str(int(reason)), f"`{reason.name}`", what, did, urgency(reason), do, shown)
        yield f"| {' | '.join(cells)} |"
