"""Does the screen tell what is wrong and what to do, once, in each language?"""

import ast
import re
import string

import pytest

from ballotbox_gateway.adapters.screen_http import WRONG
from ballotbox_gateway.service import reasons, screen_board
from ballotbox_gateway.service.said import Said
from ballotbox_gateway.service.screen_alarms import Patience, alarms_of, reason_said
from ballotbox_gateway.service.screen_board import board_of
from ballotbox_gateway.service.screen_marks import MARKS_MAX, Marks, Seen
from ballotbox_gateway.service.screen_words import LANGUAGES, catalogue_of, chosen, language
from ballotbox_gateway.service.times import clock
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.wire.report import ReportKind
from tests.gateway.room_stage import Office, precinct
from tests.gateway.scripted import CENTRE, NOW

K = ReportKind
MINUTE = 60
#: Not a matter of the room yet.
LATER = NOW + 12 * 3_600 + 1


def read(**says):
    office = Office(precinct())
    for kind in (K.BOOT, K.ZERO, K.OPEN):
        office.report(1, kind)
    return office.screen() | says


def told(seen, now=NOW, patience=None):
    return [
        (each.urgent, language("en").say(each.what))
        for each in alarms_of(seen, patience or Patience(), now)
    ]


def first_box(**changes):
    seen = read()
    seen["boxes"][0] |= changes
    return seen


