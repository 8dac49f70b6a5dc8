"""Floods: more at once than a gateway should have to judge or keep, with a box's key or without."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.forgery import (
    forged_successor,
    of_a_stranger,
    stranger_box,
    without_the_key,
)
from ballotbox_simulator.world.places import PrecinctNodes
from ballotbox_simulator.world.targets import all_boxes, precinct_of
from ballotbox_simulator.world.world import World

#: More than the samples that are kept of one road.
_AT_ONCE: Final = 48
#: Together more than a box's quota; the last ones come when it is spent.
_WAVES: Final = 6
_OF_A_WAVE: Final = 12
_WAVE_MS: Final = 20_000
_K = FaultKind
Do = Callable[[World, Strike], None]


def _flood(world: World, strike: Strike) -> None:
    """Send what nobody vouches for and what was said before, all at once."""
    precinct = precinct_of(world, strike)
    boxes = {box.kit.identity.box for box in precinct.boxes}
    heard = [each for each in world.auditor.heard_reports if each[0] in boxes]
    if heard:
        world.auditor.struck(strike.kind, precinct.gateway.name)
        world.auditor.floods.laid(precinct.gateway)
        for topic, data in _worthless(heard, strike.detail):
            precinct.broker.plant(topic, data)


def _worthless(heard: list[tuple[BoxId, bytes]], detail: int) -> Iterator[tuple[BoxId, bytes]]:
    for number in range(detail, detail + _AT_ONCE):
        box, report = heard[number // 3 % len(heard)]
        if number % 3 == 0:
            yield box, report
        elif number % 3 == 1:
            stranger = Message(MessageKind.REPORT, of_a_stranger(report[1:], number))
            yield stranger_box(number), stranger.to_bytes()
        else:
            forged = without_the_key(report[1:], number // 3)
            yield box, Message(MessageKind.REPORT, forged).to_bytes()


def _flood_with_key(world: World, strike: Strike) -> None:
    """Sign as much in a box's name as its quota takes, and more."""
    precinct, box = all_boxes(world)[strike.target % world.total_boxes]
    if box.device is None or box.device.outgoing.count == 0:
        return
    last = box.kept_report(box.device.outgoing.count - 1)
    if last is not None:
        world.auditor.struck(strike.kind, box.name)
        world.auditor.floods.laid(precinct.gateway, box.kit.identity.box)
        for wave in range(_WAVES):
            world.schedule.after(wave * _WAVE_MS, _sign_many, precinct, box, last, wave)


def _sign_many(precinct: PrecinctNodes, box: BoxNode, last: bytes, wave: int) -> None:
    identity = box.kit.identity
    for number in range(wave * _OF_A_WAVE, (wave + 1) * _OF_A_WAVE):
        # About two numbers alone: a box that is switched on again speaks once, and may be named.
        forged = forged_successor(last, identity.key, number % 2, sheets=1 + number)
        precinct.broker.plant(identity.box, Message(MessageKind.REPORT, forged).to_bytes())


#: How each kind is done.
FLOODS: Final[Mapping[FaultKind, Do]] = {
    _K.FLOODED: _flood,
    _K.FLOODED_WITH_KEY: _flood_with_key,
}
