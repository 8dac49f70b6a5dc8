"""What do the parts around the firmware do, one by one: paper, printer, tokens, power, front?"""

import pytest

from ballotbox_device.core.habits import Habits, SecondChance, habits_of
from ballotbox_device.core.outputs import PrintCopy, Refusal, ReportMade
from ballotbox_device.core.poll import Action
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_device.core.signals import MEANINGS, Part, Signal
from ballotbox_device.host.profile_file import load_profile, profile_names
from ballotbox_device.machine import words
from ballotbox_device.machine.mechanism import BUTTONS
from ballotbox_device.machine.paper import Paper, contests_of, darkened
from ballotbox_device.machine.screen import Question
from ballotbox_device.machine.supply import Supply
from ballotbox_device.machine.transport import Drop
from ballotbox_protocol.election.identifiers import InvalidField, PollState
from ballotbox_protocol.wire.report import IncidentCode, ReportKind
from ballotbox_simulator.disk import BoxDisk, PowerCut, PowerPlan
from tests.device.polling_place import BLANK, marks, report_in
from tests.device.sheets_in_hand import ELECTION, PAPERS, new_mechanism, open_poll, titles

PAIR = ("first", "second")
HOME = PAPERS["home 1"]


@pytest.fixture
def box():
    made = new_mechanism()
    made.power_on(0)
    return made


@pytest.fixture
def open_box(box):
    open_poll(box)
    return box


def reports(box):
    outgoing = box.device.outgoing
    return [report_in(outgoing.report(sequence)) for sequence in range(outgoing.count)]


def incidents(box):
    return [report.incident.code for report in reports(box) if report.incident is not None]


def test_there_are_words_for_all_that_a_box_can_say():
    assert set(words.OF_STATE) == set(PollState)
    assert set(words.OF_RETURN) == set(ReturnReason)
    assert set(words.OF_REFUSAL) == set(Refusal)
    assert set(words.OF_SIGNAL) == {s for s in Signal if not MEANINGS[s].in_order}
    lines = [*words.OF_STATE.values(), *words.OF_RETURN.values(), *words.OF_REFUSAL.values()]
    assert all(headline and what and len(headline) <= 40 for headline, what in lines)
    assert len({headline for headline, _ in words.OF_RETURN.values()}) == len(ReturnReason)


def test_a_paper_is_scanned_the_same_with_either_side_up():
    assert HOME.scan().sides == PAPERS["upside down"].scan().sides[::-1]
    assert all(side.densities for side in HOME.scan().sides)


@pytest.mark.parametrize(
    ("marked", "others", "field"),
    [
        ((marks(0),), {}, "marks"),
        ((marks(9), marks(0)), {}, r"marks\[0\]"),
        ((marks(0, prefer=((2, 0),)), marks(0)), {}, r"marks\[0\]"),
        ((marks(0), marks(0)), {99: 10}, "darkness"),
    ],
)
def test_nothing_is_marked_beside_the_paper(marked, others, field):
    with pytest.raises(InvalidField, match=field):
        darkened(contests_of(ELECTION, 0, 0), marked, others)


def test_a_paper_is_no_darker_than_black():
    with pytest.raises(InvalidField, match=r"densities\[1\]"):
        Paper(0, 0, (0, 101))


@pytest.mark.parametrize(("style", "sheet"), [(9, 0), (0, 9), (-1, 0)])
def test_a_paper_of_no_ballot_has_no_contests(style, sheet):
    assert contests_of(ELECTION, style, sheet) == ()


def test_a_voter_sees_why_a_sheet_comes_back_and_has_it_in_hand(open_box):
    open_box.feed(PAPERS["no stamp"], 0)
    assert open_box.front().screen == words.OF_RETURN[ReturnReason.NO_STAMP]
    assert open_box.transport.returned == PAPERS["no stamp"]
    open_box.feed(HOME, 0)
    assert open_box.front().screen == words.ACCEPTED
    assert open_box.front().accepted == 1
    assert open_box.transport.returned is None


def test_the_voter_is_asked_where_the_box_asks():
    box = new_mechanism(Habits(second_chance=SecondChance.ASK_VOTER))
    box.power_on(0)
    open_poll(box)
    box.feed(PAPERS["blank"], 0)
    front = box.front()
    assert front.question is Question.VOTER
    assert front.screen == (words.OF_RETURN[ReturnReason.BLANK][0], words.ASK_VOTER)
    box.answer_voter(0, insists=True)
    assert box.front().question is None
    assert box.transport.container.sheets == [PAPERS["blank"]]
    assert BLANK.marks == (marks(),)


