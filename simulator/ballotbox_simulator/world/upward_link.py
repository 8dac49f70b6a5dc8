"""The HTTP link from a gateway to the one above, with requests and replies that get lost.

A request whose reply is lost was carried out all the same; one that comes late meets its successor.
"""

import random
from collections.abc import Callable
from typing import Final, NamedTuple

from ballotbox_gateway.adapters.backoff import Backoff
from ballotbox_gateway.core.delivery import PROBE_EVERY_S
from ballotbox_gateway.core.intake import Intake
from ballotbox_gateway.core.ports import DiskFull, LedgerFailure
from ballotbox_gateway.core.upward import UpwardBatch, UpwardConflict, UpwardFault, UpwardReply
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_simulator.world.corruption import garbled
from ballotbox_simulator.world.faults import CALM, FaultKind, Weather
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.ledgers import Killed
from ballotbox_simulator.world.schedule import Schedule
from ballotbox_simulator.world.sky import Sky

_TRANSIT_MS: Final = 40
#: A connection with TLS takes three round trips of a mobile network; none is kept while idle.
_DIALLING_MS: Final = 240
_TIMEOUT_MS: Final = 10_000
_LATE_MS: Final = 15_000
_LEAVES: Final = 512

Answer = UpwardReply | UpwardConflict | UpwardFault


class Refused(NamedTuple):
    """A batch that arrived whole and was refused: its checkpoint, and the one taken in before."""

    sent: bytes
    taken: bytes
    proof: tuple[bytes, ...]


