"""Is what changes at a box told once, and does it take no sheet in while it must not?"""

import pytest

from ballotbox_device.core.events import (
    ContainerChanged,
    DropSensed,
    Requested,
    Sensed,
    SheetInserted,
    TurnoutDue,
)
from ballotbox_device.core.habits import Habits
from ballotbox_device.core.outputs import (
    DropSheet,
    Refusal,
    Refused,
    ReportMade,
    SheetAccepted,
    StateChanged,
)
from ballotbox_device.core.poll import REPORTABLE, Action, allowed
from ballotbox_device.core.ports import Instant
from ballotbox_device.core.signals import BLOCKING, MEANINGS, Part, Signal
from ballotbox_device.core.watch import STEP_MS
from ballotbox_protocol.election.identifiers import COUNT_MAX, PollState
from ballotbox_protocol.wire.report import ClockQuality, IncidentCode, ReportKind
from ballotbox_simulator.disk import KEPT, PowerCut, PowerPlan
from tests.device.polling_place import AWAY, PollingPlace, report_in
from tests.device.test_poll import TO

# What each signal means, written down a second time: the part, and what is told of it.
PROMISED = {
    Signal.COVER_OPENED: (Part.COVER, (IncidentCode.COVER_OPENED, 0)),
    Signal.COVER_CLOSED: (Part.COVER, None),
    Signal.SEAL_BROKEN: (Part.SEAL, (IncidentCode.SEAL_BROKEN, 0)),
    Signal.SEAL_RENEWED: (Part.SEAL, None),
    Signal.MAINS_LOST: (Part.MAINS, (IncidentCode.MAINS_LOST, 0)),
    Signal.MAINS_BACK: (Part.MAINS, None),
    Signal.BATTERY_LOW: (Part.BATTERY, (IncidentCode.BATTERY_LOW, 0)),
    Signal.BATTERY_CHARGED: (Part.BATTERY, None),
    Signal.PAPER_OUT: (Part.PRINTER, (IncidentCode.PRINTER_FAILED, 1)),
    Signal.PRINTER_JAMMED: (Part.PRINTER, (IncidentCode.PRINTER_FAILED, 2)),
    Signal.PRINTER_READY: (Part.PRINTER, None),
    Signal.SCANNER_DIRTY: (Part.SCANNER, (IncidentCode.SCANNER_DIRTY, 0)),
    Signal.SCANNER_CLEANED: (Part.SCANNER, None),
}
WORSE = [signal for signal, (_, told) in PROMISED.items() if told]
BETTER = {part: signal for signal, (part, told) in PROMISED.items() if not told}


def place_in(state, habits=None):
    place = PollingPlace()
    if habits:
        place.habits = habits
    place.boot()
    place.act(*TO[state])
    return place


def incidents(outputs):
    reports = [report_in(each.data) for each in outputs if isinstance(each, ReportMade)]
    return [(each.incident.code, each.incident.detail) for each in reports if each.incident]


def feed(place):
    """Feed one sheet; the incidents that were told when it fell."""
    assert place.device.on(SheetInserted(AWAY), place.now()) == [DropSheet()]
    accepted, *rest = place.device.on(DropSensed(), place.now())
    assert isinstance(accepted, SheetAccepted)
    return incidents(rest)


def test_every_signal_means_what_was_promised():
    assert set(PROMISED) == set(Signal) == set(MEANINGS)
    assert set(BETTER) == set(Part)


@pytest.mark.parametrize("state", PollState)
@pytest.mark.parametrize("signal", Signal)
def test_a_signal_is_told_when_it_is_news(state, signal):
    place = place_in(state)
    part, told = PROMISED[signal]
    for _ in range(2):
        assert incidents(place.on(Sensed(signal))) == ([told] if told else [])
        assert place.on(Sensed(signal)) == []
        assert place.device.out_of_order == ({part} if told else set())
        assert place.on(Sensed(BETTER[part])) == []
        assert place.device.out_of_order == set()


def test_a_part_that_fails_in_another_way_is_one_failure():
    place = place_in(PollState.OPEN)
    assert incidents(place.on(Sensed(Signal.PAPER_OUT))) == [(IncidentCode.PRINTER_FAILED, 1)]
    assert place.on(Sensed(Signal.PRINTER_JAMMED)) == []


def test_several_parts_are_told_apart():
    place = place_in(PollState.OPEN)
    for signal in (Signal.COVER_OPENED, Signal.MAINS_LOST, Signal.SEAL_BROKEN):
        assert incidents(place.on(Sensed(signal))) == [PROMISED[signal][1]]
    place.on(Sensed(Signal.MAINS_BACK))
    assert place.device.out_of_order == {Part.COVER, Part.SEAL}


