"""A polling place with one box: the paper, the people and the power, for tests of the device.

The place knows where every sheet physically is and never asks the box; what the box says is
compared with that at the end.
"""

import random
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache

from ballotbox_device.core.device import Device
from ballotbox_device.core.events import (
    Consented,
    DropAnswered,
    DropSensed,
    Event,
    Requested,
    SheetInserted,
    TurnoutDue,
)
from ballotbox_device.core.habits import PLAIN
from ballotbox_device.core.identity import Firmware, Identity
from ballotbox_device.core.outputs import (
    AskDropped,
    ConsentNeeded,
    DropSheet,
    Output,
    Refused,
    ReportMade,
    SheetAccepted,
)
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import Instant
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.definition import (
    BallotStyle,
    Contest,
    ContestKind,
    Option,
)
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.election.tally import Marks
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import (
    ClockQuality,
    HeldCheckpoint,
    Report,
    ReportKind,
    decode_report,
)
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.authority import (
    FIRMWARE,
    FIRMWARE_SEQUENCE,
    Authority,
    Plan,
    make_authority,
)
from ballotbox_simulator.disk import BoxDisk

LIST = Contest(
    "List", ContestKind.PARTY_LIST, 1, (Option("North", 2), Option("South", 1), Option("None"))
)
SEAT = Contest("Seat", ContestKind.CHOOSE_ONE, 1, (Option("A"), Option("B")))
COUNCIL = Contest(
    "Council", ContestKind.CHOOSE_UP_TO, 2, (Option("K"), Option("L"), Option("M"), Option("N"))
)
STYLES = (BallotStyle("HOME", ((0, 1), (2,))), BallotStyle("AWAY", ((0,),)))


@cache
def authority(name: str = "Test of a box") -> Authority:
    contests = (LIST, SEAT, COUNCIL)
    return make_authority(Plan(7, 2, registered=30, contests=contests, styles=STYLES, name=name))


@cache
def rules(name: str = "Test of a box") -> ElectionRules:
    return ElectionRules.of(authority(name).trusted)


def identity_of(vested: Authority, number: int = 0) -> Identity:
    box = vested.boxes[number]
    return Identity(box, vested.box_keys[box], Firmware(FIRMWARE, FIRMWARE_SEQUENCE))


def instant(second: int = 0) -> Instant:
    return Instant(1_796_000_000 + second, ClockQuality.SYNCHRONISED, second * 1_000)


