"""From a state directory and an election to a running box."""

import asyncio
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ballotbox_device.core.courier import Pace
from ballotbox_device.core.device import Device
from ballotbox_device.core.habits import habits_of
from ballotbox_device.core.identity import Identity
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.outgoing import Outgoing
from ballotbox_device.core.ports import Memory
from ballotbox_device.core.profile import AFTER_CLOSE, Connects, Profile, Road, listed
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.host.box import GatewayRoad, PanelClosed, RunningBox
from ballotbox_device.host.broker_tls import BrokerTls
from ballotbox_device.host.files import open_memory
from ballotbox_device.host.firmware import running_firmware
from ballotbox_device.host.keys import choose_key
from ballotbox_device.host.late_road import LateRoad
from ballotbox_device.host.panel import Panel
from ballotbox_device.host.panel_output import Said, line_of
from ballotbox_device.host.problem import Problem
from ballotbox_device.host.state import StateDirectory, open_state, sole_use
from ballotbox_device.host.system import SystemClock, SystemEntropy
from ballotbox_device.host.trust_files import establish_from, remember
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.wire.fingerprint import fingerprint
from ballotbox_protocol.wire.report import ClockQuality
from ballotbox_protocol.wire.trust import Trusted, parse_root

_PANEL_IN: Final = 0
_RoadOf = Callable[[Outgoing], GatewayRoad]


@dataclass(frozen=True, slots=True)
class SerialLine:
    """The road over a serial port."""

    path: str
    baud: int


@dataclass(frozen=True, slots=True)
class MqttBroker:
    """The road over a broker; `tls` holds the certificates, None for plain TCP.

    sharded: the topic has the box's shard.
    """

    host: str
    port: int
    tls: BrokerTls | None = None
    sharded: bool = False


@dataclass(frozen=True, slots=True)
class OwnTerminal:
    """The road over a pseudo-terminal of the box's own."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What a person gave to `run`.

    panel: whether there is one, on standard input and output. control: where the control socket of
    a mechanism shall be, which takes the panel's place. officers, passphrase: tokens for that.
    """

    state: Path
    election: Path
    register: Path
    root: str
    road: SerialLine | MqttBroker | OwnTerminal
    profile: Profile
    clock: ClockQuality = ClockQuality.FREE_RUNNING
    panel: bool = True
    control: Path | None = None
    officers: tuple[Path, ...] = ()
    passphrase: Path | None = None

    @property
    def debug(self) -> bool:
        """Whether anybody but the mechanism of a real box can act on it."""
        return self.panel or self.control is not None


def run_box(orders: Orders) -> None:
    """Be the box until it is switched off, with what `orders` says at its front.

    Raises Problem for what a person can mend; OSError, MemoryFault or LawBroken when the box must
    stop; and InvalidField when the register does not know it.
    """
    _require_road(orders)
    state = open_state(orders.state)
    with sole_use(state):
        trusted = establish_from(orders.election, orders.register, orders.root, state.register_seen)
        with _roads(orders.road) as (any_road, place):
            road_of = _in_time(any_road, orders.profile)
            told = _introduction(state, trusted, orders) | place
            if orders.control is None:
                _serve_panel(state, trusted, orders, road_of, told)
            else:
                _serve_control(orders.control, state, trusted, orders, road_of, told)


def boot(state: StateDirectory, trusted: Trusted, memory: Memory, orders: Orders) -> Device:
    """Return the device that the memory holds, not started; raises as `run_box`."""
    rotation = RecordBook(memory).history.rotation
    rotated_to = rotation.key if rotation else None
    key = choose_key(state.keys, trusted.register, state.box, rotated_to)
    identity = Identity(state.box, key, running_firmware(), debug=orders.debug)
    device = Device(
        identity, ElectionRules.of(trusted), memory, SystemEntropy(), habits_of(orders.profile)
    )
    _require_way_on(device, orders.profile)
    remember(trusted, state.register_seen)
    return device