class UpwardLink:
    """Carries one gateway's log to the gateway above, batch after batch."""

    def __init__(
        self,
        schedule: Schedule,
        chance: random.Random,
        lower: GatewayNode,
        upper: GatewayNode,
        struck: Callable[[FaultKind], None],
    ) -> None:
        self.reachable = True
        #: What stands in the way, in the upper or the lower gateway's words.
        self.trouble = ""
        #: Told of every request.
        self.tap: Callable[[bytes], None] | None = None
        #: What the upper gateway refused, in the order in which it did.
        self.refused: list[Refused] = []
        self._schedule = schedule
        self._chance = chance
        self._lower = lower
        self._upper = upper
        self._sky = Sky(CALM, chance, struck)
        self._backoff = Backoff(chance.random)
        self._request = 0
        self._busy = False
        self._dialling = False
        self._life = 0
        self._compared = False
        self._probe_at: int | None = None
        lower.grown = self.wake

    def calm(self, weather: Weather) -> None:
        """Change the weather, and let the upper gateway be reachable."""
        self._sky.become(weather)
        self.reachable = True

    def cut(self, lasts: int) -> None:
        """Let the upper gateway be unreachable for a while."""
        self.reachable = False
        self._schedule.after(lasts, self._mend)

    def _mend(self) -> None:
        self.reachable = True

    def wake(self) -> None:
        """Look whether there is something to deliver."""
        if self._life != self._lower.life:
            self._life, self._busy, self._compared = self._lower.life, False, False
            self._dialling = False
            self._backoff.succeeded()
        if not (self._busy or self._dialling) and self._lower.intake is not None:
            self._dialling = True
            self._schedule.after(_DIALLING_MS, self._connected, self._life)

    def _connected(self, life: int) -> None:
        if life == self._life == self._lower.life:
            self._dialling = False
            if not self._busy:
                self._next()

    def _next(self) -> None:
        intake = self._lower.intake
        try:
            batch = None if intake is None else self._waiting(intake)
        except (LedgerFailure, Killed) as fault:
            self._lower.fail(fault)
            return
        if batch is not None:
            self._send(batch)
        elif self._probe_at is None:
            self._probe_at = self._schedule.now + PROBE_EVERY_S * 1_000
            self._schedule.at(self._probe_at, self._probe)

    def _waiting(self, intake: Intake) -> UpwardBatch | None:
        batch = intake.next_upward(self._upper.name, _LEAVES)
        if batch is None and not self._compared:
            # At the start, as the service does: one of the two may have been put back.
            batch = intake.probe_upward(self._upper.name)
        return batch

    def _probe(self) -> None:
        """Show the last leaf again when nothing waits, as the service does."""
        self._probe_at = None
        intake = self._lower.intake
        if intake is None or self._busy:
            return
        probe = intake.probe_upward(self._upper.name)
        if probe is None:
            self._next()
        else:
            self._send(probe)

    def _send(self, batch: UpwardBatch) -> None:
        self._busy = True
        self._request += 1
        self._schedule.after(_TIMEOUT_MS, self._failed, self._request, "no answer in time")
        if self.tap is not None:
            self.tap(repr(batch).encode())
        if not self.reachable or self._sky.falls(FaultKind.REQUEST_LOSS):
            return
        delay = _TRANSIT_MS
        if self._sky.falls(FaultKind.REQUEST_DELAY):
            delay += self._chance.randrange(_LATE_MS)
        self._schedule.after(delay, self._arrive, self._request, batch)
        if self._sky.falls(FaultKind.REQUEST_DUPLICATION):
            self._schedule.after(delay + 500, self._arrive, self._request, batch)

    def _arrive(self, request: int, batch: UpwardBatch) -> None:
        body: object = batch.to_json()
        whole = True
        if self._sky.falls(FaultKind.REQUEST_CORRUPTION):
            body = garbled(batch.to_json(), self._chance)
            whole = False
        answer = self._upper.take_in(body)
        if whole and isinstance(answer, UpwardFault):
            before = self._upper.ledger.lower_log(self._lower.name)
            self.refused.append(
                Refused(batch.checkpoint, before.note if before else b"", answer.proof)
            )
        if answer is None or not self.reachable or self._sky.falls(FaultKind.REPLY_LOSS):
            return
        if self._sky.falls(FaultKind.REPLY_CORRUPTION):
            answer = self._misread(answer)
        self._schedule.after(_TRANSIT_MS, self._answered, request, batch, answer)

    def _misread(self, answer: Answer) -> Answer:
        """Return what is understood of an answer that was changed on its way."""
        if isinstance(answer, UpwardFault):
            return answer
        try:
            return answer.from_json(garbled(answer.to_json(), self._chance))
        except InvalidField as error:
            return UpwardFault(error.field, error.problem, "ask again")

    def _answered(self, request: int, batch: UpwardBatch, answer: Answer) -> None:
        intake = self._lower.intake
        if request != self._request or intake is None or self._life != self._lower.life:
            return
        try:
            match answer:
                case UpwardReply() if batch.first < self._lower.ledger.delivered(self._upper.name):
                    fault = None  # The answer to a probe tells nothing new.
                case UpwardReply():
                    fault = intake.upward_receipted(
                        batch, answer, self._upper.name, self._lower.clock.unix()
                    )
                case UpwardConflict():
                    fault = intake.upward_conflict(answer, self._upper.name)
                case UpwardFault():
                    fault = answer
        except DiskFull as error:
            self._failed(request, str(error))
            return
        except (LedgerFailure, Killed) as fault:
            self._lower.fail(fault)
            return
        if fault is not None:
            self._failed(request, f"{fault.field}: {fault.problem}", refused=not fault.retry)
            return
        self.trouble = ""
        self._compared |= isinstance(answer, UpwardReply)
        self._backoff.succeeded()
        self._done()

    def _done(self) -> None:
        self._request += 1
        self._busy = False
        self._next()

    def _failed(self, request: int, why: str, *, refused: bool = False) -> None:
        if request != self._request or self._life != self._lower.life:
            return
        self.trouble = why
        self._request += 1
        pause_s = self._backoff.refused() if refused else self._backoff.failed()
        delay = 1 + int(pause_s * 1_000)
        self._schedule.after(delay, self._again, self._request)

    def _again(self, request: int) -> None:
        if request == self._request and self._life == self._lower.life:
            self._busy = False
            self._next()
