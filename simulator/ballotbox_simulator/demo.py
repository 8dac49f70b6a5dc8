"""`ballotbox-sim demo`: a compressed election day and, when asked, a small night of 2021."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_simulator.election_day import (
    CENTRE,
    PRECINCT,
    Day,
    DayPlan,
    Mischief,
    Progress,
    hold,
)
from ballotbox_simulator.night.audit import evening_objections, final_objections
from ballotbox_simulator.night.held import HeldNight
from ballotbox_simulator.night.hold import hold_evening, hold_late
from ballotbox_simulator.night.parts import NightPlan
from ballotbox_simulator.publishing import PublishedPage, tabulate_log
from ballotbox_simulator.verdict import (
    Conclusion,
    receipted_sheets,
    stored_sheets,
    vote_objections,
)
from ballotbox_tabulation.core.faults import Fault
from ballotbox_tabulation.core.log import open_log
from ballotbox_tabulation.log_directory import directory_reader

#: Reasons of leaves that accept a report, and of those that only wait for an earlier one.
_ACCEPTED: Final = ("IN_ORDER", "GAP_CLOSED")
_HELD: Final = frozenset({"GAP_BEFORE"})
#: The folder of the night that the demo ends on.
NIGHT: Final = "night"


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The verdict, the page, and what the broker was."""

    conclusion: Conclusion
    page: Path | None
    broker: str
    demonstration_only: bool
    boxes: int


def run_demo(plan: DayPlan, progress: Progress) -> DemoResult:
    """Hold the day and audit it; raises what `hold` raises."""
    return asyncio.run(_run(plan, progress))


def publish_night(plan: DayPlan, progress: Progress, conclusion: Conclusion) -> HeldNight:
    """Hold a small night of 2021 beside the day; what is wrong with it is wrong with the demo."""
    held = hold_evening(NightPlan(plan.out / NIGHT, plan.seed, small=True), progress)
    hold_late(held, progress)
    conclusion.objections += [*evening_objections(held), *final_objections(held)]
    return held


async def _run(plan: DayPlan, progress: Progress) -> DemoResult:
    async with AsyncExitStack() as stack:
        day = await hold(plan, progress, stack)
        progress("Exporting the centre's log", 0.9)
        log = plan.out / "log"
        day.centre.command("log", "export", str(log))
        progress("Tabulating", 0.93)
        published = tabulate_log(log, day.authority, plan.out / "results")
        conclusion = _audit(day, log, published)
        progress("Done", 1.0)
        program = day.broker.program
        page = published.page if isinstance(published, PublishedPage) else None
        return DemoResult(
            conclusion, page, program.name, program.demonstration_only, len(day.boxes)
        )


def _audit(day: Day, log: Path, published: PublishedPage | str) -> Conclusion:
    crews = day.crews
    trusted = day.authority.trusted
    opened = open_log(directory_reader(log), trusted)
    stored, faults = (0, [str(opened)]) if isinstance(opened, Fault) else stored_sheets(opened)
    conclusion = Conclusion(
        fed=sum(crew.truth.taken for crew in crews),
        counted=sum(crew.device.counters.accepted for crew in crews),
        receipted=receipted_sheets(crews, PRECINCT),
        stored=stored,
        tabulated=0,
        objections=faults,
    )
    if isinstance(published, PublishedPage):
        conclusion.tabulated = published.result["nation"]["counters"]["accepted"]
        truths = [crew.truth for crew in crews]
        layout = Layout.of(trusted.election)
        conclusion.objections += vote_objections(truths, layout, published.result)
    else:
        conclusion.objections.append(published)
    _audit_counters(day, conclusion)
    _audit_refusals(day, conclusion)
    return conclusion


def _audit_counters(day: Day, conclusion: Conclusion) -> None:
    """Hold the boxes' other counters against the sheets that were fed and given back."""
    for crew in day.crews:
        counters, truth = crew.device.counters, crew.truth
        shown = (counters.presented, counters.returned, counters.portable, counters.ballots)
        if shown != (truth.fed, truth.given_back, truth.portable, truth.first_sheets):
            conclusion.objections.append(f"counters of box {crew.device.outgoing.box.hex()}")


def _audit_refusals(day: Day, conclusion: Conclusion) -> None:
    statuses = {day.precinct.origin: day.precinct.status(), CENTRE: day.centre.status()}
    sent = sum(len(crew.made) for crew in day.crews)
    for origin, status in statuses.items():
        leaves = Counter(status["counts"]["leaves"])
        # A report that came before its predecessor has two leaves: held, then accepted.
        accepted = sum(leaves.pop(reason, 0) for reason in _ACCEPTED)
        unexplained = leaves.keys() - _HELD
        if accepted != sent or unexplained:
            conclusion.objections.append(
                f"{origin} accepted {accepted} of {sent} reports, other leaves {dict(leaves)}"
            )
    conclusion.refusals = _refusals(statuses[PRECINCT])
    if not _explained(conclusion.refusals, day.mischief):
        conclusion.objections.append(
            f"refusals {dict(conclusion.refusals)}, but {day.mischief.forged} signature was broken"
        )
    for report, receipts in day.mischief.receipts.items():
        if _contradict(receipts):
            conclusion.objections.append(f"different receipts for one report {report.hex()}")


def _contradict(receipts: list[bytes]) -> bool:
    """Tell whether one decision was receipted in two ways; a new decision has a new receipt."""
    distinct = set(receipts)
    decisions = {
        receipt.index
        for data in distinct
        if isinstance(receipt := Receipt.from_bytes(data), Receipt)
    }
    return not receipts or len(decisions) != len(distinct)


def _explained(refusals: Counter[str], mischief: Mischief) -> bool:
    """Tell whether the broken signatures that were sent explain every refusal.

    What a killed gateway had recorded but not acknowledged, the broker delivers once more.
    """
    most = mischief.forged * (1 + mischief.killed)
    return set(refusals) == {"SIGNATURE"} and mischief.forged <= refusals["SIGNATURE"] <= most


def _refusals(status: dict[str, Any]) -> Counter[str]:
    counts = status["counts"]
    return Counter(counts["refused"]) + Counter(counts["unauthentic"])
