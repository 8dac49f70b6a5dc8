"""Does a sheet go where its table says, and nowhere else: in the fold, and in a running box?"""

from dataclasses import replace

import pytest

from ballotbox_device.core.events import (
    ContainerChanged,
    DropAnswered,
    DropFailed,
    DropJoined,
    DropSensed,
    DropUncertain,
    Requested,
    SheetInserted,
    VoterDecided,
)
from ballotbox_device.core.habits import Habits, SecondChance
from ballotbox_device.core.history import History
from ballotbox_device.core.outputs import (
    AskDropped,
    AskVoter,
    DropSheet,
    Refusal,
    Refused,
    ReportMade,
    SheetAccepted,
    SheetReturned,
)
from ballotbox_device.core.poll import Action, allowed
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import (
    CONTAINER,
    DOUBT,
    DROPPED,
    FED,
    RELEASE,
    RETURNED,
    VOID,
    Genesis,
    RecordType,
    answer_record,
    state_record,
)
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_device.core.transport import SHEET_STEPS, STEP_RECORDS, SheetState, SheetStep
from ballotbox_protocol.election.definition import Handling, MarkPolicy
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.wire.report import IncidentCode
from tests.device.polling_place import AWAY, BLANK, HOME_1, PollingPlace, report_in
from tests.device.test_boot_table import WAY_TO

# What must be possible with a sheet, written down a second time.
PROMISED = {
    (SheetState.NONE, SheetStep.TAKE): SheetState.TAKEN,
    (SheetState.TAKEN, SheetStep.RETURN): SheetState.NONE,
    (SheetState.TAKEN, SheetStep.RELEASE): SheetState.RELEASED,
    (SheetState.RELEASED, SheetStep.DROP): SheetState.NONE,
    (SheetState.RELEASED, SheetStep.GIVE_BACK): SheetState.NONE,
    (SheetState.RELEASED, SheetStep.DOUBT): SheetState.IN_DOUBT,
    (SheetState.IN_DOUBT, SheetStep.DROP): SheetState.NONE,
    (SheetState.IN_DOUBT, SheetStep.GIVE_BACK): SheetState.NONE,
    (SheetState.IN_DOUBT, SheetStep.TOLD_IN): SheetState.NONE,
    (SheetState.IN_DOUBT, SheetStep.TOLD_OUT): SheetState.NONE,
}
RECORDS = {
    SheetStep.TAKE: FED,
    SheetStep.RETURN: RETURNED,
    SheetStep.RELEASE: RELEASE,
    SheetStep.DROP: DROPPED,
    SheetStep.GIVE_BACK: VOID,
    SheetStep.DOUBT: DOUBT,
    SheetStep.TOLD_IN: answer_record(dropped=True),
    SheetStep.TOLD_OUT: answer_record(dropped=False),
}
#: What each step adds to: accepted, returned.
COUNTS = {
    SheetStep.RETURN: (0, 1),
    SheetStep.DROP: (1, 0),
    SheetStep.GIVE_BACK: (0, 1),
    SheetStep.TOLD_IN: (1, 0),
    SheetStep.TOLD_OUT: (0, 1),
}


def history_with(state, *before):
    """The fold of a journal whose sheet is there."""
    history = History()
    for record in (Genesis(bytes(32), bytes(16), 0, 0, 12, 64).record(), *before, *WAY_TO[state]):
        history.apply(record, 0)
    assert history.sheet is state
    return history


def test_the_table_is_the_one_that_was_promised():
    assert dict(SHEET_STEPS) == PROMISED
    assert {step: record.type for step, record in RECORDS.items()} == dict(STEP_RECORDS)


@pytest.mark.parametrize("state", SheetState)
@pytest.mark.parametrize("step", SheetStep)
def test_every_cell_of_the_table_in_the_fold(state, step):
    history = history_with(state)
    before = history.presented, history.accepted, history.returned
    target = PROMISED.get((state, step))
    if target is None:
        with pytest.raises(MemoryFault, match=f"{step.name} cannot follow .* is {state.name}$"):
            history.apply(RECORDS[step], 0)
        assert (history.sheet, before) == (
            state,
            (history.presented, history.accepted, history.returned),
        )
        return
    history.apply(RECORDS[step], 0)
    assert history.sheet is target
    accepted, returned = COUNTS.get(step, (0, 0))
    presented = before[0] + (step is SheetStep.TAKE)
    assert (history.presented, history.accepted, history.returned) == (
        presented,
        accepted,
        returned,
    )
    assert history.pending == (target is not SheetState.NONE)
    assert history.presented == history.accepted + history.returned + history.pending


@pytest.mark.parametrize("step", COUNTS)
@pytest.mark.parametrize("poll", PollState)
def test_a_sheet_that_fell_in_the_state_portable_came_from_a_portable_box(step, poll):
    (state, *_) = (state for state, each in PROMISED if each is step)
    history = history_with(state, state_record(poll))
    history.apply(RECORDS[step], 0)
    accepted, _ = COUNTS[step]
    assert history.portable == accepted * (poll is PollState.PORTABLE)


def test_a_changed_container_moves_no_sheet():
    for state in SheetState:
        history = history_with(state, FED, RELEASE, DROPPED)
        assert history.in_container == 1
        history.apply(CONTAINER, 0)
        assert (history.sheet, history.in_container, history.accepted) == (state, 0, 1)


# The same in a running box: each event where each of them finds the sheet


