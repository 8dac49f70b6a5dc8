"""The running gateway: an office for each election, and the roads and doors around them.

One loop owns everything that decides. It starts the roads, serves until it is told to stop, and
then drains: what was read in is decided and answered before the ledgers are closed.
"""

import asyncio
import logging
import os
import random
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ballotbox_gateway.adapters.backoff import Backoff
from ballotbox_gateway.adapters.control_socket import ControlServer
from ballotbox_gateway.adapters.roads import Carrier, LetterBox
from ballotbox_gateway.adapters.serial_intake import REOPEN_CAP_S, SerialIntake
from ballotbox_gateway.adapters.supervisor import Supervisor
from ballotbox_gateway.adapters.threads import in_thread
from ballotbox_gateway.config_pages import Screen
from ballotbox_gateway.core.addressing import Addresses
from ballotbox_gateway.core.publications import PublicationOutcome
from ballotbox_gateway.core.upward import UpwardBatch, UpwardConflict, UpwardFault, UpwardReply
from ballotbox_gateway.marking import marked
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.apart import require_apart
from ballotbox_gateway.service.office import Office, Parts, Work
from ballotbox_gateway.service.screen_marks import Marks
from ballotbox_gateway.service.switchboard import SharedRoad, Switchboard
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason

if TYPE_CHECKING:
    from ballotbox_gateway.adapters.count_http import CountHttp
    from ballotbox_gateway.adapters.http_intake import HttpIntake
    from ballotbox_gateway.adapters.metrics_http import MetricsHttp
    from ballotbox_gateway.adapters.screen_http import ScreenDoor
    from ballotbox_gateway.service.screen_site import ScreenSite

_log: Final = logging.getLogger(__name__)

_GOODBYE_S: Final = 5.0
_SESSION_SIZE: Final = 8


