"""Writes device/POLL.md from the tables of the code: `python -m tests.device.poll_document`."""

from collections.abc import Iterator
from pathlib import Path

from ballotbox_device.core.habits import DropTimeout, SecondChance
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
from ballotbox_device.core.signals import BLOCKING, MEANINGS
from ballotbox_device.core.transport import SHEET_STEPS, STEP_RECORDS, SheetState, SheetStep
from ballotbox_protocol.election.identifiers import PollState

PATH = Path(__file__).resolve().parents[2] / "device" / "POLL.md"

HEAD = """\
# The poll in a box

Generated from the tables in `ballotbox_device/core/`: `poll.py`, `transport.py`, `signals.py` and
`recovery.py`, by `python -m tests.device.poll_document > device/POLL.md`; a test fails when they
say anything else. What each record and slot looks like: `JOURNAL.md`. What each report says:
`WIRE.md`.

In *closed* nothing is taken in, in *portable* only sheets from portable boxes; at *final* all
freezes, and votes leave the box for the first time. Every step is journalled.
"""

SHEET = """\
One sheet is under way at a time; meanwhile no other is taken in and the poll stays in its state.
Each step is a record of the journal, durable before anything else happens, and the fold of the
journal goes by this same table: a step that has no line can neither be made nor be read back.
`sync` means: on the medium, of journal and slots, of both copies.
"""

#: What a step does beside its record.
STEPS = {
    SheetStep.TAKE: "the scanner takes it in; now it is judged, and perhaps its voter is asked",
    SheetStep.RETURN: "a reason to return it; after a power cut, that it was still there",
    SheetStep.RELEASE: "slot reserved, sync; then it is let fall",
    SheetStep.DROP: "sensor, or a habit where it cannot tell; slot counted, sync",
    SheetStep.GIVE_BACK: "it did not fall; sync, slot erased",
    SheetStep.DOUBT: "the sensor cannot tell, two fell together, or a power cut: a person is asked",
    SheetStep.TOLD_IN: "a person says it is in; sync, slot counted",
    SheetStep.TOLD_OUT: "a person says it is not; sync, slot erased",
}

WHERE = {
    SheetState.NONE: "there is none",
    SheetState.TAKEN: "read and not yet let fall; its voter may be being asked",
    SheetState.RELEASED: "let fall, and not yet heard of",
    SheetState.IN_DOUBT: "a person is asked whether it fell",
}

CHANCES = {
    SecondChance.ASK_VOTER: "the sheet is held and its voter asked: goes in, or back",
    SecondChance.RETURN: "the sheet goes back, and in when it is fed again with a confirmation",
    SecondChance.ACCEPT: "the box has no such thing: the sheet goes in",
}

TIMEOUTS = {
    DropTimeout.ASK: "a person looks",
    DropTimeout.EJECT: "it is run back: what shows at the mouth did not fall, else a person looks",
    DropTimeout.ACCEPT: "it is taken for fallen, and reported",
}

MEANING = {
    ReturnReason.UNREADABLE: "not all of it could be read, or a mark is where no option is",
    ReturnReason.UNKNOWN_STYLE: "the definition has no such ballot style",
    ReturnReason.OTHER_PRECINCT: "the style is not issued in this precinct",
    ReturnReason.UNKNOWN_SHEET: "the style has no such sheet",
    ReturnReason.FROM_PORTABLE_BOX: "it comes from a portable box; voters' sheets are taken now",
    ReturnReason.NOT_FROM_PORTABLE_BOX: "only sheets from portable boxes are taken now",
    ReturnReason.OVERVOTED: "too many marks; law says return, or the voter did not insist",
    ReturnReason.BLANK: "no mark at all; law says return, or the voter did not insist",
    ReturnReason.NOT_DROPPED: "it was released and did not fall",
    ReturnReason.UNDERVOTED: "marks left over; law says return, or the voter did not insist",
    ReturnReason.MARGINAL: "a mark too faint to count; law says return, or no voter insisted",
    ReturnReason.NO_STAMP: "it does not bear the stamp that the law asks for",
    ReturnReason.JAMMED: "it stuck before all of it was read",
    ReturnReason.DOUBLE_FED: "more than one sheet lay upon each other",
    ReturnReason.SKEWED: "it went in too crooked to be read",
    ReturnReason.TOO_SHORT: "a part of it is missing, or it is another paper",
    ReturnReason.TOO_LONG: "two overlap, or it is another paper",
    ReturnReason.SCANNER_DIRTY: "the scanner saw a line that does not move with the paper",
    ReturnReason.VOTER_WANTS_IT_BACK: "its voter was asked and wants to change it",
}

