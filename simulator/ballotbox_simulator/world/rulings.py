"""Officers' rulings after the day: for boxes of which two voices were heard they name the true one.

They have the box beside them: what stands in its memory it has signed, everything else it has not.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ballotbox_gateway.core.intake import RulingResult
from ballotbox_gateway.core.ports import LedgerFailure, StoredReport
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.statements import Ruling, RulingKind
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.polling_day import MINUTE
from ballotbox_simulator.world.world import PrecinctNodes, World

#: Boxes with these may be settled by naming: their own memory is whole.
NAMABLE: Final = frozenset({FaultKind.STOLEN_KEY, FaultKind.BOX_CLONED})
_ROUNDS: Final = 40
_SWITCHED_OFF_MS: Final = 1_000
_SPEAKS_IN_MS: Final = 5 * MINUTE


def rule_on_boxes(world: World) -> None:
    """Name the true report of every dispute of a box whose own memory is whole.

    Where neither of two rivals is the box's own it is switched off and on once: its boot then takes
    the number that they fight over.
    """
    for precinct, box in list(_disputed(world)):
        _settle_disputes(world, precinct, box)
    still = list(_disputed(world))
    for _, box in still:
        box.cut_power(_SWITCHED_OFF_MS)
    if still:
        world.schedule.run_until(world.schedule.now + _SPEAKS_IN_MS)
    for precinct, box in still:
        _settle_disputes(world, precinct, box)


def _disputed(world: World) -> Iterator[tuple[PrecinctNodes, BoxNode]]:
    for precinct in world.precincts:
        for box in precinct.boxes:
            struck = world.auditor.blows.at.get(box.name, set())
            head = precinct.gateway.ledger.box_head(box.kit.identity.box)
            # A box that was made to forget cannot tell which of two reports it signed.
            whole = FaultKind.BOX_RESTORED not in struck
            if struck & NAMABLE and whole and box.device is not None and head.disputed:
                yield precinct, box


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
    except LedgerFailure as fault:
        precinct.gateway.fail(fault)
        return False
    world.transcript.note(precinct.gateway.name, "is ruled", f"{kind.name} {outcome.result.name}")
    precinct.gateway.grown()
    return outcome.result is RulingResult.APPLIED
