"""The planner held against rehearsals that were measured: what it says, what came, the error."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ballotbox_simulator.rehearse.core.capacity import Night, answered_s, shared_capacity_per_s
from ballotbox_simulator.rehearse.core.costs_between import costs_at
from ballotbox_simulator.rehearse.core.document import RehearsalResult
from ballotbox_simulator.rehearse.core.unit_costs import UnitCosts, unit_costs

_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Checked:
    """One figure of one rehearsal: `said` by the planner, `came` when it was measured."""

    boxes: int
    name: str
    unit: str
    said: float
    came: float

    @property
    def error(self) -> float:
        """By which part of what came the planner was too high, below 0 too low."""
        return self.said / self.came - 1.0 if self.came else 0.0


def checked(result: RehearsalResult, measured: Sequence[UnitCosts]) -> tuple[Checked, ...]:
    """Return what costs measured in other rehearsals foretell of this one, and what came.

    How many reports each box makes is the plan's own and taken from the result; so are the seconds
    that it lasted, for what parts use while idle.
    """
    own = unit_costs(result)
    costs = costs_at(measured, own.boxes, own.peak_per_s)
    told = replace(costs, day_reports=own.day_reports, burst_reports=own.burst_reports)
    boxes = result.election.boxes
    burst = result.plan["burst"]
    night = Night(boxes, float(burst["spread"]), tuple(burst["shape"]), 1e9, boxes)
    found = []
    if result.rates.receipted_99_s is not None:
        said = answered_s(night, told, shared_capacity_per_s(costs))
        came = result.rates.receipted_99_s
        found.append(Checked(boxes, "99 % answered after the close", "s", said, came))
    for kind in ("gateway", "broker", "database"):
        part = costs.of(kind)
        used = [each for each in result.series.parts if each.kind == kind]
        if part is not None and used:
            work = result.ledger.sent * part.us_per_report / _MICRO
            said = work + part.idle_cores * len(used) * result.moments.ended
            came = sum(each.cpu_s for each in used)
            found.append(Checked(boxes, f"processor time of the {kind}", "s", said, came))
    return tuple(found)
