"""What a report, a count or a released result says that sets it aside."""

from dataclasses import replace
from hashlib import sha256

from ballotbox_gateway.core.intake import Outcome
from ballotbox_protocol.election.identifiers import Mode, PollState, PrecinctId
from ballotbox_protocol.election.register import ClosedAs, Closure, origin_id
from ballotbox_protocol.wire.report import (
    HeldCheckpoint,
    JournalHead,
    NewKey,
    key_proof_statement,
)
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.gateway.below import Levels, LowerLog, entry_of
from tests.gateway.causes import K, produces
from tests.gateway.scene import Scene, next_epoch
from tests.gateway.scripted import (
    NOW,
    ORIGIN,
    OTHER,
    authority,
    counted,
    sign_report,
)
from tests.gateway.test_publications import released


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
