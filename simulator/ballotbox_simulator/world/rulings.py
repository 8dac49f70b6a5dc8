"""Officers' rulings after the day: for boxes of which two voices were heard they name the true one.

They have the box beside them: what stands in its memory it has signed, everything else it has not.
"""

from dataclasses import replace
from typing import Final

from ballotbox_gateway.core.intake import RulingResult
from ballotbox_gateway.core.ports import LedgerFailure, StoredReport
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.statements import Ruling, RulingKind
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.world import PrecinctNodes, World

#: Boxes with these may be settled by naming: their own memory is whole.
NAMABLE: Final = frozenset({FaultKind.STOLEN_KEY, FaultKind.BOX_CLONED})
_ROUNDS: Final = 40


def rule_on_boxes(world: World) -> None:
    """Name the true report of every dispute of a box whose own memory is whole."""
    for precinct in world.precincts:
        for box in precinct.boxes:
            struck = world.auditor.blows.at.get(box.name, set())
            if struck & NAMABLE and box.device is not None:
                _settle_disputes(world, precinct, box)


def _settle_disputes(world: World, precinct: PrecinctNodes, box: BoxNode) -> None:
    """Rule until nothing of the box's own words is set aside; one ruling may open the next case."""
    for _ in range(_ROUNDS):
        case = _next_case(precinct, box)
        if case is None or not _rule(world, precinct, *case):
            return


def _next_case(precinct: PrecinctNodes, box: BoxNode) -> tuple[RulingKind, StoredReport] | None:
    """Return the first own report of the box that does not count, and what would help it."""
    device = box.device
    rows = precinct.gateway.ledger.reports_of(box.kit.identity.box, 0, None)
    for row in rows:
        if device is None or device.outgoing.sequence_of(row.id) is None:
            continue
        if row.own_verdict is Verdict.EVIDENCE:
            return RulingKind.NAME, row
        if row.own_verdict is Verdict.QUARANTINED:
            return RulingKind.RELEASE, row
    return None


def _rule(world: World, precinct: PrecinctNodes, kind: RulingKind, row: StoredReport) -> bool:
    intake = precinct.gateway.intake
    bare = Ruling(world.authority.trusted.digest, kind, row.id)
    # Officers of the first register: a newer one may not have come to this gateway yet.
    signatures = world.held.authority.consent(bare.payload(), MessageType.RULING)
    if intake is None:
        return False
    try:
        outcome = intake.rule(
            replace(bare, signatures=signatures).to_bytes(), precinct.gateway.clock.unix()
        )
    except LedgerFailure:
        return False
    world.transcript.note(precinct.gateway.name, "is ruled", f"{kind.name} {outcome.result.name}")
    precinct.gateway.grown()
    return outcome.result is RulingResult.APPLIED
