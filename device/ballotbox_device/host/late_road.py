"""A road that is not taken before its time: some boxes connect after the close alone."""

import asyncio
from collections.abc import Callable

from ballotbox_device.host.box import GatewayRoad
from ballotbox_device.host.problem import Problem
from ballotbox_protocol.wire.message import Message


class LateRoad:
    """The road behind it, as soon as `may` says so for the first time; reports wait until then."""

    def __init__(self, road: GatewayRoad, may: Callable[[], bool]) -> None:
        self._road = road
        self._may = may
        self._allowed = asyncio.Event()

    @property
    def overheard(self) -> Callable[[Message], None] | None:
        """Told of what the gateway says."""
        return self._road.overheard

    @overheard.setter
    def overheard(self, told: Callable[[Message], None] | None) -> None:
        self._road.overheard = told

    @property
    def in_the_way(self) -> Callable[[Problem], None] | None:
        """Told of what keeps the road down."""
        return self._road.in_the_way

    @in_the_way.setter
    def in_the_way(self, told: Callable[[Problem], None] | None) -> None:
        self._road.in_the_way = told

    @property
    def unanswered(self) -> int:
        """How many reports wait for an answer."""
        return self._road.unanswered

    async def connect(self) -> None:
        """Bring the road up when its time has come."""
        self._look()
        await self._allowed.wait()
        await self._road.connect()

    def pump(self) -> None:
        """Send what is due, if it may be sent."""
        self._look()
        if self._allowed.is_set():
            self._road.pump()

    def close(self) -> None:
        """Let go of the road."""
        self._road.close()

    def _look(self) -> None:
        if not self._allowed.is_set() and self._may():
            self._allowed.set()
