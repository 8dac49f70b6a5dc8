"""What the panel says in plain words: for each state, refusal, reason and part, and what to do."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ballotbox_device.core.outputs import Refusal
from ballotbox_device.core.poll import Action
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_device.core.signals import Part, Signal
from ballotbox_protocol.election.identifiers import PollState

#: One headline and one line that says what to do.
Words = tuple[str, str]

OFF: Final[Words] = ("", "")
CLEARED: Final[Words] = ("This box is done", "Its memory is empty. Switch it off and store it.")

OF_STATE: Final[Mapping[PollState, Words]] = MappingProxyType(
    {
        PollState.SETUP: ("Not open yet", "Show the empty container, then print the zero report."),
        PollState.ZERO: ("All counters are zero", "Sign the zero report, then open the poll."),
        PollState.OPEN: ("Please insert your ballot", "One sheet at a time, any side up."),
        PollState.PAUSED: ("Please wait", "The poll is paused. Resume it to go on."),
        PollState.CLOSED: ("The poll is closed", "Admit portable ballots, or print the final."),
        PollState.PORTABLE: ("Portable ballots", "Feed the sheets of the portable boxes."),
        PollState.FINAL: ("Counted", "Sign the final report, hang it up, then seal the box."),
        PollState.SEALED: ("Sealed", "Hand the box in. Two officers may clear it later."),
    }
)

#: What stands there on a box that does not know a step which the words above ask for.
OF_STATE_WITHOUT: Final[Mapping[tuple[PollState, Action], Words]] = MappingProxyType(
    {
        (PollState.CLOSED, Action.ADMIT_PORTABLE): ("The poll is closed", "Print the final."),
        (PollState.FINAL, Action.SEAL): ("Counted", "Sign the final report and hang it up."),
    }
)

OF_RETURN: Final[Mapping[ReturnReason, Words]] = MappingProxyType(
    {
        ReturnReason.UNREADABLE: (
            "This sheet cannot be read",
            "Insert it once more; if it comes back again, ask for a new one.",
        ),
        ReturnReason.UNKNOWN_STYLE: (
            "This is no ballot of this election",
            "Ask the officers for a ballot.",
        ),
        ReturnReason.OTHER_PRECINCT: (
            "This ballot is of another polling place",
            "Ask the officers for a ballot of this one.",
        ),
        ReturnReason.UNKNOWN_SHEET: (
            "This is no sheet of this ballot",
            "Ask the officers for a ballot.",
        ),
        ReturnReason.FROM_PORTABLE_BOX: (
            "A sheet of a portable box",
            "These are fed after the poll is closed.",
        ),
        ReturnReason.NOT_FROM_PORTABLE_BOX: (
            "No sheet of a portable box",
            "Only sheets of the portable boxes are taken now.",
        ),
        ReturnReason.OVERVOTED: (
            "More choices are marked than allowed",
            "The contest will not count. Ask for a new ballot, or insist.",
        ),
        ReturnReason.BLANK: (
            "Nothing is marked",
            "Mark your choice, or insist on a blank ballot.",
        ),
        ReturnReason.NOT_DROPPED: (
            "The sheet did not fall into the box",
            "It was not counted. Insert it again.",
        ),
        ReturnReason.UNDERVOTED: (
            "Fewer choices are marked than allowed",
            "Mark more, or insist.",
        ),
        ReturnReason.MARGINAL: (
            "A mark is too faint",
            "Fill your mark in firmly, or insist; a faint mark does not count.",
        ),
        ReturnReason.NO_STAMP: (
            "The stamp is missing",
            "Have the officers stamp the sheet, then insert it again.",
        ),
        ReturnReason.JAMMED: (
            "The sheet is jammed",
            "Pull it out gently and insert it again; nothing was counted.",
        ),
        ReturnReason.DOUBLE_FED: ("Two sheets at once", "Insert one sheet at a time."),
        ReturnReason.SKEWED: ("The sheet went in crooked", "Insert it straight."),
        ReturnReason.TOO_SHORT: (
            "The sheet is too short",
            "Insert it again; a torn sheet needs a new ballot.",
        ),
        ReturnReason.TOO_LONG: ("The sheet is too long", "Take off what hangs on it."),
        ReturnReason.SCANNER_DIRTY: (
            "The scanner is dirty",
            "Officers: clean its glass. Nothing was counted.",
        ),
        ReturnReason.VOTER_WANTS_IT_BACK: ("Here is your ballot", "It was not counted."),
    }
)

OF_REFUSAL: Final[Mapping[Refusal, Words]] = MappingProxyType(
    {
        Refusal.NOT_IN_THIS_STATE: ("Not now", "The lit buttons show what can be done."),
        Refusal.SHEET_PENDING: (
            "A sheet is on its way",
            "Settle that one first, as the screen asked.",
        ),
        Refusal.NO_SHEET_PENDING: ("No sheet is on its way", "There is nothing to settle."),
        Refusal.COUNTERS_NOT_ZERO: (
            "The counters are not zero",
            "Do not open the poll with this box. Call the authority.",
        ),
        Refusal.NOTHING_TO_CONSENT_TO: ("Nothing waits for officers", "Press the button first."),
        Refusal.NOT_TWO_OFFICERS: (
            "These tokens are not enough",
            "Two different officers of this precinct with the role shown must present theirs.",
        ),
        Refusal.VOTES_BREAK_A_LAW: (
            "These numbers cannot be right",
            "Count by hand again and enter the whole row.",
        ),
        Refusal.KEY_NOT_NEXT: (
            "This key is not the next one",
            "Have it registered for this box first.",
        ),
        Refusal.NO_SUCH_REPORT: ("There is no such report", "Choose one that the box has made."),
        Refusal.BLOCKED: ("The box takes no sheets now", "See the red lights and mend that first."),
        Refusal.CONTAINER_FULL: ("The container is full", "Officers: change the container."),
        Refusal.COUNTERS_FULL: (
            "The counters of this box are full",
            "Officers: go on with another box; this one can still be closed and finished.",
        ),
        Refusal.NO_VOTER_ASKED: ("No voter was asked", "There is no sheet to decide about."),
    }
)

OF_SIGNAL: Final[Mapping[Signal, str]] = MappingProxyType(
    {
        Signal.COVER_OPENED: "the cover is open: close it",
        Signal.SEAL_BROKEN: "the seal is broken: call the authority",
        Signal.MAINS_LOST: "no mains: the box runs on its battery",
        Signal.BATTERY_LOW: "the battery is low: give mains",
        Signal.PAPER_OUT: "the printer has no paper: put a new roll in",
        Signal.PRINTER_JAMMED: "the printer is jammed: clear it, print the report again",
        Signal.SCANNER_DIRTY: "the scanner is dirty: clean its glass",
    }
)

OF_PART: Final[Mapping[Part, str]] = MappingProxyType({part: part.name.lower() for part in Part})

ACCEPTED: Final[Words] = ("Thank you. Your ballot is counted", "You may leave the booth area.")
ASK_DROPPED: Final[Words] = (
    "Is the sheet in the container?",
    "Officers: open, look, and answer IN or OUT.",
)
ASK_VOTER: Final = "Press INSIST to cast it as it is, or BACK to get it back."
ASK_OFFICERS: Final[Words] = (
    "Two officers must agree",
    "Present two tokens with the role",
)
CALL_OFFICER: Final[Words] = ("An officer comes to help you", "Officers: several sheets went back.")
COPY: Final[Words] = ("A copy is printed", "It bears its number.")


def of_state(state: PollState, actions: frozenset[Action]) -> Words:
    """Return the words for a state on a box that knows these steps of the poll."""
    for (where, step), without in OF_STATE_WITHOUT.items():
        if where is state and step not in actions:
            return without
    return OF_STATE[state]
