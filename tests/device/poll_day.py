"""A scripted poll day with everything that can become of a sheet, and the world it happens in.

The world knows where each sheet physically is, which the box is never asked; people are truthful.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache

from ballotbox_device.core.device import Device
from ballotbox_device.core.events import (
    Consented,
    ContainerChanged,
    CorrectionRequested,
    DropAnswered,
    DropFailed,
    DropJoined,
    DropSensed,
    DropUncertain,
    Event,
    ReprintRequested,
    Sensed,
    VoterDecided,
)
from ballotbox_device.core.habits import DropTimeout, Habits, SecondChance
from ballotbox_device.core.outputs import (
    AskDropped,
    AskVoter,
    ConsentNeeded,
    DropSheet,
    EjectSheet,
    Output,
    ReportMade,
)
from ballotbox_device.core.poll import Action
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.scan import Scan, Side
from ballotbox_device.core.sheet import Sheet
from ballotbox_device.core.signals import Signal
from ballotbox_protocol.election.definition import Handling, MarkPolicy
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.wire.definition import election_digest, encode_definition
from ballotbox_protocol.wire.report import Report, ReportKind
from ballotbox_protocol.wire.trust import establish, sign_definition, sign_register
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.disk import BoxDisk
from tests.device.polling_place import (
    AWAY,
    BLANK,
    HOME_1,
    HOME_2,
    OVERVOTED,
    UNREADABLE,
    Facts,
    PollingPlace,
    authority,
    identity_of,
    portable,
    report_in,
)

ASKS_VOTERS = Habits(
    second_chance=SecondChance.ASK_VOTER,
    drop_timeout=DropTimeout.ASK,
    capacity_warning=4,
    capacity=5,
)
EJECTS = Habits(second_chance=SecondChance.RETURN, drop_timeout=DropTimeout.EJECT)
JAMMED = Scan((Side(), Side()), jammed=True)


@cache
def strict_authority() -> Authority:
    """Return the authority of an election that gives voters of odd sheets a second chance."""
    plain = authority("Test of a box with power cuts")
    policy = MarkPolicy(overvoted=Handling.SECOND_CHANCE, blank=Handling.SECOND_CHANCE)
    election = replace(plain.trusted.election, policy=policy)
    definition = sign_definition(election, plain.root_key.public, plain.root_key.sign)
    digest = election_digest(encode_definition(election))
    register = replace(plain.trusted.register, election=digest)
    signed = sign_register(register, plain.register_key.public, plain.register_key.sign)
    trusted = establish(plain.root, definition, signed)
    return replace(plain, trusted=trusted, definition=definition, register=signed)


@cache
def strict_rules() -> ElectionRules:
    return ElectionRules.of(strict_authority().trusted)


class Fall(Enum):
    """What becomes of a released sheet, what the sensor says of it, and what it says when asked.

    With nothing to say the sensor leaves it to a person.
    """

    FALLS = (True, DropSensed(), None)
    STAYS = (False, DropFailed(), None)
    FALLS_UNSEEN = (True, DropUncertain(), None)
    STAYS_UNSEEN = (False, DropUncertain(), None)
    FALLS_WITH_ANOTHER = (True, DropJoined(), None)
    FALLS_SEEN_LATE = (True, DropUncertain(), DropSensed())
    STAYS_SEEN_LATE = (False, DropUncertain(), DropFailed())


@dataclass
class Truth(Facts):
    """What physically is, and what voter and people do.

    told: answers that the box has taken. fall_was_tried: the sheet of `fall` was let go.
    """

    told: int = 0
    fall: Fall = Fall.FALLS
    fall_was_tried: bool = False
    insists: bool = True

    def copy(self) -> "Truth":
        return replace(self, in_box=list(self.in_box), handed_out=dict(self.handed_out))


class Spread:
    """An entropy port that costs nothing and never takes the same slot twice in a row."""

    def __init__(self, start: int) -> None:
        self._next = start * 29

    def below(self, bound: int) -> int:
        self._next += 23
        return self._next % bound


class Station(PollingPlace):
    """One box and its people; the habits are those of its profile."""

    def __init__(self, disk: BoxDisk | None = None, truth: Truth | None = None, habits=ASKS_VOTERS):
        super().__init__(disk, truth or Truth())
        self.authority = strict_authority()
        self.rules = strict_rules()
        self.habits = habits
        #: What the box said when it was booted to be examined.
        self.said: list[Output] = []

    def copy(self) -> "Station":
        return Station(self.disk.copy(), self.facts.copy(), self.habits)

    def new_device(self) -> Device:
        self.facts.boots += 1
        identity = identity_of(self.authority)
        memory, chance = self.disk.memory, Spread(self.facts.boots)
        return Device(identity, self.rules, memory, chance, self.habits)

    def _take(self, outputs: list[Output]) -> list[Output]:
        seen = list(outputs)
        for output in outputs:
            seen += self._obey(output)
        return seen

    def _obey(self, output: Output) -> list[Output]:
        facts = self.facts
        match output:
            case ReportMade():
                known = facts.handed_out.setdefault(output.sequence, output.data)
                assert known == output.data, "two reports under one sequence number"
            case AskDropped():
                return self._ask()
            case ConsentNeeded():
                consent = self.authority.consent(output.payload, output.message_type)
                return self.on(Consented(consent))
            case DropSheet():
                return self.on(self._drop())
            case EjectSheet():
                at_the_mouth = facts.in_transport is not None
                return self.on(DropFailed() if at_the_mouth else DropUncertain())
            case AskVoter():
                return self.on(VoterDecided(facts.insists))
        return []

    def _ask(self) -> list[Output]:
        facts = self.facts
        facts.asked += 1
        _, _, says_late = facts.fall.value
        if says_late is not None and facts.fall_was_tried:
            return self.on(says_late)
        made = self.on(DropAnswered(facts.in_transport is None))
        facts.told += 1
        return made

    def _drop(self) -> Event:
        self.facts.fall_was_tried = True
        falls, says, _ = self.facts.fall.value
        if falls:
            self.let_fall()
        return says

    def finish(self) -> Report:
        """Bring the poll to its final; a correction is none."""
        while (way := _WAYS.get(self.device.state)) is not None:
            self.act(way)
        reports = map(report_in, self.kept())
        (final,) = [report for report in reports if report.kind is ReportKind.FINAL]
        return final


_WAYS = {
    PollState.SETUP: Action.PRINT_ZERO,
    PollState.ZERO: Action.OPEN,
    PollState.OPEN: Action.CLOSE,
    PollState.PAUSED: Action.CLOSE,
    PollState.PORTABLE: Action.END_PORTABLE,
    PollState.CLOSED: Action.FINISH,
}


@dataclass(frozen=True)
class Feed:
    """A sheet at the mouth, and what voter and sensor do with it."""

    sheet: Sheet | Scan
    fall: Fall = Fall.FALLS
    insists: bool = True
    confirmed: bool = False

    def is_done(self, place: Station) -> bool:
        return len(place.facts.in_box) > place.facts.in_box_before

    def do(self, place: Station) -> None:
        facts = place.facts
        facts.fall, facts.fall_was_tried, facts.insists = self.fall, False, self.insists
        place.feed(self.sheet, confirmed=self.confirmed)


@dataclass(frozen=True)
class Act:
    """A step of the poll and the state in which it is over."""

    action: Action
    target: PollState

    def is_done(self, place: Station) -> bool:
        return place.device.state is self.target

    def do(self, place: Station) -> None:
        place.act(self.action)


@dataclass(frozen=True)
class Ask:
    """Something that may be done twice."""

    what: Callable[[Station], object]

    def is_done(self, place: Station) -> bool:
        return False

    def do(self, place: Station) -> None:
        self.what(place)


def happens(event: Event) -> Ask:
    return Ask(lambda place: place.on(event))


OPENING = (Act(Action.PRINT_ZERO, PollState.ZERO), Act(Action.OPEN, PollState.OPEN))


@dataclass(frozen=True)
class Script:
    """The steps of a day, the box's habits, and how it must end without a cut."""

    habits: Habits
    steps: tuple[Feed | Act | Ask, ...]
    in_box: int
    asked: int