def test_the_zero_and_the_final_are_on_paper_and_copies_bear_their_number(open_box):
    open_box.feed(HOME, 0)
    for button in ("close", "finish"):
        open_box.press(button, 0)
        if open_box.front().question is Question.OFFICERS:
            open_box.present(PAIR, 0)
    last = open_box.device.outgoing.count - 1
    for _ in range(2):
        open_box.reprint(last, 0)
        open_box.present(PAIR, 0)
    tapes = open_box.printer.tapes
    assert titles(tapes) == [
        *("ZERO TAPE", "OPENING SLIP", "CLOSING SLIP", "RESULTS TAPE"),
        *("RESULTS TAPE", "RESULTS TAPE"),
    ]
    numbers = [line.strip() for tape in tapes[-3:] for line in tape if "COPY" in line]
    assert numbers == ["COPY 1", "COPY 2", "COPY 3"]
    first, second, third = (["COPY" in line or line for line in tape] for tape in tapes[-3:])
    assert first == second == third
    assert any("North" in line for line in tapes[-1])


@pytest.mark.parametrize("name", profile_names())
def test_the_screen_asks_for_no_step_that_has_no_button(name):
    box = new_mechanism(habits_of(load_profile(name)))
    box.power_on(0)
    open_poll(box)
    box.press("close", 0)
    box.present(PAIR, 0)
    asked = {"admit_portable": "Admit portable ballots", "seal": "seal the box"}
    shown = []
    for button in ("finish", None):
        front = box.front()
        for step, words_of_it in asked.items():
            assert not (words_of_it in front.screen[1] and step not in front.buttons)
            shown += [step] * (words_of_it in front.screen[1])
        if button:
            box.press(button, 0)
    known = {each.name.lower() for each in load_profile(name).actions}
    assert shown == [step for step in asked if step in known]


def test_a_box_without_a_battery_lives_and_dies_with_the_mains(open_box):
    open_box.supply = Supply(has_battery=False)
    with pytest.raises(InvalidField, match="no battery"):
        open_box.set_battery(80, 0)
    assert open_box.supply.battery == 0
    open_box.set_mains(0, on=False)
    assert open_box.device is None
    with pytest.raises(InvalidField, match="give mains"):
        open_box.power_on(0)
    open_box.set_mains(0, on=True)
    open_box.power_on(0)
    # It was gone before it could say that the mains were.
    assert IncidentCode.MAINS_LOST not in incidents(open_box)
    assert open_box.front().warnings == ()


def test_a_tape_waits_for_paper_and_is_no_copy(box):
    box.take_printer_paper(0)
    assert box.front().lights["printer"] is False
    box.press("print_zero", 0)
    assert box.printer.tapes == []
    box.refill_printer(0)
    assert titles(box.printer.tapes) == ["ZERO TAPE"]
    assert box.front().lights["printer"] is True
    assert incidents(box) == [IncidentCode.PRINTER_FAILED]


def test_a_roll_that_ends_within_a_tape_says_so(box):
    box.refill_printer(0, lines=3)
    box.press("print_zero", 0)
    assert (box.printer.tapes, box.printer.lines_left) == ([], 0)
    assert box.front().warnings == (words.OF_SIGNAL[Signal.PAPER_OUT],)


def test_a_torn_tape_is_printed_again_as_a_copy(box):
    box.printer.jams_next = True
    box.press("print_zero", 0)
    assert (box.printer.torn, box.printer.tapes) == (1, [])
    box.refill_printer(0)
    assert box.printer.tapes == []
    box.reprint(1, 0)
    box.present(PAIR, 0)
    (tape,) = box.printer.tapes
    assert titles([tape]) == ["ZERO TAPE"]
    assert any(line.strip() == "COPY 2" for line in tape)


def test_what_waits_for_paper_is_lost_with_power(box):
    box.take_printer_paper(0)
    box.press("print_zero", 0)
    box.cut_power()
    box.power_on(0)
    box.refill_printer(0)
    assert box.printer.tapes == []


@pytest.mark.parametrize("officers", [("first",), ("first", "first"), ("first", "stranger")])
def test_who_is_not_two_officers_opens_nothing(box, officers):
    box.press("print_zero", 0)
    box.press("open", 0)
    assert box.front().role == "poll"
    box.present(officers, 0)
    assert box.front().screen == words.OF_REFUSAL[Refusal.NOT_TWO_OFFICERS]
    assert box.device.state is PollState.ZERO
    box.present(PAIR, 0)
    assert box.device.state is PollState.OPEN


@pytest.mark.parametrize(
    ("officers", "told"), [(("first", "gone"), "here are: first, second"), ((), "1 to")]
)
def test_a_token_that_is_not_there_signs_nothing(box, officers, told):
    box.press("print_zero", 0)
    box.press("open", 0)
    with pytest.raises(InvalidField, match=told):
        box.present(officers, 0)
    assert box.front().question is Question.OFFICERS


