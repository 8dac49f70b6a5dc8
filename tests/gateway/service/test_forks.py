"""Is a gateway below that signed two logs told once, and shown until the process ends?"""

import logging

from ballotbox_gateway.cli.status import _process_lines
from ballotbox_gateway.core.upward import UpwardConflict, UpwardFault
from ballotbox_gateway.service.forks import FORKED, Forks
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from tests.gateway.scripted import ORIGIN, OTHER, authority


def note(origin, size, root):
    key = authority().gateway_keys[origin]
    return sign_checkpoint(Checkpoint(origin, size, root * 32), key.public, key.sign)


def fault(origin, size=3, roots=(b"a", b"b")):
    return UpwardFault("checkpoint", "is another", "stop", proof=_proof(origin, size, roots))


def _proof(origin, size, roots):
    return tuple(note(origin, size, root) for root in roots)


def test_two_logs_of_one_gateway_are_told_once_and_shown_with_the_whole_proof(caplog):
    caplog.set_level(logging.INFO)
    forks = Forks()
    for _ in range(3):
        forks.hear(ORIGIN, fault(ORIGIN))
    forks.hear(ORIGIN, fault(ORIGIN, 9))
    assert caplog.messages == [f"{ORIGIN} signed two logs of 3 leaves: {FORKED}"]
    assert forks.status() == [
        {
            "origin": ORIGIN,
            "size": 3,
            "roots": [b"a".hex() * 32, b"b".hex() * 32],
            "notes": [each.decode() for each in _proof(ORIGIN, 3, (b"a", b"b"))],
        }
    ]


def test_what_proves_nothing_is_not_kept(caplog):
    forks = Forks()
    forks.hear(ORIGIN, UpwardConflict(3))
    forks.hear(ORIGIN, UpwardFault("checkpoint", "does not follow", "stop"))
    forks.hear(OTHER, fault(OTHER))
    assert [each["origin"] for each in forks.status()] == [OTHER]
    assert len(caplog.messages) == 1


def test_status_shows_both_roots_and_what_to_do():
    forks = Forks()
    forks.hear(ORIGIN, fault(ORIGIN))
    lines = list(_process_lines({"forked_below": forks.status()}))
    roots = "6161616161616161… and 6262626262626262…"
    assert lines == [
        f"CONVICTED {ORIGIN} signed two logs of 3 leaves: roots {roots}",
        f"          {FORKED}",
    ]
