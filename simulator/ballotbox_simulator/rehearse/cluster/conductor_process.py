"""Conducts a rehearsal whose boxes are elsewhere: PLAN, OUT and how many shards there are.

Run as `python -m ballotbox_simulator.rehearse.cluster.conductor_process`; its exit code is that of
`ballotbox-sim rehearse`.
"""

import sys
from pathlib import Path
from typing import Final, NoReturn

import click

from ballotbox_simulator.cli.screen import FAILED, in_words, unusable
from ballotbox_simulator.live.broker import BrokerUnavailable
from ballotbox_simulator.rehearse.cluster.relayed_team import RelayedTeam
from ballotbox_simulator.rehearse.core.timeline import Timeline
from ballotbox_simulator.rehearse.plan_file import Plan, load_plan
from ballotbox_simulator.rehearse.rehearsal import rehearse
from ballotbox_simulator.rehearse.target import TargetFailed
from ballotbox_simulator.rehearse.team import TesterFailed
from ballotbox_simulator.results_directory import make_room

_INVALID: Final = 3
_SHOWN: Final = 12


def in_shards(plan: Plan, shards: int) -> Plan:
    """Return the plan with its boxes in so many shards."""
    tester = plan.tester.model_copy(update={"workers": shards})
    return plan.model_copy(update={"tester": tester})


def main(name: str, out: Path, shards: int) -> None:
    """Hold the rehearsal, tell its verdict, and exit with its code."""
    with in_words(f"--out {out}"):
        plan = in_shards(load_plan(name), shards)
        make_room(out)
        try:
            result = rehearse(plan, out, Stages(), RelayedTeam)
        except BrokerUnavailable as error:
            unusable(str(error), command="rehearse")
        except TargetFailed as error:
            _end(f"NO-GO {error}", FAILED)
        except TesterFailed as error:
            _end(f"INVALID the tester failed: {error}", _INVALID)
    click.echo(f"Report: {out / 'rehearsal.html'}", err=True)
    verdict = result.verdict
    _end(f"{verdict.outcome} {'; '.join(verdict.reasons[:_SHOWN])}".strip(), verdict.exit_code)


def _end(verdict: str, code: int) -> NoReturn:
    click.echo(f"VERDICT: {verdict}", err=True)
    sys.exit(code)


class Stages:
    """Says each stage once, on standard error: standard output belongs to the team."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, stage: str, _timeline: Timeline) -> None:
        """Say a stage."""
        if stage != self._last:
            click.echo(stage, err=True)
            self._last = stage


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve(), int(sys.argv[3]))
