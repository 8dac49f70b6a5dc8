"""The front of the box: two lines of text, lights, lit buttons and the public counters."""

from dataclasses import dataclass
from enum import Enum

from ballotbox_device.core.outputs import (
    AskDropped,
    AskVoter,
    CallOfficer,
    Cleared,
    ConsentNeeded,
    DropSheet,
    EjectSheet,
    Output,
    PrintCopy,
    Refused,
    ReportMade,
    SheetAccepted,
    SheetReturned,
    StateChanged,
)
from ballotbox_device.core.poll import Action
from ballotbox_device.machine import words
from ballotbox_protocol.election.identifiers import PollState


class Question(Enum):
    """What the box waits for."""

    VOTER = "voter"
    DROPPED = "dropped"
    OFFICERS = "officers"


@dataclass(frozen=True, slots=True)
class Front:
    """What stands on the front now.

    state: empty when the box is off. lights: of each part, whether it is in order. warnings: in
    words, what is not. battery: its charge in percent. question: what it waits for. accepted: the
    public counter. lifetime: the one that never goes back. role: of the officers it waits for.
    """

    power: bool
    state: str
    screen: words.Words
    lights: dict[str, bool]
    warnings: tuple[str, ...]
    buttons: tuple[str, ...]
    question: Question | None
    role: str
    battery: int
    accepted: int
    lifetime: int


class Screen:
    """`message` is what the screen says beside what the state of the poll says."""

    __slots__ = ("message", "needed", "question")

    def __init__(self) -> None:
        self.message: words.Words | None = None
        self.question: Question | None = None
        self.needed: ConsentNeeded | None = None

    def clear(self) -> None:
        """Forget everything, as in a power cut."""
        self.message = self.question = self.needed = None

    def show(self, output: Output) -> None:  # noqa: C901 (one arm for each output)
        """Show what an output of the firmware means for the people before the box."""
        match output:
            case SheetAccepted():
                self._say(words.ACCEPTED)
            case SheetReturned(reason):
                self._say(words.OF_RETURN[reason])
            case AskVoter(reason):
                self.question = Question.VOTER
                self.message = (words.OF_RETURN[reason][0], words.ASK_VOTER)
            case AskDropped():
                self.question, self.message = Question.DROPPED, words.ASK_DROPPED
            case ConsentNeeded():
                self.needed, self.question = output, Question.OFFICERS
                headline, what = words.ASK_OFFICERS
                self.message = (headline, f"{what} {(output.role.name or '').lower()}.")
            case Refused(why):
                self.message = words.OF_REFUSAL[why]
            case CallOfficer():
                self._say(words.CALL_OFFICER)
            case PrintCopy():
                self._say(words.COPY)
            case StateChanged():
                self.clear()
            case Cleared():
                self._say(words.CLEARED)
            case DropSheet() | EjectSheet():
                self.question = self.message = None
            case ReportMade():
                pass

    def words_for(self, state: PollState, actions: frozenset[Action]) -> words.Words:
        """Return the two lines on the screen of a box that knows these steps."""
        return words.of_state(state, actions) if self.message is None else self.message

    def _say(self, message: words.Words) -> None:
        self.message, self.question, self.needed = message, None, None
