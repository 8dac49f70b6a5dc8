"""The running gateway: roads, reception, delivery and doors around one intake and one ledger.

One loop owns everything that decides. It starts the roads, serves until it is told to stop, and
then drains: what was read in is decided and answered before the ledger is closed.
"""

import asyncio
import logging
import os
import random
import signal
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ballotbox_gateway.adapters.backoff import Backoff
from ballotbox_gateway.adapters.control_socket import ControlServer
from ballotbox_gateway.adapters.mqtt_intake import MqttIntake
from ballotbox_gateway.adapters.roads import Carrier
from ballotbox_gateway.adapters.second_copy import SecondCopy
from ballotbox_gateway.adapters.serial_intake import REOPEN_CAP_S, SerialIntake
from ballotbox_gateway.adapters.threads import in_thread
from ballotbox_gateway.adapters.trust_files import load_trusted
from ballotbox_gateway.config import Config
from ballotbox_gateway.core.intake import Intake, OlderRegister, RulingOutcome
from ballotbox_gateway.core.ports import DiskFull, Ledger, LedgerFailure
from ballotbox_gateway.core.quota import Quotas
from ballotbox_gateway.core.upward import UpwardBatch, UpwardConflict, UpwardFault, UpwardReply
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.delivery import UpwardDelivery
from ballotbox_gateway.service.desk import Desk
from ballotbox_gateway.service.follower import Follower
from ballotbox_gateway.service.reception import Reception
from ballotbox_gateway.service.room import Reserve
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason

if TYPE_CHECKING:
    from ballotbox_gateway.adapters.http_intake import HttpIntake

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)

#: A request may be lost, or find a box switched off: so often is it said again.
_CALL_AGAIN_S: Final = 2.0
_CALL_SELDOM_S: Final = 600.0
_CALLS_AT_ONCE: Final = 256
_GOODBYE_S: Final = 5.0
_SESSION_SIZE: Final = 8


