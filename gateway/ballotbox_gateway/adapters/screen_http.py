"""The screen in the room over HTTP: read by everybody, marked by an officer of this machine alone.

The local page shows it, and a door of its own shows it to phones. That door takes nothing in: no
token is ever typed where a network could hear it.
"""

import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ballotbox_gateway.adapters.http_questions import (
    BodyFault,
    Busy,
    limited_body,
    listening_socket,
)
from ballotbox_gateway.adapters.http_server import HttpServer
from ballotbox_gateway.config_pages import Screen
from ballotbox_gateway.problem import Problem

_log: Final = logging.getLogger(__name__)

_PATIENCE_S: Final = 10.0
#: Many times an alarm's name and a token.
_BODY_MAX: Final = 4_096
_YEAR_S: Final = 365 * 86_400

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

Serve = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Look:
    """Who looks at what. languages: wishes, the first one first. local: at this machine."""

    election: str | None
    languages: tuple[str | None, ...]
    local: bool


class Room(Protocol):
    """What stands behind the door; raises Problem, and Busy when the gateway cannot answer."""

    async def page(self, look: Look) -> str:
        """Return a whole page."""
        ...

    async def live(self, look: Look) -> str:
        """Return the part of a page that changes."""
        ...

    async def form(self, look: Look, alarm: str, wrong: str = "") -> str:
        """Return the page on which an alarm is marked as seen."""
        ...

    async def mark(self, look: Look, alarm: str, token: str) -> bool:
        """Mark an alarm as seen; tell whether the token is an officer's."""
        ...

    def problem(self, look: Look, problem: str) -> str:
        """Return a page that tells what is in the way."""
        ...


class ScreenRoutes:
    """The addresses of the screen. `require` raises Problem for a request that is not served."""

    def __init__(self, room: Room, require: Callable[[Request], None], *, local: bool) -> None:
        """Serve for this machine's browsers when `local`, else for everybody and reading alone."""
        self._room = room
        self._require = require
        self._local = local

    def routes(self) -> list[Route]:
        """Return what the door serves."""
        served: dict[str, Serve] = {
            "/room": self._page,
            "/room/screen.css": _asset("screen.css", "text/css"),
            "/room/screen.js": _asset("screen.js", "text/javascript"),
            "/room/{election}": self._page,
            "/room/{election}/live": self._live,
        }
        routes = [Route(path, self._guarded(serve)) for path, serve in served.items()]
        if self._local:
            seen = "/room/{election}/seen"
            routes.append(Route(seen, self._guarded(self._form)))
            routes.append(Route(seen, self._guarded(self._mark), methods=["POST"]))
        return routes

    def _guarded(self, serve: Serve) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint whose faults are told, and which lets no other site have its pages."""

        async def endpoint(request: Request) -> Response:
            look = self._look(request)
            try:
                self._require(request)
                response = await serve(request)
            except Problem as problem:
                response = HTMLResponse(self._room.problem(look, str(problem)), 400)
            except BodyFault as fault:
                response = HTMLResponse(self._room.problem(look, str(fault)), fault.status)
            except Busy as busy:
                response = HTMLResponse(self._room.problem(look, str(busy)), 503)
            except Exception as error:  # noqa: BLE001 - a screen stops no gateway
                frame = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{Path(frame.filename).name}:{frame.lineno}"
                _log.error(
                    "screen: a defect of this program: %s at %s", type(error).__name__, where
                )
                response = Response("The screen has a defect: see the log\n", 500)
            response.headers.update(_HEADERS)
            if not self._local:
                # A phone in a pocket must not hold a place that another one needs.
                response.headers["Connection"] = "close"
            return response

        return endpoint

    def _look(self, request: Request) -> Look:
        wishes = (
            request.query_params.get("lang"),
            request.cookies.get("lang"),
            request.headers.get("accept-language"),
        )
        return Look(request.path_params.get("election"), wishes, self._local)

    async def _page(self, request: Request) -> Response:
        response = HTMLResponse(await self._room.page(self._look(request)))
        wanted = request.query_params.get("lang", "")
        if wanted.isascii() and wanted.isalpha() and len(wanted) == 2:
            response.set_cookie(
                "lang", wanted, max_age=_YEAR_S, path="/room", samesite="strict", httponly=True
            )
        return response

    async def _live(self, request: Request) -> Response:
        return HTMLResponse(await self._room.live(self._look(request)))

    async def _form(self, request: Request) -> Response:
        alarm = request.query_params.get("alarm", "")
        return HTMLResponse(await self._room.form(self._look(request), alarm))

    async def _mark(self, request: Request) -> Response:
        typed = parse_qs((await limited_body(request, _BODY_MAX, _PATIENCE_S)).decode("latin-1"))
        alarm, token = (typed.get(name, [""])[0] for name in ("alarm", "token"))
        look = self._look(request)
        if await self._room.mark(look, alarm, token):
            return RedirectResponse(f"/room/{look.election}", 303)
        return HTMLResponse(await self._room.form(look, alarm, WRONG), 403)


#: Said beside a token that nobody has; a key of the catalogues.
WRONG: Final = "This is no officer's token. Type it as it was printed."


class ScreenDoor:
    """The door for phones. `start` listens, `stop` lets running requests end."""

    def __init__(self, settings: Screen, room: Room) -> None:
        self.name = f"screen http://{settings.host}:{settings.port}/room"
        self._settings = settings
        self._routes = ScreenRoutes(room, lambda _: None, local=False).routes()
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
        start = Route("/", _to_the_room)
        nowhere = {HTTPException: _nowhere}
        return Starlette(routes=[start, *self._routes], exception_handlers=nowhere)


async def _to_the_room(_: Request) -> Response:
    return RedirectResponse("/room", headers=_HEADERS)


async def _nowhere(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return Response("There is no such address\n", status, headers={"Connection": "close"})


def _asset(name: str, media_type: str) -> Serve:
    async def serve(_: Request) -> Response:
        data = (files("ballotbox_gateway") / "page" / name).read_bytes()
        return Response(data, media_type=media_type)

    return serve
