"""Officers' rulings after the day: for boxes of which two voices were heard they name the true one.

They have the box beside them: what stands in its memory it has signed, everything else it has not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from ballotbox_gateway.core.intake import RulingResult
from ballotbox_gateway.core.ports import LedgerFailure, StoredReport
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.statements import Ruling, RulingKind
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.polling_day import MINUTE
from ballotbox_simulator.world.world import World

#: Boxes with these may be settled by naming: their own memory is whole.
NAMABLE: Final = frozenset({FaultKind.STOLEN_KEY, FaultKind.FLOODED_WITH_KEY, FaultKind.BOX_CLONED})
_ROUNDS: Final = 40
_SWITCHED_OFF_MS: Final = 1_000
_SPEAKS_IN_MS: Final = 5 * MINUTE


def rule_on_boxes(world: World) -> None:
    """Name the true report of every dispute of a box whose own memory is whole.

    Where neither of two rivals is the box's own it is switched off and on once: its boot then takes
    the number that they fight over. A box may have been plugged in elsewhere, so officers rule
    wherever it is disputed, and at the centre on what only the centre has seen both sides of.
    """
    precincts = [precinct.gateway for precinct in world.precincts]
    _settle_at(world, precincts)
    still = {box.name: box for _, box in _disputed(world, precincts)}
    for box in still.values():
        box.cut_power(_SWITCHED_OFF_MS)
    if still:
        world.schedule.run_until(world.schedule.now + _SPEAKS_IN_MS)
        _settle_at(world, precincts)
    if any(_disputed(world, [world.centre])):
        # What was ruled below reaches the centre first.
        world.schedule.run_until(world.schedule.now + _SPEAKS_IN_MS)
        _settle_at(world, [world.centre])


def _settle_at(world: World, gateways: Sequence[GatewayNode]) -> None:
    for gateway, box in list(_disputed(world, gateways)):
        _settle_disputes(world, gateway, box)


def _disputed(
    world: World, gateways: Sequence[GatewayNode]
) -> Iterator[tuple[GatewayNode, BoxNode]]:
    for box in world.boxes:
        struck = world.auditor.blows.at.get(box.name, set())
        # A box that was made to forget cannot tell which of two reports it signed.
        whole = FaultKind.BOX_RESTORED not in struck
        if not (struck & NAMABLE and whole and box.device is not None):
            continue
        for gateway in gateways:
            if gateway.ledger.box_head(box.kit.identity.box).disputed:
                yield gateway, box


def _settle_disputes(world: World, gateway: GatewayNode, box: BoxNode) -> None:
    """Rule until nothing of the box's own words is set aside; one ruling may open the next case."""
    for _ in range(_ROUNDS):
        case = _next_case(gateway, box)
        if case is None or not _rule(world, gateway, *case):
            return


def _next_case(gateway: GatewayNode, box: BoxNode) -> tuple[RulingKind, StoredReport] | None:
    """Return the first own report of the box that does not count, and what would help it."""
    device = box.device
    rows = gateway.ledger.reports_of(box.kit.identity.box, 0, None)
    for row in rows:
        if device is None or device.outgoing.sequence_of(row.id) is None:
            continue
        if row.own_verdict is Verdict.EVIDENCE:
            return RulingKind.NAME, row
        if row.own_verdict is Verdict.QUARANTINED:
            return RulingKind.RELEASE, row
    return None


def _rule(world: World, gateway: GatewayNode, kind: RulingKind, row: StoredReport) -> bool:
    intake = gateway.intake
    bare = Ruling(world.authority.trusted.digest, kind, row.id)
    # Officers of the first register: a newer one may not have come to this gateway yet.
    signatures = world.held.authority.consent(bare.payload(), MessageType.RULING)
    if intake is None:
        return False
    try:
        outcome = intake.rule(replace(bare, signatures=signatures).to_bytes(), gateway.clock.unix())
    except LedgerFailure as fault:
        gateway.fail(fault)
        return False
    world.transcript.note(gateway.name, "is ruled", f"{kind.name} {outcome.result.name}")
    gateway.send(outcome.also)
    gateway.grown()
    return outcome.result is RulingResult.APPLIED