CASES = {
    "a road": (read(roads_down=["serial port X"]), True, "No connection: serial port X"),
    "the disk": (read(disk_full=True), True, "The disk is full: no report is taken in."),
    "a disk that is read-only": (
        read(read_only=True),
        True,
        "The disk cannot be written: no report is taken in.",
    ),
    "the key": (
        read(signer_away=True),
        True,
        "The gateway's key cannot be used: no report is taken in.",
    ),
    "the database": (
        read(database_away=True),
        True,
        "The database does not answer: no report is taken in.",
    ),
    "the register": (
        read(register_behind=True),
        True,
        "This process has an older register than the others: it takes nothing in.",
    ),
    "the log": (
        read(convicted=True),
        True,
        "This gateway signed another record than the one it has.",
    ),
    "a log below": (
        read(forked_below=["a.example/b"]),
        True,
        "A gateway below signed two different records: a.example/b",
    ),
    "the broker": (
        read(broker_remarks="twice"),
        True,
        "Somebody may be using this gateway's name at the broker.",
    ),
    "a flood": (
        read(over_quota=["box ab"]),
        True,
        "Sends more than anybody may have stored: box ab",
    ),
    "the copy": (read(copy_trouble=True), False, "The second copy is not being written."),
    "a certificate": (
        read(certificates=[{"table": "mqtt.tls", "ends": NOW + 3 * 3_600}]),
        False,
        f"A certificate of this gateway ends at {clock(NOW + 3 * 3_600)}: mqtt.tls.",
    ),
    "a certificate that has ended": (
        read(certificates=[{"table": "http", "ends": NOW}, {"table": "upstream", "ends": LATER}]),
        True,
        "A certificate of this gateway has ended: http.",
    ),
    "a dispute": (
        first_box(disputed=True),
        True,
        "Box 1: two of its reports claim the same place.",
    ),
    "a law": (
        first_box(aside=["LAW_BOX_COUNTER", "LAW_BOX_COUNTER"]),
        True,
        "Box 1: a report does not count: its numbers contradict each other.",
    ),
    "a gap": (
        first_box(held=2, awaited=7),
        False,
        "Box 1: report 7 is missing, and later ones wait for it.",
    ),
    "voters": (
        read(over_registered=[{"precinct": 1, "ballots": 1003, "registered": 1000}]),
        False,
        "Precinct 1: 1,003 ballots, 1,000 voters on the list.",
    ),
    "a stranger": (
        read(turned_away={"SIGNATURE": 2}),
        False,
        "Turned away, 2 in all: the signature is wrong.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_trouble_has_one_alarm_and_something_to_do(case):
    seen, urgent, words = CASES[case]
    assert told(seen) == [(urgent, words)]
    (alarm,) = alarms_of(seen, Patience(), NOW)
    assert language("en").say(alarm.do)
    assert told(read()) == []


def test_the_urgent_comes_first():
    seen = read(copy_trouble=True, disk_full=True, turned_away={"SIGNATURE": 1})
    assert [urgent for urgent, _ in told(seen)] == [True, False, False]


def test_waiting_is_an_alarm_only_after_a_while():
    office = Office(precinct())
    office.upper = CENTRE
    office.report(1, K.BOOT)
    seen = office.screen()
    patience = Patience(stalled_min=10)
    assert told(seen, NOW + 10 * MINUTE - 1, patience) == []
    assert told(seen, NOW + 10 * MINUTE, patience) == [
        (True, "Reports are not being passed on to the gateway above.")
    ]


def test_silence_is_an_alarm_of_an_open_box_alone_and_only_where_it_is_asked_for():
    patience = Patience(silent_min=30)
    late = NOW + 30 * MINUTE
    words = (True, "Box 1: it is open and has said nothing for a long time.")
    assert told(read(), late, patience) == [words]
    assert told(read(), late - 1, patience) == []
    assert told(read(), late, Patience()) == []
    assert told(first_box(state="closed"), late, patience) == []
    assert told(first_box(held=1), late, patience)[0][1].startswith("Box 1: report")


def test_boxes_of_several_precincts_are_named_with_theirs():
    seen = first_box(disputed=True)
    seen["boxes"][1]["precinct"] = 2
    assert told(seen)[0][1] == "Precinct 1, box 1: two of its reports claim the same place."


def test_an_alarm_that_changed_is_a_new_one():
    def names(**says):
        return [each.id for each in alarms_of(read(**says), Patience(), NOW)]

    assert names(turned_away={"SIGNATURE": 1}) == names(turned_away={"SIGNATURE": 1})
    assert names(turned_away={"SIGNATURE": 1}) != names(turned_away={"SIGNATURE": 2})
    assert len(set(names(roads_down=["a", "b"]))) == 2


def test_what_an_officer_has_seen_goes_last_and_is_no_longer_counted():
    seen = read(disk_full=True, copy_trouble=True) | {"at": NOW}
    alarms = alarms_of(seen, Patience(), NOW)
    english = language("en")
    board = board_of(seen, alarms, {}, english, NOW)
    assert (board.tone, board.headline) == ("act", "To do: 2")
    board = board_of(seen, alarms, {alarms[0].id: Seen("Aigul", NOW)}, english, NOW)
    assert (board.tone, board.headline) == ("look", "To do: 1")
    assert board.alarms[1].seen.startswith("Seen by Aigul, ")
    every = {each.id: Seen("Aigul", NOW) for each in alarms}
    board = board_of(seen, alarms, every, english, NOW)
    assert (board.tone, board.headline) == ("look", "Everything to do has been seen")
    assert board_of(read() | {"at": NOW}, [], {}, english, NOW).headline == "All is well"


def test_what_was_read_long_ago_is_called_old():
    seen = read() | {"at": NOW}
    for later, stale in ((screen_board.STALE_S, False), (screen_board.STALE_S + 1, True)):
        assert board_of(seen, [], {}, language("en"), NOW + later).stale is stale


def test_more_alarms_than_fit_are_a_number():
    seen = read(roads_down=[f"line {n}" for n in range(20)]) | {"at": NOW}
    board = board_of(seen, alarms_of(seen, Patience(), NOW), {}, language("ky"), NOW)
    assert (len(board.alarms), board.more_alarms) == (12, 8)
    assert board.headline == "Кылуу керек: 20"


def test_marks_are_bounded():
    marks = Marks()
    for number in range(MARKS_MAX + 1):
        marks.set("one", str(number), Seen("Aigul", number))
    marks.set("two", "x", Seen("Bakyt", 1))
    assert len(marks.of("one")) == MARKS_MAX
    assert "0" not in marks.of("one")
    assert marks.of("two") == {"x": Seen("Bakyt", 1)}


# ---- the words


def words_of_the_screen(repository):
    package = repository / "gateway" / "ballotbox_gateway"
    found = {WRONG}
    for path in (package / "templates").glob("*.html"):
        found |= set(re.findall(r'_\("([^"]+)"\)', path.read_text()))
    for path in (package / "service").glob("screen_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in ("Said", "say") and isinstance(node.args[0].value, str):
                    found.add(node.args[0].value)
    for each in (reason for step in reasons.STEPS.values() for reason in step):
        found |= {reason_said(each).words, reasons.to_do(each)}
    return found


def gaps(words):
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


@pytest.mark.parametrize("code", LANGUAGES[1:])
def test_each_catalogue_has_every_word_with_its_gaps_and_no_other(repository, code):
    catalogue = catalogue_of(code)["words"]
    asked = words_of_the_screen(repository)
    assert set(catalogue) == asked
    assert {each for each in asked if gaps(each) != gaps(catalogue[each])} == set()
    assert all(words.strip() for words in catalogue.values())


@pytest.mark.parametrize("code", LANGUAGES[1:])
def test_a_translation_that_nobody_has_read_says_so(code):
    assert language(code).unread is (catalogue_of(code)["read_by"] == "")
    assert not language("en").unread


def test_every_state_and_report_has_a_symbol_and_words_of_its_own():
    states = {None, *(state.name.lower() for state in PollState)}
    assert set(screen_board.STATES) == states
    symbols = [symbol for symbol, _ in screen_board.STATES.values()]
    assert len(set(symbols)) == len(symbols)
    assert set(screen_board.KINDS) == {kind.name.lower() for kind in ReportKind}
    for code in LANGUAGES:
        words = [language(code).say(said) for _, said in screen_board.STATES.values()]
        assert len(set(words)) == len(words)


def test_the_first_known_wish_is_the_language():
    wishes = {
        ("ky", "ru"): "ky",
        (None, "ru", "en-GB"): "ru",
        ("xx", None, "de-DE,ky;q=0.8"): "ky",
        ("", None, "fr"): "en",
        (): "en",
    }
    assert {each: chosen(*each).code for each in wishes} == wishes


def test_each_language_writes_numbers_and_spans_in_its_way():
    english, russian = language("en"), language("ru")
    assert (english.number(12_345), russian.number(12_345)) == ("12,345", "12\u00a0345")
    assert [english.ago(each) for each in (0, 59, 60, 7_199, 7_200)] == [
        "just now",
        "just now",
        "1 min ago",
        "119 min ago",
        "2 h ago",
    ]
    assert russian.ago(-5) == "только что"
    assert english.say(Said("{a}", {"a": "{b}"})) == "{b}", "what stands in a gap is no words"
