"""A box that can be held in the hand: mechanism, memory and road, with power or without.

The road lives as long as the device: a power cut takes both, as if the plug were pulled.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from ballotbox_device.core.device import Device
from ballotbox_device.core.outgoing import Outgoing
from ballotbox_device.core.outputs import Output
from ballotbox_device.core.ports import Memory
from ballotbox_device.host.box import GatewayRoad
from ballotbox_device.host.problem import Problem
from ballotbox_device.host.system import SteadyTime
from ballotbox_device.machine.mechanism import Mechanism

#: Opens the memory and makes a device of it.
Boot = Callable[[Memory], Device]


class Seat:
    """Where the firmware sits: `boot` opens its memory, `pull` closes it again."""

    def __init__(self, memory: Callable[[], AbstractContextManager[Memory]], boot: Boot) -> None:
        self._memory = memory
        self._boot = boot
        self._opened = ExitStack()

    def boot(self) -> Device:
        """Return the device that the memory holds, not started."""
        self.pull()
        return self._boot(self._opened.enter_context(self._memory()))

    def pull(self) -> None:
        """Let go of the memory, as far as it is open."""
        self._opened.close()


class HeldBox:
    """`mechanism` may be acted on; `follow` afterwards, so that the road knows of the power."""

    def __init__(
        self, mechanism: Mechanism, seat: Seat, road_of: Callable[[Outgoing], GatewayRoad]
    ) -> None:
        self.mechanism = mechanism
        self.said: list[Output] = []
        self.trouble = ""
        #: Told of what the road raises: the box must stop.
        self.failed: Callable[[BaseException], None] = lambda _error: None
        mechanism.heard = self.said.append
        self._seat = seat
        self._road_of = road_of
        self._time = SteadyTime()
        self._device: Device | None = None
        self._road: GatewayRoad | None = None
        self._connecting: asyncio.Task[None] | None = None

    def now_ms(self) -> int:
        """Return the true time."""
        return self._time.now_ms()

    @property
    def unanswered(self) -> int:
        """How many reports wait for an answer; 0 without power."""
        return self._road.unanswered if self._road is not None else 0

    def follow(self) -> None:
        """Let the road follow the power, and send what is due."""
        device = self.mechanism.device
        if device is not self._device:
            self.hang_up()
            if device is not None:
                self._connect(device)
        if self._road is not None:
            self._road.pump()

    def hang_up(self) -> None:
        """Let go of road and memory."""
        connecting, road = self._connecting, self._road
        self._device = self._connecting = self._road = None
        if connecting is not None:
            connecting.cancel()
        if road is not None:
            road.close()
        if self.mechanism.device is None:
            self._seat.pull()

    def _connect(self, device: Device) -> None:
        self._device, self._road = device, self._road_of(device.outgoing)
        self._road.in_the_way = self._complain
        self._connecting = asyncio.get_running_loop().create_task(self._road.connect())
        self._connecting.add_done_callback(self._connected)

    def _complain(self, problem: Problem) -> None:
        self.trouble = str(problem)

    def _connected(self, connecting: asyncio.Task[None]) -> None:
        if not connecting.cancelled() and (error := connecting.exception()):
            self.failed(error)
