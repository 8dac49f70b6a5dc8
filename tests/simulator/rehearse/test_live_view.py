"""Does somebody who watches see what is going on, and what is worth a word?"""

from click.testing import CliRunner

from ballotbox_simulator.cli import main
from ballotbox_simulator.rehearse.core.timeline import Timeline
from ballotbox_simulator.rehearse.live_view import Glance, live_view
from ballotbox_simulator.rehearse.plan_file import plan_names

CALM = Glance("Voting", 1_000, 20_000, 5_000, 4_990, 0, 200.0, 35.0, 4.0)


def test_a_line_has_the_numbers() -> None:
    assert CALM.line() == (
        "Voting: 1,000 connected, 20,000 sheets, 5,000 reports, 4,990 receipts, 200/s, p99 35 ms"
    )


def test_what_is_worth_a_word_gets_one() -> None:
    bad = Glance("Closing", 1_000, 20_000, 9_000, 4_000, 7, 200.0, 35.0, 1_500.0)

    assert list(CALM.alarms()) == []
    assert list(bad.alarms()) == [
        "7 reports refused",
        "4,993 reports wait",
        "the tester is 1,500 ms late",
    ]


def test_without_a_terminal_each_stage_is_one_plain_line(capfd) -> None:
    timeline = Timeline()
    with live_view() as watch:
        for stage in ("Making the election", "Making the election", "Voting"):
            watch(stage, timeline)

    assert capfd.readouterr().err.splitlines() == ["Making the election", "Voting"]


def test_the_help_names_every_plan_and_exit_code() -> None:
    told = " ".join(CliRunner().invoke(main, ["rehearse", "--help"]).output.split())

    assert all(name in told for name in plan_names())
    assert "0 GO, 1 NO-GO, 2 the plan cannot be used, 3 INVALID" in told
