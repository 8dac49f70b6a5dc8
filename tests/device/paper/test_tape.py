"""Does a tape say what its report says, in lines that fit, and votes on no tape but a result's?"""

from dataclasses import replace

import pytest
import wcwidth

from ballotbox_device.core.poll import Action
from ballotbox_device.paper.columns import Columns, printable
from ballotbox_device.paper.paper import PAPERS, Paper
from ballotbox_device.paper.result import result_lines
from ballotbox_device.paper.tape import Code, TapeProblem, build_tape
from ballotbox_device.paper.text import tape_text
from ballotbox_device.paper.words import TITLES, moment
from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import InvalidField, Mode
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.paper import PaperCopy, print_entry, read_paper
from ballotbox_protocol.wire.report import Clock, ClockQuality, ReportKind
from ballotbox_simulator.authority import seeded_key
from tests.device.paper.tapes import (
    LONG,
    PARTY,
    ballots,
    kyrgyz_authority,
    kyrgyz_final,
)
from tests.device.polling_place import (
    AWAY,
    BLANK,
    HOME_1,
    HOME_2,
    OVERVOTED,
    PollingPlace,
    report_in,
)
from tests.tabulation.log_builder import LogBuilder, authority_of, count

WIDTHS = sorted(PAPERS)


@pytest.fixture(scope="module")
def place():
    """A polling place after its final."""
    place = PollingPlace()
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    for sheet in (HOME_1, HOME_2, AWAY, HOME_1, BLANK, HOME_1):
        assert place.feed(sheet)
    assert place.feed(OVERVOTED, confirmed=True)
    place.turnout()
    place.finish()
    return place


def kept(place, kind):
    return next(data for data in place.kept() if report_in(data).kind is kind)


def tape_of(place, kind, width, copy=1):
    return build_tape(kept(place, kind), place.authority.trusted, PAPERS[width], copy)


def row(name, number, width):
    """A line with dots up to the number at its right, as a person would set it."""
    return f"{name} {'.' * (width - len(name) - len(str(number)) - 2)} {number}"


