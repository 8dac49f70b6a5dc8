"""Is a box whose reports lie on a shelf the same as one followed leaf by leaf, and lean?"""

import errno
import os
import tempfile
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_tabulation import scratch_shelf
from ballotbox_tabulation.core.faults import LogFault
from ballotbox_tabulation.core.log import open_log, read_leaves
from ballotbox_tabulation.core.outcome import read_standings
from ballotbox_tabulation.core.quiet_boxes import QuietBoxes
from ballotbox_tabulation.core.repeated import repeated_ids
from ballotbox_tabulation.core.shelf import MemoryShelf
from ballotbox_tabulation.scratch_shelf import ScratchShelf
from ballotbox_tabulation.second_opinion import NotWorkedOut
from tests.tabulation.folding import codes
from tests.tabulation.log_builder import LogBuilder, authority_of, count, simple_ballots
from tests.tabulation.long_night import long_night

GIVEN = authority_of(boxes=2)
NUMBERS = count(GIVEN, simple_ballots(9))
#: Bytes in memory for each report that a log has more: two hashes of its tree, and little else.
GROWTH_MAX = 120


def folded(log, shelf=None):
    opened = open_log(log.files().get, log.authority.trusted)
    return read_standings(opened, read_leaves(opened), shelf)


def leaf_by_leaf(log):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QuietBoxes, "add", lambda _self, _entry: False)
        return folded(log)


def _said(log, pen, _before):
    ballots = pen.sequence
    counters = Counters(ballots, ballots, 0, 0, 0, ballots, ballots, ballots)
    said = pen.write(ReportKind.TURNOUT, counters)
    log.decide(said)
    return said


def _final(log, pen, _before):
    final = pen.final(*NUMBERS)
    log.decide(final)
    return final


def _final_for(reason):
    """A new final that a gateway took for a reason of which its log has no ruling or gap."""

    def final(log, pen, _before):
        made = pen.final(*NUMBERS)
        log.decide(made, reason=reason)
        return made

    return final


def _held(log, pen, _before):
    held = pen.write(ReportKind.CLOSE)
    log.hold(held)
    return held


def _again(log, _pen, before):
    log.decide(before)


def _closed_the_gap(log, _pen, before):
    log.decide(before, reason=Reason.GAP_CLOSED, attached=False)


def _rival(log, pen, before):
    pen.sequence = max(before.report.sequence, 1)
    rival = pen.write(ReportKind.CLOSE, Counters(1, 1, 0, 0, 0, 1, 1, 1))
    log.evidence(rival)
    return rival


def _twin(log, pen, before):
    """Another report of the same number, which a gateway accepted as well."""
    pen.sequence = before.report.sequence
    twin = pen.write(ReportKind.TURNOUT, Counters(2, 2, 0, 0, 0, 2, 2, 2))
    log.decide(twin)
    return twin


def _named(log, _pen, before):
    log.rule(RulingKind.NAME, before)


def _released(log, _pen, before):
    log.rule(RulingKind.RELEASE, before)


def _corrected(log, pen, before):
    correction = pen.correction(before, NUMBERS[0], counters=NUMBERS[1])
    log.decide(correction)
    return correction


EVENTS = (_said, _said, _final, _held, _again, _closed_the_gap, _rival, _named, _released, _twin)
events = st.lists(st.tuples(st.integers(0, 1), st.sampled_from((*EVENTS, _corrected))), max_size=9)


@settings(max_examples=25)
@given(events)
@example([(0, _again), (0, _final)])
@example([(0, _final), (0, _final)])
@example([(1, _twin)])
@example([(0, _final), (0, _corrected)])
def test_whatever_befalls_a_box_it_stands_where_every_leaf_leaves_it(told):
    log = LogBuilder(GIVEN)
    pens = [log.pen(number) for number in range(2)]
    newest = [_said(log, pen, None) for pen in pens]
    for box, event in told:
        newest[box] = event(log, pens[box], newest[box]) or newest[box]
    assert folded(log) == leaf_by_leaf(log)


@pytest.mark.parametrize("reason", [Reason.GAP_CLOSED, Reason.RELEASED, Reason.NAMED])
def test_a_final_for_which_nothing_speaks_but_its_reason_is_seen(reason):
    log = LogBuilder(GIVEN)
    pen = log.pen(0)
    said = _said(log, pen, None)
    _final_for(reason)(log, pen, said)
    found = folded(log)
    assert found == leaf_by_leaf(log)
    if reason is Reason.GAP_CLOSED:
        assert found.boxes[0].reports[-1].reason is reason
    else:
        assert codes(found) == [(LogFault.RULING_MISSING, log.size - 1)]


