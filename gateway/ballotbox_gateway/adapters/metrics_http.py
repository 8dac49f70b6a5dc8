"""Health and metrics over HTTP: whoever reaches the port may read, nobody may write."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ballotbox_gateway.adapters.http_questions import Busy, listening_socket
from ballotbox_gateway.adapters.http_server import HttpServer
from ballotbox_gateway.config_pages import Metrics

#: For the loop to answer; a collector gives up after ten.
PATIENCE_S: Final = 5.0
#: Questions that may wait for the loop.
WAITING_MAX: Final = 4
#: One answer serves all who ask while it is younger, so that readers cost the intake nothing.
FRESH_S: Final = 1.0
_METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

States = Sequence[dict[str, Any]]


class Watched(Protocol):
    """The gateway that is looked at."""

    async def states(self) -> States:
        """Return the status of each election; raises Busy."""
        ...


class _Fresh:
    """A page that is made at most once a second; all who ask meanwhile get the same."""

    def __init__(self, make: Callable[[], Awaitable[Response]], tick: Callable[[], float]) -> None:
        self._make = make
        self._tick = tick
        self._made: Response | None = None
        self._until = 0.0
        self._making = asyncio.Lock()

    async def serve(self, _: Request) -> Response:
        async with self._making:
            if self._made is None or self._tick() >= self._until:
                self._made = await self._make()
                self._until = self._tick() + FRESH_S
            return self._made


class MetricsHttp:
    """The server of health and metrics. `start` listens, `stop` lets running requests end.

    judge: returns whether reports are taken in, and what to tell. expose: the metrics as text.
    tick: returns seconds that only go forward.
    """

    def __init__(
        self,
        settings: Metrics,
        watched: Watched,
        judge: Callable[[States], tuple[bool, dict[str, Any]]],
        expose: Callable[[States], bytes],
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        self.name = f"metrics http://{host}:{settings.port}/metrics"
        self._settings = settings
        self._watched = watched
        self._judge = judge
        self._expose = expose
        self._tick = tick
        self._server: HttpServer | None = None

    def start(self) -> None:
        """Listen; raises Problem when the address cannot be had."""
        self._server = HttpServer(self.application(), listening_socket(self._settings), None)

    def stop(self) -> None:
        """Take no more requests and wait until the running ones ended, at most some seconds."""
        if self._server is not None:
            self._server.stop()

    def application(self) -> Starlette:
        """Return the routes."""
        made = {"/health": self._health, "/metrics": self._metrics}
        pages = {path: _Fresh(make, self._tick) for path, make in made.items()}
        return Starlette(routes=[Route(path, page.serve) for path, page in pages.items()])

    async def _health(self) -> Response:
        try:
            able, told = self._judge(await self._watched.states())
        except Busy as busy:
            able, told = False, {"health": "no answer", "why": str(busy)}
        # Words from outside stand in it: nothing in ASCII of JSON is a command to a terminal.
        body = json.dumps(told) + "\n"
        return Response(body, 200 if able else 503, media_type="application/json")

    async def _metrics(self) -> Response:
        try:
            text = self._expose(await self._watched.states())
        except Busy as busy:
            return PlainTextResponse(f"{busy}\n", 503)
        return Response(text, headers={"content-type": _METRICS_TYPE})
