"""Every reason code is produced by a test, and by the cause that it names."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest

from ballotbox_gateway.core.intake import Outcome, Road, RoadKind
from ballotbox_gateway.core.ports import DiskFull, Tally
from ballotbox_gateway.core.upward import UpwardFault
from ballotbox_protocol.election.identifiers import ElectionDigest, Mode, PollState, PrecinctId
from ballotbox_protocol.election.register import ClosedAs, Closure, origin_id
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.replacement import Replacement
from ballotbox_protocol.wire.report import (
    HeldCheckpoint,
    JournalHead,
    NewKey,
    ReportKind,
    key_proof_statement,
)
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.gateway.below import Levels, LowerLog, entry_of
from tests.gateway.failing import FailingLedger, Fault
from tests.gateway.scene import Scene, amended, next_epoch
from tests.gateway.scripted import (
    NOW,
    ORIGIN,
    OTHER,
    ScriptedBox,
    authority,
    counted,
    intake,
    report_id,
    ruling,
    sign_report,
)
from tests.gateway.test_publications import released

K = ReportKind
Cause = Callable[[], Reason]
CAUSES: dict[Reason, Cause] = {}


def produces(reason: Reason) -> Callable[[Cause], Cause]:
    def enter(cause: Cause) -> Cause:
        assert CAUSES.setdefault(reason, cause) is cause
        return cause

    return enter


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
def test_reason_has_its_cause(reason: Reason) -> None:
    assert reason in CAUSES, f"no cause here produces {reason.name}: add one"
    assert CAUSES[reason]() is reason


@produces(Reason.IN_ORDER)
def _in_order() -> Reason:
    return Scene().send(K.BOOT).reason


@produces(Reason.GAP_CLOSED)
def _gap_closed() -> Reason:
    scene = Scene()
    first, second = scene.box.report(K.BOOT), scene.box.report(K.ZERO)
    scene.admit(second)
    scene.admit(first)
    return scene.row(second).reason


@produces(Reason.RELEASED)
def _released() -> Reason:
    scene = Scene()
    message = scene.box.report(K.BOOT, firmware=bytes(32))
    scene.admit(message)
    scene.intake.rule(ruling(scene.given, RulingKind.RELEASE, report_id(message)), NOW)
    return scene.row(message).reason


@produces(Reason.NAMED)
def _named() -> Reason:
    scene, (first, _) = _rivals()
    scene.intake.rule(ruling(scene.given, RulingKind.NAME, report_id(first)), NOW)
    return scene.row(first).reason


@produces(Reason.REPLACES)
def _replaces() -> Reason:
    scene = Scene(origin=OTHER)
    plain = Replacement(scene.given.trusted.digest, ORIGIN, OTHER, 0)
    signatures = scene.given.consent(plain.payload(), MessageType.REPLACEMENT)
    scene.intake.open_replacing(replace(plain, signatures=signatures).to_bytes(), NOW)
    return decode_leaf(next(scene.ledger.leaves(0))).reason


def _rivals() -> tuple[Scene, tuple[bytes, bytes]]:
    scene = Scene().until(K.OPEN)
    rival = scene.box.forge(K.TURNOUT, accept=3)
    first = scene.box.report(K.TURNOUT)
    scene.admit(first, rival)
    return scene, (first, rival)


@produces(Reason.GAP_BEFORE)
def _gap_before() -> Reason:
    scene = Scene()
    scene.box.report(K.BOOT)
    return scene.send(K.ZERO).reason


@produces(Reason.BOX_DISPUTED)
def _box_disputed() -> Reason:
    scene, _ = _rivals()
    return scene.send(K.TURNOUT).reason


@produces(Reason.SAME_SEQUENCE)
def _same_sequence() -> Reason:
    scene, messages = _rivals()
    (reason,) = {scene.row(message).reason for message in messages}
    return reason


@produces(Reason.EVIDENCE_BELOW)
def _evidence_below() -> Reason:
    levels = Levels()
    message = levels.box.report(K.BOOT)
    entry = entry_of(message, Verdict.EVIDENCE, Reason.SAME_SEQUENCE)
    levels.take(LowerLog(levels.given).batch(entry))
    return levels.centre.row(message).reason


@produces(Reason.SIZE)
def _size() -> Reason:
    scene, most = Scene(), cbor.REPORT_LIMITS.size
    assert scene.answer(bytes(most)).reason is Reason.ENVELOPE
    return scene.answer(bytes(most + 1)).reason


@produces(Reason.ENVELOPE)
def _envelope() -> Reason:
    scene = Scene()
    return scene.answer(scene.box.report(K.BOOT) + b"\x00").reason


@produces(Reason.HEADER)
def _header() -> Reason:
    scene = Scene()
    key = scene.box.key
    return scene.answer(cose.sign(key.public, key.sign, MessageType.HELLO, b"\xa0")).reason


@produces(Reason.UNKNOWN_KEY)
def _unknown_key() -> Reason:
    scene = Scene(authority(2))
    stranger = ScriptedBox(authority(4), 4)
    return scene.answer(stranger.report(K.BOOT)).reason


@produces(Reason.SIGNATURE)
def _signature() -> Reason:
    scene = Scene()
    return scene.answer(scene.box.report(K.BOOT)[:-1] + b"\x00").reason


@produces(Reason.TOPIC)
def _topic() -> Reason:
    scene = Scene()
    other = scene.given.boxes[1]
    return scene.answer(scene.box.report(K.BOOT), Road(RoadKind.MQTT, "mqtt", other)).reason


@produces(Reason.CERTIFICATE)
def _certificate() -> Reason:
    scene = Scene()
    road = Road(RoadKind.MQTT, "mqtt", scene.box.box, certified=scene.given.boxes[1])
    return scene.answer(scene.box.report(K.BOOT), road).reason


def _turned_away(scene: Scene) -> Reason:
    """Return the one reason that the ledger has counted for what was turned away."""
    (counted,) = [key for key in scene.ledger.counts() if key[0] is Tally.UNAUTHENTIC]
    return counted[1]


@produces(Reason.RATE)
def _rate() -> Reason:
    scene = Scene()
    scene.intake.turned_away(Reason.RATE, 2)
    scene.intake.turned_away(Reason.RATE)
    scene.send(K.BOOT)
    scene.send(K.INCIDENT)
    assert scene.ledger.counts()[Tally.UNAUTHENTIC, Reason.RATE] == 3
    return _turned_away(scene)


@produces(Reason.OLD_REGISTER)
def _old_register() -> Reason:
    levels = Levels()
    entry, key = next_epoch(levels.box)
    newer = amended(levels.given, entry)
    levels.lower.intake.replace_register(newer.trusted)
    message = sign_report(levels.box.next_report(K.BOOT, epoch=entry.epoch), key)
    levels.lower.admit(message)
    batch = levels.lower.intake.next_upward("rehearsal.example/centre", 10)
    problem = "rests on a key that the register in use does not list"
    fix = "give this gateway the newer register"
    assert levels.take(batch) == UpwardFault("entries[0].report", problem, fix, retry=True)
    levels.centre.send(K.BOOT)
    assert levels.centre.ledger.counts()[Tally.UNAUTHENTIC, Reason.OLD_REGISTER] == 1
    return _turned_away(levels.centre)


@produces(Reason.DISK)
def _disk() -> Reason:
    scene = Scene()
    failing = FailingLedger(scene.ledger)
    scene.intake = intake(scene.given, failing)
    failing.fault = Fault.DISK_FULL
    message = scene.box.report(K.BOOT)
    with pytest.raises(DiskFull):
        scene.admit(message)
    assert scene.answer(message).outcome is Outcome.ACCEPTED
    return _turned_away(scene)


@produces(Reason.BODY)
def _body() -> Reason:
    scene = Scene()
    key = scene.box.key
    return scene.answer(cose.sign(key.public, key.sign, MessageType.REPORT, b"\xa0")).reason


@produces(Reason.OTHER_BOX)
def _other_box() -> Reason:
    scene = Scene()
    return scene.send(K.BOOT, box=scene.given.boxes[1]).reason


@produces(Reason.OTHER_ELECTION)
def _other_election() -> Reason:
    return Scene().send(K.BOOT, election=ElectionDigest(bytes(32))).reason


@produces(Reason.PRECINCT)
def _precinct() -> Reason:
    return Scene().send(K.BOOT, precinct=PrecinctId(2)).reason


@produces(Reason.EPOCH)
def _epoch() -> Reason:
    scene = Scene().until(K.OPEN)
    entry, key = next_epoch(scene.box)
    scene.with_entries(entry)
    return scene.answer(
        sign_report(scene.box.next_report(K.TURNOUT, epoch=entry.epoch), key)
    ).reason


@produces(Reason.CLOSED_ENTRY)
def _closed_entry() -> Reason:
    scene = Scene().until(K.OPEN)
    entry = scene.given.trusted.register.boxes[0]
    at = ((origin_id(ORIGIN), scene.ledger.log_head().size + 1),)
    scene.with_entries(replace(entry, closed=Closure(ClosedAs.REPLACED, at)))
    assert scene.send(K.TURNOUT).outcome is Outcome.ACCEPTED
    return scene.send(K.TURNOUT).reason


def test_report_that_waited_is_judged_by_where_it_came_in() -> None:
    scene = Scene().until(K.OPEN)
    missing, waiting = scene.box.report(K.TURNOUT), scene.box.report(K.TURNOUT)
    scene.admit(waiting)
    entry = scene.given.trusted.register.boxes[0]
    closed = Closure(ClosedAs.REPLACED, ((origin_id(ORIGIN), scene.ledger.log_head().size),))
    scene.with_entries(replace(entry, closed=closed))
    assert scene.answer(missing).reason is Reason.CLOSED_ENTRY
    assert scene.row(waiting).reason is Reason.GAP_CLOSED


@produces(Reason.FIRMWARE)
def _firmware() -> Reason:
    return Scene().send(K.BOOT, firmware=sha256(b"other firmware").digest()).reason


@produces(Reason.DEBUG)
def _debug() -> Reason:
    rehearsal = Scene()
    assert rehearsal.send(K.BOOT, debug=True).outcome is Outcome.ACCEPTED
    given = authority()
    official = replace(given.trusted.election, mode=Mode.OFFICIAL)
    scene = Scene(replace(given, trusted=replace(given.trusted, election=official)))
    return scene.send(K.BOOT, debug=True).reason


@produces(Reason.OFFICERS)
def _officers() -> Reason:
    scene = Scene().until(K.ZERO)
    scene.box.officers = (0, 0)
    return scene.send(K.OPEN).reason


@produces(Reason.PREVIOUS)
def _previous() -> Reason:
    return Scene().until(K.BOOT).send(K.ZERO, previous=bytes(32)).reason


@produces(Reason.BOOT)
def _boot() -> Reason:
    return Scene().until(K.OPEN).send(K.BOOT, boot=1).reason


@produces(Reason.JOURNAL)
def _journal() -> Reason:
    assert Scene().send(K.BOOT, journal=JournalHead(0, bytes(32))).reason is Reason.IN_ORDER
    scene = Scene().until(K.OPEN)
    size = scene.box.last.journal.size
    longer = JournalHead(size + 1, bytes(32))
    assert scene.send(K.TURNOUT, journal=longer).reason is Reason.IN_ORDER
    # The report before it is a record of the journal: its head cannot be the same again.
    return scene.send(K.TURNOUT, journal=longer).reason


@produces(Reason.FIRMWARE_OLDER)
def _firmware_older() -> Reason:
    scene = Scene().until(K.OPEN)
    for number in (1, 7, 7):
        assert scene.send(K.TURNOUT, firmware_sequence=number).reason is Reason.IN_ORDER
    return scene.send(K.TURNOUT, firmware_sequence=6).reason


def _counted(**changes: object) -> Reason:
    scene = Scene()
    count = counted(scene.given, **changes)
    return scene.intake.count_by_hand(count.to_bytes(), NOW).reason


@produces(Reason.LAW_UNKNOWN)
def _law_unknown() -> Reason:
    return _counted(law_digest=bytes(32))


@produces(Reason.LINES)
def _lines() -> Reason:
    return _counted(lines=(("1", 105),))


@produces(Reason.RELATION)
def _relation() -> Reason:
    return _counted(lines=(("1", 106), ("1a", 5)))


@produces(Reason.STATE)
def _state() -> Reason:
    return Scene().until(K.OPEN).send(K.TURNOUT, state=PollState.CLOSED).reason


@produces(Reason.KIND_ORDER)
def _kind_order() -> Reason:
    return Scene().until(K.BOOT).send(K.OPEN).reason


@produces(Reason.VOTES_LENGTH)
def _votes_length() -> Reason:
    scene = Scene().until(K.CLOSE)
    return scene.send(K.FINAL, votes=(*scene.votes(), 0)).reason


@produces(Reason.NEW_KEY)
def _new_key() -> Reason:
    scene = Scene().until(K.OPEN)
    entry, key = next_epoch(scene.box)
    scene.with_entries(entry)
    unproved = scene.box.next_report(
        K.KEY_ROTATION, new_key=NewKey(entry.key, bytes(64)), signatures=()
    )
    proof = key.sign(key_proof_statement(unproved))
    return scene.send(K.KEY_ROTATION, new_key=NewKey(entry.key, proof[:-1] + b"\x00")).reason


@produces(Reason.CORRECTS)
def _corrects() -> Reason:
    scene = Scene().until(K.FINAL)
    final = scene.box.last_id
    assert scene.send(K.CORRECTION, corrects=final).reason is Reason.IN_ORDER
    assert scene.send(K.CORRECTION, corrects=scene.box.last_id).reason is Reason.IN_ORDER
    assert scene.send(K.CORRECTION, corrects=final).reason is Reason.IN_ORDER
    assert scene.send(K.INCIDENT).reason is Reason.IN_ORDER
    return scene.send(K.CORRECTION, corrects=scene.box.last_id).reason


def _echo(scene: Scene, size: int, root: bytes) -> Reason:
    held = HeldCheckpoint(origin_id(ORIGIN), size, root)
    return scene.send(K.TURNOUT, held=held).reason


@produces(Reason.HELD_AHEAD)
def _held_ahead() -> Reason:
    scene = Scene().until(K.OPEN)
    size, root = scene.ledger.log_head()
    assert _echo(scene, size, root) is Reason.IN_ORDER
    return _echo(scene, size + 2, root)


@produces(Reason.HELD_FORK)
def _held_fork() -> Reason:
    scene = Scene().until(K.OPEN)
    assert _echo(scene, 1, bytes(32)) is Reason.HELD_FORK
    scene = Scene()
    scene.admit(*[scene.box.report(kind) for kind in (K.BOOT, K.ZERO, K.OPEN)])
    # No checkpoint was ever signed at size 1: one batch brought three leaves.
    return _echo(scene, 1, bytes(32))


@produces(Reason.QUARANTINED_BELOW)
def _quarantined_below() -> Reason:
    levels = Levels()
    message = levels.box.report(K.BOOT)
    entry = entry_of(message, Verdict.QUARANTINED, Reason.FIRMWARE)
    levels.take(LowerLog(levels.given).batch(entry))
    return levels.centre.row(message).reason


#: Per law about counters: after which report, in a report of which kind, which counters.
_COUNTERS: dict[Reason, tuple[ReportKind, ReportKind, dict[str, int]]] = {
    Reason.LAW_PRESENTED: (K.TURNOUT, K.TURNOUT, {"presented": 99}),
    Reason.LAW_BOX_COUNTER: (K.TURNOUT, K.TURNOUT, {"box": 9}),
    Reason.LAW_PENDING: (K.TURNOUT, K.TURNOUT, {"presented": 12, "pending": 2}),
    Reason.LAW_PORTABLE: (K.TURNOUT, K.TURNOUT, {"portable": 11}),
    Reason.LAW_BALLOTS: (K.TURNOUT, K.TURNOUT, {"ballots": 11}),
    Reason.LAW_LIFETIME: (K.TURNOUT, K.TURNOUT, {"lifetime": 111}),
    Reason.LAW_ZERO: (K.BOOT, K.ZERO, {"presented": 1, "returned": 1}),
    Reason.LAW_SETTLED: (K.CLOSE, K.FINAL, {"presented": 11, "pending": 1}),
    Reason.LAW_CLOSED: (
        K.CLOSE,
        K.INCIDENT,
        {"presented": 11, "accepted": 11, "box": 11, "ballots": 11, "lifetime": 111},
    ),
    Reason.LAW_MONOTONE: (K.TURNOUT, K.TURNOUT, {"ballots": 9}),
    Reason.LAW_FROZEN: (K.FINAL, K.INCIDENT, {"presented": 11, "returned": 1}),
    Reason.LAW_CORRECTION: (K.FINAL, K.CORRECTION, {"presented": 11, "returned": 1}),
}

#: Per law about votes: contest and (offset from its start, count) that break a lawful final.
#: Contest 0 is a party list of five options, the first four with five candidates each; contest 2
#: allows three votes. Every ballot marked the first option.
_VOTES: dict[Reason, tuple[int, tuple[tuple[int, int], ...]]] = {
    Reason.LAW_SLOTS: (0, ((4, 11),)),
    Reason.LAW_BLANK: (0, ((1, 1),)),
    Reason.LAW_OVERVOTES: (2, ((2, 19), (3, 1))),
    Reason.LAW_PREFERENCES: (0, ((9, 11),)),
    Reason.LAW_CARRIED: (1, ((0, 11), (4, 11))),
    Reason.LAW_COVERED: (0, ((0, 9), (4, 9))),
    Reason.LAW_OPTION: (2, ((2, 19), (4, 11))),
    Reason.LAW_MARKED: (2, ((2, 30), (4, 0))),
}


def _break_counters(reason: Reason) -> Reason:
    last, kind, changes = _COUNTERS[reason]
    scene = Scene().until(last)
    corrects = {"corrects": scene.box.last_id} if kind is K.CORRECTION else {}
    return scene.send(kind, counters=scene.counters(**changes), **corrects).reason


def _break_votes(reason: Reason) -> Reason:
    contest, edits = _VOTES[reason]
    scene = Scene().until(K.CLOSE)
    places = [(scene.place(contest, offset), count) for offset, count in edits]
    return scene.send(K.FINAL, votes=scene.votes(*places)).reason


for _reason in _COUNTERS:
    produces(_reason)(lambda reason=_reason: _break_counters(reason))
for _reason in _VOTES:
    produces(_reason)(lambda reason=_reason: _break_votes(reason))


def _publish(**changes: object) -> Reason:
    """Of a publication of a log of one leaf, but for the changes."""
    scene = Scene()
    scene.send(K.BOOT)
    each = released(scene, **changes)
    return scene.intake.publish(each.to_bytes(), NOW).reason


_PUBLICATIONS: dict[Reason, dict[str, object]] = {
    Reason.PUBLISHED: {},
    Reason.OTHER_LOG: {"origin": OTHER},
    Reason.RELEASERS: {"officers": 1},
    Reason.VERSION: {"version": 2, "previous": bytes(32)},
    Reason.CHECKPOINT: {"root": bytes(32)},
}
for _reason, _changes in _PUBLICATIONS.items():
    produces(_reason)(lambda changes=_changes: _publish(**changes))


def test_portable_ballots_come_in_after_the_close_and_nothing_else_does() -> None:
    scene = Scene().until(K.CLOSE)
    carried = scene.counters(
        presented=12, accepted=12, box=12, ballots=12, lifetime=112, portable=2
    )
    portable = {"state": PollState.PORTABLE, "counters": carried}
    assert scene.send(K.TURNOUT, **portable).reason is Reason.IN_ORDER
    stuffed = replace(carried, portable=1)
    assert scene.send(K.TURNOUT, counters=replace(stuffed, portable=3)).reason is Reason.LAW_CLOSED
    assert scene.send(K.OPEN, counters=stuffed).reason is Reason.LAW_CLOSED


def test_the_lifetime_counter_stands_still_before_the_zero_report_too() -> None:
    scene = Scene().until(K.BOOT)
    moved = scene.counters(lifetime=101)
    assert scene.send(K.INCIDENT, counters=moved).reason is Reason.LAW_LIFETIME
    assert scene.send(K.ZERO, counters=moved).reason is Reason.LAW_LIFETIME
    # Neither was believed, so the box can go on from what it said first.
    assert scene.send(K.ZERO, counters=replace(moved, lifetime=100)).reason is Reason.IN_ORDER


def test_a_sheet_may_be_pending_until_the_final_and_a_final_keeps_the_other_laws_too() -> None:
    scene = Scene().until(K.TURNOUT)
    pending = scene.counters(presented=11, pending=1)
    assert scene.send(K.TURNOUT, counters=pending).reason is Reason.IN_ORDER
    assert scene.send(K.CLOSE, counters=scene.counters(pending=0, returned=1)).reason is (
        Reason.IN_ORDER
    )
    portable = scene.counters(portable=11)
    assert scene.send(K.FINAL, counters=portable).reason is Reason.LAW_PORTABLE