def test_in_a_night_in_which_everything_happened_each_box_stands_the_same():
    night = long_night()
    found = folded(night, ScratchShelf())
    assert found == leaf_by_leaf(night)
    assert len({box.state for box in found.boxes}) == 6


@pytest.fixture(scope="module")
def long_days():
    """Two boxes that say their turnout again and again: a log, and the first part of it."""
    whole, part = LogBuilder(GIVEN), LogBuilder(GIVEN)
    pens = [whole.pen(number) for number in range(2)]
    for _ in range(450):
        for pen in pens:
            _said(whole, pen, None)
    part.leaves, part.attachments = whole.leaves[:300], whole.attachments[:300]
    return part, whole


def test_memory_does_not_grow_with_the_reports(long_days, monkeypatch):
    monkeypatch.setattr(scratch_shelf, "_WRITTEN", 4_096)
    part, whole = (_traced(log) for log in long_days)
    assert (whole - part) / 600 < GROWTH_MAX


def _traced(log):
    """The most memory that reading and folding a log take, but for its files."""
    files, trusted, shelf = log.files(), log.authority.trusted, ScratchShelf()
    opened = open_log(files.get, trusted)
    read_standings(opened, read_leaves(opened))
    tracemalloc.start()
    standings = read_standings(opened, read_leaves(opened), shelf)
    assert len(standings.boxes) == 2
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40), st.data())
def test_every_id_of_several_leaves_is_found(ids, data):
    chosen = data.draw(st.lists(st.sampled_from(ids), max_size=60))
    leaves = [bytes(5) + each + bytes(8) for each in chosen]
    repeated = {each for each in chosen if chosen.count(each) > 1}
    assert repeated <= repeated_ids([leaves[:20], leaves[20:]], len(leaves)) <= set(chosen)


def test_of_many_ids_few_are_taken_for_others():
    ids = [number.to_bytes(2) * 16 for number in range(3_000)]
    assert len(repeated_ids([[bytes(5) + each for each in ids]], len(ids))) < len(ids) / 20


@pytest.mark.parametrize("shelf", [MemoryShelf, ScratchShelf])
def test_a_shelf_gives_back_what_was_put(shelf):
    kept, sizes = shelf(), (0, 1, 500, 16_380, 70_000, 3, 200_000, 9)
    pieces = [bytes([at]) * size for at, size in enumerate(sizes)] * 3
    places = [kept.put(each) for each in pieces]
    for at in (0, 23, 1, 2, 3, 4, 22, 5, 6, 7, 8, 6, 15, 0):
        assert kept.take(places[at]) == pieces[at]
    later = kept.put(b"later")
    assert kept.take(places[3]) == pieces[3]
    assert kept.take(later) == b"later"


def test_two_lists_gone_through_side_by_side_are_read_once(monkeypatch):
    shelf, read, honest = ScratchShelf(), [], os.pread
    lists = [[shelf.put(bytes([at]) * 900) for _ in range(100)] for at in range(2)]
    monkeypatch.setattr(os, "pread", lambda *args: read.append(args) or honest(*args))
    for one, other in zip(*lists, strict=True):
        assert (shelf.take(one), shelf.take(other)) == (bytes(900), b"\x01" * 900)
    assert len(read) < 2 * 10


def test_a_shelf_without_room_says_so(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    shelf = ScratchShelf()
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(NotWorkedOut, match="cannot be written: No space left on device"):
        shelf.put(bytes(70_000))


def test_a_piece_that_is_not_there_any_more_is_no_piece(monkeypatch):
    shelf = ScratchShelf()
    place = shelf.put(bytes(70_000))
    honest = os.pread
    monkeypatch.setattr(os, "pread", lambda file, size, at: honest(file, min(size, 9), at))
    with pytest.raises(NotWorkedOut, match=f"in {tempfile.gettempdir()} ends too early"):
        shelf.take(place)
    monkeypatch.setattr(os, "pread", lambda *_: b"")
    with pytest.raises(NotWorkedOut, match="ends too early"):
        shelf.take(place)


def test_a_shelf_that_cannot_be_read_says_so(monkeypatch):
    def failing(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    shelf = ScratchShelf()
    place = shelf.put(bytes(70_000))
    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(NotWorkedOut, match=f"in {tempfile.gettempdir()} cannot be read: Input"):
        shelf.take(place)
