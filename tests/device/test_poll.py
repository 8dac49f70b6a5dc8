"""Does the poll go where its table says, and nowhere else?"""

import pytest

from ballotbox_device.core import units
from ballotbox_device.core.events import (
    ClearingRequested,
    CorrectionRequested,
    DropAnswered,
    DropFailed,
    DropSensed,
    DropUncertain,
    Requested,
    SheetInserted,
    TurnoutDue,
)
from ballotbox_device.core.outputs import (
    AskDropped,
    ConsentNeeded,
    DropSheet,
    Refusal,
    Refused,
    ReportMade,
    SheetReturned,
    StateChanged,
)
from ballotbox_device.core.poll import TRANSITIONS, Action, allowed
from ballotbox_device.core.records import DOUBT, answer_record
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.election.register import Role
from ballotbox_protocol.wire.report import IncidentCode, ReportKind
from tests.device.polling_place import AWAY, HOME_1, PollingPlace, portable, report_in

TO = {
    PollState.SETUP: (),
    PollState.ZERO: (Action.PRINT_ZERO,),
    PollState.OPEN: (Action.PRINT_ZERO, Action.OPEN),
    PollState.PAUSED: (Action.PRINT_ZERO, Action.OPEN, Action.PAUSE),
    PollState.CLOSED: (Action.PRINT_ZERO, Action.OPEN, Action.CLOSE),
    PollState.PORTABLE: (Action.PRINT_ZERO, Action.OPEN, Action.CLOSE, Action.ADMIT_PORTABLE),
    PollState.FINAL: (Action.PRINT_ZERO, Action.OPEN, Action.CLOSE, Action.FINISH),
    PollState.SEALED: (
        Action.PRINT_ZERO,
        Action.OPEN,
        Action.CLOSE,
        Action.FINISH,
        Action.SEAL,
    ),
}

# The issue's own words, written down a second time: what must be possible, from where to where.
PROMISED = {
    (PollState.SETUP, Action.PRINT_ZERO): (PollState.ZERO, ReportKind.ZERO, None),
    (PollState.ZERO, Action.OPEN): (PollState.OPEN, ReportKind.OPEN, Role.POLL),
    (PollState.OPEN, Action.PAUSE): (PollState.PAUSED, None, None),
    (PollState.PAUSED, Action.RESUME): (PollState.OPEN, None, None),
    (PollState.OPEN, Action.CLOSE): (PollState.CLOSED, ReportKind.CLOSE, Role.POLL),
    (PollState.PAUSED, Action.CLOSE): (PollState.CLOSED, ReportKind.CLOSE, Role.POLL),
    (PollState.CLOSED, Action.REOPEN): (PollState.OPEN, ReportKind.OPEN, Role.ELEVATED),
    (PollState.CLOSED, Action.ADMIT_PORTABLE): (PollState.PORTABLE, None, None),
    (PollState.PORTABLE, Action.END_PORTABLE): (PollState.CLOSED, None, None),
    (PollState.CLOSED, Action.FINISH): (PollState.FINAL, ReportKind.FINAL, None),
    (PollState.FINAL, Action.SEAL): (PollState.SEALED, None, None),
}


def place_in(state):
    place = PollingPlace()
    place.boot()
    place.act(*TO[state])
    assert place.device.state is state
    return place


def frozen_bytes(place):
    return place.disk.journal.read(), place.disk.slots.read()


@pytest.mark.parametrize("state", PollState)
@pytest.mark.parametrize("action", Action)
def test_every_cell_of_the_table(state, action):
    place = place_in(state)
    before = frozen_bytes(place)
    outputs = place.on(Requested(action))
    promised = PROMISED.get((state, action))
    if promised is None:
        refused = Refused(Refusal.NOT_IN_THIS_STATE, state, allowed(state))
        assert outputs == [refused]
        assert frozen_bytes(place) == before
        return
    target, kind, officers = promised
    assert place.device.state is target
    assert outputs[-1] == StateChanged(target)
    asked = [o.role for o in outputs if isinstance(o, ConsentNeeded)]
    assert asked == ([officers] if officers else [])
    made = [o for o in outputs if isinstance(o, ReportMade)]
    assert [o.kind for o in made] == ([kind] if kind else [])
    assert all(report_in(o.data).state is target for o in made)


@pytest.mark.parametrize("state", PollState)
def test_what_is_allowed_is_what_the_refusal_names(state):
    assert {a for a in Action if (state, a) in PROMISED} == set(allowed(state))


@pytest.mark.parametrize("state", PollState)
def test_the_state_survives_a_boot(state):
    place = place_in(state)
    place.disk.power_off()
    place.boot()
    assert place.device.state is state


TAKES = {PollState.OPEN: AWAY, PollState.PORTABLE: portable(AWAY)}


@pytest.mark.parametrize("state", PollState)
@pytest.mark.parametrize("sheet", [AWAY, portable(AWAY)], ids=["a voter's", "portable"])
def test_which_state_takes_which_sheet(state, sheet):
    place = place_in(state)
    before = frozen_bytes(place)
    outputs = place.on(SheetInserted(sheet)) if TAKES.get(state) != sheet else []
    if state not in TAKES:
        assert outputs == [Refused(Refusal.NOT_IN_THIS_STATE, state, allowed(state))]
        assert frozen_bytes(place) == before
        assert place.device.counters.presented == 0
    elif TAKES[state] == sheet:
        assert place.feed(sheet)
        assert place.device.counters.accepted == 1
        assert place.device.counters.portable == int(sheet.portable)
    else:
        wrong = (
            ReturnReason.FROM_PORTABLE_BOX
            if sheet.portable
            else (ReturnReason.NOT_FROM_PORTABLE_BOX)
        )
        assert outputs == [SheetReturned(wrong)]
        assert place.device.counters.returned == 1


