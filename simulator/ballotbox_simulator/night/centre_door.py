"""The documented HTTP intake in front of the night's centre, open while somebody has to ask it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from ballotbox_gateway.adapters.http_intake import HttpIntake
from ballotbox_gateway.config_roads import Http
from ballotbox_gateway.core.publications import PublicationOutcome
from ballotbox_gateway.core.upward import UpwardBatch, UpwardReply
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.inner_gateway import InnerGateway
from ballotbox_simulator.live.broker import free_port

T = TypeVar("T")


class _Office:
    """What the intake asks of the centre; the logs below were handed up without wires."""

    def __init__(self, centre: InnerGateway) -> None:
        self._centre = centre

    def take_in(self, batch: UpwardBatch) -> UpwardReply:
        return self._centre.take(batch)

    def expected(self, origin_id: bytes) -> int | None:
        del origin_id
        return None

    def checkpoints(self) -> Mapping[str, bytes | None]:
        return {}

    def publish(self, statement: bytes) -> PublicationOutcome:
        return self._centre.publish(statement)

    def turned_away(self, origin_id: bytes, reason: Reason) -> None:
        """Nobody counts them here."""


def reached(centre: InnerGateway, ask: Callable[[str], T]) -> T:
    """Return what `ask` returns, which speaks to the centre at the address that it is given."""

    async def open_while_asked() -> T:
        settings = Http.model_validate({"port": free_port()})
        intake = HttpIntake(settings, _Office(centre))
        intake.start()
        try:
            return await asyncio.to_thread(ask, f"http://{settings.host}:{settings.port}")
        finally:
            await asyncio.to_thread(intake.stop)

    return asyncio.run(open_while_asked())
