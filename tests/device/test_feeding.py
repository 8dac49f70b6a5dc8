"""Does a voter decide about the own sheet, and does each habit do what it promises at the mouth?"""

from dataclasses import replace

import pytest

from ballotbox_device.core.events import (
    DropAnswered,
    DropFailed,
    DropJoined,
    DropSensed,
    DropUncertain,
    SheetInserted,
    VoterDecided,
)
from ballotbox_device.core.habits import DropTimeout, Habits, SecondChance
from ballotbox_device.core.outputs import (
    AskDropped,
    AskVoter,
    CallOfficer,
    DropSheet,
    EjectSheet,
    Refusal,
    ReportMade,
    SheetAccepted,
    SheetReturned,
)
from ballotbox_device.core.poll import Action
from ballotbox_device.core.recovery import Repair
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_device.core.transport import SheetState
from ballotbox_protocol.election.definition import Handling, MarkPolicy
from ballotbox_protocol.wire.report import IncidentCode
from ballotbox_simulator.disk import KEPT, LOST
from tests.device.polling_place import (
    BLANK,
    HOME_1,
    OVERVOTED,
    UNREADABLE,
    PollingPlace,
    report_in,
)

LAW = MarkPolicy(overvoted=Handling.SECOND_CHANCE, blank=Handling.RETURN)
HELD = AskVoter(ReturnReason.OVERVOTED)


def opened(habits, policy=LAW):
    place = PollingPlace()
    trusted = place.rules.trusted
    election = replace(trusted.election, policy=policy)
    place.rules = replace(place.rules, trusted=replace(trusted, election=election))
    place.habits = habits
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    return place


def on(place, event):
    """What the box says, nobody answering; of reports the incidents."""
    made = place.device.on(event, place.now())
    return [told(each) if isinstance(each, ReportMade) else each for each in made]


def told(made):
    incident = report_in(made.data).incident
    return incident and (incident.code, incident.detail)


def counts(place):
    counters = place.device.counters
    return counters.presented, counters.accepted, counters.returned, counters.pending


ASKING = Habits(second_chance=SecondChance.ASK_VOTER)


def test_a_voter_who_insists_is_heard():
    place = opened(ASKING)
    assert on(place, SheetInserted(OVERVOTED)) == [HELD]
    assert counts(place) == (1, 0, 0, 1)
    assert set(place.disk.slots.read()) == {0}
    assert on(place, VoterDecided(insists=True)) == [DropSheet()]
    assert on(place, DropSensed()) == [SheetAccepted(1)]
    place.facts.in_box.append(OVERVOTED)
    place.check()


def test_a_voter_who_wants_the_sheet_back_gets_it():
    place = opened(ASKING)
    on(place, SheetInserted(OVERVOTED))
    back = SheetReturned(ReturnReason.VOTER_WANTS_IT_BACK)
    assert on(place, VoterDecided(insists=False)) == [back]
    assert counts(place) == (1, 0, 1, 0)
    (refused,) = on(place, VoterDecided(insists=True))
    assert refused.why is Refusal.NO_VOTER_ASKED
    place.check()


@pytest.mark.parametrize("kept", [LOST, KEPT])
def test_a_power_cut_while_a_voter_is_asked_gives_the_sheet_back(kept):
    place = opened(ASKING)
    on(place, SheetInserted(OVERVOTED))
    place.disk.power_off(kept, kept)
    incidents = [told(each) for each in place.boot() if isinstance(each, ReportMade)]
    assert incidents == [None, (IncidentCode.MEMORY_REPAIRED, Repair.EJECT)]
    assert counts(place) == (1, 0, 1, 0)
    (refused,) = on(place, VoterDecided(insists=True))
    assert refused.why is Refusal.NO_VOTER_ASKED
    assert on(place, SheetInserted(OVERVOTED)) == [HELD]
    assert on(place, VoterDecided(insists=False))
    place.check()


def test_a_held_sheet_leaves_no_trace_of_why():
    """Two laws, two reasons, one journal: up to the power cut, and after it."""
    found = []
    for sheet, policy in ((OVERVOTED, LAW), (BLANK, MarkPolicy(blank=Handling.SECOND_CHANCE))):
        place = opened(ASKING, policy)
        assert isinstance(on(place, SheetInserted(sheet))[0], AskVoter)
        place.disk.power_off()
        place.boot()
        found.append([file.read() for file in place.disk.files])
    assert found[0] == found[1]


@pytest.mark.parametrize("chance", SecondChance)
def test_what_the_law_returns_goes_back_in_every_box(chance):
    place = opened(Habits(second_chance=chance))
    back = [SheetReturned(ReturnReason.BLANK)]
    assert on(place, SheetInserted(BLANK)) == back
    assert on(place, SheetInserted(BLANK, confirmed=True)) == back


