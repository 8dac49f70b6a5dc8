"""Days of one box, its paper and its people, and what must lie where after each step."""

from collections import Counter
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ballotbox_device.core.habits import Habits
from ballotbox_device.core.poll import INTAKE, Action
from ballotbox_device.core.signals import Signal
from ballotbox_device.machine.scanner import ScanFault
from ballotbox_device.machine.screen import Question
from ballotbox_device.machine.supply import Supply
from ballotbox_device.machine.transport import Drop
from ballotbox_protocol.election.identifiers import InvalidField, PollState
from ballotbox_simulator.disk import Ailment, BoxDisk, MediumError
from tests.device.mechanism_model import CAPACITY, TAKEN, Model
from tests.device.polling_place import hand_count, report_in
from tests.device.sheets_in_hand import PAPERS, SHEETS, new_mechanism, open_poll

PAIR = ("first", "second")


WAY = {
    PollState.SETUP: "print_zero",
    PollState.ZERO: "open",
    PollState.OPEN: "close",
    PollState.PAUSED: "resume",
    PollState.CLOSED: "finish",
    PollState.PORTABLE: "end_portable",
}


#: A box that knows these can take sheets of portable boxes, and voters' sheets again.
BOTH_WAYS = {Action.ADMIT_PORTABLE, Action.REOPEN}


#: How the poll gets open again.
BACK = {
    PollState.PAUSED: "resume",
    PollState.CLOSED: "reopen",
    PollState.PORTABLE: "end_portable",
}


