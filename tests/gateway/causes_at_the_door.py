"""What a report does to be placed, held, or turned away before its content is looked at."""

from dataclasses import replace

import pytest

from ballotbox_gateway.core.intake import Outcome, Road, RoadKind
from ballotbox_gateway.core.ports import DiskFull, Tally
from ballotbox_gateway.core.upward import UpwardFault
from ballotbox_protocol.election.identifiers import ElectionDigest
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.replacement import Replacement
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.gateway.below import Levels, LowerLog, entry_of
from tests.gateway.causes import K, produces
from tests.gateway.failing import FailingLedger, Fault
from tests.gateway.scene import Scene, amended, next_epoch
from tests.gateway.scripted import (
    NOW,
    ORIGIN,
    OTHER,
    ScriptedBox,
    authority,
    intake,
    report_id,
    ruling,
    sign_report,
)


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
