"""`ballotbox-sim rehearse`: an election night held against real parts, ending in go or no-go."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ballotbox_simulator.cli.screen import PATH, in_words, unusable

if TYPE_CHECKING:
    from ballotbox_simulator.rehearse.core.document import RehearsalResult

_INTERRUPTED, _REASONS_SHOWN = 4, 12


@click.command()
@click.argument("plan")
@click.option("--out", type=PATH, default="rehearsal-out", show_default=True, help="Results.")
@click.option(
    "--documents",
    type=PATH,
    metavar="DIR",
    help="Only write what an office's gateways need for this plan into DIR.",
)
def rehearse(plan: str, out: Path, documents: Path | None) -> None:
    """Hold the election night of PLAN: a name, or a file that ends with .toml.

    Built in: quick, ordinary-day, broker-killed, gateway-killed, upstream-out; over PostgreSQL
    one-of-two-killed, database-restarted.

    Exit codes: 0 GO, 1 NO-GO, 2 the plan cannot be used, 3 INVALID: the run says nothing, because
    the tester was its limit or nobody saw the log, 4 it was interrupted.
    """
    from ballotbox_simulator.live.broker import BrokerUnavailable
    from ballotbox_simulator.rehearse.interruption import Interrupted
    from ballotbox_simulator.rehearse.live_view import live_view
    from ballotbox_simulator.rehearse.plan_file import load_plan
    from ballotbox_simulator.rehearse.rehearsal import rehearse as hold
    from ballotbox_simulator.rehearse.rehearsal import write_documents
    from ballotbox_simulator.results_directory import make_room

    with in_words(f"--out {out}"):
        chosen = load_plan(plan)
        if documents is not None:
            for path in write_documents(chosen, documents):
                click.echo(path)
            return
        out = out.resolve()
        make_room(out)
        try:
            with live_view() as watch:
                result = hold(chosen, out, watch)
        except BrokerUnavailable as error:
            unusable(str(error), command="rehearse")
        except (Interrupted, KeyboardInterrupt):
            # The terminal itself may be what is gone.
            with suppress(OSError):
                click.echo("INTERRUPTED: there is no verdict, and nothing is left running")
            sys.exit(_INTERRUPTED)
    _tell(result, out)
    sys.exit(result.verdict.exit_code)


def _tell(result: "RehearsalResult", out: Path) -> None:
    ledger, rates = result.ledger, result.rates
    stored = "not seen" if ledger.stored is None else f"{ledger.stored:,}"
    click.echo(
        f"Reports: sent {ledger.sent:,}, receipted {ledger.receipted:,}, stored {stored}; "
        f"missing {len(ledger.missing)}, doubled {len(ledger.doubled)}."
    )
    of = {each.name: each.percentiles for each in result.latencies}
    finals, whole = of["finals"], of["receipt"]
    click.echo(
        f"Receipts: {rates.receipts_per_s_sustained:,.0f} a second sustained; since the close half "
        f"within {finals.p50_ms:,.0f} ms, 99 % within {finals.p99_ms:,.0f} ms (of the whole night "
        f"{whole.p99_ms:,.0f} ms)."
    )
    for each in result.objectives:
        click.echo(f"{'met   ' if each.met else 'MISSED'} {each}")
    click.echo(result.bottleneck.words)
    click.echo(result.tester.words)
    for note in result.verdict.notes:
        click.echo(f"Note: {note}")
    click.echo(f"Report: {out / 'rehearsal.html'}; everything: {out / 'rehearsal.json'}")
    click.echo(_line(result))


def _line(result: "RehearsalResult") -> str:
    verdict = result.verdict
    if not verdict.reasons:
        return f"VERDICT: {verdict.outcome} {result.election.boxes:,} boxes, {result.title}"
    hidden = len(verdict.reasons) - _REASONS_SHOWN
    more = [f"and {hidden} more reasons"] if hidden > 0 else []
    return f"VERDICT: {verdict.outcome} " + "; ".join((*verdict.reasons[:_REASONS_SHOWN], *more))