def place_with(state):
    """A box that asks its voters, with its sheet in a state."""
    place = PollingPlace()
    trusted = place.rules.trusted
    policy = MarkPolicy(blank=Handling.SECOND_CHANCE)
    election = replace(trusted.election, policy=policy)
    place.rules = replace(place.rules, trusted=replace(trusted, election=election))
    place.habits = Habits(second_chance=SecondChance.ASK_VOTER)
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    on = place.device.on
    if state is SheetState.TAKEN:
        assert on(SheetInserted(BLANK), place.now()) == [AskVoter(ReturnReason.BLANK)]
    elif state is not SheetState.NONE:
        assert on(SheetInserted(HOME_1), place.now()) == [DropSheet()]
    if state is SheetState.IN_DOUBT:
        assert on(DropUncertain(), place.now())[-1] == AskDropped()
    assert place.device.sheet is state
    return place


EVENTS = {
    "inserted": SheetInserted(AWAY),
    "insists": VoterDecided(insists=True),
    "takes back": VoterDecided(insists=False),
    "sensed": DropSensed(),
    "failed": DropFailed(),
    "uncertain": DropUncertain(),
    "joined": DropJoined(),
    "told in": DropAnswered(dropped=True),
    "told out": DropAnswered(dropped=False),
}
ACCEPTED = SheetAccepted(1)
BACK = SheetReturned(ReturnReason.NOT_DROPPED)
#: What an event does where it does anything: outputs, the incidents told, where the sheet is then.
DOES = {
    (SheetState.NONE, "inserted"): ([DropSheet()], [], SheetState.RELEASED),
    (SheetState.TAKEN, "insists"): ([DropSheet()], [], SheetState.RELEASED),
    (SheetState.TAKEN, "takes back"): (
        [SheetReturned(ReturnReason.VOTER_WANTS_IT_BACK)], [], SheetState.NONE,
    ),
    (SheetState.RELEASED, "sensed"): ([ACCEPTED], [], SheetState.NONE),
    (SheetState.RELEASED, "failed"): ([BACK], [IncidentCode.SHEET_JAMMED], SheetState.NONE),
    (SheetState.RELEASED, "uncertain"): (
        [AskDropped()], [IncidentCode.DROP_UNCERTAIN], SheetState.IN_DOUBT,
    ),
    (SheetState.RELEASED, "joined"): (
        [AskDropped()], [IncidentCode.SHEETS_JOINED], SheetState.IN_DOUBT,
    ),
    (SheetState.IN_DOUBT, "sensed"): ([ACCEPTED], [], SheetState.NONE),
    (SheetState.IN_DOUBT, "failed"): ([BACK], [IncidentCode.SHEET_JAMMED], SheetState.NONE),
    (SheetState.IN_DOUBT, "uncertain"): ([AskDropped()], [], SheetState.IN_DOUBT),
    (SheetState.IN_DOUBT, "joined"): ([AskDropped()], [], SheetState.IN_DOUBT),
    (SheetState.IN_DOUBT, "told in"): ([ACCEPTED], [IncidentCode.DROP_SETTLED], SheetState.NONE),
    (SheetState.IN_DOUBT, "told out"): ([BACK], [IncidentCode.DROP_SETTLED], SheetState.NONE),
}  # fmt: skip
#: Why an event is refused where it can do nothing.
REFUSED = {
    "inserted": Refusal.SHEET_PENDING,
    "insists": Refusal.NO_VOTER_ASKED,
    "takes back": Refusal.NO_VOTER_ASKED,
}


def files_of(place):
    return [file.read() for file in place.disk.files]


@pytest.mark.parametrize("state", SheetState)
@pytest.mark.parametrize("name", EVENTS)
def test_every_event_wherever_the_sheet_is(state, name):
    place = place_with(state)
    before = files_of(place)
    made = place.device.on(EVENTS[name], place.now())
    done = DOES.get((state, name))
    if done is None:
        why = REFUSED.get(name, Refusal.NO_SHEET_PENDING)
        assert made == [Refused(why, PollState.OPEN, allowed(PollState.OPEN))]
        assert place.device.sheet is state
        assert files_of(place) == before
        return
    outputs, incidents, target = done
    reports = [each for each in made if isinstance(each, ReportMade)]
    assert [each for each in made if each not in reports] == outputs
    assert [report_in(each.data).incident.code for each in reports] == incidents
    assert place.device.sheet is target
    counters = place.device.counters
    assert counters.presented == counters.accepted + counters.returned + counters.pending == 1
    assert counters.accepted == counters.box
    if outputs == [AskDropped()]:
        place.device.on(DropAnswered(dropped=True), place.now())
    # Another boot comes to the same.
    place.disk.power_off()
    after = place.new_device()
    assert after.sheet is place.device.sheet


@pytest.mark.parametrize("state", [each for each in SheetState if each is not SheetState.NONE])
@pytest.mark.parametrize(
    "event", [ContainerChanged(), *map(Requested, allowed(PollState.OPEN))], ids=repr
)
def test_the_poll_stays_where_it_is_while_a_sheet_is_anywhere(state, event):
    place = place_with(state)
    before = files_of(place)
    (refused,) = place.device.on(event, place.now())
    assert refused.why is Refusal.SHEET_PENDING
    assert files_of(place) == before


def test_no_step_is_told_by_a_record_of_another():
    told = [record.to_bytes() for record in RECORDS.values()]
    assert len(set(told)) == len(SheetStep)
    assert {record.type for record in RECORDS.values()} <= set(RecordType)