def test_tokens_are_for_what_is_asked(box):
    with pytest.raises(InvalidField, match="nothing waits for officers"):
        box.present(PAIR, 0)


def test_a_cut_within_the_drop_is_asked_about_at_the_next_boot(open_box):
    open_box.transport.next_drop = Drop.CUT_FELL
    open_box.feed(HOME, 0)
    assert open_box.device is None
    front = open_box.front()
    assert (front.power, front.screen, front.lights) == (False, words.OFF, {})
    open_box.power_on(9)
    assert open_box.front().screen == words.ASK_DROPPED
    open_box.answer_dropped(9, dropped=open_box.look())
    assert open_box.front().accepted == 1


def test_a_false_answer_leaves_count_and_container_apart(open_box):
    open_box.transport.next_drop = Drop.UNSURE_FELL
    open_box.feed(HOME, 0)
    open_box.answer_dropped(0, dropped=False)
    assert open_box.front().accepted == 0
    assert open_box.transport.fallen == 1
    assert open_box.transport.returned is None


def test_strays_are_taken_out_and_fed(open_box):
    open_box.transport.next_drop = Drop.JOINED
    open_box.feed(HOME, 0)
    open_box.answer_dropped(0, dropped=open_box.look())
    assert open_box.transport.take_strays_out() == 1
    open_box.feed(HOME, 0)
    assert open_box.front().accepted == open_box.transport.fallen == 2
    assert incidents(open_box) == [IncidentCode.SHEETS_JOINED, IncidentCode.DROP_SETTLED]


def test_what_the_firmware_cannot_remember_it_is_told_again(box):
    box.sense(Signal.COVER_OPENED, 0)
    box.cut_power()
    box.sense(Signal.SEAL_BROKEN, 0)
    box.power_on(0)
    assert box.device.out_of_order == {Part.COVER, Part.SEAL}
    box.sense(Signal.COVER_CLOSED, 0)
    assert box.front().warnings == (words.OF_SIGNAL[Signal.SEAL_BROKEN],)


def test_a_battery_that_is_empty_cuts_power_and_needs_mains(box):
    box.set_mains(0, on=False)
    box.set_battery(20, 0)
    assert box.front().warnings == tuple(
        words.OF_SIGNAL[signal] for signal in (Signal.MAINS_LOST, Signal.BATTERY_LOW)
    )
    box.set_battery(0, 0)
    with pytest.raises(InvalidField, match="give mains"):
        box.power_on(0)
    box.set_mains(0, on=True)
    box.power_on(0)
    box.set_battery(90, 0)
    assert box.front().warnings == ()
    assert (box.front().battery, incidents(box)) == (
        90,
        [IncidentCode.MAINS_LOST, IncidentCode.BATTERY_LOW, IncidentCode.BATTERY_LOW],
    )


def test_the_clock_runs_wrong_and_is_set(box):
    clock = box.clock
    assert (clock.instant(60_000).time, clock.instant(60_000).uptime_ms) == (60, 60_000)
    clock.drift(100_000, 60_000)
    assert clock.instant(160_000).time == 170
    box.press("turnout", 160_000)
    clock.step(-7_200, 160_000)
    assert clock.instant(160_000).time == 0
    clock.step(14_400, 160_000)
    box.press("turnout", 161_000)
    assert IncidentCode.CLOCK_STEPPED in incidents(box)


def test_a_cleared_box_is_done(open_box):
    for button in ("close", "finish", "seal", "clear"):
        open_box.press(button, 0)
        if open_box.front().question is Question.OFFICERS:
            open_box.present(PAIR, 0)
    assert open_box.front().screen == words.CLEARED
    with pytest.raises(InvalidField, match="cleared"):
        open_box.power_on(0)


def test_the_lit_buttons_are_those_of_this_box():
    box = new_mechanism(Habits(frozenset(Action) - {Action.PAUSE}))
    box.power_on(0)
    open_poll(box)
    assert box.front().buttons == ("close",)


def test_no_button_is_made_up(box):
    with pytest.raises(InvalidField, match=", ".join(BUTTONS)):
        box.press("explode", 0)


def test_each_output_is_heard(open_box):
    heard = []
    open_box.heard = heard.append
    open_box.press("turnout", 0)
    open_box.reprint(0, 0)
    open_box.present(PAIR, 0)
    kinds = [type(each) for each in heard]
    assert kinds[0] is ReportMade
    assert kinds[-1] is PrintCopy
    assert heard[0].kind is ReportKind.TURNOUT


def test_a_device_that_raises_is_gone():
    disk = BoxDisk()
    box = new_mechanism(disk=disk)
    box.power_on(0)
    disk.power_on(PowerPlan(0))
    with pytest.raises(PowerCut):
        box.press("print_zero", 0)
    assert box.device is None
