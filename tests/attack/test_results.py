"""Does a doubled sum, a swapped formula, a forged document or a stolen key reach a result?"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace

import pytest

from ballotbox_device.core.records import CONTAINER
from ballotbox_device.core.sheet import Sheet
from ballotbox_device.core.sheet_path import SheetPath
from ballotbox_protocol.election.definition import BallotStyle
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.definition import encode_definition
from ballotbox_protocol.wire.paper import PaperCopy, paper_parts, print_entry
from ballotbox_protocol.wire.report import Report, ReportKind
from ballotbox_protocol.wire.trust import Distrust, open_definition
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import DISTRICT, Authority, seeded_key
from ballotbox_simulator.world.forgery import forged_final
from ballotbox_tabulation.core import gates, publication, totals
from ballotbox_tabulation.core.examination import Mark, examine_paper
from ballotbox_tabulation.core.log import open_log, read_leaves
from ballotbox_tabulation.core.outcome import Published, Refused, read_standings
from tests.attack.marker import Without
from tests.attack.planted import KEEPS_THE_NEWEST
from tests.device.polling_place import AWAY, marks
from tests.device.test_secrecy import filled, journals, vote
from tests.gateway.scene import Scene
from tests.gateway.scripted import authority
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import LogBuilder, authority_of, count, simple_ballots

K = ReportKind
_GATES = "ballotbox_tabulation.core.gates"


def _log(boxes: int = 3) -> LogBuilder:
    log = LogBuilder(authority_of(boxes=boxes, boxes_per_precinct=2))
    for number in range(boxes):
        log.day(log.pen(number), simple_ballots(20 + number))
    return log


def _nothing(*_: object) -> Iterator[object]:
    return iter(())


def _twice(numbers: dict | list) -> None:
    for at, value in list(numbers.items() if isinstance(numbers, dict) else enumerate(numbers)):
        if isinstance(value, dict | list):
            _twice(value)
        elif type(value) is int and at not in {"number", "leaf", "expected", "boxes_counted"}:
            numbers[at] = 2 * value


#: What is counted twice in the finished document.
_DOUBLED: dict[str, Callable[[dict], object]] = {
    "every number of the whole": lambda result: _twice(result["nation"]),
    "every number of a precinct": lambda result: _twice(result["precincts"][0]),
    "the votes of one option": lambda result: _twice(result["nation"]["contests"][0]["options"][0]),
    "one box": lambda result: result["boxes"]["counted"].append(result["boxes"]["counted"][0]),
    "all boxes": lambda result: result["boxes"]["counted"].extend(result["boxes"]["counted"][:]),
}


@pytest.mark.attack(
    10,
    without=[
        Without(f"{_GATES}:{name}", _nothing)
        for name in ("_repeated", "_listed", "_sum_breaches", "_bound_breaches", "_share_gates")
    ],
)
def test_a_doubled_document_is_not_published() -> None:
    log = _log()
    opened = open_log(log.files().get, log.authority.trusted)
    standings = read_standings(opened, read_leaves(opened))
    published, trusted = concluded(log), log.authority.trusted
    assert isinstance(published, Published)
    for name, double in _DOUBLED.items():
        result = deepcopy(published.result)
        double(result)
        broken = gates.broken_gates(
            standings, result, trusted.election, trusted.register.entries_of
        )
        assert broken, name


@pytest.mark.attack(10, without=Without(f"{_GATES}:_sum_breaches", _nothing))
def test_a_sum_that_adds_every_box_twice_is_not_published() -> None:
    """The formula of 2021: its own totals agree with each other, and with no box."""
    once, log = totals.merge, _log()
    with pytest.MonkeyPatch.context() as attacker:
        attacker.setattr(totals, "merge", lambda row, more: once(once(row, more), more))
        assert isinstance(concluded(log), Refused)


@pytest.mark.attack(
    10,
    says=[Reason.IN_ORDER],
    without=Without("ballotbox_tabulation.core.outcome:box_gates", _nothing),
)
def test_a_final_that_breaks_its_laws_stops_the_publication() -> None:
    """A gateway that is the attacker's own has accepted it and signed that."""
    log = LogBuilder(authority_of(boxes=1))
    row, counters = count(log.authority, simple_ballots(9))
    pen = log.pen(0)
    log.morning(pen)
    log.decide(pen.final(tuple(2 * votes for votes in row), counters))
    result = concluded(log)
    assert isinstance(result, Refused)
    assert {broken.gate for broken in result.gates} >= {gates.Gate.BOX_LAW}


@pytest.mark.attack(11, without=Without(f"{_GATES}:_share_gates", _nothing))
def test_a_swapped_formula_of_shares_is_not_published() -> None:
    true, log = publication.share_percent, _log()
    with pytest.MonkeyPatch.context() as attacker:
        attacker.setattr(publication, "share_percent", lambda votes, base: true(2 * votes, base))
        assert isinstance(concluded(log), Refused)
    assert isinstance(concluded(log), Published)


def _opens_anything(data: bytes, _key: bytes, _type: MessageType, limit: int) -> bytes:
    """A reader that parses first and asks for no signature."""
    return cose.parse(data, limit).payload


_UNSIGNED = Without("ballotbox_protocol.wire.cose:open_with", _opens_anything)