COUNTING = {PollState.OPEN, PollState.PAUSED, PollState.CLOSED, PollState.PORTABLE}


@pytest.mark.parametrize("state", PollState)
def test_where_turnout_is_reported(state):
    place = place_in(state)
    outputs = place.on(TurnoutDue())
    if state in COUNTING:
        (made,) = outputs
        report = report_in(made.data)
        assert (report.kind, report.state) == (ReportKind.TURNOUT, state)
    else:
        assert outputs == [Refused(Refusal.NOT_IN_THIS_STATE, state, allowed(state))]


@pytest.mark.parametrize("state", PollState)
def test_where_corrections_and_clearing_are_possible(state):
    place = place_in(state)
    refused = [Refused(Refusal.NOT_IN_THIS_STATE, state, allowed(state))]
    zero = (0,) * place.rules.layout.size
    now = place.now()
    correction = place.device.on(CorrectionRequested(zero), now)
    assert (correction == refused) is (state not in {PollState.FINAL, PollState.SEALED})
    clearing = place.device.on(ClearingRequested(), now)
    assert (clearing == refused) is (state is not PollState.SEALED)


def pending_place():
    place = place_in(PollState.OPEN)
    assert place.device.on(SheetInserted(HOME_1), place.now()) == [DropSheet()]
    place.facts.in_transport = HOME_1
    return place


@pytest.mark.parametrize("action", allowed(PollState.OPEN))
def test_nothing_moves_while_a_sheet_is_under_way(action):
    place = pending_place()
    before = frozen_bytes(place)
    (refused,) = place.on(Requested(action))
    assert refused.why is Refusal.SHEET_PENDING
    (refused,) = place.on(SheetInserted(AWAY))
    assert refused.why is Refusal.SHEET_PENDING
    assert frozen_bytes(place) == before
    assert place.device.counters.pending == 1


@pytest.mark.parametrize(
    "event", [DropSensed(), DropFailed(), DropUncertain(), DropAnswered(dropped=True)]
)
def test_no_drop_is_believed_without_a_release(event):
    place = place_in(PollState.OPEN)
    before = frozen_bytes(place)
    (refused,) = place.on(event)
    assert refused.why is Refusal.NO_SHEET_PENDING
    assert frozen_bytes(place) == before


def test_a_jam_gives_the_sheet_back_and_is_reported():
    place = pending_place()
    returned, made = place.on(DropFailed())
    assert returned == SheetReturned(ReturnReason.NOT_DROPPED)
    assert report_in(made.data).incident.code is IncidentCode.SHEET_JAMMED
    counters = place.device.counters
    assert (counters.presented, counters.returned, counters.pending) == (1, 1, 0)
    assert set(place.disk.slots.read()) == {0}
    assert place.feed(HOME_1)


@pytest.mark.parametrize("dropped", [False, True])
def test_an_uncertain_sensor_is_settled_by_a_person(dropped):
    place = pending_place()
    if dropped:
        place.let_fall()
    outputs = place.on(DropUncertain())
    told = [report_in(o.data).incident for o in outputs if isinstance(o, ReportMade)]
    assert [each.code for each in told] == [
        IncidentCode.DROP_UNCERTAIN,
        IncidentCode.DROP_SETTLED,
    ]
    assert told[1].detail == int(dropped)
    assert place.device.counters.accepted == int(dropped)
    place.check()


def test_the_uncertainty_about_one_sheet_is_reported_once():
    place = pending_place()
    now = place.now()
    made, asked = place.device.on(DropUncertain(), now)
    assert isinstance(made, ReportMade)
    assert asked == AskDropped()
    assert report_in(made.data).counters.pending == 1
    assert place.device.on(DropUncertain(), now) == [AskDropped()]


def told_at_boot(place):
    """The incidents that a boot reports, nobody having answered anything."""
    outputs = place.new_device().start(place.now())
    told = (report_in(o.data).incident for o in outputs if isinstance(o, ReportMade))
    return [each.code for each in told if each]


def test_the_uncertainty_is_reported_once_over_boots_and_other_incidents():
    place = pending_place()
    assert told_at_boot(place) == [IncidentCode.DROP_UNCERTAIN]
    place.disk.journal.append(b"\xb5\x00")
    assert told_at_boot(place) == [IncidentCode.MEMORY_REPAIRED]
    assert told_at_boot(place) == []


def test_an_answer_that_the_power_cut_kept_from_being_reported_is_reported_at_boot():
    place = pending_place()
    place.let_fall()
    for record in (DOUBT, answer_record(dropped=True)):
        for journal in place.disk.files[::2]:
            journal.append(units.frame(record.to_bytes()))
    # The slot was not marked either: that is repaired, and told, first.
    assert told_at_boot(place) == [IncidentCode.MEMORY_REPAIRED, IncidentCode.DROP_SETTLED]
    assert told_at_boot(place) == []


def test_the_transitions_are_those_of_the_issue():
    table = {cell: (each.target, each.report, each.officers) for cell, each in TRANSITIONS.items()}
    assert table == PROMISED
