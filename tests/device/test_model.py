"""Does a box, whatever happens to it in any order, stay equal to a model of a few lines?"""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from ballotbox_device.core.events import (
    Consented,
    DropFailed,
    DropSensed,
    DropUncertain,
    ReprintRequested,
    Requested,
    SheetInserted,
)
from ballotbox_device.core.outputs import (
    ConsentNeeded,
    DropSheet,
    Refused,
    SheetAccepted,
    SheetReturned,
)
from ballotbox_device.core.poll import Action
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.wire.report import HeldCheckpoint, ReportKind
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.disk import KEPT, LOST, PowerCut, PowerPlan
from tests.device.log_keeper import LogKeeper, id_of
from tests.device.polling_place import (
    PollingPlace,
    authority,
    hand_count,
    portable,
    report_in,
)
from tests.device.test_poll import PROMISED
from tests.device.test_sheets import ELECTION, sheets_of

SHEETS = st.builds(
    lambda sheet, from_portable: portable(sheet) if from_portable else sheet,
    sheets_of(ELECTION),
    st.booleans(),
)
TAKES = {(PollState.OPEN, False), (PollState.PORTABLE, True)}


class Box(RuleBasedStateMachine):
    """The model: a state, a pile of sheets, three numbers."""

    @initialize(seed=st.integers(0, 9))
    def switch_on(self, seed):
        self.place = PollingPlace(seed=seed)
        self.state = PollState.SETUP
        self.pile = []
        self.portable = 0
        self.returned = 0
        self.pending = None
        self.reports = 1
        self.copies = Counter()
        self.log = LogKeeper(authority())
        self.place.boot()

    @rule(action=st.sampled_from(Action))
    def ask(self, action):
        promised = PROMISED.get((self.state, action))
        outputs = self.place.on(Requested(action))
        if promised is None or self.pending is not None:
            assert isinstance(outputs[0], Refused)
            return
        self.state, kind, _ = promised
        self.reports += kind is not None

    @rule(pick=st.integers(0, 5))
    def go_on(self, pick):
        """A step that is possible; the last ones are left to chance, or no day would last."""
        steps = [action for state, action in PROMISED if state is self.state]
        steps = [action for action in steps if action not in {Action.FINISH, Action.SEAL}]
        if steps:
            self.ask(steps[pick % len(steps)])

    @precondition(lambda self: self.state in {PollState.OPEN, PollState.PORTABLE})
    @rule(sheet=sheets_of(ELECTION))
    def insert_what_is_wanted(self, sheet):
        self.insert(portable(sheet) if self.state is PollState.PORTABLE else sheet)

    @rule(sheet=SHEETS)
    def insert(self, sheet):
        (output,) = self.place.device.on(SheetInserted(sheet), self.place.now())
        if self.state not in {PollState.OPEN, PollState.PORTABLE} or self.pending is not None:
            assert isinstance(output, Refused)
        elif (self.state, sheet.portable) in TAKES:
            assert output == DropSheet()
            self.pending = sheet
            self.place.facts.in_transport = sheet
        else:
            assert isinstance(output, SheetReturned)
            self.returned += 1

    @precondition(lambda self: self.pending is not None)
    @rule()
    def drop(self):
        self.place.let_fall()
        (output,) = self.place.on(DropSensed())
        self._fell()
        assert output == SheetAccepted(len(self.pile))

    def _fell(self):
        self.pile.append(self.pending)
        self.portable += self.pending.portable
        self.pending = None

    @precondition(lambda self: self.pending is not None)
    @rule()
    def jam(self):
        self.place.facts.in_transport = None
        self.place.on(DropFailed())
        self.pending = None
        self.returned += 1
        self.reports += 1

    @precondition(lambda self: self.pending is not None)
    @rule(fell=st.booleans())
    def doubt(self, fell):
        if fell:
            self.place.let_fall()
        self.place.on(DropUncertain())
        self._settled(fell)

    def _settled(self, fell):
        self.reports += 2
        if fell:
            self._fell()
        else:
            self.pending = None
            self.returned += 1

    @rule(fell=st.booleans(), kept=st.sampled_from([LOST, KEPT]))
    def pull_the_plug(self, fell, kept):
        if self.pending is not None and fell:
            self.place.let_fall()
        self.place.disk.power_off(kept, kept)
        self.place.boot()
        self.reports += 1
        if self.pending is not None:
            self._settled(fell)

    @precondition(lambda self: self.pending is None)
    @rule(at=st.integers(0, 3), kept=st.sampled_from([LOST, KEPT]))
    def pull_the_plug_during_turnout(self, at, kept):
        """The report exists or not; either way its number is used for one report only."""
        before = self.place.device.outgoing.count
        self.place.disk.power_on(PowerPlan(at))
        try:
            self.place.turnout()
        except PowerCut:
            self.place.disk.power_off(kept, kept)
            self.place.boot()
        self.place.disk.power_on()
        self.reports += self.place.device.outgoing.count - before

    @rule()
    def turnout(self):
        before = self.place.device.outgoing.count
        self.place.turnout()
        self.reports += self.place.device.outgoing.count - before

    @rule(at=st.floats(0, 0.99))
    def receipt(self, at):
        kept = self.place.kept()
        sequence = int(at * len(kept))
        outgoing = self.place.device.outgoing
        self.log.receipt(id_of(kept[sequence]))
        held = HeldCheckpoint(self.log.id, self.log.tree.size, self.log.tree.root())
        outgoing.receipted(sequence, Verdict.ACCEPTED, held)
        assert not outgoing.is_waiting(self.log.id, sequence)

    @rule(at=st.floats(0, 0.99))
    def reprint(self, at):
        kept = self.place.kept()
        sequence = int(at * len(kept))
        self.copies[sequence] += 1
        needed, copy = self.place.on(ReprintRequested(sequence))
        assert isinstance(needed, ConsentNeeded)
        assert (copy.data, copy.copy) == (kept[sequence], 1 + self.copies[sequence])

    @rule()
    def ask_and_walk_away(self):
        """An unanswered question changes nothing."""
        outputs = self.place.device.on(Requested(Action.CLOSE), self.place.now())
        if self.pending is None and self.state in {PollState.OPEN, PollState.PAUSED}:
            assert isinstance(outputs[0], ConsentNeeded)
        refused = self.place.device.on(Consented(()), self.place.now())
        assert isinstance(refused[0], Refused)

    @invariant()
    def the_box_equals_the_model(self):
        device = self.place.device
        counters = device.counters
        assert device.state is self.state
        assert counters.accepted == counters.box == counters.lifetime == len(self.pile)
        assert counters.returned == self.returned
        assert counters.pending == (self.pending is not None)
        assert counters.presented == len(self.pile) + self.returned + counters.pending
        assert counters.portable == self.portable
        assert counters.ballots == sum(sheet.number == 0 for sheet in self.pile)
        assert device.outgoing.count == self.reports

    def teardown(self):
        if not hasattr(self, "place"):
            return
        if self.pending is not None:
            self.drop()
        self.place.finish()
        self.place.check_chain()
        votes = [r for r in map(report_in, self.place.kept()) if r.kind is ReportKind.FINAL]
        assert [report.votes for report in votes] == [hand_count(self.pile)]


TestBox = Box.TestCase
TestBox.settings = settings(stateful_step_count=40)