REFUSALS = {
    Refusal.NOT_IN_THIS_STATE: "the table has no such cell",
    Refusal.SHEET_PENDING: "a sheet is under way, held for its voter, or asked about",
    Refusal.NO_SHEET_PENDING: "a sensor or a person speaks of a sheet that was not released",
    Refusal.COUNTERS_NOT_ZERO: "the zero report would not be zero; an incident report says so",
    Refusal.NOTHING_TO_CONSENT_TO: "no draft waits for signatures",
    Refusal.NOT_TWO_OFFICERS: "not two officers with the role, a bad signature, or more than eight",
    Refusal.VOTES_BREAK_A_LAW: "a correction whose votes cannot be",
    Refusal.KEY_NOT_NEXT: "the register does not list the key for this box's next epoch",
    Refusal.NO_SUCH_REPORT: "no report of this number is kept",
    Refusal.BLOCKED: "a part that must be in order is not: cover, battery or scanner",
    Refusal.CONTAINER_FULL: "the container holds all it can: change it, and say so",
    Refusal.NO_VOTER_ASKED: "no voter was asked, or power failed since",
    Refusal.COUNTERS_FULL: "the box has counted all that a report can tell: take another one",
}

LEFT_BEHIND = {
    Repair.NOTHING: "nothing",
    Repair.ERASE: "erase the slot: the sheet was given back",
    Repair.FINISH_MARK: "set the slot to counted: the drop is on record",
    Repair.VOID: "record VOID: the drop was never commanded",
    Repair.VOID_AND_ERASE: "record VOID, erase the slot: the drop was never commanded",
    Repair.RECORD_DROP: "record DROPPED: the mark proves the drop",
    Repair.MARK_AND_RECORD_DROP: "count the slot, record DROPPED: the mark proves the drop",
    Repair.ASK: "ask a person, record the answer",
    Repair.CUT_TAIL: "cut the end of the journal: it was being written",
    Repair.EJECT: "record RETURNED: the sheet is in the transport, which gives it back",
    Repair.EJECT_AND_ERASE: "record RETURNED, erase the slot: the sheet was never released",
    Repair.SECOND_COPY: "write what the sound copy says over what the other has lost",
}


def document() -> str:
    """Return the whole file."""
    parts = (
        HEAD,
        states(),
        transitions(),
        intake(),
        reports(),
        sheet(),
        habits(),
        returns(),
        signals(),
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


def sheet() -> str:
    ways = [
        f"    {state.name} --> {target.name}: {step.name}"
        for (state, step), target in SHEET_STEPS.items()
    ]
    body = "\n".join(["    [*] --> NONE", *ways])
    rows = [
        (
            f"{step.name} ({step.value})",
            f"{state.name} ({state.value})",
            target.name,
            STEP_RECORDS[step].name,
            STEPS[step],
        )
        for (state, step), target in SHEET_STEPS.items()
    ]
    places = table(("state", "the sheet"), [(each.name, WHERE[each]) for each in SheetState])
    diagram = f"```mermaid\nstateDiagram-v2\n{body}\n```\n"
    steps = table(("step", "from", "to", "record", "when, and what else"), rows)
    return f"## The way of a sheet\n\n{SHEET}\n{diagram}\n{places}\n{steps}"


def habits() -> str:
    text = (
        "## What differs from box to box\n\nWhat happens to a sheet whose voter may think again:\n"
    )
    chances = [(each.name, CHANCES[each]) for each in SecondChance]
    late = "When the sensor cannot tell whether a released sheet fell:\n"
    timeouts = [(each.name, TIMEOUTS[each]) for each in DropTimeout]
    head = ("habit", "what happens")
    return "\n".join((text, table(head, chances), late, table(head, timeouts)))


def signals() -> str:
    rows = [
        (
            f"{signal.name} ({signal.value})",
            each.part.name,
            "in order" if each.in_order else "not in order",
            each.code.name if each.code else "–",
            "no sheet" if each.part in BLOCKING and not each.in_order else "–",
        )
        for signal, each in MEANINGS.items()
    ]
    text = (
        "## What switches and parts say\n\nOnly a change is reported. What is taken in meanwhile "
        "is a habit, and this the plain one.\n\n"
    )
    head = ("signal", "part", "which is then", "incident", "taken in meanwhile")
    return text + table(head, rows)


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
            findings.sheet.name.lower().replace("_", " "),
            findings.odd.name.lower().replace("_", " ") if findings.odd else "–",
            f"{findings.surplus:+d}" if findings.surplus else "0",
            f"{LEFT_BEHIND[repair]} ({repair.value})",
        )
        for findings, repair in BOOT_TABLE.items()
    ]
    text = (
        "## What boot does about a power cut\n\nBy where the journal last saw the sheet, the one "
        "unfinished slot, and counted slots minus recorded drops.\nAnything else cannot come from "
        "a power cut: the box stops and says what it found.\n\n"
    )
    found = text + table(("sheet", "unfinished slot", "slots − drops", "what boot does"), rows)
    any_boot = (Repair.CUT_TAIL, Repair.SECOND_COPY)
    others = [f"- {LEFT_BEHIND[each]} ({each.value})" for each in any_boot]
    return "\n".join(
        (found, "At any boot, besides; the last also while the box runs:\n", *others, "")
    )


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(lines(head, rows)) + "\n"


def lines(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201
