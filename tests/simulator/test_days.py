"""Is nothing lost or doubled on two hundred days full of faults, and on one nobody has seen?"""

import secrets

import pytest
from cobs import cobs

from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.frame import FrameDecoder, FrameFault, encode_frame
from ballotbox_simulator.world.run import run_day, run_world
from ballotbox_simulator.world.swarm import swarm_day
from ballotbox_simulator.world.undisturbed import undisturbed
from ballotbox_simulator.world.world import World

DAYS, CHUNK = 200, 10
FRESH_FROM, FRESH_BELOW = 1_000_000, 1 << 32
#: Days of long campaigns that showed a defect of the product or of the auditor.
TELLING = (
    *(7007, 179578621429, 179578814050, 179583110189),
    *(179573970851, 179574881016, 179575834261, 179575835202, 179575837176, 179575840133),
)


def _objections(seeds):
    """What the auditor says of each day it objects to, with the command that shows it again."""
    for seed in seeds:
        outcome = run_day(swarm_day(seed))
        found = [str(finding) for finding in outcome.findings]
        if found or outcome.balance.lost or outcome.balance.doubled:
            command = f"ballotbox-sim run --scenario swarm --seed {seed}"
            yield "\n".join([command, *found, str(outcome.balance)])


@pytest.mark.parametrize("first", range(1, DAYS + 1, CHUNK))
def test_days_full_of_faults_pass(first):
    failed = list(_objections(range(first, first + CHUNK)))
    assert not failed, "\n".join(failed)


def test_days_that_once_showed_a_defect_pass() -> None:
    failed = list(_objections(TELLING))
    assert not failed, "\n".join(failed)


def test_a_day_that_nobody_has_seen_passes(record_property):
    seed = FRESH_FROM + secrets.randbelow(FRESH_BELOW)
    record_property("fresh day", f"ballotbox-sim run --scenario swarm --seed {seed}")
    failed = list(_objections([seed]))
    assert not failed, "\n".join(failed)


def test_a_day_comes_to_the_same_with_every_signature_and_frame_computed_anew() -> None:
    day = swarm_day(8)
    assert run_world(World(day)).transcript == run_day(day).transcript


def test_a_bad_signature_is_never_known() -> None:
    with undisturbed():
        for _ in range(2):
            assert not cose.verify(b"statement", bytes(64), bytes(32))


def test_a_frame_is_known_whole_and_no_other_is() -> None:
    outside = encode_frame(b"\x00some report\x00")
    with undisturbed():
        frames = [encode_frame(bytes([number % 256]) * number) for number in range(300)]
        assert encode_frame(b"\x00some report\x00") == outside
        decoder = FrameDecoder()
        assert decoder.feed(b"".join(frames)) == [bytes([n % 256]) * n for n in range(300)]
        decoder.feed(outside[:3] + b"X" + outside[4:])
        assert decoder.dropped[FrameFault.CRC] == 1
        inside = cobs.decode
    assert cobs.decode is not inside