@pytest.mark.parametrize(
    ("chance", "first"),
    [
        (SecondChance.ASK_VOTER, [HELD]),
        (SecondChance.RETURN, [SheetReturned(ReturnReason.OVERVOTED)]),
        (SecondChance.ACCEPT, [DropSheet()]),
    ],
)
def test_each_way_to_give_a_second_chance(chance, first):
    assert on(opened(Habits(second_chance=chance)), SheetInserted(OVERVOTED)) == first
    confirmed = SheetInserted(OVERVOTED, confirmed=True)
    assert on(opened(Habits(second_chance=chance)), confirmed) == [DropSheet()]


def released(timeout):
    place = opened(Habits(drop_timeout=timeout))
    assert on(place, SheetInserted(HOME_1)) == [DropSheet()]
    return place


UNCERTAIN = (IncidentCode.DROP_UNCERTAIN, 1)


def test_a_box_that_asks_asks_at_once():
    place = released(DropTimeout.ASK)
    assert on(place, DropUncertain()) == [UNCERTAIN, AskDropped()]
    assert place.device.sheet is SheetState.IN_DOUBT


def test_a_box_that_takes_it_for_fallen_counts_it_and_says_so():
    place = released(DropTimeout.ACCEPT)
    taken = (IncidentCode.DROP_UNCERTAIN, 2)
    assert on(place, DropUncertain()) == [SheetAccepted(1), taken]
    assert counts(place) == (1, 1, 0, 0)
    place.facts.in_box.append(HOME_1)
    place.check()


def test_a_box_that_runs_it_back_asks_only_when_it_does_not_show():
    place = released(DropTimeout.EJECT)
    before = [file.read() for file in place.disk.files]
    assert on(place, DropUncertain()) == [EjectSheet()]
    assert [file.read() for file in place.disk.files] == before
    assert on(place, DropUncertain()) == [UNCERTAIN, AskDropped()]
    assert on(place, DropUncertain()) == [AskDropped()]
    assert on(place, DropAnswered(dropped=False))[0] == SheetReturned(ReturnReason.NOT_DROPPED)
    place.check()


def test_a_sheet_that_shows_at_the_mouth_did_not_fall_and_the_next_is_run_back_too():
    place = released(DropTimeout.EJECT)
    for number in range(1, 3):
        assert on(place, DropUncertain()) == [EjectSheet()]
        jammed = (IncidentCode.SHEET_JAMMED, 1)
        assert on(place, DropFailed()) == [SheetReturned(ReturnReason.NOT_DROPPED), jammed]
        assert counts(place) == (number, 0, number, 0)
        assert on(place, SheetInserted(HOME_1)) == [DropSheet()]
    assert on(place, DropSensed()) == [SheetAccepted(1)]


@pytest.mark.parametrize("timeout", DropTimeout)
def test_two_sheets_that_fell_together_are_always_asked_about(timeout):
    place = released(timeout)
    joined = (IncidentCode.SHEETS_JOINED, 1)
    assert on(place, DropJoined()) == [joined, AskDropped()]
    assert on(place, DropJoined()) == [AskDropped()]
    assert on(place, DropUncertain()) == [AskDropped()]
    settled = (IncidentCode.DROP_SETTLED, 1)
    assert on(place, DropAnswered(dropped=True)) == [SheetAccepted(1), settled]
    assert counts(place) == (1, 1, 0, 0)


@pytest.mark.parametrize("timeout", DropTimeout)
@pytest.mark.parametrize("doubted", [False, True])
def test_after_a_power_cut_only_a_person_can_tell(timeout, doubted):
    place = released(timeout)
    if doubted:
        on(place, DropJoined())
    place.disk.power_off()
    device = place.new_device()
    made = device.start(place.now())
    assert made[-1] == AskDropped()
    incidents = [told(each) for each in made if isinstance(each, ReportMade)]
    assert incidents == ([None] if doubted else [None, UNCERTAIN])
    assert device.sheet is SheetState.IN_DOUBT


def test_an_officer_is_called_when_sheet_after_sheet_goes_back():
    place = PollingPlace()
    place.habits = Habits(feeds_max=3)
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    back = [place.on(SheetInserted(UNREADABLE)) for _ in range(4)]
    assert [CallOfficer() in outputs for outputs in back] == [False, False, True, False]
    place.feed(HOME_1)
    again = [place.on(SheetInserted(UNREADABLE)) for _ in range(3)]
    assert [CallOfficer() in outputs for outputs in again] == [False, False, True]


def test_couriers_see_the_state_of_the_poll():
    place = PollingPlace()
    place.boot()
    place.act(Action.PRINT_ZERO)
    assert place.device.outgoing.state is place.device.state
