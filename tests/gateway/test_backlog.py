"""Is what waits for the gateway above told as it is, and as unknown where nothing was measured?"""

import pytest

from ballotbox_gateway.cli.status import _lines
from ballotbox_gateway.core.backlog import Backlog, DrainRate, backlog
from ballotbox_gateway.service.times import span
from ballotbox_protocol.wire.report import ReportKind
from tests.gateway.below import Levels
from tests.gateway.scripted import CENTRE, NOW


@pytest.fixture
def levels():
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    return levels


def test_what_waits_its_age_and_the_time_to_drain(levels):
    ledger = levels.lower.ledger
    told = backlog(ledger, CENTRE, NOW + 3601, 2.0)
    assert told == Backlog(waiting=7, oldest_s=3600, drain_s=4)
    assert told.to_json() == {"waiting": 7, "oldest_s": 3600, "drain_s": 4}
    batch = levels.lower.intake.next_upward(CENTRE, 3)
    levels.lower.intake.upward_receipted(batch, levels.take(batch), CENTRE, NOW)
    assert backlog(ledger, CENTRE, NOW + 3601, 2.0).waiting == 4
    levels.carry(levels.lower)
    assert backlog(ledger, CENTRE, NOW + 3601, 2.0) == Backlog(0, None, 0)


def test_the_age_is_that_of_the_oldest_leaf_that_waits_and_never_below_nothing(levels):
    levels.carry(levels.lower)
    levels.lower.now = NOW + 1_000
    levels.lower.admit(levels.box.report(ReportKind.INCIDENT))
    levels.lower.now = NOW + 1_030
    levels.lower.admit(levels.box.report(ReportKind.INCIDENT))
    assert backlog(levels.lower.ledger, CENTRE, NOW + 1_061, None).oldest_s == 60
    assert backlog(levels.lower.ledger, CENTRE, NOW, None).oldest_s == 0


def test_without_a_measured_rate_the_time_to_drain_is_unknown(levels):
    rate = DrainRate()
    assert rate.per_s is None
    assert backlog(levels.lower.ledger, CENTRE, NOW, rate.per_s).drain_s is None


def test_the_rate_is_that_of_the_last_batches():
    rate = DrainRate()
    rate.receipted(100, 0.0)
    assert rate.per_s is None
    for _ in range(20):
        rate.receipted(512, 4.0)
    assert rate.per_s == 128.0
    for _ in range(16):
        rate.receipted(512, 512.0)
    assert rate.per_s == 1.0


STATE = {
    "origin": "a",
    "election": "e",
    "register_version": 1,
    "mode": "official",
    "log": {"size": 0, "root": ""},
    "boxes": {
        "expected": 0, "silent": 0, "by_state": {}, "with_final": 0, "waiting": [],
        "disputed": [], "over_registered": [],
    },
    "convicted_by": [],
    "counts": {},
}  # fmt: skip


@pytest.mark.parametrize(
    ("upstream", "line"),
    [
        (
            {"drain_s": None, "leaves_per_s": None, "trouble": "nobody there"},
            (
                "the oldest for 2 h 5 min, "
                "time to drain unknown: nothing was receipted since the start"
            ),
        ),
        (
            {"drain_s": 75, "leaves_per_s": 12.34, "trouble": ""},
            "the oldest for 2 h 5 min, about 1 min 15 s to drain, at 12.3 leaves a second",
        ),
        (
            {"drain_s": 5, "leaves_per_s": 180.2, "trouble": "nobody there"},
            "the oldest for 2 h 5 min, about 5 s to drain once it answers, at 180 leaves a second",
        ),
    ],
)
def test_status_tells_it(upstream, line, repository):
    waits = {"origin": CENTRE, "waiting": 900, "oldest_s": 7_530} | upstream
    lines = list(_lines(STATE | {"upstream": waits}))
    assert lines[-1].strip() == line
    if upstream["drain_s"] != 75:
        assert line in (repository / "gateway" / "OPERATING.md").read_text("utf-8")
    assert lines[-2].startswith(f"upward    900 leaves wait for {CENTRE}")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3_600, "1 h 0 min")]
)
def test_spans(seconds, words):
    assert span(seconds) == words
