"""`ballotbox-sim rehearse`: a plan held, its witnesses heard, its result written."""

from collections.abc import Callable
from pathlib import Path

from ballotbox_simulator.rehearse.assembly import assembled
from ballotbox_simulator.rehearse.conductor import Findings, Watcher, conduct, fleet_of
from ballotbox_simulator.rehearse.core.document import RehearsalResult
from ballotbox_simulator.rehearse.core.ledger_check import Witnesses
from ballotbox_simulator.rehearse.interruption import run_until_told
from ballotbox_simulator.rehearse.junit import write_junit
from ballotbox_simulator.rehearse.plan_file import Plan
from ballotbox_simulator.rehearse.report.page import write_report
from ballotbox_simulator.rehearse.result_file import write_result
from ballotbox_simulator.rehearse.team import Heard, Team
from ballotbox_simulator.rehearse.witness_file import truth_from
from ballotbox_simulator.rehearse.witnesses import heard, stored_log, tabulated


def rehearse(
    plan: Plan, out: Path, watch: Watcher, team_of: Callable[[Heard], Team] = Team
) -> RehearsalResult:
    """Hold a rehearsal in an empty folder and write its result there.

    Raises Problem or BrokerUnavailable when it cannot begin, Interrupted when told to end.
    """
    findings = run_until_told(conduct(plan, out, watch, team_of))
    result = assembled(findings, hear(findings, out, watch))
    write_result(out, result)
    write_junit(out, result)
    watch("Drawing the report", findings.timeline)
    write_report(out, result)
    return result


def hear(findings: Findings, out: Path, watch: Watcher) -> Witnesses:
    """Return what journals, receipts, log and result say."""
    authority, log = findings.fleet.authority, findings.logged
    stored = result = None
    if log is not None:
        watch("Reading the log", findings.timeline)
        stored = stored_log(log, authority)
        watch("Tabulating", findings.timeline)
        truths = [truth_from(dict(said["truth"])) for said in findings.last_words]
        result = tabulated(log, authority, out / "results", truths)
    witnesses = heard(findings.made_files, findings.last_words, stored, result)
    for file in findings.made_files:
        file.unlink(missing_ok=True)
    return witnesses


def write_documents(plan: Plan, folder: Path) -> list[Path]:
    """Write what an office's gateways need to take part: the election, and keys of its logs.

    Raises Problem, or OSError when the folder exists or cannot be made.
    """
    from ballotbox_gateway.adapters.key_files import write_key

    authority = fleet_of(plan).authority
    folder.mkdir(parents=True)
    authority.write(folder)
    (folder / "root.txt").write_text(f"{authority.root}\n")
    for number, key in enumerate(authority.gateway_keys.values(), 1):
        write_key(folder / f"gateway-{number}.key", key, None)
    return sorted(folder.iterdir())
