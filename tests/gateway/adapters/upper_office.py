"""An upper office for tests: the real intake over a ledger in memory, behind the real server."""

import asyncio
from contextlib import asynccontextmanager

from ballotbox_gateway.adapters.http_intake import HttpIntake
from ballotbox_gateway.config_roads import Http
from ballotbox_protocol.election.register import origin_id
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, authority, intake, memory


class Office:
    """What the server asks; `trouble` is raised instead of an answer while it is set."""

    def __init__(self, given):
        self.ledger = memory(given, CENTRE)
        self.intake = intake(given, self.ledger, CENTRE)
        self.trouble = None
        self.taken = 0
        self.refused = []

    def _check(self):
        if self.trouble is not None:
            raise self.trouble

    def take_in(self, batch):
        self._check()
        self.taken += 1
        return self.intake.admit_from_below(batch, NOW)

    def expected(self, wanted):
        self._check()
        if wanted != origin_id(ORIGIN):
            return None
        known = self.ledger.lower_log(ORIGIN)
        return known.size if known else 0

    def publish(self, statement):
        self._check()
        return self.intake.publish(statement, NOW)

    def turned_away(self, _log, reason):
        self.refused.append(reason)

    def checkpoints(self):
        self._check()
        found = self.ledger.checkpoint_at(self.ledger.log_head().size)
        return {CENTRE: found.note if found else None}


@asynccontextmanager
async def serving(port, **settings):
    """A running server and its office, on this loop."""
    office = Office(authority())
    server = HttpIntake(Http(port=port, **settings), office)
    server.start()
    office.server = server
    try:
        yield office
    finally:
        await asyncio.to_thread(server.stop)


def lower_gateway(origin=ORIGIN):
    """An intake below with nothing admitted yet, and its ledger."""
    ledger = memory(authority(), origin)
    return intake(authority(), ledger, origin), ledger