@pytest.mark.parametrize("signal", WORSE)
@pytest.mark.parametrize("blocking", [BLOCKING, frozenset(), frozenset(Part)], ids=len)
def test_no_sheet_is_taken_while_a_part_that_must_be_is_not_in_order(signal, blocking):
    place = place_in(PollState.OPEN, Habits(blocking=blocking))
    place.on(Sensed(signal))
    part = PROMISED[signal][0]
    if part not in blocking:
        assert feed(place) == []
        return
    before = [file.read() for file in place.disk.files]
    (refused,) = place.on(SheetInserted(AWAY))
    assert refused == Refused(Refusal.BLOCKED, PollState.OPEN, allowed(PollState.OPEN))
    assert [file.read() for file in place.disk.files] == before
    place.on(Sensed(BETTER[part]))
    assert feed(place) == []


def test_a_sheet_under_way_is_finished_though_the_cover_is_opened():
    place = place_in(PollState.OPEN)
    place.device.on(SheetInserted(AWAY), place.now())
    place.device.on(Sensed(Signal.COVER_OPENED), place.now())
    assert place.device.on(DropSensed(), place.now()) == [SheetAccepted(1)]


def test_the_poll_goes_on_though_a_part_is_not_in_order():
    place = place_in(PollState.OPEN)
    place.on(Sensed(Signal.BATTERY_LOW))
    assert StateChanged(PollState.CLOSED) in place.on(Requested(Action.CLOSE))


def test_what_is_not_in_order_is_not_remembered_over_a_boot():
    place = place_in(PollState.OPEN)
    place.on(Sensed(Signal.COVER_OPENED))
    place.disk.power_off()
    place.boot()
    assert place.device.out_of_order == set()
    assert incidents(place.on(Sensed(Signal.COVER_OPENED))) == [(IncidentCode.COVER_OPENED, 0)]


# The container


SMALL = Habits(capacity=3, capacity_warning=2)


def test_a_container_is_told_when_nearly_full_and_when_full_and_then_nothing_goes_in():
    place = place_in(PollState.OPEN, SMALL)
    told = [feed(place) for _ in range(3)]
    assert told == [
        [], [(IncidentCode.CONTAINER_NEARLY_FULL, 2)], [(IncidentCode.CONTAINER_FULL, 3)],
    ]  # fmt: skip
    (refused,) = place.on(SheetInserted(AWAY))
    assert refused.why is Refusal.CONTAINER_FULL
    place.disk.power_off()
    place.boot()
    (refused,) = place.on(SheetInserted(AWAY))
    assert refused.why is Refusal.CONTAINER_FULL
    assert incidents(place.on(ContainerChanged())) == [(IncidentCode.CONTAINER_CHANGED, 3)]
    assert [feed(place) for _ in range(2)] == [[], [(IncidentCode.CONTAINER_NEARLY_FULL, 2)]]
    assert place.device.counters.accepted == 5


def test_a_container_that_is_full_at_its_warning_is_told_as_full():
    place = place_in(PollState.OPEN, Habits(capacity=1, capacity_warning=1))
    assert feed(place) == [(IncidentCode.CONTAINER_FULL, 1)]


def test_a_container_that_nobody_watches_is_never_full():
    place = place_in(PollState.OPEN)
    assert [feed(place) for _ in range(5)] == [[]] * 5


def full_places():
    """The places whose container was filled by a sheet in which power failed, at each operation."""
    at = 0
    while True:
        place = place_in(PollState.OPEN, SMALL)
        feed(place), feed(place)
        place.facts.in_transport = AWAY
        place.disk.power_on(PowerPlan(at))
        at += 1
        try:
            place.on(SheetInserted(AWAY))
        except PowerCut:
            place.disk.power_off(KEPT, KEPT)
            place.disk.power_on()
            place.boot()
            if place.device.counters.accepted == SMALL.capacity:
                yield place
        else:
            return


def test_a_full_container_is_told_wherever_power_fails_in_the_sheet_that_fills_it():
    places = list(full_places())
    assert len(places) > 5
    for place in places:
        codes = [report.incident.code for report in map(report_in, place.kept()) if report.incident]
        assert IncidentCode.CONTAINER_FULL in codes


