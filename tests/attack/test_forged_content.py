"""Does a true signature under false numbers, states, firmware or officers bring anything in?"""

from dataclasses import replace

import pytest

from ballotbox_gateway.core import content
from ballotbox_gateway.core.content import ContentRules
from ballotbox_gateway.core.head import NONE_YET, Facts
from ballotbox_gateway.core.intake import Outcome
from ballotbox_gateway.core.roster import Authentic
from ballotbox_protocol.election.counters import COUNTER_NAMES
from ballotbox_protocol.election.identifiers import COUNT_MAX, PollState
from ballotbox_protocol.election.register import ClosedAs, Closure, origin_id
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.report import Clock, ClockQuality, Report, ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.attack.marker import Without
from tests.gateway.scene import Scene
from tests.gateway.scripted import NOW, ORIGIN, authority, report_id, ruling

K = ReportKind
_CONTENT = "ballotbox_gateway.core.content"

#: Preloads that keep every law but that of the zero.
_PRELOADS = (
    {"presented": 1, "returned": 1},
    {"presented": 1, "pending": 1},
    {"presented": 7, "accepted": 7, "box": 7, "lifetime": 107},
    {"presented": 7, "accepted": 7, "box": 7, "lifetime": 107, "ballots": 7},
    {"presented": 7, "accepted": 7, "box": 7, "lifetime": 107, "portable": 7},
)


@pytest.mark.attack(
    8,
    says=[Reason.LAW_ZERO],
    without=Without(f"{_CONTENT}:zero_breach", lambda *_: None),
)
@pytest.mark.parametrize("preload", _PRELOADS, ids=" ".join)
def test_a_preloaded_box_cannot_open(preload: dict[str, int]) -> None:
    for kind in (K.ZERO, K.INCIDENT):
        scene = Scene().until(K.BOOT)
        answer = scene.send(kind, counters=scene.counters(**preload))
        assert (answer.outcome, answer.reason) == (Outcome.QUARANTINED, Reason.LAW_ZERO)


@pytest.mark.attack(
    8,
    says=[Reason.LAW_LIFETIME],
    without=Without(f"{_CONTENT}:lifetime_breach", lambda *_: None),
)
def test_sheets_fed_before_the_zero_report_show_in_the_lifetime_counter() -> None:
    scene = Scene().until(K.BOOT)
    assert scene.send(K.ZERO, counters=scene.counters(lifetime=107)).reason is Reason.LAW_LIFETIME


@pytest.mark.attack(
    8,
    says=[Reason.BODY],
    without=Without("ballotbox_protocol.election.counters:Counters.__post_init__", lambda _: None),
)
@pytest.mark.parametrize("value", [-1, COUNT_MAX + 1, 2**32, 2**32 - 1, -(2**31), -(2**63)])
@pytest.mark.parametrize("key", range(len(COUNTER_NAMES)), ids=COUNTER_NAMES)
def test_a_negative_or_wrapped_count_is_no_report(key: int, value: int) -> None:
    scene = Scene()
    envelope = cose.parse(scene.box.report(K.BOOT))
    items = cbor.decode(envelope.payload)
    items[10][key] = value
    box = scene.box.key
    answer = scene.answer(cose.sign(box.public, box.sign, MessageType.REPORT, cbor.encode(items)))
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.BODY)


_STUFFED = {"presented": 15, "accepted": 15, "box": 15, "ballots": 15, "lifetime": 115}
_AFTER_CLOSE = [
    (K.CLOSE, K.INCIDENT, PollState.CLOSED),
    (K.CLOSE, K.TURNOUT, PollState.CLOSED),
    (K.CLOSE, K.TURNOUT, PollState.PORTABLE),
    (K.CLOSE, K.BOOT, PollState.PORTABLE),
    (K.CLOSE, K.OPEN, PollState.OPEN),
    (K.CLOSE, K.FINAL, PollState.FINAL),
]