def _require_way_on(device: Device, profile: Profile) -> None:
    """Raise Problem when the poll stands where a box of this kind could only stay."""
    if not device.allowed and device.state not in (PollState.FINAL, PollState.SEALED):
        state = device.state.name.lower()
        what = f"knows no step on from {state}, where the poll of this box stands"
        raise Problem(f"--profile {profile.name}", what, "Start it with the profile that it had")


def _require_road(orders: Orders) -> None:
    profile = orders.profile
    wanted = Road.MQTT if isinstance(orders.road, MqttBroker) else Road.SERIAL
    if wanted not in profile.roads:
        what = f"is no road of the box {profile.name}"
        given = "pty" if isinstance(orders.road, OwnTerminal) else wanted
        raise Problem(f"--{given}", what, f"Give --{listed(sorted(profile.roads))} instead")


def _in_time(road_of: _RoadOf, profile: Profile) -> _RoadOf:
    """Return the maker of roads that are taken when the profile's box takes them."""
    if profile.connects is Connects.ALWAYS:
        return road_of
    return lambda outgoing: LateRoad(road_of(outgoing), lambda: outgoing.state in AFTER_CLOSE)


def _introduction(state: StateDirectory, trusted: Trusted, orders: Orders) -> Said:
    return {
        "says": "box",
        "box": state.box.hex(),
        "election": trusted.digest.hex(),
        "fingerprint": fingerprint(str(parse_root(orders.root)), trusted.digest),
        "mode": trusted.election.mode.name.lower(),
        "register": trusted.register.version,
        "debug": orders.debug,
    }


def _serve_panel(
    state: StateDirectory, trusted: Trusted, orders: Orders, road_of: _RoadOf, told: Said
) -> None:
    with open_memory(state.media) as memory:
        device = boot(state, trusted, memory, orders)
        panel = Panel(device, trusted, state.keys)
        road = road_of(device.outgoing)
        box = RunningBox(
            device, panel, road, SystemClock(orders.clock), _speak, orders.profile.turnout_minutes
        )
        _speak(told)
        asyncio.run(box.run(_PANEL_IN if orders.panel else None))


def _serve_control(
    control: Path, state: StateDirectory, trusted: Trusted, orders: Orders, road_of: _RoadOf,
    told: Said,
) -> None:  # fmt: skip
    from ballotbox_device.host.control import listening_at
    from ballotbox_device.host.held_box import Seat
    from ballotbox_device.host.held_run import HeldRun, tokens_in

    tokens = tokens_in(orders.officers, orders.passphrase)
    seat = Seat(
        lambda: open_memory(state.media), lambda memory: boot(state, trusted, memory, orders)
    )
    run = HeldRun(seat, trusted, tokens, orders.profile, road_of)
    with listening_at(control) as listening:
        asyncio.run(run.run(listening, _speak, told | {"control": str(control)}))


@contextmanager
def _roads(
    place: SerialLine | MqttBroker | OwnTerminal,
) -> Iterator[tuple[_RoadOf, Said]]:
    """Yield what makes a road for each time the box is switched on, and where it ends."""
    if isinstance(place, SerialLine):
        from ballotbox_device.host.serial_road import SerialRoad

        yield lambda outgoing: SerialRoad(outgoing, place.path, Pace(), place.baud), {}
    elif isinstance(place, MqttBroker):
        from ballotbox_device.host.mqtt_road import MqttRoad

        chance, tls = random.SystemRandom(), place.tls
        if tls is not None:
            tls.context()  # a file that is wrong already now is told before the box starts
        yield (
            lambda outgoing: MqttRoad(
                outgoing, place.host, place.port, chance, Pace(), tls, sharded=place.sharded
            ),
            {},
        )
    else:
        from ballotbox_device.host.pty_road import PseudoTerminal

        with closing(PseudoTerminal()) as terminal:
            yield terminal.road, {"serial": terminal.path}


def _speak(said: Said) -> None:
    try:
        sys.stdout.buffer.write(line_of(said))
        sys.stdout.buffer.flush()
    except OSError as error:
        raise PanelClosed from error
