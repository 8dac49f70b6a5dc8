"""One election at this gateway: its intake and ledger, and what is said, delivered and copied.

Nothing in here knows of another election. Roads that several share are handed in by the gateway.
"""

import logging
import os
import random
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, ParamSpec, TypeVar

from ballotbox_gateway.adapters.backoff import Backoff
from ballotbox_gateway.adapters.roads import Carrier, CarrierState
from ballotbox_gateway.adapters.second_copy import SecondCopy
from ballotbox_gateway.adapters.threads import in_thread
from ballotbox_gateway.adapters.trust_files import load_trusted
from ballotbox_gateway.adapters.used_register import remember_register
from ballotbox_gateway.config import Config
from ballotbox_gateway.config_postgresql import Postgresql
from ballotbox_gateway.core.intake import CountOutcome, Intake, OlderRegister, RulingOutcome
from ballotbox_gateway.core.ports import DiskFull, Ledger, LedgerFailure
from ballotbox_gateway.core.publications import PublicationOutcome
from ballotbox_gateway.core.quota import Quotas
from ballotbox_gateway.core.upward import UpwardBatch, UpwardConflict, UpwardFault, UpwardReply
from ballotbox_gateway.marking import mark_of
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.calling import Requests, call_boxes
from ballotbox_gateway.service.carrying_desk import CarryingDesk
from ballotbox_gateway.service.certificates import CertificateWatch
from ballotbox_gateway.service.delivery import UpwardDelivery
from ballotbox_gateway.service.desk import Desk
from ballotbox_gateway.service.follower import Follower
from ballotbox_gateway.service.forks import Forks
from ballotbox_gateway.service.kept_checkpoint import KeptCheckpoint
from ballotbox_gateway.service.reception import Reception
from ballotbox_gateway.service.room import Reserve
from ballotbox_gateway.service.screen_watch import ScreenWatch
from ballotbox_gateway.service.sharing import Sharing
from ballotbox_protocol.election.identifiers import OriginId
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason

if TYPE_CHECKING:
    from ballotbox_gateway.adapters.mqtt_from_below import MqttFromBelow
    from ballotbox_gateway.adapters.mqtt_intake import MqttIntake

P = ParamSpec("P")
T = TypeVar("T")
Work = Coroutine[Any, Any, None]

_log: Final = logging.getLogger(__name__)


class Parts(NamedTuple):
    """What an office is made of: the settings, and what was opened by them."""

    config: Config
    trusted: Trusted
    intake: Intake
    ledger: Ledger
    quotas: Quotas

    @property
    def mark(self) -> str:
        """What stands before each log line of this election."""
        return mark_of(self.trusted.election.mode, self.config.name)