class Place(RuleBasedStateMachine):
    """One box, its paper and its people; `seen` counts what happened over all examples."""

    habits = Habits()
    has_battery = True
    seen: ClassVar[Counter] = Counter()

    def __init__(self):
        super().__init__()
        self.model = Model(self.habits)
        self.ms = 0
        self.disk = BoxDisk()
        self.box = new_mechanism(self.habits, self.disk)
        self.box.supply = Supply(has_battery=self.has_battery)
        self.box.power_on(self.at())
        open_poll(self.box)
        self.model.state = PollState.OPEN

    def at(self):
        self.ms += 1_000
        return self.ms

    @rule(kinds=st.permutations([*PAPERS]), confirmed=st.booleans())
    def feed_papers(self, kinds, confirmed):
        for kind in kinds:
            self.feed(kind, None, Drop.FALLS, confirmed=confirmed)

    # Each fault at every call, because few of all draws are different ones.
    @rule(faults=st.permutations(list(ScanFault)))
    def feed_badly(self, faults):
        for fault in faults:
            self.mend()
            self.feed("away", fault, Drop.FALLS, confirmed=False)

    @rule(kinds=st.permutations([*PAPERS]))
    def feed_all(self, kinds):
        for kind in kinds:
            self.mend()
            self.feed(kind, None, Drop.FALLS, confirmed=False)

    @rule(teams=st.permutations([PAIR, ("first",), ("stranger",)]))
    def close_and_sign(self, teams):
        self.mend()
        self.press("close", teams[0])
        for team in teams[1:]:
            if self.box.front().question is Question.OFFICERS:
                self.sign(team)

    @rule(kind=st.sampled_from([*TAKEN]), drops=st.permutations(list(Drop)))
    def feed_and_drop(self, kind, drops):
        for drop in drops:
            self.mend()
            self.feed(kind, None, drop, confirmed=False)

    @rule(insists=st.permutations([True, False]), drop=st.sampled_from(Drop))
    def think_again(self, insists, drop):
        for each in insists:
            self.mend()
            self.feed("blank", None, drop, confirmed=False)
            if self.model.held is not None:
                self.answer_voter(insists=each)

    def feed(self, kind, fault, drop, confirmed):
        box, model = self.box, self.model
        if not model.on:
            with pytest.raises(InvalidField, match="power"):
                box.feed(PAPERS[kind], self.at())
            return
        full = model.here >= CAPACITY and model.state in INTAKE
        box.scanner.fault, box.transport.next_drop = fault, drop
        box.feed(PAPERS[kind], self.at(), confirmed=confirmed)
        self.seen["full" if full else model.feed(kind, fault, drop, confirmed)] += 1
        if model.held is None:
            box.scanner.fault, box.transport.next_drop = None, Drop.FALLS

    @rule(count=st.integers(2, CAPACITY + 1))
    def feed_many(self, count):
        self.mend()
        for _ in range(count):
            self.feed("away", None, Drop.FALLS, confirmed=False)

    @rule(last=st.sampled_from([0, 10, 80]))
    def battery_runs_out(self, last):
        for percent in (60, 15, 0):
            self.supply(percent, mains=False)
        self.supply(percent=last, mains=True)

    @rule()
    def mend(self):
        """People come and put all in order that a passer-by left as it was."""
        self.cover(opened=False)
        self.supply(percent=80, mains=True)
        if not self.model.on:
            self.power_on()
        if self.model.held is not None:
            self.answer_voter(insists=True)
        if self.model.on and self.model.asked is not None:
            self.answer_dropped()
        while (button := BACK.get(self.model.state)) in self.box.front().buttons:
            self.press(button, PAIR)
        if self.model.here >= CAPACITY:
            self.change_container()

    @precondition(lambda self: self.model.on and self.model.held is not None)
    @rule(insists=st.booleans())
    def answer_voter(self, insists):
        held, self.model.held = self.model.held, None
        self.box.answer_voter(self.at(), insists=insists)
        if insists:
            self.model.let_fall(held)
        self.box.transport.next_drop = Drop.FALLS
        self.seen["voter insists" if insists else "voter takes it back"] += 1

    @precondition(lambda self: self.model.on and self.model.asked is not None)
    @rule()
    def answer_dropped(self):
        dropped = self.box.look()
        assert dropped == self.model.asked
        self.box.answer_dropped(self.at(), dropped=dropped)
        self.model.settle(dropped)
        self.seen[f"answered {dropped}"] += 1

    @precondition(lambda self: self.model.on)
    @rule(data=st.data(), officers=st.sampled_from([PAIR, PAIR, PAIR, ("first",), ("stranger",)]))
    def act(self, data, officers):
        model, box = self.model, self.box
        # The final ends the day: it is left to the end of the example.
        buttons = sorted(set(box.front().buttons) - {"finish"})
        if model.state in (PollState.FINAL, PollState.SEALED) or not buttons:
            return
        self.press(data.draw(st.sampled_from(buttons)), officers)

    def press(self, button, officers):
        box, model = self.box, self.model
        before = box.device.state
        box.press(button, self.at())
        if box.front().question is Question.OFFICERS:
            self.sign(officers)
        if model.held is not None or model.asked is not None:
            assert box.device.state is before
        model.state = box.device.state

    def sign(self, officers):
        before = self.box.device.state
        self.box.present(officers, self.at())
        self.model.state = self.box.device.state
        assert officers == PAIR or self.model.state is before
        self.seen["two officers" if officers == PAIR else officers[0]] += 1

    @precondition(lambda self: self.model.on)
    @rule()
    def ask_paper(self):
        self.box.press("turnout", self.at())
        self.seen["turnout"] += 1
        if self.box.front().question is None:
            self.box.reprint(0, self.at())
            self.box.present(PAIR, self.at())
            self.seen["reprint"] += 1

    @rule()
    def cut_power(self):
        if not self.model.on:
            return
        self.box.cut_power()
        self.model.on, self.model.held = False, None
        self.seen["power cut"] += 1

    @rule()
    def power_on(self):
        box, model = self.box, self.model
        if model.on:
            with pytest.raises(InvalidField, match="on already"):
                box.power_on(self.at())
            return
        if not box.supply.is_enough:
            box.set_mains(self.at(), on=True)
        box.transport.next_drop = Drop.FALLS
        box.power_on(self.at())
        model.on = True

    @rule(opened=st.booleans())
    def cover(self, opened):
        self.box.sense(Signal.COVER_OPENED if opened else Signal.COVER_CLOSED, self.at())
        (self.model.bad.add if opened else self.model.bad.discard)("cover")
        self.seen["cover"] += opened

    @rule()
    def dirty(self):
        self.mend()
        self.box.scanner.is_dirty = True
        self.box.feed(PAPERS["away"], self.at())
        self.box.feed(PAPERS["away"], self.at())
        self.box.clean_scanner(self.at())
        self.seen["dirty"] += 1

    @rule(percent=st.sampled_from([0, 10, 80]), mains=st.booleans())
    def supply(self, percent, mains):
        box, model = self.box, self.model
        box.set_mains(self.at(), on=mains)
        if self.has_battery:
            box.set_battery(percent, self.at())
            (model.bad.add if percent <= 20 else model.bad.discard)("battery")
        if not mains and not (percent and self.has_battery) and model.on:
            self.seen["battery empty" if self.has_battery else "no mains"] += 1
        # A box may lose power while the battery is charged from nothing.
        if box.device is None:
            model.on, model.held = False, None

    @precondition(lambda self: self.habits.actions >= BOTH_WAYS)
    @rule(drops=st.permutations(list(Drop)))
    def sheets_of_portable_boxes(self, drops):
        """After the main count the sheets of the sick come in, with all that befalls."""
        for drop in drops:
            self.mend()
            if self.model.state is PollState.OPEN:
                self.press("close", PAIR)
                self.press("admit_portable", PAIR)
                self.feed("away", None, Drop.FALLS, confirmed=False)
                self.feed("portable", None, drop, confirmed=False)

    @rule(ppm=st.integers(-500, 500))
    def drift(self, ppm):
        self.box.clock.drift(ppm, self.ms)
        self.seen["clock drift"] += ppm != 0

    @rule(at=st.floats(0, 1, exclude_max=True), file=st.integers(0, 3))
    def rot(self, at, file):
        """One bit of either copy turns while there is no power; the next boot mends it."""
        self.cut_power()
        held = self.disk.files[file]
        where = int(at * len(held.read()))
        held.rot(where, 1 << where % 8)
        self.power_on()
        self.seen["memory rot"] += 1

    @rule()
    def memory_full(self):
        """The media take no more: the box stops before it takes the sheet, and goes on later."""
        self.mend()
        if not self.model.takes:
            return
        self.disk.ail(Ailment.FULL)
        with pytest.raises(MediumError):
            self.box.feed(PAPERS["away"], self.at())
        self.disk.ail(None)
        self.model.on = False
        self.power_on()
        self.seen["memory full"] += 1

    @rule(torn=st.booleans())
    def printer(self, torn):
        if torn:
            self.box.printer.jams_next = True
        else:
            self.box.take_printer_paper(self.at())
        self.seen["printer jam" if torn else "paper out"] += 1

    @rule()
    def refill(self):
        self.box.refill_printer(self.at())

    @precondition(lambda self: self.model.on)
    @rule()
    def change_container(self):
        before = len(self.box.transport.put_away)
        self.box.change_container(self.at())
        changed = len(self.box.transport.put_away) > before
        if changed:
            self.model.here = 0
        self.seen["container changed"] += changed

    @rule(seconds=st.integers(-7_200, 7_200))
    def step(self, seconds):
        self.box.clock.step(seconds, self.ms)
        self.seen["clock step"] += abs(seconds) >= 60

    @invariant()
    def counts(self):
        box, model = self.box, self.model
        assert (box.device is not None) == model.on
        assert box.transport.fallen == model.fallen + (model.asked is True)
        assert len(box.transport.stuck) == model.stuck
        if box.device is not None:
            counters = box.device.counters
            assert counters.accepted == model.counted
            assert counters.pending == (model.held is not None or model.asked is not None)

    def teardown(self):
        """End the day: the votes of the final are those on the sheets that lie there."""
        box = self.box
        box.set_mains(self.at(), on=True)
        if box.device is None:
            box.power_on(self.at())
        if box.front().question is Question.VOTER:
            box.answer_voter(self.at(), insists=False)
        if box.front().question is Question.DROPPED:
            box.answer_dropped(self.at(), dropped=box.look())
        while box.device.state in WAY:
            box.press(WAY[box.device.state], self.at())
            if box.front().question is Question.OFFICERS:
                box.present(PAIR, self.at())
        self.hold_against_the_paper()

    def hold_against_the_paper(self):
        transport, outgoing = self.box.transport, self.box.device.outgoing
        self.seen["stuck"] += len(transport.stuck)
        transport.free_stuck()
        papers = [p for each in (*transport.put_away, transport.container) for p in each.sheets]
        reports = [report_in(outgoing.report(n)) for n in range(outgoing.count)]
        (final,) = [report for report in reports if report.votes is not None]
        assert final.counters.accepted == len(papers)
        assert final.votes == hand_count([SHEETS[paper] for paper in papers])
        strays = sum(each.strays for each in (*transport.put_away, transport.container))
        assert strays == self.model.strays