class Gateway:
    """One gateway process. Make it on the loop that will run it."""

    def __init__(self, elections: Sequence[Parts]) -> None:
        """Take over what was opened for each election; raises Problem when two may cross."""
        require_apart([parts.trusted for parts in elections], elections[0].config)
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None
        self._offices = [self._office(parts) for parts in elections]
        self._addresses = Addresses(self._offices)
        self._settings = elections[0].config
        self._http: HttpIntake | None = None
        self._pages: list[CountHttp | ScreenDoor] = []
        self._metrics: MetricsHttp | None = None
        self._lines: list[SerialIntake] = []
        self._supervisor = Supervisor.of(os.environ)
        self._tasks: list[asyncio.Task[None]] = []

    def _office(self, parts: Parts) -> Office:
        with marked(parts.mark):
            return Office(parts, self._fail)

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until SIGTERM or SIGINT, then drain; `ready` is called when the doors are open.

        Raises Problem when it cannot start, LedgerFailure when a ledger fails, and whatever a
        bug raised: a gateway never goes on half dead.
        """
        self._loop.set_exception_handler(self._bug)
        doors: list[ControlServer] = []
        try:
            for office in self._offices:
                door = ControlServer(office.config.control, office.answer)
                await door.start()
                doors.append(door)
            await self._serve(ready)
        finally:
            for door in doors:
                await door.stop()
        if self._failure is not None:
            raise self._failure

    async def _serve(self, ready: Callable[[], None]) -> None:
        try:
            self._start_http()
            self._start_pages()
            self._start_metrics()
            self._start_roads()
            self._catch_signals()
            ready()
            self._supervisor.ready()
            self._start(self._supervisor.watch())
            await self._stop.wait()
        finally:
            self._supervisor.stopping()
            for server in (*self._pages, self._http, self._metrics):
                if server is not None:
                    await in_thread(server.stop)
            await self._drain()

    def _start_http(self) -> None:
        if self._settings.http is None:
            return
        # Imported only where it is configured: a precinct needs no web server in memory.
        from ballotbox_gateway.adapters.http_intake import HttpIntake

        server = HttpIntake(self._settings.http, self)
        server.start()
        self._http = server
        _log.info("%s: listening", server.name)

    def _start_pages(self) -> None:
        if self._settings.page is None and self._door_of_screen() is None:
            return
        marks = Marks()
        if self._settings.page is not None:
            from ballotbox_gateway.adapters.count_http import WAITING_MAX, CountHttp
            from ballotbox_gateway.adapters.http_questions import Questions
            from ballotbox_gateway.service.count_site import CountSite

            site = CountSite(self._offices, Questions(self._loop, WAITING_MAX))
            self._start_site(CountHttp(self._settings.page, site, self._screen_site(marks)))
        door = self._door_of_screen()
        if door is not None:
            from ballotbox_gateway.adapters.screen_http import ScreenDoor

            self._start_site(ScreenDoor(door, self._screen_site(marks)))

    def _door_of_screen(self) -> Screen | None:
        screen = self._settings.screen
        return screen if screen is not None and screen.port is not None else None

    def _screen_site(self, marks: Marks) -> "ScreenSite":
        from ballotbox_gateway.adapters.http_questions import Questions
        from ballotbox_gateway.service.screen_site import ScreenSite

        offices = {each.config.name or "election": each for each in self._offices}
        settings = self._settings.screen or Screen.model_validate({})
        return ScreenSite(offices, Questions(self._loop, len(offices)), settings, marks)

    def _start_site(self, site: "CountHttp | ScreenDoor") -> None:
        try:
            site.start()
        except Problem as problem:
            # Boxes must not wait because something else has the port of a page.
            _log.error("the %s is not served: %s", site.name.partition(" http")[0], problem)
            return
        self._pages.append(site)
        _log.info("%s: listening", site.name)

    def _start_metrics(self) -> None:
        if self._settings.metrics is None:
            return
        from ballotbox_gateway.adapters.http_questions import Questions
        from ballotbox_gateway.adapters.metrics_http import WAITING_MAX, MetricsHttp
        from ballotbox_gateway.service.metrics import exposition, health
        from ballotbox_gateway.service.watched import WatchedOffices

        watched = WatchedOffices(self._offices, Questions(self._loop, WAITING_MAX))
        metrics = MetricsHttp(self._settings.metrics, watched, health, exposition)
        try:
            metrics.start()
        except Problem as problem:
            _log.error("health and metrics are not served: %s", problem)
            return
        self._metrics = metrics
        _log.info("%s: listening", metrics.name)

    def _start_roads(self) -> None:
        for office in self._offices:
            office.within(self._begin, office)
        several = len(self._offices) > 1
        board = Switchboard(self._offices) if several else None
        for settings in self._settings.serial:
            inbox: LetterBox = board or self._offices[0].reception.inbox
            pause = Backoff(random.random, cap_s=REOPEN_CAP_S)
            line = SerialIntake(settings, os.urandom(_SESSION_SIZE), inbox, pause)
            self._lines.append(line)
            road: Carrier = line if board is None else SharedRoad(line, board)
            for office in self._offices:
                office.reception.carriers.append(road)
            self._start(line.run())

    def _begin(self, office: Office) -> None:
        for work in office.works():
            self._start(work)

    def _start(self, work: Work) -> None:
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
        """Take in what the files of the settings hold now: registers and certificates."""
        for office in self._offices:
            office.within(self._reload, office)
        self._reload_certificates()

    def _reload(self, office: Office) -> None:
        others = [each.trusted for each in self._offices if each is not office]

        def require(trusted: Trusted) -> None:
            require_apart([*others, trusted], self._settings)

        office.reload_register(require)
        office.renew_broker()
        office.renew_delivery()

    def _reload_certificates(self) -> None:
        try:
            ending = self._http.reload() if self._http is not None else None
        except Problem as problem:
            _log.error("the present certificates stay in use: %s", problem)
            return
        for office in self._offices:
            office.renewed("http")
        if ending is not None:
            _log.info("the certificates of the HTTP intake are those of its files now")
            self._start(in_thread(ending))

    async def _drain(self) -> None:
        carriers = {id(each): each for each in self._roads()}.values()
        for carrier in carriers:
            carrier.hold()
        for office in self._offices:
            if self._failure is None:
                office.within(office.drain)
        await asyncio.gather(*(carrier.stop(_GOODBYE_S) for carrier in carriers))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        well = self._failure is None
        ends = [
            each.within(self._loop.create_task, each.finish(well=well)) for each in self._offices
        ]
        await asyncio.gather(*ends)

    def _roads(self) -> list[Carrier]:
        """Return every road once: those that are shared, and the brokers' of each election."""
        brokers = [each.reception.mqtt for each in self._offices]
        return [*(each for each in brokers if each is not None), *self._lines]

    # What the HTTP intake asks, as adapters.http_intake.UpperOffice.

    def take_in(self, batch: UpwardBatch) -> UpwardReply | UpwardConflict | UpwardFault:
        """Admit a stretch of a lower log into the election it belongs to; raises LedgerFailure."""
        office = self._addresses.of_log_below(origin_id(batch.origin)) or self._offices[0]
        return office.within(office.take_in, batch)

    def expected(self, log: bytes) -> int | None:
        """Return the next leaf wanted of a log; None when no register names such a gateway."""
        office = self._addresses.of_log_below(log)
        return None if office is None else office.expected(log)

    def checkpoints(self) -> Mapping[str, bytes | None]:
        """Return the newest checkpoint of each log that is kept here, None of an empty one."""
        return {each.origin: each.checkpoint() for each in self._offices}

    def publish(self, statement: bytes) -> PublicationOutcome:
        """Take a released result into the election it names; raises LedgerFailure."""
        office = self._addresses.of_publication(statement)
        return office.within(office.publish, statement)

    def turned_away(self, log: bytes, reason: Reason) -> None:
        """Count a request about a lower log that is refused for who sent it."""
        (self._addresses.of_log_below(log) or self._offices[0]).turned_away(reason)
