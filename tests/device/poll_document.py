"""Writes device/POLL.md from the tables of the code: `python -m tests.device.poll_document`."""

from collections.abc import Iterator
from pathlib import Path

from ballotbox_device.core.outputs import Refusal
from ballotbox_device.core.poll import (
    INTAKE,
    REPORTABLE,
    SIGNED_BY,
    TRANSITIONS,
    Action,
    Intake,
    Transition,
)
from ballotbox_device.core.recovery import BOOT_TABLE, Repair
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_protocol.election.identifiers import PollState

PATH = Path(__file__).resolve().parents[2] / "device" / "POLL.md"

HEAD = """\
# The poll in a box

Generated from the tables in `ballotbox_device/core/poll.py` and `recovery.py` by
`python -m tests.device.poll_document > device/POLL.md`; a test fails when they say anything else.
What each record and slot looks like: `JOURNAL.md`. What each report says: `WIRE.md`.

In *closed* nothing is taken in, in *portable* only sheets from portable boxes; at *final* all
freezes, and votes leave the box for the first time. Every step is journalled.
"""

SHEET = """\
## The way of a sheet

One sheet is under way at a time. `sync` means: on the medium, of both files.

```mermaid
stateDiagram-v2
    [*] --> judged: inserted
    judged --> returned: a reason to return it
    judged --> released: slot reserved, RELEASE, sync
    released --> accepted: sensor; slot counted, DROPPED, sync
    released --> returned: jam; VOID, sync, slot erased
    released --> asked: sensor uncertain, or power cut
    asked --> accepted: a person says it is in; ANSWER, sync, slot counted
    asked --> returned: a person says it is not; ANSWER, sync, slot erased
    accepted --> [*]
    returned --> [*]
```

While a sheet is released or asked about, no other is taken in and the poll stays in its state.
"""

MEANING = {
    ReturnReason.UNREADABLE: "not all of it could be read, or a mark is where no option is",
    ReturnReason.UNKNOWN_STYLE: "the definition has no such ballot style",
    ReturnReason.OTHER_PRECINCT: "the style is not issued in this precinct",
    ReturnReason.UNKNOWN_SHEET: "the style has no such sheet",
    ReturnReason.FROM_PORTABLE_BOX: "it comes from a portable box; voters' sheets are taken now",
    ReturnReason.NOT_FROM_PORTABLE_BOX: "only sheets from portable boxes are taken now",
    ReturnReason.OVERVOTED: "too many marks, a second chance is law, and the voter did not insist",
    ReturnReason.BLANK: "no mark at all, a second chance is law, and the voter did not insist",
    ReturnReason.NOT_DROPPED: "it was released and did not fall",
}

REFUSALS = {
    Refusal.NOT_IN_THIS_STATE: "the table has no such cell",
    Refusal.SHEET_PENDING: "a sheet is under way or asked about",
    Refusal.NO_SHEET_PENDING: "a sensor or a person speaks of a sheet that was not released",
    Refusal.COUNTERS_NOT_ZERO: "the zero report would not be zero; an incident report says so",
    Refusal.NOTHING_TO_CONSENT_TO: "no draft waits for signatures",
    Refusal.NOT_TWO_OFFICERS: "not two officers with the role, a bad signature, or more than eight",
    Refusal.VOTES_BREAK_A_LAW: "a correction whose votes cannot be",
    Refusal.KEY_NOT_NEXT: "the register does not list the key for this box's next epoch",
    Refusal.NO_SUCH_REPORT: "no report of this number is kept",
}

LEFT_BEHIND = {
    Repair.NOTHING: "nothing",
    Repair.ERASE: "erase the slot: the sheet was never released",
    Repair.FINISH_MARK: "set the slot to counted: the drop is on record",
    Repair.VOID: "record VOID: the drop was never commanded",
    Repair.VOID_AND_ERASE: "record VOID, erase the slot: the drop was never commanded",
    Repair.RECORD_DROP: "record DROPPED: the mark proves the drop",
    Repair.MARK_AND_RECORD_DROP: "count the slot, record DROPPED: the mark proves the drop",
    Repair.ASK: "ask a person, record the answer",
}


def document() -> str:
    """Return the whole file."""
    parts = (
        HEAD,
        states(),
        transitions(),
        intake(),
        reports(),
        SHEET,
        returns(),
        refusals(),
        boot(),
    )
    return "\n".join(parts)


def states() -> str:
    lines = [
        f"    {state.name} --> {each.target.name}: {label(action, each)}"
        for (state, action), each in TRANSITIONS.items()
    ]
    body = "\n".join(["    [*] --> SETUP", *lines, "    SEALED --> [*]"])
    return f"## States\n\n```mermaid\nstateDiagram-v2\n{body}\n```\n"


def label(action: Action, each: Transition) -> str:
    officers = f", two {each.officers.name} officers" if each.officers else ""
    return f"{action.name}{officers}"


def transitions() -> str:
    rows = [
        (
            f"{action.name} ({action.value})",
            f"{state.name} ({state.value})",
            each.target.name,
            each.report.name if each.report else "–",
            f"two {each.officers.name}" if each.officers else "–",
        )
        for (state, action), each in TRANSITIONS.items()
    ]
    text = (
        "## Transitions\n\nAn action that has no line for the present state is refused, and the "
        "refusal names those that have.\nState and report are written together or not at all; "
        "the report carries the state it leads to.\n\n"
    )
    return text + table(("action", "from", "to", "report", "officers"), rows)


def intake() -> str:
    what = {
        Intake.NONE: "none",
        Intake.VOTERS: "voters' sheets",
        Intake.PORTABLE: "sheets from portable boxes",
    }
    rows = [(state.name, what[INTAKE.get(state, Intake.NONE)]) for state in PollState]
    return "## Which sheets are taken in\n\n" + table(("state", "sheets"), rows)


def reports() -> str:
    rows = [
        (
            kind.name,
            "any" if each == frozenset(PollState) else ", ".join(s.name for s in sorted(each)),
            f"two {SIGNED_BY[kind].name}" if kind in SIGNED_BY else "–",
        )
        for kind, each in REPORTABLE.items()
    ]
    rows += [("BOOT", "any", "–"), ("INCIDENT", "any", "–")]
    text = "## Reports that change no state\n\n"
    return text + table(("report", "in the states", "officers"), rows)


def returns() -> str:
    rows = [(f"{reason.name} ({reason.value})", MEANING[reason]) for reason in ReturnReason]
    text = (
        "## Why a sheet is returned\n\nShown to the voter and written down nowhere: in a journal "
        "the reason would tie a time to a choice.\n\n"
    )
    return text + table(("reason", "meaning"), rows)


def refusals() -> str:
    rows = [(f"{why.name} ({why.value})", REFUSALS[why]) for why in Refusal]
    return "## Why the box refuses\n\nA refusal changes nothing.\n\n" + table(
        ("code", "when"), rows
    )


def boot() -> str:
    rows = [
        (
            "open" if findings.release else "–",
            findings.odd.name.lower().replace("_", " ") if findings.odd else "–",
            f"{findings.surplus:+d}" if findings.surplus else "0",
            f"{LEFT_BEHIND[repair]} ({repair.value})",
        )
        for findings, repair in BOOT_TABLE.items()
    ]
    text = (
        "## What boot does about a power cut\n\nBy the release that nothing has settled, the one "
        "unfinished slot, and counted slots minus recorded drops.\nAnything else cannot come from "
        "a power cut: the box stops and says what it found.\n\n"
    )
    return text + table(("release", "unfinished slot", "slots − drops", "what boot does"), rows)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(lines(head, rows)) + "\n"


def lines(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201
