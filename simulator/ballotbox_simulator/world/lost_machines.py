"""A gateway's machine is lost with its disk, and a person opens another log in its log's place.

As `ballotbox-gateway init --replace` does: another origin of the register, two officers, and the
first leaf that is lost of the closed log. The boxes are asked to send everything again.
"""

from dataclasses import replace
from typing import Final

from ballotbox_gateway.core.intake import Identity, Intake
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.replacement import Replacement
from ballotbox_simulator.world.elections import successor_of
from ballotbox_simulator.world.faults import Strike
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.places import ClosedLog, PrecinctNodes
from ballotbox_simulator.world.polling_day import MINUTE
from ballotbox_simulator.world.targets import precinct_of
from ballotbox_simulator.world.world import World

#: With this bit in `detail` the machine delivers nothing upward for a while before it is lost.
_SILENT: Final = 1
_SILENT_MS: Final = 40 * MINUTE
_SHOWN_AFTER_MS: Final = 5_000


def lose_machine(world: World, strike: Strike) -> None:
    """Lose a precinct's gateway; `lasts`: until another machine stands in its place.

    Both come before the faults stop. Where the register has no other log for it, nothing is lost.
    """
    precinct = precinct_of(world, strike)
    now, end = world.schedule.now, world.day.plan.hours.end
    lost_at = now
    if strike.detail & _SILENT:
        precinct.uplink.cut(end)
        lost_at = max(now, min(now + _SILENT_MS, end - 2 * MINUTE))
    opened_at = max(lost_at, min(lost_at + strike.lasts, end - MINUTE))
    world.schedule.at(lost_at, _lose, world, strike, precinct, opened_at)


def _lose(world: World, strike: Strike, precinct: PrecinctNodes, opened_at: int) -> None:
    old = precinct.gateway
    if old.gone or successor_of(old.name) not in world.held.authority.gateway_keys:
        precinct.uplink.reachable = True
        return
    world.auditor.struck(strike.kind, old.name)
    size = old.ledger.log_head().size
    # The second copy was never complete: from a complete one the log would have gone on.
    kept = strike.detail // 2 % size if size else 0
    old.lose()
    world.schedule.at(opened_at, _open, world, precinct, ClosedLog(old, kept))


def _open(world: World, precinct: PrecinctNodes, closed: ClosedLog) -> None:
    old = closed.gateway
    new = world.gateway(successor_of(old.name))
    _open_log(world, new, closed)
    new.stand_for(old)
    precinct.closed.append(closed)
    precinct.gateway = new
    precinct.uplink = world.uplink(new, "uplink", new.name)
    world.opened(precinct)
    world.auditor.floods.opened(new)
    new.start()
    world.auditor.healthy(old.name)
    world.schedule.after(_SHOWN_AFTER_MS, _show_closed, precinct, old)


def _open_log(world: World, new: GatewayNode, closed: ClosedLog) -> None:
    """Make the officers' statement the first leaf, before the gateway runs."""
    authority, trusted = world.held.authority, world.authority.trusted
    bare = Replacement(trusted.digest, closed.gateway.name, new.name, closed.kept)
    signatures = authority.consent(bare.payload(), MessageType.REPLACEMENT)
    statement = replace(bare, signatures=signatures).to_bytes()
    identity = Identity(new.name, authority.gateway_keys[new.name])
    Intake(trusted, identity, new.ledger).open_replacing(statement, new.clock.unix())


def _show_closed(precinct: PrecinctNodes, old: GatewayNode) -> None:
    """Let somebody show the new gateway what the closed log has signed: it proves nothing."""
    checkpoint = old.ledger.checkpoint_at(old.ledger.log_head().size)
    if checkpoint is not None:
        topic = precinct.boxes[0].kit.identity.box
        precinct.broker.plant(topic, Message(MessageKind.HELD, checkpoint.note).to_bytes())
