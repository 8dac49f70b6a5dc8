"""Can one flipped bit in any file of a log pass unseen?"""

from dataclasses import replace

import pytest

from ballotbox_protocol.election.definition import BallotStyle
from ballotbox_protocol.wire.checkpoint import parse_note, sign_checkpoint
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import DISTRICT, seeded_key
from tests.tabulation.folding import read
from tests.tabulation.log_builder import (
    LogBuilder,
    authority_of,
    count,
)

ONE_STYLE = (BallotStyle("ALL", ((0,),)),)


@pytest.fixture(scope="module")
def small():
    """A log with every kind of file and evidence, as small as it can be, and its result."""
    authority = authority_of(boxes=1, contests=(DISTRICT,), styles=ONE_STYLE)
    log = LogBuilder(authority)
    pen = log.pen(0)
    row, counters = count(authority, [])
    final = pen.final(row, counters)
    log.decide(final, Verdict.HELD, Reason.GAP_BEFORE, note=log.lower_note())
    log.rule(RulingKind.RELEASE, final)
    return authority, log.files()


def _flips(files):
    """Yield each byte of each file once, the flipped bit moving along with it."""
    for path, data in files.items():
        for at, byte in enumerate(data):
            bit = 1 << (at % 8)
            yield path, at, files | {path: data[:at] + bytes([byte ^ bit]) + data[at + 1 :]}


def test_no_flipped_bit_passes(small):
    authority, files = small
    assert read(authority, files).result["nation"]["boxes_counted"] == 1
    passed = [
        (path, at) for path, at, changed in _flips(files) if not _is_faulty(authority, changed)
    ]
    assert passed == []


def _is_faulty(authority, files):
    outcome = read(authority, files)
    return isinstance(outcome, list) and len(outcome) > 0


@pytest.mark.soak
def test_no_flipped_bit_at_all_passes(small):
    authority, files = small
    for path, data in files.items():
        for at in range(len(data) * 8):
            flipped = bytearray(data)
            flipped[at // 8] ^= 1 << (at % 8)
            assert _is_faulty(authority, files | {path: bytes(flipped)}), (path, at)


def test_only_the_cosignatures_of_others_may_change_unseen(small):
    """A line of another key says nothing here: its bits are harmless, and only they."""
    authority, files = small
    signed = parse_note(files["checkpoint"])
    witness = seeded_key(1, "witness")
    line = parse_note(
        sign_checkpoint(replace(signed.checkpoint, origin="witness"), witness.public, witness.sign)
    ).signatures
    note = replace(signed, signatures=signed.signatures + line).note()
    cosigned = files | {"checkpoint": note}
    whole = read(authority, cosigned)
    own = len(files["checkpoint"])
    for path, at, changed in _flips({"checkpoint": note}):
        outcome = read(authority, files | changed)
        harmless = not isinstance(outcome, list)
        assert not harmless or (at >= own and outcome.file == whole.file), (path, at)
