"""The witnesses of a rehearsal heard one by one: journals and receipts, the log, the result."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.publishing import PublishedPage, tabulate_log
from ballotbox_simulator.rehearse.core.document import SheetCount
from ballotbox_simulator.rehearse.core.ledger_check import Witnesses
from ballotbox_simulator.rehearse.witness_file import read_made, truth_from
from ballotbox_simulator.verdict import vote_objections
from ballotbox_simulator.workload import Truth, add_truths
from ballotbox_tabulation.core.evidence import VerifiedLeaf
from ballotbox_tabulation.core.faults import Fault
from ballotbox_tabulation.core.log import open_log, read_leaves
from ballotbox_tabulation.log_directory import directory_reader


@dataclass(slots=True)
class StoredLog:
    """What an exported log holds: accepted reports, their sheets, and what is wrong with it.

    reports: leaves of reports, whatever was decided.
    """

    accepted: Counter[bytes] = field(default_factory=Counter)
    sheets: int = 0
    reports: int = 0
    faults: list[str] = field(default_factory=list)


def stored_log(log: Path, authority: Authority) -> StoredLog:
    """Return what an exported log holds, verified down from the register's keys."""
    stored = StoredLog()
    opened = open_log(directory_reader(log), authority.trusted)
    if isinstance(opened, Fault):
        stored.faults.append(str(opened))
        return stored
    others: dict[Verdict, set[bytes]] = {}
    for each in read_leaves(opened):
        if isinstance(each, Fault):
            stored.faults.append(str(each))
        elif isinstance(each, VerifiedLeaf):
            _add_leaf(stored, others, each)
    # What was held until its gap closed is in order; what is held in the end is not.
    others[Verdict.HELD] = others.get(Verdict.HELD, set()) - stored.accepted.keys()
    for verdict, reports in others.items():
        if reports:
            told = f"decided {verdict.name.lower()} about {len(reports)} reports"
            stored.faults.append(f"the gateway {told}, the first {min(reports).hex()}")
    return stored


def _add_leaf(stored: StoredLog, others: dict[Verdict, set[bytes]], each: VerifiedLeaf) -> None:
    name = bytes(each.report.id)
    stored.reports += 1
    if each.leaf.verdict is not Verdict.ACCEPTED:
        others.setdefault(Verdict(each.leaf.verdict), set()).add(name)
        return
    stored.accepted[name] += 1
    if each.report.kind is ReportKind.FINAL:
        stored.sheets += each.report.counters.accepted


@dataclass(slots=True)
class Tabulated:
    """What the published result counts, or in words why there is none."""

    finals: Counter[bytes] = field(default_factory=Counter)
    sheets: int = 0
    objections: list[str] = field(default_factory=list)
    refused: str = ""


def tabulated(log: Path, authority: Authority, out: Path, truths: Sequence[Truth]) -> Tabulated:
    """Tabulate an exported log into `out`, and hold the votes against what was fed."""
    found = Tabulated()
    published = tabulate_log(log, authority, out)
    if not isinstance(published, PublishedPage):
        found.refused = published
        return found
    result = published.result
    for box in result["boxes"]["counted"]:
        for count in box["counts"]:
            found.finals[bytes.fromhex(count["report"])] += 1
    if result["nation"]["counters"] is None:
        found.objections.append("the result names no votes: nothing is counted, or it is withheld")
        return found
    found.sheets = result["nation"]["counters"]["accepted"]
    layout = Layout.of(authority.trusted.election)
    found.objections += vote_objections(truths, layout, result)
    return found


def heard(
    files: Iterable[Path],
    ended: Sequence[dict[str, Any]],
    stored: StoredLog | None,
    result: Tabulated | None,
) -> Witnesses:
    """Return what all witnesses said.

    ended: what each process of the tester told in the end. None: nobody saw the log.
    """
    strangers = [*(stored.faults if stored else ()), *(result.objections if result else ())]
    if result is not None and result.refused:
        strangers.append(f"no result may be published: {result.refused}")
    truth = add_truths([truth_from(dict(each["truth"])) for each in ended])
    published = result is not None and not result.refused
    sheets = SheetCount(
        fed=truth.taken,
        counted=sum(each["counted"] for each in ended),
        receipted=sum(each["receipted_sheets"] for each in ended),
        stored=stored.sheets if stored else None,
        tabulated=result.sheets if result is not None and published else None,
    )
    return Witnesses(
        made=tuple(chain.from_iterable(read_made(file) for file in files if file.exists())),
        stored=stored.accepted if stored else None,
        tabulated=result.finals if result is not None and published else None,
        sheets=sheets,
        strangers=tuple(strangers),
    )
