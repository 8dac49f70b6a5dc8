"""Does a log that does not hold together as a whole name what is wrong with it?"""

from dataclasses import replace

import pytest

from ballotbox_protocol.election.register import GatewayEntry
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.merkle import EMPTY_ROOT
from ballotbox_simulator.authority import seeded_key, with_register
from ballotbox_tabulation.core.faults import LogFault
from ballotbox_tabulation.core.outcome import Published
from tests.tabulation.folding import codes, read
from tests.tabulation.log_builder import (
    ORIGIN,
    LogBuilder,
)


@pytest.fixture
def log(day):
    return day


def test_a_log_that_holds_together_has_no_fault(authority, log):
    assert isinstance(read(authority, log.files()), Published)


def test_an_empty_log_is_a_log(authority):
    published = read(authority, LogBuilder(authority).files())
    assert published.result["nation"]["contests"] is None
    assert published.result["log"]["latest_time"] is None
    assert [box["box"][-1] for box in published.result["boxes"]["missing"]] == ["1", "2", "3"]


def _unknown_origin(log):
    stranger = seeded_key(1, "stranger")
    tree = log.tree()
    checkpoint = Checkpoint("stranger.example/log", tree.size, tree.root())
    return {"checkpoint": sign_checkpoint(checkpoint, stranger.public, stranger.sign)}


def _foreign_signature(log):
    stranger = seeded_key(1, "stranger")
    tree = log.tree()
    checkpoint = Checkpoint(ORIGIN, tree.size, tree.root())
    return {"checkpoint": sign_checkpoint(checkpoint, stranger.public, stranger.sign)}


def _other_root(log):
    key = log.authority.gateway_keys[ORIGIN]
    checkpoint = Checkpoint(ORIGIN, log.size, EMPTY_ROOT)
    return {"checkpoint": sign_checkpoint(checkpoint, key.public, key.sign)}


def _longer(log):
    key = log.authority.gateway_keys[ORIGIN]
    checkpoint = Checkpoint(ORIGIN, 10**15, EMPTY_ROOT)
    return {"checkpoint": sign_checkpoint(checkpoint, key.public, key.sign)}


WHOLE = {
    "no checkpoint": (lambda _: {"checkpoint": None}, LogFault.CHECKPOINT_MISSING),
    "no note": (lambda _: {"checkpoint": b"no note"}, LogFault.CHECKPOINT_FORM),
    "a note without end": (
        lambda log: {"checkpoint": log.note() + b"x" * 10**5},
        LogFault.CHECKPOINT_FORM,
    ),
    "a stranger's log": (_unknown_origin, LogFault.CHECKPOINT_ORIGIN),
    "a stranger's signature": (_foreign_signature, LogFault.CHECKPOINT_SIGNATURE),
    "another root": (_other_root, LogFault.ROOT),
    "more leaves than there are": (_longer, LogFault.FILE_MISSING),
    "no leaves": (lambda _: {"tile/entries/000.p/5": None}, LogFault.FILE_MISSING),
    "no evidence": (lambda _: {"reports/000.p/5": None}, LogFault.FILE_MISSING),
    "no tile": (lambda _: {"tile/0/000.p/5": None}, LogFault.FILE_MISSING),
    "leaves cut off": (lambda _: {"tile/entries/000.p/5": b"\x00"}, LogFault.FILE_FORM),
    "evidence cut off": (lambda _: {"reports/000.p/5": b"\x00"}, LogFault.FILE_FORM),
    "another tile": (lambda _: {"tile/0/000.p/5": bytes(160)}, LogFault.TILE),
}


@pytest.mark.parametrize("case", WHOLE)
def test_a_fault_of_the_whole_log_is_named(authority, log, case):
    change, expected = WHOLE[case]
    files = {path: data for path, data in (log.files() | change(log)).items() if data is not None}
    assert codes(read(authority, files)) == [(expected, None)]


def test_a_file_that_the_checkpoint_does_not_call_for_is_harmless(authority, log):
    files = log.files()
    more = {"tile/entries/000.p/4": b"old", "tile/1/000": b"none", "README": b"words"}
    assert read(authority, files | more) == read(authority, files)


def test_the_register_decides_which_gateway_counts(authority, log):
    register = authority.trusted.register
    others = tuple(gateway for gateway in register.gateways if gateway.origin != ORIGIN)
    stranger = GatewayEntry(ORIGIN, seeded_key(1, "stranger").public)
    changed = with_register(authority, replace(register, version=2, gateways=(*others, stranger)))
    assert codes(read(changed, log.files())) == [(LogFault.CHECKPOINT_SIGNATURE, None)]
