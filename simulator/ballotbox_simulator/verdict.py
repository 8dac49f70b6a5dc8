"""The verdict over an election day: what was fed is what was counted, receipted, stored, tabulated.

Each number comes from another witness: the auditor who held the sheets, the boxes, the receipts in
the boxes' hands, the centre's exported log, and the published page.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import ReportKind, decode_report
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.crew import Crew
from ballotbox_simulator.workload import ContestTruth, Truth, add_truths
from ballotbox_tabulation.core.evidence import VerifiedLeaf
from ballotbox_tabulation.core.faults import Fault
from ballotbox_tabulation.core.log import OpenedLog, read_leaves


@dataclass(slots=True)
class Conclusion:
    """The five numbers, the refusals by reason, and everything that spoils a PASS."""

    fed: int
    counted: int
    receipted: int
    stored: int
    tabulated: int
    refusals: Counter[str] = field(default_factory=Counter)
    objections: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Tell whether all five agree and nothing is unexplained."""
        numbers = {self.fed, self.counted, self.receipted, self.stored, self.tabulated}
        return len(numbers) == 1 and not self.objections

    def line(self) -> str:
        """Return the one line that ends a rehearsal."""
        chain = (
            f"sheets fed {self.fed} = counted {self.counted} = receipted {self.receipted}"
            f" = stored {self.stored} = tabulated {self.tabulated}"
        )
        refusals = ", ".join(f"{name} {count}" for name, count in sorted(self.refusals.items()))
        if self.passed:
            return f"VERDICT: PASS {chain}; refused: {refusals or 'nothing'}"
        numbers = chain.replace(" = ", ", ")
        return f"VERDICT: FAIL {'; '.join(self.objections) or 'the numbers differ'} ({numbers})"


def receipted_sheets(crews: Sequence[Crew], origin: str) -> int:
    """Return the accepted sheets of the finals for which a box holds an acceptance of `origin`."""
    total = 0
    for crew in crews:
        outgoing = crew.device.outgoing
        for made in crew.made:
            answer = outgoing.answer_of(origin_id(origin), made.sequence)
            if made.kind is ReportKind.FINAL and answer == Verdict.ACCEPTED:
                total += decode_report(cose.parse(made.data).payload).counters.accepted
    return total


def stored_sheets(log: OpenedLog) -> tuple[int, list[str]]:
    """Return the accepted sheets of the accepted finals in an exported log, and its faults."""
    total, faults = 0, []
    for leaf in read_leaves(log):
        if isinstance(leaf, Fault):
            faults.append(str(leaf))
        elif not isinstance(leaf, VerifiedLeaf):
            continue
        elif leaf.leaf.verdict is Verdict.ACCEPTED and leaf.report.kind is ReportKind.FINAL:
            total += leaf.report.counters.accepted
    return total, faults


def vote_objections(
    truths: Sequence[Truth], layout: Layout, result: Mapping[str, Any]
) -> list[str]:
    """Return where the published votes of the nation differ from the marks that were fed."""
    truth = add_truths(truths)
    objections = []
    for index, span in enumerate(layout.spans):
        published = result["nation"]["contests"][index]
        fed = truth.contests.get(index, ContestTruth())
        expected = {
            "ballots": fed.ballots,
            "blank": fed.blank,
            "overvotes": fed.overvoted * span.contest.votes_allowed,
        }
        expected |= {
            option.name: fed.marks[place] for place, option in enumerate(span.contest.options)
        }
        found = {name: published[name] for name in ("ballots", "blank", "overvotes")}
        found |= {option["name"]: option["votes"] for option in published["options"]}
        objections += [
            f"{span.contest.name}: {name} {found[name]} published, {value} fed"
            for name, value in expected.items()
            if found[name] != value
        ]
    return objections
