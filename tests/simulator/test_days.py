"""Is nothing lost or doubled on two hundred days full of faults, and on one nobody has seen?"""

import secrets

import pytest

from ballotbox_simulator.world.run import run_day
from ballotbox_simulator.world.swarm import swarm_day

DAYS, CHUNK = 200, 10
FRESH_FROM, FRESH_BELOW = 1_000_000, 1 << 32


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


def test_a_day_that_nobody_has_seen_passes(record_property):
    seed = FRESH_FROM + secrets.randbelow(FRESH_BELOW)
    record_property("fresh day", f"ballotbox-sim run --scenario swarm --seed {seed}")
    failed = list(_objections([seed]))
    assert not failed, "\n".join(failed)