@pytest.mark.attack(
    9,
    says=[Reason.LAW_CLOSED],
    without=Without(f"{_CONTENT}:closed_breach", lambda *_: None),
)
@pytest.mark.parametrize(("last", "kind", "state"), _AFTER_CLOSE)
def test_sheets_stuffed_after_the_close_are_never_accepted(
    last: ReportKind, kind: ReportKind, state: PollState
) -> None:
    scene = Scene().until(last)
    row = {"votes": _votes_of(scene, 15)} if kind is K.FINAL else {}
    answer = scene.send(kind, counters=scene.counters(**_STUFFED), state=state, **row)
    assert (answer.outcome, answer.reason) == (Outcome.QUARANTINED, Reason.LAW_CLOSED)


def _votes_of(scene: Scene, ballots: int) -> tuple[int, ...]:
    return tuple(count * ballots // 10 for count in scene.votes())


@pytest.mark.attack(
    9,
    says=[Reason.LAW_FROZEN, Reason.LAW_CORRECTION],
    without=Without(f"{_CONTENT}:frozen_breach", lambda *_: None),
)
@pytest.mark.parametrize("state", [PollState.FINAL, PollState.SEALED])
def test_sheets_stuffed_after_the_final_are_never_accepted(state: PollState) -> None:
    for kind in (K.INCIDENT, K.BOOT):
        scene = Scene().until(K.FINAL)
        answer = scene.send(kind, counters=scene.counters(**_STUFFED), state=state)
        assert (answer.outcome, answer.reason) == (Outcome.QUARANTINED, Reason.LAW_FROZEN)
    scene = Scene().until(K.FINAL)
    more = {"counters": scene.counters(**_STUFFED), "votes": _votes_of(scene, 15)}
    answer = scene.send(K.CORRECTION, corrects=scene.box.last_id, state=state, **more)
    assert (answer.outcome, answer.reason) == (Outcome.QUARANTINED, Reason.LAW_CORRECTION)


_ENROLMENT = ContentRules._enrolment


def _any_firmware(self: ContentRules, given: Authentic, facts: Facts, position: object) -> object:
    """A gateway that believes every digest."""
    fault = _ENROLMENT(self, given, facts, position)
    return None if fault is Reason.FIRMWARE else fault


@pytest.mark.attack(
    13,
    says=[Reason.FIRMWARE],
    without=Without(f"{_CONTENT}:ContentRules._enrolment", _any_firmware),
)
def test_unknown_and_older_firmware_goes_into_quarantine() -> None:
    """What was taken off the list since is unknown like what never stood on it."""
    scene = Scene().until(K.OPEN)
    listed = scene.box.last.firmware
    for digest in (bytes(32), listed[::-1], bytes(31) + b"\x01"):
        assert scene.send(K.TURNOUT, firmware=digest).reason is Reason.FIRMWARE
    assert scene.send(K.TURNOUT, firmware=listed).reason is Reason.IN_ORDER


_RATCHETS = content._ratchets


def _any_number(report: Report, facts: Facts) -> Reason | None:
    """A gateway that does not remember which firmware a box has run."""
    return _RATCHETS(report, facts._replace(firmware=NONE_YET))


@pytest.mark.attack(
    13, says=[Reason.FIRMWARE_OLDER], without=Without(f"{_CONTENT}:_ratchets", _any_number)
)
def test_a_box_put_back_to_an_older_firmware_is_set_aside_until_officers_release_it() -> None:
    """The digest stands on the list: the number alone tells. Nothing later is believed either."""
    scene = Scene().until(K.OPEN)
    assert scene.send(K.TURNOUT, firmware_sequence=7).reason is Reason.IN_ORDER
    older = [
        scene.box.report(K.BOOT, firmware_sequence=6),
        scene.box.report(K.TURNOUT, firmware_sequence=6),
    ]
    for message in older:
        answer = scene.answer(message)
        assert (answer.outcome, answer.reason) == (Outcome.QUARANTINED, Reason.FIRMWARE_OLDER)
    for message in older:
        scene.intake.rule(ruling(scene.given, RulingKind.RELEASE, report_id(message)), NOW)
    # Two officers have said that this number is the right one.
    assert scene.send(K.TURNOUT, firmware_sequence=6).reason is Reason.IN_ORDER
    assert scene.send(K.TURNOUT, firmware_sequence=5).reason is Reason.FIRMWARE_OLDER


def _any_officers(*_: object) -> bool:
    return True


_OFFICERS = Without("ballotbox_gateway.core.roster:two_officers_signed", _any_officers)


@pytest.mark.attack(14, says=[Reason.OFFICERS], without=_OFFICERS)
@pytest.mark.parametrize("forged", ["one twice", "one alone", "none", "a stranger", "of a ruling"])
def test_a_poll_opens_for_two_officers_of_the_register_alone(forged: str) -> None:
    scene = Scene().until(K.ZERO)
    draft = scene.box.next_report(K.OPEN, signatures=())
    one, two = scene.box.consents(draft, 0, 1)
    stranger = scene.box.consents(draft, 0, len(scene.given.officer_keys) - 1)
    signatures = {
        "one twice": (one, one),
        "one alone": (one,),
        "none": (),
        "a stranger": (one, type(one)(two.key_id, stranger[1].signature[::-1])),
        "of a ruling": scene.given.consent(b"\xa0", MessageType.RULING),
    }[forged]
    answer = scene.send(K.OPEN, signatures=signatures)
    assert (answer.outcome, answer.reason) == (Outcome.QUARANTINED, Reason.OFFICERS)


def _trusts_the_clock(self: ContentRules, given: Authentic, *_: object) -> object:
    """A gateway that takes a clock for an order: nothing may be older than its own now."""
    return Reason.STATE if abs(given.report.clock.time - NOW) > 86_400 else None


@pytest.mark.attack(24, without=Without(f"{_CONTENT}:ContentRules.fault", _trusts_the_clock))
def test_a_day_of_jumping_clocks_is_the_day_of_true_ones() -> None:
    """Ten years to both sides, 2038, summer time and back, the first second of the epoch."""
    year = 31_556_952
    jumps = (10 * year, -10 * year, 2**31 - NOW, 2**31 - 1 - NOW, 3_600, -3_600, -NOW)
    scene = Scene()
    day = (K.BOOT, K.ZERO, K.OPEN, K.TURNOUT, K.TURNOUT, K.CLOSE, K.FINAL)
    for kind, jump in zip(day, jumps, strict=True):
        clock = Clock(NOW + jump, ClockQuality(jump % 3), 2**40)
        scene.now = NOW - jump // 2
        assert scene.send(kind, clock=clock).outcome is Outcome.ACCEPTED
    head = scene.ledger.box_head(scene.box.box)
    assert (head.sequence, head.facts.state) == (6, PollState.FINAL)


def _never_closed(self: ContentRules, given: Authentic, facts: Facts, position: object) -> object:
    """A gateway that does not read the closures of the register."""
    fault = _ENROLMENT(self, given, facts, position)
    return None if fault is Reason.CLOSED_ENTRY else fault


@pytest.mark.attack(
    28,
    16,
    says=[Reason.CLOSED_ENTRY],
    without=Without(f"{_CONTENT}:ContentRules._enrolment", _never_closed),
)
def test_a_revoked_key_signs_nothing_more_whatever_its_report_says_of_the_time() -> None:
    """By position in the log, never by clock; what was accepted before stays as it is."""
    scene = Scene().until(K.OPEN)
    old = scene.box.said[-1]
    at = ((origin_id(ORIGIN), scene.ledger.log_head().size),)
    entry = scene.given.trusted.register.boxes[0]
    scene.with_entries(replace(entry, closed=Closure(ClosedAs.REVOKED, at)))
    backdated = Clock(NOW - 86_400, ClockQuality.SYNCHRONISED, 1)
    answer = scene.send(K.TURNOUT, clock=backdated)
    assert (answer.outcome, answer.reason) == (Outcome.QUARANTINED, Reason.CLOSED_ENTRY)
    assert scene.answer(old).outcome is Outcome.DUPLICATE
    assert scene.row(old).verdict is Verdict.ACCEPTED


@pytest.mark.attack(25, 14, says=[Reason.RELEASED], without=_OFFICERS)
@pytest.mark.parametrize("officers", [(), (0,), (0, 0), (1,)])
def test_no_release_without_two_officers(officers: tuple[int, ...]) -> None:
    scene = Scene(authority()).until(K.OPEN)
    message = scene.box.report(K.TURNOUT, firmware=bytes(32))
    scene.admit(message)
    scene.intake.rule(ruling(scene.given, RulingKind.RELEASE, report_id(message), officers), NOW)
    assert scene.row(message).verdict is Verdict.QUARANTINED
