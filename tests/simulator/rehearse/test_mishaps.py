"""Is a part that comes back slowly broken again only when it is there?"""

import asyncio
from typing import Any

from ballotbox_simulator.rehearse.mishaps import Mishaps
from ballotbox_simulator.rehearse.plan_events import Event, EventKind


class SlowTarget:
    def __init__(self) -> None:
        self.done: list[str] = []

    async def hurt(self, kind: EventKind) -> None:
        self.done.append(f"hurt {kind}")

    async def heal(self, kind: EventKind) -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        self.done.append(f"heal {kind}")


def test_one_event_after_the_other_is_done_to_a_part() -> None:
    kinds = ("broker-killed", "broker-restarted")
    events = tuple(
        Event.model_validate({"kind": kind, "at": "20:00", "lasts": "0s"}) for kind in kinds
    )
    slow: Any = SlowTarget()
    team: Any = None

    async def now(_day_s: int) -> None:
        return

    asyncio.run(Mishaps(events, slow, team).hold(now))

    assert slow.done == [f"{what} {kind}" for kind in kinds for what in ("hurt", "heal")]
