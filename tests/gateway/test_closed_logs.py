"""Is what a closed log set aside judged by the log in its place, in whatever order they come?"""

import pytest

from ballotbox_gateway.core import below
from ballotbox_gateway.core.upward import UpwardReply
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import Plan, make_authority
from tests.gateway.below import Levels, LowerLog
from tests.gateway.replacements import ENTRIES, begun, entry, verdict_above
from tests.gateway.scripted import CENTRE, ORIGIN, OTHER, counted, report_id
from tests.gateway.test_replay import again, known


@pytest.mark.parametrize("kind", ENTRIES)
@pytest.mark.parametrize(
    ("closed", "since", "above"),
    [
        (Verdict.QUARANTINED, Verdict.ACCEPTED, Verdict.ACCEPTED),
        (Verdict.QUARANTINED, Verdict.QUARANTINED, Verdict.QUARANTINED),
        (Verdict.EVIDENCE, Verdict.ACCEPTED, Verdict.EVIDENCE),
    ],
)
def test_what_a_closed_log_set_aside_is_judged_by_the_log_in_its_place(
    kind: str, closed: Verdict, since: Verdict, above: Verdict
) -> None:
    """What made it change its mind was lost with it; evidence is evidence wherever it was seen."""
    levels = Levels()
    what = ENTRIES[kind](levels)
    old, new = LowerLog(levels.given, ORIGIN), LowerLog(levels.given, OTHER)
    batches = (
        old.batch(entry(what, closed)),
        new.batch(begun(levels.given)),
        new.batch(entry(what, since)),
    )
    assert all(isinstance(levels.take(batch), UpwardReply) for batch in batches)
    row = levels.centre.ledger.report(report_id(what) if isinstance(what, bytes) else what.id)
    assert row is not None
    assert row.verdict is above
    assert known(again(levels.given, levels.centre.ledger, CENTRE)) == known(levels.centre.ledger)


def test_another_log_says_nothing_for_one_that_is_closed() -> None:
    levels = Levels()
    what = counted(levels.given)
    for log in (LowerLog(levels.given, ORIGIN), LowerLog(levels.given, OTHER)):
        verdict = Verdict.QUARANTINED if log.origin == ORIGIN else Verdict.ACCEPTED
        assert isinstance(levels.take(log.batch(entry(what, verdict))), UpwardReply)
    row = levels.centre.ledger.report(what.id)
    assert row is not None
    assert (row.verdict, row.reason) == (Verdict.QUARANTINED, Reason.QUARANTINED_BELOW)


def test_a_log_stands_in_the_place_of_all_that_were_closed_before_it() -> None:
    third = "rehearsal.example/third"
    levels = Levels(make_authority(Plan(seed=1, boxes=4, origins=(ORIGIN, OTHER, third, CENTRE))))
    what = counted(levels.given)
    batches = (
        LowerLog(levels.given, ORIGIN).batch(entry(what, Verdict.QUARANTINED)),
        LowerLog(levels.given, OTHER).batch(begun(levels.given)),
        LowerLog(levels.given, third).batch(
            begun(levels.given, replaced=OTHER, origin=third), entry(what, Verdict.ACCEPTED)
        ),
    )
    assert all(isinstance(levels.take(batch), UpwardReply) for batch in batches)
    row = levels.centre.ledger.report(what.id)
    assert row is not None
    assert row.verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("kind", ENTRIES)
@pytest.mark.parametrize(
    ("late", "since", "above"),
    [
        (Verdict.QUARANTINED, Verdict.ACCEPTED, Verdict.ACCEPTED),
        (Verdict.QUARANTINED, Verdict.QUARANTINED, Verdict.QUARANTINED),
        (Verdict.EVIDENCE, Verdict.ACCEPTED, Verdict.EVIDENCE),
    ],
)
def test_what_a_closed_log_set_aside_may_be_heard_after_the_log_in_its_place(
    kind: str, late: Verdict, since: Verdict, above: Verdict
) -> None:
    """A stretch may be on its way for long, and the machine it came from be gone meanwhile."""
    levels = Levels()
    what = ENTRIES[kind](levels)
    old, new = LowerLog(levels.given, ORIGIN), LowerLog(levels.given, OTHER)
    batches = (
        new.batch(begun(levels.given), entry(what, since)),
        old.batch(entry(what, late)),
    )
    assert all(isinstance(levels.take(batch), UpwardReply) for batch in batches)
    assert verdict_above(levels, what) is above
    assert known(again(levels.given, levels.centre.ledger, CENTRE)) == known(levels.centre.ledger)


def test_without_that_it_would_be_set_aside_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: in a simulated day nothing is on its way for longer than another log takes."""
    monkeypatch.setattr(below, "_is_judged_since", lambda _kept, _word: False)
    with pytest.raises(AssertionError):
        test_what_a_closed_log_set_aside_may_be_heard_after_the_log_in_its_place(
            "report", Verdict.QUARANTINED, Verdict.ACCEPTED, Verdict.ACCEPTED
        )


def test_a_closed_log_is_heard_on_what_the_log_in_its_place_has_not_judged() -> None:
    levels = Levels()
    what, other = counted(levels.given), levels.box.report(ReportKind.BOOT)
    assert isinstance(
        levels.take(
            LowerLog(levels.given, OTHER).batch(begun(levels.given), entry(other, Verdict.ACCEPTED))
        ),
        UpwardReply,
    )
    late = LowerLog(levels.given, ORIGIN).batch(entry(what, Verdict.QUARANTINED))
    assert isinstance(levels.take(late), UpwardReply)
    assert verdict_above(levels, what) is Verdict.QUARANTINED


def test_logs_that_stand_for_each_other_do_not_hang_the_gateway() -> None:
    """Officers may sign nonsense; nothing of it is a reason to stop."""
    levels = Levels()
    what = counted(levels.given)
    turned = begun(levels.given, replaced=OTHER, origin=ORIGIN)
    batch = LowerLog(levels.given, OTHER).batch(
        begun(levels.given), turned, entry(what, Verdict.ACCEPTED)
    )
    assert isinstance(levels.take(batch), UpwardReply)
    assert verdict_above(levels, what) is Verdict.ACCEPTED
