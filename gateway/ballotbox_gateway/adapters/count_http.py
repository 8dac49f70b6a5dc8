"""The local page over HTTP: for browsers on this machine alone, and for no page of another site.

Whatever is typed goes to the site and into no log. The port has no guard of its own but the
loopback interface: nothing that comes by it counts before officers have signed it elsewhere.
"""

import asyncio
import json
import logging
import traceback
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ballotbox_gateway.adapters.http_questions import (
    BodyFault,
    Busy,
    limited_body,
    listening_socket,
)
from ballotbox_gateway.adapters.http_server import HttpServer
from ballotbox_gateway.adapters.screen_http import Room, ScreenRoutes
from ballotbox_gateway.config_pages import Page
from ballotbox_gateway.problem import Problem

_log: Final = logging.getLogger(__name__)

#: For a request to arrive whole, and for the loop to answer it.
PATIENCE_S: Final = 10.0
#: Questions of the page that may wait for the loop.
WAITING_MAX: Final = 8
#: Many times the longest sheet.
BODY_MAX: Final = 65_536
_TYPED_MAX: Final = 64
_REASON_MAX: Final = 1_000
_DIGITS_MAX: Final = 10

_NOTHING: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
_FORM_POLICY: Final = (
    f"{_NOTHING}; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'"
)
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True)
class Place:
    """Which sheet is meant: a contest of a precinct, and the law where it is named."""

    election: str
    precinct: int
    contest: int
    law: str | None = None

    @property
    def path(self) -> str:
        """Where the sheet stands at this door."""
        return f"/hand-count/{self.election}/{self.precinct}/{self.contest}"


@dataclass(frozen=True)
class Order:
    """What a person wants to be signed: what is typed, and which version it corrects, and why."""

    typed: tuple[str, ...]
    corrects: str | None
    reason: str | None
    as_counted: bool


class Site(Protocol):
    """What stands behind the door. All but `check` may ask the service's loop; raises Problem."""

    async def start(self) -> str:
        """Return the first page."""
        ...

    async def station(self, election: str, precinct: int) -> str:
        """Return the page of a precinct."""
        ...

    async def sheet(self, place: Place) -> str:
        """Return a sheet to be filled in."""
        ...

    def check(self, place: Place, typed: Sequence[str]) -> dict[str, Any]:
        """Return what is wrong with what is typed so far."""
        ...

    async def draft(self, place: Place, order: Order) -> dict[str, Any]:
        """Hold a count until it is signed."""
        ...

    async def state(self, place: Place, name: str) -> dict[str, Any]:
        """Return what has become of a draft."""
        ...

    async def copies(self, place: Place, version: int, copies: int) -> str:
        """Return a version ready for a printer."""
        ...

    def problem(self, problem: Problem) -> str:
        """Return a page that tells what is in the way."""
        ...


class CountHttp:
    """The server of the local page. `start` listens, `stop` lets running requests end."""

    def __init__(self, settings: Page, site: Site, room: Room | None = None) -> None:
        self.name = f"local page http://{_host_of(settings)}/"
        self._settings = settings
        self._site = site
        self._room = room
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
        sheet = "/hand-count/{election}/{precinct}/{contest}"
        served: Mapping[str, tuple[str, Callable[[Request], Awaitable[Response]]]] = {
            "/": ("GET", self._start),
            "/hand-count.js": ("GET", self._script),
            "/hand-count.css": ("GET", self._style),
            "/hand-count": ("GET", self._find),
            "/hand-count/{election}/{precinct}": ("GET", self._station),
            sheet: ("GET", self._sheet),
            f"{sheet}/check": ("POST", self._check),
            f"{sheet}/draft": ("POST", self._draft),
            f"{sheet}/state": ("GET", self._state),
            f"{sheet}/print": ("GET", self._print),
        }
        routes = [
            Route(path, self._guarded(serve), methods=[method])
            for path, (method, serve) in served.items()
        ]
        if self._room is not None:
            own = partial(_require_own, settings=self._settings)
            routes += ScreenRoutes(self._room, own, local=True).routes()
        return Starlette(routes=routes, exception_handlers={HTTPException: self._guarded(_nowhere)})

    def _guarded(
        self, serve: Callable[[Request], Awaitable[Response]]
    ) -> Callable[..., Awaitable[Response]]:
        """Return an endpoint that answers this machine's own page, and whose faults are told."""

        async def endpoint(request: Request, *_: object) -> Response:
            try:
                _require_own(request, self._settings)
                response = await serve(request)
            except Problem as problem:
                status = 403 if isinstance(problem, _Foreign) else 400
                response = self._told(request, problem, status)
            except BodyFault as error:
                fault = Problem("the request", str(error), "Open the sheet again")
                response = self._told(request, fault, error.status)
                response.headers["Connection"] = "close"
            except Busy as busy:
                fault = Problem("the gateway", str(busy), "Try again in a moment")
                response = self._told(request, fault, 503)
            except Exception as error:  # noqa: BLE001 - its text may hold what was typed
                _log.error("%s: a defect of this program: %s", self.name, _where(error))
                fault = Problem("the gateway", "has a defect", "Use `ballotbox-gateway hand-count`")
                response = self._told(request, fault, 500)
            response.headers.setdefault("Content-Security-Policy", _FORM_POLICY)
            response.headers.update(_HEADERS)
            return response

        return endpoint

    def _told(self, request: Request, problem: Problem, status: int) -> Response:
        if request.method == "POST" or request.url.path.endswith("/state"):
            return JSONResponse({"problem": str(problem)}, status)
        return HTMLResponse(self._site.problem(problem), status)

    async def _start(self, _: Request) -> Response:
        return HTMLResponse(await self._site.start())

    async def _script(self, _: Request) -> Response:
        return Response(_asset("hand-count.js"), media_type="text/javascript")

    async def _style(self, _: Request) -> Response:
        return Response(_asset("hand-count.css"), media_type="text/css")

    async def _find(self, request: Request) -> Response:
        """Go to the precinct whose number was typed on the first page."""
        election = request.query_params.get("election", "")
        precinct = _number(request.query_params.get("precinct", ""), "precinct")
        page = await self._site.station(election, precinct)
        return HTMLResponse(page)

    async def _station(self, request: Request) -> Response:
        election, precinct = request.path_params["election"], request.path_params["precinct"]
        return HTMLResponse(await self._site.station(election, _number(precinct, "precinct")))

    async def _sheet(self, request: Request) -> Response:
        return HTMLResponse(await self._site.sheet(_place(request)))

    async def _check(self, request: Request) -> Response:
        typed = _typed(await _json_body(request))
        # A law may take its time, and the next keystroke should not wait for it.
        return JSONResponse(await asyncio.to_thread(self._site.check, _place(request), typed))

    async def _draft(self, request: Request) -> Response:
        body = await _json_body(request)
        order = Order(
            _typed(body),
            _word(body, "corrects", _TYPED_MAX),
            _word(body, "reason", _REASON_MAX),
            as_counted=body.get("as_counted") is True,
        )
        return JSONResponse(await self._site.draft(_place(request), order))

    async def _state(self, request: Request) -> Response:
        name = request.query_params.get("id", "")
        return JSONResponse(await self._site.state(_place(request), name))

    async def _print(self, request: Request) -> Response:
        version, copies = (
            _number(request.query_params.get(name, ""), name) for name in ("version", "copies")
        )
        page = await self._site.copies(_place(request), version, copies)
        return HTMLResponse(page, headers={"Content-Security-Policy": _policy_of(page)})


