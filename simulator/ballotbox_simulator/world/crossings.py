"""What somebody carries from one election at a gateway to the other: reports, receipts, rulings.

Everything is genuine where it comes from. Where it is carried to, nothing may come of it.
"""

from typing import Final

from ballotbox_gateway.core.intake import RulingResult
from ballotbox_gateway.core.ports import LedgerFailure
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.statements import Ruling, RulingKind
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.box_roads import SerialBoxRoad
from ballotbox_simulator.world.faults import Strike
from ballotbox_simulator.world.forgery import forged_successor
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.ledgers import Killed
from ballotbox_simulator.world.places import PrecinctNodes
from ballotbox_simulator.world.targets import precinct_of
from ballotbox_simulator.world.world import World

_APPLIED: Final = frozenset({RulingResult.APPLIED, RulingResult.ALREADY})


def carry_across(world: World, strike: Strike) -> None:
    """Carry something of each election into the other one, by every road that leads there."""
    rehearsal = world.rehearsal
    if rehearsal is not None and world.auditor.heard_reports:
        world.auditor.struck(strike.kind, precinct_of(world, strike).gateway.name)
        _carry(world, rehearsal, strike)
        _carry(rehearsal, world, strike)


def _carry(source: World, sink: World, strike: Strike) -> None:
    heard = source.auditor.heard_reports
    if not heard:
        return
    nodes = precinct_of(sink, strike)
    topic, report = heard[strike.detail % len(heard)]
    nodes.broker.plant(topic, report)
    # A key of the one election under the name of the other: what a box with both would say.
    mixed = forged_successor(report[1:], sink.held.authority.box_keys[topic], strike.detail)
    signed = Message(MessageKind.REPORT, mixed).to_bytes()
    precinct_of(source, strike).broker.plant(topic, signed)
    for said in (report, signed):
        _say_on_a_line(nodes, said)
    _mislead(source, nodes, topic, strike.detail)
    _rule(source, sink, nodes.gateway, strike.detail)


def _say_on_a_line(nodes: PrecinctNodes, report: bytes) -> None:
    """Say it where a box is plugged in: what it is about comes out by its own words."""
    for box in nodes.boxes:
        if box.is_on and isinstance(box.road, SerialBoxRoad):
            box.road.send(report)
            box.road.flush()
            return


def _mislead(source: World, nodes: PrecinctNodes, topic: BoxId, detail: int) -> None:
    """Show a receipt to a box of the other election, and its checkpoint to the gateway."""
    heard = source.auditor.heard_receipts
    if heard:
        message = heard[detail % len(heard)]
        nodes.broker.mislead(topic, message)
        receipt = Receipt.from_bytes(message[1:])
        if isinstance(receipt, Receipt):
            nodes.broker.plant(topic, Message(MessageKind.HELD, receipt.note).to_bytes())


def _rule(source: World, sink: World, gateway: GatewayNode, detail: int) -> None:
    """Hand in what officers of one election could rule about a report of theirs."""
    reports = list(source.auditor.signed)
    digest = source.held.authority.trusted.digest
    bare = Ruling(digest, RulingKind.NAME, reports[detail % len(reports)])
    signatures = source.held.authority.consent(bare.payload(), MessageType.RULING)
    ruling = Ruling(digest, bare.kind, bare.report, signatures=signatures).to_bytes()
    if gateway.intake is None:
        return
    try:
        result = gateway.intake.rule(ruling, gateway.clock.unix()).result
    except (LedgerFailure, Killed) as fault:
        gateway.fail(fault)
        return
    sink.transcript.note(gateway.name, "is ruled from elsewhere", result.name)
    if result in _APPLIED:
        sink.auditor.object_to(Breach.LAW, gateway.name, "a ruling of another election was applied")
