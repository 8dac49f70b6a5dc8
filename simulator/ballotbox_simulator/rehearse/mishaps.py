"""The bad events of a plan as they happen: each begins at its time and is over when it lasted."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

from ballotbox_simulator.rehearse.plan_events import AT_ONCE, MEANING, Event, EventKind
from ballotbox_simulator.rehearse.target import Target
from ballotbox_simulator.rehearse.team import Team


@dataclass(slots=True)
class Happened:
    """An event and when it began and ended, on the monotonic clock."""

    event: Event
    began: float | None = None
    ended: float | None = None

    @property
    def words(self) -> str:
        """What it was, for people."""
        event = self.event
        of = {
            EventKind.AREA_CUT: f" Area {event.area}.",
            EventKind.RECONNECT_STORM: f" {event.share:.0%} of the boxes.",
            EventKind.BOXES_CLONED: f" {event.boxes} boxes.",
            EventKind.BOXES_SILENT: f" {event.boxes} boxes.",
        }
        return MEANING[event.kind] + of.get(event.kind, "")


class Mishaps:
    """Does the events of a plan to a target and to the boxes."""

    def __init__(self, events: tuple[Event, ...], target: Target, team: Team) -> None:
        self.happened = [Happened(event) for event in events]
        self._target = target
        self._team = team
        self._parts: dict[str, asyncio.Lock] = {}

    async def hold(self, until: Callable[[int], Awaitable[None]]) -> None:
        """Let everything happen at its time; `until` returns when a second of the day has come."""
        await asyncio.gather(*(self._let(each, until) for each in self.happened))

    async def _let(self, happened: Happened, until: Callable[[int], Awaitable[None]]) -> None:
        event = happened.event
        await until(event.at)
        # A part that comes back slowly is not broken again before it is there.
        part = event.part or f"{id(event)}"
        async with self._parts.setdefault(part, asyncio.Lock()):
            happened.began = monotonic()
            await self._begin(event)
            if event.kind not in AT_ONCE:
                await asyncio.sleep(event.lasts)
                await self._end(event)
            happened.ended = monotonic()

    async def _begin(self, event: Event) -> None:
        team = self._team
        match event.kind:
            case EventKind.AREA_CUT:
                team.order("cut", event.area)
            case EventKind.RECONNECT_STORM:
                team.order("storm", event.share)
            case EventKind.BOXES_CLONED:
                team.order("clone", event.boxes)
            case EventKind.BOXES_SILENT:
                team.order("silence", event.boxes)
            case _:
                await self._target.hurt(event.kind)
        if event.kind is EventKind.CERTIFICATE_EXPIRED:
            # Connections outlive a certificate: it is seen by whoever connects anew.
            team.order("storm", 1.0)

    async def _end(self, event: Event) -> None:
        match event.kind:
            case EventKind.AREA_CUT:
                self._team.order("mend", event.area)
            case EventKind.BOXES_CLONED:
                self._team.order("unclone")
            case _:
                await self._target.heal(event.kind)