class Gateway:
    """One gateway process. Make it on the loop that will run it."""

    def __init__(
        self, config: Config, trusted: Trusted, intake: Intake, ledger: Ledger, quotas: Quotas
    ) -> None:
        """Take over the intake, its ledger and its quotas."""
        self._config = config
        self._quotas = quotas
        self._reserve = Reserve(config)
        self._trusted = trusted
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()
        self._intake = intake
        self._reception = Reception(self._intake, _now, self._fail)
        self._reception.reserve = self._reserve.trouble
        self._desk = Desk(ledger, trusted, self._rule, self._running)
        self._delivery: UpwardDelivery | None = None
        self._follower: Follower | None = None
        self._http: HttpIntake | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until SIGTERM or SIGINT, then drain; `ready` is called when the doors are open.

        Raises Problem when it cannot start, LedgerFailure when the ledger fails, and whatever a
        bug raised: a gateway never goes on half dead.
        """
        self._loop.set_exception_handler(self._bug)
        control = ControlServer(self._config.control, self._desk.answer)
        await control.start()
        try:
            self._start_http()
            self._start_roads()
            self._catch_signals()
            ready()
            await self._stop.wait()
        finally:
            if self._http is not None:
                await in_thread(self._http.stop)
            await self._drain()
            await control.stop()
        if self._failure is not None:
            raise self._failure

    def _start_http(self) -> None:
        if self._config.http is None:
            return
        # Imported only where it is configured: a precinct needs no web server in memory.
        from ballotbox_gateway.adapters.http_intake import HttpIntake

        server = HttpIntake(self._config.http, self)
        server.start()
        self._http = server
        _log.info("%s: listening", server.name)

    def _start_roads(self) -> None:
        reception, config = self._reception, self._config
        if config.mqtt is not None:
            mqtt = MqttIntake(
                config.mqtt, config.origin, self._trusted.digest, reception.inbox, _backoff()
            )
            mqtt.serve(self._trusted.register.entries_of.keys())
            reception.mqtt = mqtt
            reception.carriers.append(mqtt)
        for line in config.serial:
            session = os.urandom(_SESSION_SIZE)
            backoff = Backoff(random.random, cap_s=REOPEN_CAP_S)
            reception.carriers.append(SerialIntake(line, session, reception.inbox, backoff))
        for carrier in reception.carriers:
            self._start(carrier.run())
        if config.upstream is not None:
            self._delivery = UpwardDelivery(
                config.upstream, self._intake, self._ledger, _backoff(), _now
            )
            self._start(self._delivery.run())
        self._follow()
        self._start(self._call_boxes())

    async def _call_boxes(self) -> None:
        """Ask for everything again that a log had whose place this one takes."""
        pause = _CALL_AGAIN_S
        while requests := self._intake.call_again():
            _log.info("asking %s boxes for all their reports", len(requests))
            for first in range(0, len(requests), _CALLS_AT_ONCE):
                self._reception.send(requests[first : first + _CALLS_AT_ONCE])
                for carrier in self._reception.carriers:
                    carrier.flush()
                await asyncio.sleep(0)
            await asyncio.sleep(pause)
            # The register names boxes of other gateways, too: those never answer here.
            pause = min(2 * pause, _CALL_SELDOM_S)

    def _follow(self) -> None:
        config = self._config
        if config.second_copy is not None:
            key = self._trusted.register.gateway_keys[config.origin]
            copy = SecondCopy(config.second_copy, config.origin, key)
            self._follower = Follower(copy, self._intake, _backoff(), _now)
            self._start(self._follower.run())
        self._reception.decided = self._grown

    def _grown(self) -> None:
        for part in (self._delivery, self._follower):
            if part is not None:
                part.wake()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """End the service; the first failure is the one that is told."""
        self._failure = self._failure or error
        self._stop.set()

    def _bug(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._fail(context.get("exception") or RuntimeError(context["message"]))

    def _catch_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stop.set)
        self._loop.add_signal_handler(signal.SIGHUP, self.reload)

    def reload(self) -> None:
        """Take in what the files of the settings hold now: register and certificates."""
        self.reload_register()
        self._renew_broker()
        self._reload_certificates()

    def _renew_broker(self) -> None:
        mqtt = self._reception.mqtt
        try:
            if mqtt is not None and mqtt.renew():
                _log.info("%s: connecting with the new files of the mqtt table", mqtt.name)
        except Problem as problem:
            _log.error("the connection to the broker stays as it is: %s", problem)

    def _reload_certificates(self) -> None:
        try:
            ending = self._http.reload() if self._http is not None else None
            if self._delivery is not None:
                self._delivery.reload()
        except Problem as problem:
            _log.error("the present certificates stay in use: %s", problem)
            return
        if ending is not None:
            _log.info("the certificates of the HTTP intake are those of its files now")
            self._start(in_thread(ending))

    def reload_register(self) -> None:
        """Use the register file's newest version, or say why the present one stays in use."""
        version = self._trusted.register.version
        try:
            trusted = load_trusted(self._config, at_least=version)
            self._intake.replace_register(trusted)
        except (Problem, OlderRegister, ValueError) as problem:
            _log.error("register version %s stays in use: %s", version, problem)
            return
        except LedgerFailure as error:
            self._fail(error)
            return
        self._trusted = self._desk.trusted = trusted
        if self._reception.mqtt is not None:
            self._reception.mqtt.serve(trusted.register.entries_of.keys())
        _log.info("register version %s is in use", trusted.register.version)

    async def _drain(self) -> None:
        carriers: list[Carrier] = self._reception.carriers
        for carrier in carriers:
            carrier.hold()
        while len(self._reception.inbox) and self._failure is None:
            if not self._reception.decide():
                break
        await asyncio.gather(*(carrier.stop(_GOODBYE_S) for carrier in carriers))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._delivery is not None:
            self._delivery.close()
        if self._follower is not None and self._failure is None:
            await self._follower.finish()

    def _rule(self, ruling: bytes) -> RulingOutcome:
        outcome = self._asked(lambda: self._intake.rule(ruling, _now()))
        self._reception.send(outcome.also)
        for carrier in self._reception.carriers:
            carrier.flush()
        self._reception.decided()
        return outcome

    def _asked(self, work: Callable[[], T]) -> T:
        """Do what was asked from outside; a ledger that fails at it ends the service as well."""
        try:
            return work()
        except DiskFull:
            raise
        except LedgerFailure as error:
            self._fail(error)
            raise

    def _running(self) -> dict[str, Any]:
        reception = self._reception
        roads = [
            {"name": road.name, "state": road.state.value, "trouble": road.trouble}
            for road in reception.carriers
        ]
        return {
            "running": True,
            "roads": roads,
            "fresh_boxes": len(reception.fresh),
            "undecided": len(reception.inbox),
            "disk_full": reception.disk_full,
            "broker_remarks": reception.mqtt.watch.remarks if reception.mqtt else [],
            "over_quota": self._over_quota(),
            "upstream": self._delivery.status() if self._delivery else None,
            "second_copy": self._follower.status() if self._follower else None,
        }

    def _over_quota(self) -> list[str]:
        boxes = [f"box {box.hex()}" for box in sorted(self._quotas.boxes.dry)]
        return boxes + [f"gateway {name.decode()}" for name in sorted(self._quotas.gateways.dry)]

    # What the HTTP intake asks, as adapters.http_intake.UpperOffice.

    def take_in(self, batch: UpwardBatch) -> UpwardReply | UpwardConflict | UpwardFault:
        """Admit a stretch of a lower log; raises LedgerFailure."""
        trouble = self._reserve.trouble()
        if trouble:
            raise DiskFull(trouble)
        outcome = self._asked(lambda: self._intake.admit_from_below(batch, _now()))
        self._reception.decided()
        return outcome

    def expected(self, origin: bytes) -> int | None:
        """Return the next leaf wanted of a log; None when the register names no such gateway."""
        for gateway in self._trusted.register.gateways:
            if origin_id(gateway.origin) == origin:
                known = self._ledger.lower_log(gateway.origin)
                return known.size if known else 0
        return None

    def checkpoint(self) -> bytes | None:
        """Return the newest checkpoint of this gateway's log, None while it is empty."""
        found = self._ledger.checkpoint_at(self._ledger.log_head().size)
        return found.note if found else None

    def turned_away(self, reason: Reason) -> None:
        """Count a request that is refused for who sent it; stored with the next batch."""
        self._intake.turned_away(reason)


def _now() -> int:
    return int(time.time())


def _backoff() -> Backoff:
    return Backoff(random.random)
