"""Does the auditor see a conviction that should be there, whatever came between?"""

from types import SimpleNamespace

import pytest

from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.world.exposure_audit import HandedOver, never_convicted

NAME = "rehearsal.example/precinct"
KEY = PrivateKey.from_seed(bytes(range(32)))
OWN, OTHER = bytes(32), bytes([1]) * 32


def log(*reasons):
    leaves = [SimpleNamespace(reason=reason) for reason in reasons]
    return SimpleNamespace(leaves=leaves, size=len(leaves), root=lambda _: OWN)


def gateway(*notes, life=1):
    ledger = SimpleNamespace(contradictions=lambda: list(notes))
    return SimpleNamespace(name=NAME, life=life, ledger=ledger)


def note(size, root):
    return sign_checkpoint(Checkpoint(NAME, size, root), KEY.public, KEY.sign)


def found(log, gateway, notes=()):
    return list(never_convicted(log, gateway, KEY.public, notes))


@pytest.mark.parametrize("told", [note(2, OWN), note(1, OTHER)], ids=["beyond", "fork"])
def test_a_note_that_convicts_must_be_kept(told):
    (words,) = found(log(Reason.IN_ORDER), gateway(), [told])
    assert "kept nothing" in words
    assert found(log(Reason.IN_ORDER), gateway(told), [told]) == []


def test_a_note_that_proves_nothing_need_not_be_kept():
    assert found(log(Reason.IN_ORDER), gateway(), [note(1, OWN), b"no note"]) == []


@pytest.mark.parametrize("reason", [Reason.HELD_AHEAD, Reason.HELD_FORK])
def test_an_exposed_log_must_be_convicted(reason):
    exposed = log(Reason.IN_ORDER, reason)
    (words,) = found(exposed, gateway())
    assert words.startswith("leaf 1 tells")
    assert found(exposed, gateway(note(9, OTHER))) == []


def test_what_an_earlier_process_was_handed_is_not_asked_of_the_next():
    handed = HandedOver()
    handed.heard(gateway(), b"\x09note")
    handed.heard(gateway(), b"\x05no checkpoint")
    assert list(handed.to(gateway())) == [b"note"]
    assert list(handed.to(gateway(life=2))) == []