def middle(text, width):
    return " " * ((width - len(text)) // 2) + text


def digits(value, width):
    text = value.hex()
    return [text[at : at + width] for at in range(0, len(text), width)]


def head(place, kind, title, copy, width):
    report = report_in(kept(place, kind))
    second = report.clock.time - 1_796_000_000
    return [
        middle("*** REHEARSAL ***", width),
        middle("NOT FOR AN OFFICIAL COUNT", width),
        "=" * width,
        middle(title, width),
        middle(f"COPY {copy}", width),
        "=" * width,
        "Test of a box",
        "2026-11-29",
        "Precinct 1",
        "  Precinct 1",
        "Box",
        "00000000000000000000000000000001",
        f"Report {report.sequence}, start 1 of the box",
        f"2026-11-30 00:53:{20 + second} UTC",
        "-" * width,
        "SHEETS",
    ]


def sheets(width, accepted, ballots):
    names = ["presented", "accepted", "returned", "pending", "portable", "box", "ballots"]
    numbers = [accepted, accepted, 0, 0, 0, accepted, ballots, accepted]
    rows = zip([*names, "lifetime"], numbers, strict=True)
    return [row(name, number, width) for name, number in rows]


def evidence(place, kind, width):
    data = kept(place, kind)
    trusted = place.authority.trusted
    return [
        "-" * width,
        "Election",
        *digits(trusted.digest, width),
        "Report id",
        *digits(cose.statement_id(cose.parse(data).statement), width),
        "Signed with key",
        *digits(trusted.register.boxes[0].key, width),
        "-" * width,
    ]


def hands(width):
    return [*["", "", "_" * width] * 3, "Names and signatures"]


def votes(width):
    """What was fed, counted by hand: (name, number), or a line without a number."""
    rule = "-" * width
    lines = [
        rule, "List", ("Ballots", 5), "Votes",
        (" North", 3), ("   candidate 1", 0), ("   candidate 2", 3),
        (" South", 1), ("   candidate 1", 0), (" None", 0),
        ("Blank ballots", 0), ("Undervotes", 0), ("Overvotes", 1),
        rule, "Seat", ("Ballots", 4), "Votes", (" A", 0), (" B", 3),
        ("Blank ballots", 0), ("Undervotes", 0), ("Overvotes", 1),
        rule, "Council", "(up to 2 votes on a ballot)", ("Ballots", 2), "Votes",
        (" K", 1), (" L", 0), (" M", 0), (" N", 1),
        ("Blank ballots", 1), ("Undervotes", 2), ("Overvotes", 0),
    ]  # fmt: skip
    return [line if isinstance(line, str) else row(*line, width) for line in lines]


def lines_of(tape):
    return tape_text(tape).splitlines()


CONDITIONS = {
    (ReportKind.ZERO, 58): ["Every count but lifetime must be", "0: nobody has voted."],
    (ReportKind.ZERO, 80): ["Every count but lifetime must be 0: nobody has", "voted."],
    (ReportKind.TURNOUT, 58): ["Sheets so far. No votes are", "known before the poll has ended."],
    (ReportKind.TURNOUT, 80): ["Sheets so far. No votes are known before the", "poll has ended."],
}


@pytest.mark.parametrize("width", WIDTHS)
def test_a_zero_tape_is_printed_as_it_should_be(place, width):
    kind, columns = ReportKind.ZERO, PAPERS[width].columns
    assert lines_of(tape_of(place, kind, width)) == [
        *head(place, kind, "ZERO TAPE", 1, columns),
        *sheets(columns, 0, 0),
        *CONDITIONS[kind, width],
        *evidence(place, kind, columns),
        *hands(columns),
        middle("END OF TAPE", columns),
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_turnout_slip_is_printed_as_it_should_be(place, width):
    kind, columns = ReportKind.TURNOUT, PAPERS[width].columns
    assert lines_of(tape_of(place, kind, width, 12)) == [
        *head(place, kind, "TURNOUT SLIP", 12, columns),
        *sheets(columns, 7, 5),
        *CONDITIONS[kind, width],
        *evidence(place, kind, columns),
        middle("END OF TAPE", columns),
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_results_tape_is_printed_as_it_should_be(place, width):
    kind, columns = ReportKind.FINAL, PAPERS[width].columns
    assert lines_of(tape_of(place, kind, width, 2)) == [
        *head(place, kind, "RESULTS TAPE", 2, columns),
        *sheets(columns, 7, 5),
        *votes(columns),
        *evidence(place, kind, columns),
        middle("QR code 1 of 1", columns),
        *hands(columns),
        middle("END OF TAPE", columns),
    ]


def test_only_results_show_votes_or_names_of_options(place):
    names = {"North", "South", "Seat", "Council", "Votes", "Undervotes"}
    seen = set()
    for data in place.kept():
        kind = report_in(data).kind
        seen.add(kind)
        tape = build_tape(data, place.authority.trusted, PAPERS[80])
        words = set(tape_text(tape).split())
        codes = [part for part in tape.parts if isinstance(part, Code)]
        assert (names <= words) is (kind is ReportKind.FINAL), kind
        assert bool(words & names) is bool(codes) is (kind is ReportKind.FINAL), kind
    assert len(seen) >= 6
    turnout = report_in(kept(place, ReportKind.TURNOUT))
    with pytest.raises(InvalidField, match="votes: stand in finals and corrections"):
        list(result_lines(turnout, place.authority.trusted.election, Columns(48)))


def test_every_kind_of_report_has_a_title_of_its_own():
    assert set(TITLES) == set(ReportKind)
    assert len(set(TITLES.values())) == len(TITLES)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_codes_carry_the_report_and_are_the_same_on_every_copy(place, width):
    tapes = [tape_of(place, ReportKind.FINAL, width, copy) for copy in (1, 2)]
    first, second = ([part for part in tape.parts if isinstance(part, Code)] for tape in tapes)
    assert first == second
    assert tape_text(tapes[0]) != tape_text(tapes[1])
    entry = place.authority.trusted.register.boxes[0]
    copy = PaperCopy(kept(place, ReportKind.FINAL), print_entry(entry))
    assert read_paper(code.text for code in first) == copy


@pytest.mark.parametrize("width", WIDTHS)
def test_long_names_and_cyrillic_ones_stay_whole_within_the_paper(width):
    tape = build_tape(kyrgyz_final().data, kyrgyz_authority().trusted, PAPERS[width])
    lines = lines_of(tape)
    assert max(map(wcwidth.wcswidth, lines)) == PAPERS[width].columns
    flowing = " ".join(" ".join(lines).replace(".", " ").split())
    election = kyrgyz_authority().trusted.election
    names = [PARTY, LONG, election.name, election.precincts[0].name]
    assert [name for name in names if name not in flowing] == []
    # A name that fills its line up to the number still leaves the number at the right.
    candidate = next(line for line in lines if "Токтогуловна" in line)
    assert candidate.endswith(" 146")
    assert len(candidate) == PAPERS[width].columns


def test_a_correction_names_what_it_stands_in_place_of():
    authority = kyrgyz_authority()
    row_of, counters = count(authority, ballots(9))
    pen = LogBuilder(authority).pen(0)
    final = pen.final(row_of, counters)
    changed = count(authority, ballots(9)[:8] + ballots(1))[0]
    correction = pen.correction(final, changed)
    lines = lines_of(build_tape(correction.data, authority.trusted, PAPERS[58]))
    at = lines.index("In place of report")
    assert "".join(lines[at + 1 : at + 3]) == final.id.hex()
    assert middle("CORRECTED RESULTS TAPE", 32) in lines


def test_a_contest_of_elsewhere_is_left_out_unless_it_has_ballots():
    precincts = tuple(
        replace(each, styles=(1,)) for each in authority_of(1).trusted.election.precincts
    )
    authority = authority_of(1, precincts=precincts)
    names = [contest.name for contest in authority.trusted.election.contests]
    for number, shown in ((0, names[:1]), (3, names)):
        row_of, counters = count(authority, ballots_of_all(number))
        final = LogBuilder(authority).pen(0).final(row_of, counters)
        lines = lines_of(build_tape(final.data, authority.trusted, PAPERS[80]))
        assert [name for name in names if name in lines] == shown


def ballots_of_all(number):
    return [replace(each, marks={}) for each in ballots(number)]


# ---- the banner


@pytest.mark.parametrize(
    ("mode", "debug", "banner"),
    [
        (Mode.TEST, False, ["*** TEST ***", "NOT FOR AN OFFICIAL COUNT"]),
        (Mode.REHEARSAL, True, ["*** REHEARSAL ***", "*** DEBUG ***", "NOT FOR AN OFFICIAL COUNT"]),
        (Mode.OFFICIAL, False, []),
        (Mode.OFFICIAL, True, ["*** DEBUG ***", "NOT FOR AN OFFICIAL COUNT"]),
    ],
)
def test_the_banner_tells_what_the_tape_is_worth(mode, debug, banner):
    trusted = kyrgyz_authority().trusted
    official = replace(trusted, election=replace(trusted.election, mode=mode))
    lines = lines_of(build_tape(kyrgyz_final(5, debug=debug).data, official, PAPERS[58]))
    above = [line.strip() for line in lines[: lines.index(middle("RESULTS TAPE", 32))]]
    assert above == ([*banner, "=" * 32] if banner else [])


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        (Clock(0, ClockQuality.UNSET, 1), "The clock of the box was not set"),
        (Clock(0, ClockQuality.FREE_RUNNING, 1), "1970-01-01 00:00:00 UTC by its own clock"),
        (Clock(0, ClockQuality.SYNCHRONISED, 1), "1970-01-01 00:00:00 UTC"),
        (Clock(2**53 - 1, ClockQuality.SYNCHRONISED, 1), "Second 9007199254740991 since 1970"),
    ],
)
def test_the_clock_is_told_as_far_as_it_is_trusted(clock, said):
    assert moment(clock) == said


# ---- what is not printed


def test_no_tape_is_made_of_what_does_not_hold(place):
    authority = kyrgyz_authority()
    trusted = authority.trusted
    final = kyrgyz_final(5)
    other = LogBuilder(authority).pen(0).sign(b"\xa0", final.report)
    strange = seeded_key(1, "stranger")
    for data, by, problem in (
        (b"", trusted, "the report is damaged: not a tagged COSE_Sign1"),
        (other.data, trusted, "the report is damaged: version: is missing"),
        (final.data, place.authority.trusted, "made for another election"),
        (final.data[:-1] + bytes([final.data[-1] ^ 1]), trusted, "does not verify"),
        (kyrgyz_final(5, box=bytes(16)).data, trusted, "the register does not list the key"),
        (resigned(final, strange), trusted, "the register does not list the key"),
        (kyrgyz_final(5, precinct=4).data, trusted, "the election has no precinct 4"),
        (kyrgyz_final(5, counters=Counters(), precinct=17).data, trusted, None),
    ):
        if problem is None:
            build_tape(data, by, PAPERS[58])
            continue
        with pytest.raises(TapeProblem, match=problem):
            build_tape(data, by, PAPERS[58])


def resigned(signed, key):
    body = cose.parse(signed.data).payload
    return cose.sign(key.public, key.sign, cose.MessageType.REPORT, body)


def test_votes_of_another_layout_are_not_printed():
    authority = kyrgyz_authority()
    final = LogBuilder(authority).pen(0).final((0,), Counters())
    with pytest.raises(TapeProblem, match="do not fit the contests"):
        build_tape(final.data, authority.trusted, PAPERS[80])


@pytest.mark.parametrize("copy", [0, -1, 10_000])
def test_a_copy_has_a_number_that_can_be_read(copy):
    with pytest.raises(InvalidField, match="copy: must be from 1 to 9999"):
        build_tape(kyrgyz_final(5).data, kyrgyz_authority().trusted, PAPERS[58], copy)


def test_nothing_that_steers_a_printer_leaves_a_line():
    assert printable("a\x1b@\n\u202eЖ\ud800\x9b") == "a\ufffd@\ufffd\ufffdЖ\ufffd\ufffd"
    columns = Columns(32)
    for lines in (columns.left("a\x1b@"), columns.centred("a\x1b@"), columns.pair("a\x1b@", 1)):
        assert "\x1b" not in "".join(lines)


def test_wide_characters_take_two_columns():
    lines = [
        *Columns(32).pair("水" * 40, 7),
        *Columns(32).left("水" * 40),
        *Columns(32).centred("水"),
    ]
    assert max(map(wcwidth.wcswidth, lines)) == 32
    assert wcwidth.wcswidth(lines[2]) == 32


def test_paper_that_no_printer_has_does_not_exist():
    for dots in (380, 390):
        with pytest.raises(InvalidField, match=r"paper\.dots"):
            Paper(58, dots)
    with pytest.raises(InvalidField, match="columns: must be at least 24"):
        Columns(23)
    assert [paper.columns for paper in PAPERS.values()] == [32, 48]


def test_a_name_with_a_long_word_is_cut_and_not_lost():
    assert "".join(Columns(32).left("Ж" * 70)) == "Ж" * 70