@pytest.mark.attack(12, without=_UNSIGNED)
def test_a_definition_is_not_even_read_without_the_root_signature() -> None:
    given = authority()
    stranger = seeded_key(12, "stranger")
    true = cose.parse(given.definition, 2**24).payload
    for payload in (true, b"\x81" * 10_000, b"", true[:-1], true.replace(b"Asanova", b"Asanovb")):
        forged = cose.sign(stranger.public, stranger.sign, MessageType.DEFINITION, payload)
        with pytest.raises(Distrust, match="is --root the right key"):
            open_definition(forged, given.root)


@pytest.mark.attack(
    12,
    without=Without("ballotbox_protocol.election.definition:require_name", lambda *_: None),
)
def test_names_that_are_no_names_enter_no_definition() -> None:
    election = authority().trusted.election
    for name in ("", "A\x00B", "\x1b[2J", "A\nB", "x" * 10_000):
        with pytest.raises(InvalidField):
            replace(election, name=name)
        with pytest.raises(InvalidField):
            BallotStyle(name, ((0,),))


@pytest.mark.attack(
    12,
    without=Without("ballotbox_protocol.wire.cbor:_Decoder._spend", lambda *_: None),
)
def test_a_definition_of_ten_million_options_ends_at_once() -> None:
    given = authority()
    key = given.root_key
    items = cbor.encode([DISTRICT.name, 1, 1])[1:]
    bomb = b"\xa9\x00\x01\x01\x61x\x02\x02\x03\x61x\x04\x81\x84" + items + b"\x9a\x00\x98\x96\x80"
    bomb += b"\x82\x60\x00" * 10_000
    signed = cose.sign(key.public, key.sign, MessageType.DEFINITION, bomb)
    with pytest.raises(Distrust, match="items are too many"):
        open_definition(signed, given.root)
    assert encode_definition(given.trusted.election)


# Rows 28 and 29


def _tape(given: Authority, data: bytes) -> tuple[str, ...]:
    return paper_parts(PaperCopy(data, print_entry(given.trusted.register.boxes[0])))


def _fails(given: Authority, data: bytes) -> list[str]:
    findings = examine_paper(_tape(given, data), given.trusted)
    return [each.text for each in findings if each.mark is Mark.FAILS]


@pytest.mark.attack(29, without=Without("ballotbox_protocol.wire.cose:verify", lambda *_: True))
def test_a_photograph_and_the_root_are_enough_to_check_a_result() -> None:
    """No log, no gateway, no network: what is altered shows, what is true passes."""
    given = authority_of(boxes=1)
    row, counters = count(given, simple_ballots(9))
    final = LogBuilder(given).pen(0).final(row, counters).data
    assert _fails(given, final) == []
    envelope = cose.parse(final)
    stranger = seeded_key(29, "stranger")
    forged = stranger.sign(envelope.statement)
    altered = cose.assemble(envelope.protected, envelope.payload, forged)
    assert any("signed it" in text for text in _fails(given, altered))


@pytest.mark.attack(
    28,
    says=[Reason.SAME_SEQUENCE],
    without=KEEPS_THE_NEWEST,
)
def test_a_final_forged_with_the_key_of_a_box_and_its_own_are_both_evidence() -> None:
    """Whichever comes first: the tape carries the true one, so it can always be brought."""
    for true_first in (True, False):
        scene = Scene().until(K.CLOSE)
        key, last = scene.box.key, scene.box.said[-1]
        true = scene.box.report(K.FINAL)
        row = scene.votes()
        forged = forged_final(last, key, (*row[:4], 10, *row[5:]))
        scene.admit(*((true, forged) if true_first else (forged, true)))
        assert {scene.row(each).verdict for each in (true, forged)} == {Verdict.EVIDENCE}


# Row 27


def _votes_anywhere(_: Report) -> None:
    """A wire on which any report may carry votes."""


@pytest.mark.attack(
    27,
    says=[Reason.BODY],
    without=Without("ballotbox_protocol.wire.report:Report.__post_init__", _votes_anywhere),
)
def test_no_votes_travel_before_the_final() -> None:
    for kind in (K.BOOT, K.TURNOUT, K.CLOSE, K.INCIDENT):
        scene = Scene().until(K.OPEN)
        with pytest.raises(InvalidField, match="votes"):
            scene.box.next_report(kind, votes=scene.votes())


def _draws_in_order(self: object) -> int:
    """A bank that takes the next slot."""
    return self._used_count


@pytest.mark.attack(
    27,
    without=Without("ballotbox_device.core.slot_bank:SlotBank._draw", _draws_in_order),
)
def test_the_place_of_a_vote_tells_nothing_of_its_order() -> None:
    """The places of twelve sheets are as the entropy says: no two of four boxes agree on them."""
    places = [filled(vote([AWAY] * 12, seed=seed)[0]) for seed in range(4)]
    assert len({tuple(each) for each in places}) == 4


_RELEASE = SheetPath.release


def _tells_a_choice(self: SheetPath, sheet: Sheet) -> None:
    """A box whose journal has one record more for one of the choices."""
    if sheet.marks[0].options == {0}:
        self._book.commit(CONTAINER)
    _RELEASE(self, sheet)


@pytest.mark.attack(
    27,
    without=Without("ballotbox_device.core.sheet_path:SheetPath.release", _tells_a_choice),
)
def test_two_ballots_that_swap_their_choices_change_no_byte_outside_the_slots() -> None:
    north, south = Sheet(1, 0, (marks(0),)), Sheet(1, 0, (marks(1),))
    (one, said_one), (two, said_two) = vote([north, south, AWAY]), vote([south, north, AWAY])
    assert journals(one) == journals(two)
    assert said_one == said_two
    finals = [place.finish() for place in (one, two)]
    assert finals[0] == finals[1]
    assert journals(one) == journals(two)