class Chance:
    """The entropy port, seeded; `draws` are the bounds that were asked for."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self.draws: list[int] = []

    def below(self, bound: int) -> int:
        self.draws.append(bound)
        return self._random.randrange(bound)


def marks(*options: int, prefer: tuple[tuple[int, int], ...] = ()) -> Marks:
    return Marks(frozenset(options), frozenset(prefer))


HOME_1 = Sheet(0, 0, (marks(0, prefer=((0, 1),)), marks(1)))
HOME_2 = Sheet(0, 1, (marks(0, 3),))
AWAY = Sheet(1, 0, (marks(1),))
OVERVOTED = Sheet(0, 0, (marks(0, 1), marks(0, 1)))
BLANK = Sheet(0, 1, (marks(),))
UNREADABLE = Sheet(0, 0, (marks(0), marks(0)), readable=False)


def portable(sheet: Sheet) -> Sheet:
    return Sheet(sheet.style, sheet.number, sheet.marks, sheet.readable, portable=True)


def report_in(data: bytes) -> Report:
    return decode_report(cose.parse(data).payload)


@dataclass
class Facts:
    """What physically is: the sheets in the box, and the one in the transport."""

    in_box: list[Sheet] = field(default_factory=list)
    in_box_before: int = 0
    portable: int = 0
    in_transport: Sheet | None = None
    handed_out: dict[int, bytes] = field(default_factory=dict)
    asked: int = 0
    boots: int = 0


class PollingPlace:
    """One box, its paper and its people. Truthful: sheets drop when told to, people say so."""

    def __init__(self, disk: BoxDisk | None = None, facts: Facts | None = None, seed: int = 0):
        self.disk = disk or BoxDisk()
        self.facts = facts or Facts()
        self.authority = authority()
        self.rules = rules()
        self.seed = seed
        self.habits = PLAIN
        self.second = 0
        #: Draws in place of a chance that is new at each boot.
        self.entropy = None
        self.outputs: list[Output] = []
        self.device: Device | None = None

    def copy(self) -> "PollingPlace":
        """Return the place without its running box."""
        place = PollingPlace(deepcopy(self.disk), deepcopy(self.facts), self.seed)
        place.habits = self.habits
        return place

    def boot(self) -> list[Output]:
        """Boot the box from its disk and settle what it asks."""
        self.device = self.new_device()
        made = self._take(self.device.start(self.now()))
        # Whatever the box has not released or does not ask about is pulled out and given back.
        self.facts.in_transport = None
        return made

    def new_device(self) -> Device:
        """Return the box as it comes up from its disk, not started."""
        self.facts.boots += 1
        chance = self.entropy or Chance(self.seed * 1_000 + self.facts.boots)
        identity = identity_of(self.authority)
        return Device(identity, self.rules, self.disk.memory, chance, self.habits)

    def on(self, event: Event) -> list[Output]:
        return self._take(self.device.on(event, self.now()))

    def now(self) -> Instant:
        self.second += 1
        return instant(self.second)

    def _take(self, outputs: list[Output]) -> list[Output]:
        seen = list(outputs)
        self.outputs += outputs
        for output in outputs:
            if isinstance(output, ReportMade):
                known = self.facts.handed_out.setdefault(output.sequence, output.data)
                assert known == output.data, "two reports under one sequence number"
            if isinstance(output, AskDropped):
                self.facts.asked += 1
                dropped = self.facts.in_transport is None
                seen += self.on(DropAnswered(dropped))
            if isinstance(output, ConsentNeeded):
                consent = self.authority.consent(output.payload, output.message_type)
                seen += self.on(Consented(consent))
            if isinstance(output, DropSheet):
                self.let_fall()
                seen += self.on(DropSensed())
        return seen

    def let_fall(self) -> None:
        sheet = self.facts.in_transport
        self.facts.in_transport = None
        self.facts.in_box.append(sheet)
        self.facts.portable += sheet.portable

    def feed(self, sheet: Sheet, *, confirmed: bool = False) -> bool:
        """Feed a sheet; tell whether it is in the box now."""
        self.facts.in_transport = sheet
        outputs = self.on(SheetInserted(sheet, confirmed))
        self.facts.in_transport = None
        return any(isinstance(output, SheetAccepted) for output in outputs)

    def act(self, *actions: Action) -> None:
        for action in actions:
            refusals = [o for o in self.on(Requested(action)) if isinstance(o, Refused)]
            assert not refusals, (action, refusals)

    def turnout(self) -> None:
        self.on(TurnoutDue())

    def receipt(self) -> None:
        """A log answers for the first report."""
        held = HeldCheckpoint(origin_id("log.example"), self.second, bytes(32))
        self.device.outgoing.receipted(0, Verdict.ACCEPTED, held)

    def send_again(self) -> None:
        """The log has lost everything."""
        self.device.outgoing.send_again(origin_id("log.example"), 0)

    def finish(self) -> Report:
        """Bring the poll to its final by the shortest way and return the final."""
        ways = {
            PollState.SETUP: Action.PRINT_ZERO,
            PollState.ZERO: Action.OPEN,
            PollState.OPEN: Action.CLOSE,
            PollState.PAUSED: Action.CLOSE,
            PollState.PORTABLE: Action.END_PORTABLE,
            PollState.CLOSED: Action.FINISH,
        }
        while self.device.state in ways:
            self.act(ways[self.device.state])
        finals = [r for r in map(report_in, self.kept()) if r.votes is not None]
        assert len(finals) == 1
        return finals[0]

    def kept(self) -> list[bytes]:
        """The reports that the box keeps, in order."""
        outgoing = self.device.outgoing
        return [outgoing.report(sequence) for sequence in range(outgoing.count)]

    def check(self) -> None:
        """Finish the poll and compare all the box says with what physically is."""
        final = self.finish()
        facts, counters = self.facts, final.counters
        assert counters.accepted == counters.box == len(facts.in_box)
        assert counters.portable == facts.portable
        assert counters.ballots == sum(sheet.number == 0 for sheet in facts.in_box)
        assert counters.pending == 0
        assert final.votes == hand_count(facts.in_box)
        self.check_chain()
        kinds = Counter(report_in(data).kind for data in self.kept())
        assert kinds[ReportKind.ZERO] == kinds[ReportKind.FINAL] == 1
        assert kinds[ReportKind.OPEN] == kinds[ReportKind.CLOSE] >= 1
        assert kinds[ReportKind.BOOT] <= self.facts.boots

    def check_chain(self) -> None:
        """The kept reports are one gapless chain, and contain all that were ever handed out."""
        previous = bytes(32)
        kept = self.kept()
        for sequence, data in enumerate(kept):
            report = report_in(data)
            assert (report.sequence, report.previous) == (sequence, previous)
            previous = cose.statement_id(cose.parse(data).statement)
        for sequence, data in self.facts.handed_out.items():
            assert kept[sequence] == data


def contests_of(sheet: Sheet) -> tuple[int, ...]:
    return STYLES[sheet.style].sheets[sheet.number]


def hand_count(sheets: list[Sheet]) -> tuple[int, ...]:
    """Count sheets as people would, sharing no code with the box."""
    row: list[int] = []
    for index, contest in enumerate((LIST, SEAT, COUNCIL)):
        piles = [
            each
            for sheet in sheets
            for place, each in zip(contests_of(sheet), sheet.marks, strict=True)
            if place == index
        ]
        allowed = contest.votes_allowed
        void = [m for m in piles if len(m.options) > allowed]
        good = [m for m in piles if len(m.options) <= allowed]
        votes = Counter(option for m in good for option in m.options)
        row += [len(piles), sum(not m.options for m in piles)]
        row += [sum(allowed - len(m.options) for m in good), len(void) * allowed]
        row += [votes[option] for option in range(len(contest.options))]
        prefer = Counter(
            next(iter(m.preferences))
            for m in good
            if len(m.preferences) == 1 and next(iter(m.preferences))[0] in m.options
        )
        for option, listed in enumerate(contest.options):
            row += [prefer[option, candidate] for candidate in range(listed.preferences)]
    return tuple(row)