class _Foreign(Problem):
    """A request that does not come from this machine's own page."""


def _host_of(settings: Page) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


def _require_own(request: Request, settings: Page) -> None:
    """Raise _Foreign for a name that was bound to this address, and for a page of another site."""
    loopback = {f"{name}:{settings.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    own = loopback | {_host_of(settings)}
    if request.headers.get("host", "") not in own:
        remedy = f"Open http://{_host_of(settings)}/ on the gateway's own machine"
        raise _Foreign("the address", "is not that of the local page", remedy)
    origin = request.headers.get("origin")
    missing = origin is None and request.method != "GET"
    if missing or (origin is not None and origin not in {f"http://{host}" for host in own}):
        raise _foreign_page()
    elsewhere = request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
    if elsewhere and request.headers.get("sec-fetch-mode") != "navigate":
        raise _foreign_page()


def _foreign_page() -> _Foreign:
    return _Foreign("the request", "comes from another page", "Use the local page itself")


async def _nowhere(request: Request) -> Response:
    del request
    return Response("There is no such address\n", 404, media_type="text/plain")


def _asset(name: str) -> bytes:
    return (files("ballotbox_gateway") / "page" / name).read_bytes()


def _place(request: Request) -> Place:
    words = request.path_params
    return Place(
        words["election"],
        _number(words["precinct"], "precinct"),
        _number(words["contest"], "contest"),
        request.query_params.get("law") or None,
    )


def _number(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise Problem(field, "is no number", "Write a whole number")
    return int(text)


async def _json_body(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise BodyFault(415, "is not application/json")
    try:
        body = json.loads(await limited_body(request, BODY_MAX, PATIENCE_S))
    except (ValueError, RecursionError) as error:
        raise BodyFault(400, "is not JSON in UTF-8") from error
    if not isinstance(body, dict):
        raise BodyFault(400, "is not a JSON object")
    return body


def _typed(body: Mapping[str, Any]) -> tuple[str, ...]:
    typed = body.get("values")
    fits = isinstance(typed, list) and all(
        isinstance(each, str) and len(each) <= _TYPED_MAX for each in typed
    )
    if not (fits and typed):
        raise Problem("values", f"are no list of at most {_TYPED_MAX} characters each", "Reload")
    return tuple(typed)


def _word(body: Mapping[str, Any], name: str, most: int) -> str | None:
    word = body.get(name)
    if word is None or (isinstance(word, str) and len(word) <= most):
        return word
    raise Problem(name, f"is no text of at most {most} characters", "Correct it")


def _policy_of(page: str) -> str:
    """Return a policy under which a page has its own style and nothing else."""
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return f"{_NOTHING}; style-src 'sha256-{digest}'"


def _where(error: Exception) -> str:
    """Return kind and place of a defect, without its text."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"{type(error).__name__} at {places}"
