"""From a state directory and an election to a running box."""

import asyncio
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ballotbox_device.core.courier import Pace
from ballotbox_device.core.device import Device
from ballotbox_device.core.identity import Identity
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.outgoing import Outgoing
from ballotbox_device.core.ports import Memory
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.host.box import GatewayRoad, PanelClosed, RunningBox
from ballotbox_device.host.files import open_memory
from ballotbox_device.host.firmware import running_firmware
from ballotbox_device.host.keys import choose_key
from ballotbox_device.host.panel import Panel
from ballotbox_device.host.panel_output import Said, line_of
from ballotbox_device.host.state import StateDirectory, open_state, sole_use
from ballotbox_device.host.system import SystemClock, SystemEntropy
from ballotbox_device.host.trust_files import establish_from, remember
from ballotbox_protocol.wire.report import ClockQuality
from ballotbox_protocol.wire.trust import Trusted

_PANEL_IN: Final = 0


@dataclass(frozen=True, slots=True)
class SerialLine:
    """The road over a serial port."""

    path: str
    baud: int


@dataclass(frozen=True, slots=True)
class MqttBroker:
    """The road over a broker."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Orders:
    """What a person gave to `run`."""

    state: Path
    election: Path
    register: Path
    root: str
    road: SerialLine | MqttBroker
    clock: ClockQuality = ClockQuality.FREE_RUNNING


def run_box(orders: Orders) -> None:
    """Be the box until it is switched off, with the panel on standard input and output.

    Raises Problem for what a person can mend; OSError, MemoryFault or LawBroken when the box must
    stop; and InvalidField when the register does not know it.
    """
    state = open_state(orders.state)
    with sole_use(state):
        trusted = establish_from(orders.election, orders.register, orders.root, state.register_seen)
        with open_memory(state.media) as memory:
            device = boot(state, trusted, memory)
            remember(trusted, state.register_seen)
            _serve(device, state, trusted, orders)


def boot(state: StateDirectory, trusted: Trusted, memory: Memory) -> Device:
    """Return the device that the memory holds, not started; raises as `run_box`."""
    rotation = RecordBook(memory).history.rotation
    rotated_to = rotation.key if rotation else None
    key = choose_key(state.keys, trusted.register, state.box, rotated_to)
    identity = Identity(state.box, key, running_firmware(), debug=True)
    return Device(identity, ElectionRules.of(trusted), memory, SystemEntropy())


def _serve(device: Device, state: StateDirectory, trusted: Trusted, orders: Orders) -> None:
    road = _road(device.outgoing, orders.road)
    panel = Panel(device, trusted, state.keys)
    box = RunningBox(device, panel, road, SystemClock(orders.clock), _speak)
    _speak(
        {
            "says": "box",
            "box": state.box.hex(),
            "election": trusted.digest.hex(),
            "mode": trusted.election.mode.name.lower(),
            "register": trusted.register.version,
            "debug": True,
        }
    )
    asyncio.run(box.run(_PANEL_IN))


def _road(outgoing: Outgoing, place: SerialLine | MqttBroker) -> GatewayRoad:
    if isinstance(place, SerialLine):
        from ballotbox_device.host.serial_road import SerialRoad

        return SerialRoad(outgoing, place.path, Pace(), place.baud)
    from ballotbox_device.host.mqtt_road import MqttRoad

    return MqttRoad(outgoing, place.host, place.port, random.SystemRandom(), Pace())


def _speak(said: Said) -> None:
    try:
        sys.stdout.buffer.write(line_of(said))
        sys.stdout.buffer.flush()
    except OSError as error:
        raise PanelClosed from error
