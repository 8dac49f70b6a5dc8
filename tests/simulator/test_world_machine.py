"""Does an election survive whatever Hypothesis makes of a day? The property the project stands on.

A machine drives one simulated world: voters feed sheets, cables are pulled, power fails, gateways
are killed, attackers forge. After every step the auditor must be content; at the end faults stop,
people finish their work, and every sheet that lies in a box is in the published total, once. A
failure shrinks to the few steps that matter and is printed as a program.
"""

from itertools import islice

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from ballotbox_simulator.workload import voters_of
from ballotbox_simulator.world.faults import PROMISES, FaultClass, FaultKind, Strike, Weather
from ballotbox_simulator.world.plan import Ballots, Day, DayPlan, RoadChoice
from ballotbox_simulator.world.polling_day import MINUTE
from ballotbox_simulator.world.settlement import settle
from ballotbox_simulator.world.strikes import IMMEDIATE, strike_now
from ballotbox_simulator.world.world import World

#: What the machine may do: after all of it nothing may be missing.
HARMLESS = sorted(
    kind for kind in IMMEDIATE if PROMISES[kind].leaves <= FaultClass.EXACT_AFTER_PERSON
)
WEATHER = sorted(
    kind
    for kind in FaultKind
    if kind not in IMMEDIATE and PROMISES[kind].leaves <= FaultClass.EXACT_AFTER_PERSON
)


class ElectionDay(RuleBasedStateMachine):
    """See the module."""

    @initialize(
        seed=st.integers(0, 1_000),
        boxes=st.integers(1, 3),
        road=st.sampled_from(RoadChoice),
        ballots=st.sampled_from(Ballots),
        weather=st.dictionaries(st.sampled_from(WEATHER), st.floats(0.01, 0.3), max_size=3),
    )
    def open_the_polls(self, seed, boxes, road, ballots, weather):
        plan = DayPlan(boxes=boxes, ballots=0, portable=0, road=road, election=ballots, by_hand=1)
        self.world = World(Day(seed, plan, Weather(weather)), keep_lines=True)
        election = self.world.authority.trusted.election
        self.voters = [
            voters_of(election, election.precincts[0], box.kit.identity.box, seed).ballots()
            for box in self.world.boxes
        ]
        self.world.schedule.run_until(plan.hours.opening + MINUTE)

    @rule(box=st.integers(0, 2), voters=st.integers(1, 5))
    def voters_come(self, box, voters):
        boxes = list(self.world.boxes)
        place = box % len(boxes)
        for ballot in islice(self.voters[place], voters):
            for sheet in ballot.sheets:
                boxes[place].feed(sheet)

    @rule(minutes=st.sampled_from((1, 5, 31, 90)))
    def time_passes(self, minutes):
        self.world.schedule.run_until(self.world.schedule.now + minutes * MINUTE)

    @rule(
        kind=st.sampled_from(HARMLESS),
        struck=st.integers(0, 5),
        lasts=st.sampled_from((1_000, MINUTE, 20 * MINUTE)),
        detail=st.integers(0, 1 << 20),
    )
    def something_goes_wrong(self, kind, struck, lasts, detail):
        if kind is FaultKind.LEDGER_FULL:
            lasts = min(lasts, MINUTE)  # A full ledger is tried again every second.
        strike_now(self.world, Strike(kind, self.world.schedule.now, struck, lasts, detail))

    @rule(
        kind=st.sampled_from((FaultKind.POWER_CUT, FaultKind.POWER_CUT_IN_WRITE)),
        box=st.integers(0, 2),
        lasts=st.sampled_from((1_000, 20 * MINUTE)),
        detail=st.integers(0, 24),
    )
    def power_fails_under_voters(self, kind, box, lasts, detail):
        strike_now(self.world, Strike(kind, self.world.schedule.now, box, lasts, detail))
        self.voters_come(box, 2)

    @precondition(lambda self: hasattr(self, "world"))
    @invariant()
    def the_auditor_is_content(self):
        assert not self.world.auditor.findings, self.world.auditor.findings

    def teardown(self):
        if not hasattr(self, "world"):
            return
        world = self.world
        end = max(world.schedule.now, world.day.plan.hours.end)
        world.schedule.run_until(end)
        world.run_liveness()
        balance = settle(world)
        assert not world.auditor.findings, world.auditor.findings
        assert balance.fed == balance.tabulated == world.auditor.sheets


TestElectionDay = ElectionDay.TestCase
TestElectionDay.settings = settings(max_examples=15, stateful_step_count=20)