DAY = Script(
    ASKS_VOTERS,
    (
        *OPENING,
        Feed(HOME_1),
        Feed(UNREADABLE),
        Feed(JAMMED),
        Feed(OVERVOTED, insists=True),
        Feed(BLANK, insists=False),
        Feed(HOME_2, Fall.STAYS),
        Feed(HOME_2, Fall.STAYS_UNSEEN),
        Feed(HOME_2, Fall.FALLS_UNSEEN),
        Feed(HOME_2, Fall.STAYS_SEEN_LATE),
        Feed(HOME_1, Fall.FALLS_WITH_ANOTHER),
        Ask(PollingPlace.turnout),
        Ask(PollingPlace.receipt),
        Act(Action.PAUSE, PollState.PAUSED),
        Act(Action.RESUME, PollState.OPEN),
        happens(Sensed(Signal.PAPER_OUT)),
        Feed(AWAY),
        happens(ContainerChanged()),
        Act(Action.CLOSE, PollState.CLOSED),
        Act(Action.REOPEN, PollState.OPEN),
        Feed(BLANK, Fall.FALLS_SEEN_LATE, confirmed=True),
        Act(Action.CLOSE, PollState.CLOSED),
        Act(Action.ADMIT_PORTABLE, PollState.PORTABLE),
        Feed(portable(AWAY)),
        Act(Action.END_PORTABLE, PollState.CLOSED),
        Act(Action.FINISH, PollState.FINAL),
        happens(ReprintRequested(0)),
        Ask(lambda place: place.on(CorrectionRequested(place.finish().votes))),
        Ask(PollingPlace.send_again),
        Act(Action.SEAL, PollState.SEALED),
    ),
    in_box=7,
    asked=5,
)

#: A box that runs a sheet back when its sensor is silent, and has no patience for odd sheets.
EJECTING_DAY = Script(
    EJECTS,
    (
        *OPENING,
        Feed(OVERVOTED),
        Feed(OVERVOTED, confirmed=True),
        Feed(HOME_1, Fall.STAYS_UNSEEN),
        Feed(HOME_2, Fall.FALLS_UNSEEN),
        Act(Action.CLOSE, PollState.CLOSED),
        Act(Action.FINISH, PollState.FINAL),
    ),
    in_box=2,
    asked=1,
)

SCRIPTS = (DAY, EJECTING_DAY)
#: A day of one sheet, for planted faults.
SHORT_DAY = Script(ASKS_VOTERS, (*OPENING, Feed(HOME_1)), in_box=1, asked=0)


def go_through(place: Station, steps) -> None:
    """Boot and go through the steps."""
    place.boot()
    for each in steps:
        place.facts.in_box_before = len(place.facts.in_box)
        each.do(place)
