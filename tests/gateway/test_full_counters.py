"""Does a gateway count with a box up to the greatest number of a report, and take none beyond?"""

import pytest

from ballotbox_gateway.core.intake import Outcome
from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import COUNT_MAX, InvalidField
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import ReportKind, decode_report, encode_report
from ballotbox_protocol.wire.verdict import Reason
from tests.gateway.scene import Scene

K = ReportKind


def old_box(lifetime: int) -> Scene:
    """A gateway that has seen the zero report of a box so old, and its opening."""
    scene = Scene()
    for kind in (K.BOOT, K.ZERO, K.OPEN):
        counters = Counters(lifetime=lifetime)
        assert scene.send(kind, counters=counters).reason is Reason.IN_ORDER
    return scene


def test_a_box_is_believed_up_to_the_last_sheet_that_a_report_can_tell() -> None:
    scene = old_box(COUNT_MAX - 2)
    for _ in range(2):
        assert scene.send(K.TURNOUT, accept=1).reason is Reason.IN_ORDER
    assert scene.counters().lifetime == COUNT_MAX
    assert scene.ledger.box_head(scene.box.box).facts.counters.lifetime == COUNT_MAX
    assert scene.send(K.CLOSE).reason is Reason.IN_ORDER


def test_at_the_bound_a_counter_that_stands_still_is_no_excuse() -> None:
    scene = old_box(COUNT_MAX - 1)
    assert scene.send(K.TURNOUT, accept=1).reason is Reason.IN_ORDER
    more = scene.counters(presented=2, accepted=2, box=2, ballots=2)
    assert scene.send(K.TURNOUT, counters=more).reason is Reason.LAW_LIFETIME


def test_a_signed_number_beyond_is_refused_and_moves_nothing() -> None:
    scene = old_box(COUNT_MAX - 1)
    assert scene.send(K.TURNOUT, accept=1).reason is Reason.IN_ORDER
    before = scene.ledger.box_head(scene.box.box)
    with pytest.raises(InvalidField, match=r"counters\.lifetime"):
        scene.counters(lifetime=COUNT_MAX + 1)
    beyond = encode_report(scene.box.next_report(K.TURNOUT)).replace(
        b"\x07\x1a" + COUNT_MAX.to_bytes(4), b"\x07\x1a" + (COUNT_MAX + 1).to_bytes(4)
    )
    with pytest.raises(InvalidField, match=r"lifetime"):
        decode_report(beyond)
    key = scene.box.key
    answer = scene.answer(cose.sign(key.public, key.sign, cose.MessageType.REPORT, beyond))
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.BODY)
    assert scene.ledger.box_head(scene.box.box) == before