class Office:
    """One election. Make it on the loop that will run it, inside the mark of its log lines."""

    def __init__(self, parts: Parts, fail: Callable[[BaseException], None]) -> None:
        """Take over the parts; `fail` ends the service."""
        self.config, self.trusted, self._intake, self._ledger, self._quotas = parts
        self._fail = fail
        self._reserve = Reserve(self.config)
        self._context = copy_context()
        self.reception = Reception(self._intake, now, fail)
        self.reception.reserve = self._reserve.trouble
        self.reception.decided = self._grown
        carrying = CarryingDesk(lambda: self._intake, self.take_in, now)
        self._desk = Desk(
            self._ledger, self.trusted, self._rule, self._count, self._running, carrying.answers
        )
        self._delivery: UpwardDelivery | None = None
        self._below: MqttFromBelow | None = None
        self._follower: Follower | None = None
        self._sharing: Sharing | None = None
        self._kept: KeptCheckpoint | None = None
        self._forks = Forks()
        self._certificates = CertificateWatch(self.config)
        precincts = self.config.screen.precincts if self.config.screen else ()
        self._watch = ScreenWatch(self._ledger, precincts)

    @property
    def origin(self) -> str:
        """The name of this election's log here."""
        return self.config.origin

    def within(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what came from outside as a thing of this election: its lines are marked as such."""
        return self._context.run(work, *args, **kwargs)

    def works(self) -> Iterator[Work]:
        """Yield what has to run all the while, but for the roads that others share."""
        config, reception = self.config, self.reception
        # Each road's library is loaded only where there is such a road.
        if config.mqtt is not None:
            from ballotbox_gateway.adapters.mqtt_intake import MqttIntake

            mqtt = MqttIntake(
                config.mqtt,
                config.origin,
                self.trusted.digest,
                reception.inbox,
                backoff(),
                shared=config.postgresql is not None,
            )
            mqtt.serve(self.trusted.register.entries_of.keys())
            reception.mqtt = mqtt
            reception.carriers.append(mqtt)
            yield mqtt.run()
            if config.postgresql is not None:
                self._sharing = self._share(mqtt, config.postgresql)
                yield self._sharing.run()
        if config.postgresql is not None:
            self._kept = KeptCheckpoint(
                config, lambda: self._ledger.checkpoint_at(self._intake.size)
            )
            yield self._kept.run()
        if config.below is not None:
            from ballotbox_gateway.adapters.mqtt_from_below import MqttFromBelow

            self._below = MqttFromBelow(
                config.below, config.origin, self.trusted.digest, self.take_in, backoff()
            )
            yield self._below.run()
        if config.upstream is not None:
            from ballotbox_gateway.service.upward_roads import upward_road

            self._delivery = UpwardDelivery(
                config.upstream,
                self._intake,
                self._ledger,
                backoff(),
                now,
                partial(upward_road, config, config.upstream, self.trusted.digest),
            )
            yield self._delivery.run()
        if config.second_copy is not None:
            key = self.trusted.register.gateway_keys[config.origin]
            copy = SecondCopy(config.second_copy, config.origin, key)
            self._follower = Follower(copy, self._intake, backoff(), now)
            yield self._follower.run()
        yield self._certificates.run()
        yield call_boxes(self._intake.call_again, self._say)

    def _share(self, mqtt: "MqttIntake", settings: Postgresql) -> Sharing:
        from ballotbox_gateway.ledger.postgresql_leases import Leases

        leases = Leases(settings, f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}")
        return Sharing(
            leases,
            mqtt.listen_to,
            lambda: not self.reception.disk_full,
            settings.lease_s,
            lambda: bool(mqtt.subscriptions.deaf),
        )

    def _say(self, requests: Requests) -> None:
        self.reception.send(requests)
        for carrier in self.reception.carriers:
            carrier.flush()

    def _grown(self) -> None:
        for part in (self._delivery, self._follower, self._kept):
            if part is not None:
                part.wake()

    def renew_broker(self) -> None:
        """Connect with the new files of the mqtt and below tables, where they have changed."""
        for road, table in ((self.reception.mqtt, "mqtt"), (self._below, "below")):
            try:
                if road is None:
                    continue
                if road.renew():
                    _log.info("%s: connecting with the new files of the %s table", road.name, table)
            except Problem as problem:
                _log.error("the connection to the broker stays as it is: %s", problem)
            else:
                self.renewed(f"{table}.tls")

    def renew_delivery(self) -> None:
        """Show the upper gateway the certificates that the files hold now, and trust those."""
        try:
            if self._delivery is not None:
                self._delivery.reload()
        except Problem as problem:
            _log.error("the present certificates stay in use: %s", problem)
        else:
            self.renewed("upstream")

    def renewed(self, table: str) -> None:
        """Take note of when the certificate ends that the road of a table uses since a reload."""
        self._certificates.read(table)

    def reload_register(self, require: Callable[[Trusted], None]) -> None:
        """Use the register file's newest version, or say why the present one stays in use.

        `require` raises Problem when it cannot stand beside the other elections.
        """
        version = self.trusted.register.version
        try:
            trusted = load_trusted(self.config, at_least=version)
            require(trusted)
            self._intake.replace_register(trusted)
        except (Problem, OlderRegister, ValueError, DiskFull) as problem:
            _log.error("register version %s stays in use: %s", version, problem)
            return
        except LedgerFailure as error:
            self._fail(error)
            return
        remember_register(self.config, trusted.register)
        self.trusted = self._desk.trusted = trusted
        if self.reception.mqtt is not None:
            self.reception.mqtt.serve(trusted.register.entries_of.keys())
        _log.info("register version %s is in use", trusted.register.version)

    def drain(self) -> None:
        """Decide and answer what has come in."""
        while len(self.reception.inbox):
            if not self.reception.decide():
                break

    async def finish(self, *, well: bool) -> None:
        """Let go of boxes and upper gateway, and complete the second copy when all is `well`."""
        if self._sharing is not None:
            await in_thread(self._sharing.leave)
        if self._delivery is not None:
            self._delivery.close()
        if self._follower is not None and well:
            await self._follower.finish()
        if self._kept is not None and well:
            await self._kept.keep()

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer at the control socket."""
        return self.within(self._desk.answer, question)

    def _rule(self, ruling: bytes) -> RulingOutcome:
        outcome = self._asked(lambda: self._intake.rule(ruling, now()))
        self._say(outcome.also)
        self.reception.decided()
        return outcome

    def _count(self, data: bytes) -> CountOutcome:
        outcome = self._asked(lambda: self._intake.count_by_hand(data, now()))
        self.reception.decided()
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

    @property
    def _roads(self) -> "tuple[Carrier | MqttFromBelow, ...]":
        return (*self.reception.carriers, *([self._below] if self._below else ()))

    def _running(self) -> dict[str, Any]:
        reception = self.reception
        roads = [
            {"name": road.name, "state": road.state.value, "trouble": road.trouble}
            for road in self._roads
        ]
        return {
            "running": True,
            "origin": self.config.origin,
            "roads": roads,
            "fresh_boxes": len(reception.fresh),
            "undecided": len(reception.inbox),
            **reception.holds,
            "broker_remarks": reception.mqtt.watch.remarks if reception.mqtt else [],
            "over_quota": self._over_quota(),
            "forked_below": self._forks.status(),
            "upstream": self._delivery.status() if self._delivery else None,
            "second_copy": self._follower.status() if self._follower else None,
            "certificates": self._certificates.status(),
            "shards": self._sharing.status() if self._sharing else None,
        }

    def screen(self) -> dict[str, Any]:
        """Return what the screen in the room shows, as JSON-able values; raises LedgerFailure."""
        upstream, reception = self.config.upstream, self.reception
        copy = self._follower.status() if self._follower else None
        return self._watch.look(self.trusted, upstream.origin if upstream else None) | {
            "roads_down": [road.name for road in self._roads if _is_down(road)],
            **{kind: bool(trouble) for kind, trouble in reception.holds.items()},
            "broker_remarks": " ".join(reception.mqtt.watch.remarks) if reception.mqtt else "",
            "over_quota": self._over_quota(),
            "forked_below": [each["origin"] for each in self._forks.status()],
            "copy_trouble": bool(copy and copy["trouble"]),
            "certificates": self._certificates.status(),
        }

    def _over_quota(self) -> list[str]:
        boxes = [f"box {box.hex()}" for box in sorted(self._quotas.boxes.dry)]
        gateways = self._quotas.gateways.dry | self._quotas.aside.dry
        return boxes + [f"gateway {name.decode()}" for name in sorted(gateways)]

    def take_in(self, batch: UpwardBatch) -> UpwardReply | UpwardConflict | UpwardFault:
        """Admit a stretch of a lower log; raises LedgerFailure."""
        trouble = self._reserve.trouble()
        if trouble:
            raise DiskFull(trouble)
        outcome = self._asked(lambda: self._intake.admit_from_below(batch, now()))
        self._forks.hear(batch.origin, outcome)
        self.reception.decided()
        return outcome

    def publish(self, statement: bytes) -> PublicationOutcome:
        """Take a released result into the log; raises LedgerFailure."""
        trouble = self._reserve.trouble()
        if trouble:
            raise DiskFull(trouble)
        outcome = self._asked(lambda: self._intake.publish(statement, now()))
        self.reception.decided()
        return outcome

    def expected(self, log: bytes) -> int | None:
        """Return the next leaf wanted of a log; None when the register names no such gateway."""
        origin = self.trusted.register.origin_by_id.get(OriginId(log))
        if origin is None:
            return None
        known = self._ledger.lower_log(origin)
        return known.size if known else 0

    def checkpoint(self) -> bytes | None:
        """Return the newest checkpoint of this election's log, None while it is empty."""
        found = self._ledger.checkpoint_at(self._ledger.log_head().size)
        return found.note if found else None

    def turned_away(self, reason: Reason) -> None:
        """Count a request that is refused for who sent it; stored with the next batch."""
        self._intake.turned_away(reason)


def _is_down(road: "Carrier | MqttFromBelow") -> bool:
    """Tell whether a road has a fault; one that has just begun to connect has none yet."""
    return road.state is CarrierState.DOWN or bool(road.trouble)


def now() -> int:
    """Return Unix seconds."""
    return int(time.time())


def backoff() -> Backoff:
    """Return the delays of a road that keeps trying."""
    return Backoff(random.random)