@pytest.mark.parametrize("state", [each for each in PollState if each >= PollState.OPEN])
@pytest.mark.parametrize(
    ("sheets", "told"),
    [
        (1, []),
        (2, [(IncidentCode.CONTAINER_NEARLY_FULL, 2)]),
        (3, [(IncidentCode.CONTAINER_FULL, 3)]),
    ],
)
def test_a_container_is_told_of_at_each_boot_while_sheets_may_come(state, sheets, told):
    place = place_in(PollState.OPEN, SMALL)
    for _ in range(sheets):
        feed(place)
    if state is not PollState.OPEN:
        after = [each for each in TO[state] if each not in TO[PollState.OPEN]]
        place.act(*after)
    assert place.device.state is state
    for _ in range(2):
        place.disk.power_off()
        told_now = incidents(place.boot())
        assert told_now == (told if state in REPORTABLE[ReportKind.TURNOUT] else [])


def test_a_warning_alone_and_a_container_alone_are_told_at_boot_as_well():
    for habits, code in (
        (Habits(capacity=1), IncidentCode.CONTAINER_FULL),
        (Habits(capacity_warning=1), IncidentCode.CONTAINER_NEARLY_FULL),
    ):
        place = place_in(PollState.OPEN, habits)
        feed(place)
        place.disk.power_off()
        assert incidents(place.boot()) == [(code, 1)]


def test_a_changed_container_and_its_report_are_one():
    place = place_in(PollState.OPEN)
    feed(place)
    before = place.disk.journal.read()
    (made,) = place.on(ContainerChanged())
    assert place.disk.journal.read().count(made.data) == 1
    place.disk.power_off()
    place.boot()
    assert place.disk.journal.read().startswith(before)
    assert incidents(place.on(ContainerChanged())) == [(IncidentCode.CONTAINER_CHANGED, 0)]


@pytest.mark.parametrize("state", PollState)
def test_where_a_container_may_be_changed(state):
    place = place_in(state)
    outputs = place.on(ContainerChanged())
    if state in REPORTABLE[ReportKind.TURNOUT]:
        assert incidents(outputs) == [(IncidentCode.CONTAINER_CHANGED, 0)]
    else:
        assert outputs == [Refused(Refusal.NOT_IN_THIS_STATE, state, allowed(state))]


# The clock


def instant(seconds, uptime_ms):
    return Instant(1_796_000_000 + seconds, ClockQuality.SYNCHRONISED, uptime_ms)


def clock_place():
    """A box that was started at second 1,000, 0 ms after power came."""
    place = PollingPlace()
    place.device = place.new_device()
    place.device.start(instant(1_000, 0))
    return place


STEP_S = STEP_MS // 1_000


@pytest.mark.parametrize(
    ("seconds", "uptime_ms", "detail"),
    [
        (1_000, 0, None),
        (1_060, 60_000, None),
        (1_000 + STEP_S - 1, 0, None),
        (1_000 + STEP_S, 0, STEP_S),
        (1_000 - STEP_S + 1, 0, None),
        (1_000 - STEP_S, 0, STEP_S),
        (1_010, 10_000 + STEP_MS - 1, None),
        (1_010, 10_000 + STEP_MS, STEP_S),
        (1_000 + 3_600, 0, 3_600),
    ],
)
def test_a_clock_that_was_set_is_told(seconds, uptime_ms, detail):
    place = clock_place()
    made = place.device.on(TurnoutDue(), instant(seconds, uptime_ms))
    assert incidents(made) == ([(IncidentCode.CLOCK_STEPPED, detail)] if detail else [])
    assert isinstance(made[-1], Refused)


def test_a_clock_that_was_set_is_told_once():
    place = clock_place()
    later = [place.device.on(TurnoutDue(), instant(9_000 + n, 1_000 * n)) for n in range(3)]
    assert [incidents(each) for each in later] == [[(IncidentCode.CLOCK_STEPPED, 8_000)], [], []]


def test_a_clock_far_out_is_told_by_as_much_as_a_report_can_say():
    place = clock_place()
    made = place.device.on(TurnoutDue(), Instant(2**52, ClockQuality.UNSET, 0))
    assert incidents(made) == [(IncidentCode.CLOCK_STEPPED, COUNT_MAX)]


def test_no_sheet_tells_the_time_of_a_clock_that_was_set():
    """What a sheet would set off is told with the next thing that people do."""
    place = PollingPlace()
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    before = place.second
    place.second += 10_000
    uptime_ms = (before + 1) * 1_000
    moved = instant(place.second, uptime_ms)
    assert place.device.on(SheetInserted(AWAY), moved) == [DropSheet()]
    assert place.device.on(DropSensed(), moved) == [SheetAccepted(1)]
    told = incidents(place.device.on(TurnoutDue(), moved))
    assert [code for code, _ in told] == [IncidentCode.CLOCK_STEPPED]
