"""The HTTP intake for gateways below, as gateway/intake.openapi.json describes it.

The server runs in a thread of its own, which parses and waits; every question is put to the
service's loop, where the one intake and the one ledger live.
"""

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ballotbox_gateway.adapters.http_questions import (
    BodyFault,
    Busy,
    Questions,
    limited_body,
    listening_socket,
)
from ballotbox_gateway.adapters.http_server import HttpServer
from ballotbox_gateway.adapters.http_tls import listening_context
from ballotbox_gateway.adapters.publication_json import (
    publication_answer,
    publication_in,
    publication_refusal,
)
from ballotbox_gateway.adapters.upward_answers import response_of
from ballotbox_gateway.config_roads import Http
from ballotbox_gateway.core.publications import PublicationOutcome
from ballotbox_gateway.core.upward import UpwardBatch, UpwardConflict, UpwardFault, UpwardReply
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.publication import PUBLICATION_MAX
from ballotbox_protocol.wire.verdict import Reason

_log: Final = logging.getLogger(__name__)

T = TypeVar("T")

#: Requests that may wait for the loop; the sender of one more is told to come back.
WAITING_MAX: Final = 8
#: For a request to arrive whole, and for the loop to answer it.
PATIENCE_S: Final = 30.0
#: Between two lines about certificates that are used for other logs than their own.
_TOLD_AGAIN_S: Final = 60.0

_LATER: Final = "Send it again later"
_AS_SHOWN: Final = "Send what intake.openapi.json shows"
_RETRY: Final = {"Retry-After": "5"}
#: A statement in base64, and the JSON around it.
_STATEMENT_BODY: Final = 2 * PUBLICATION_MAX


class UpperOffice(Protocol):
    """What the intake asks of the service; called on the service's loop only."""

    def take_in(self, batch: UpwardBatch) -> UpwardReply | UpwardConflict | UpwardFault:
        """Admit a stretch of a lower log; raises LedgerFailure."""
        ...

    def expected(self, origin_id: bytes) -> int | None:
        """Return the next leaf wanted of a log; None when the register names no such gateway."""
        ...

    def checkpoints(self) -> Mapping[str, bytes | None]:
        """Return the newest checkpoint of each log that is kept here, None of an empty one."""
        ...

    def publish(self, statement: bytes) -> PublicationOutcome:
        """Take in the statement of a released result; raises LedgerFailure."""
        ...

    def turned_away(self, origin_id: bytes, reason: Reason) -> None:
        """Count a request about a lower log that is refused for who sent it."""
        ...


class _Refused(Exception):
    """A request that is not taken; becomes the answer."""

    def __init__(self, status: int, fault: UpwardFault, *, hang_up: bool = False) -> None:
        """hang_up: end the connection, because what is still to come of the request is not read."""
        super().__init__(fault.problem)
        self.status = status
        self.fault = fault
        self.hang_up = hang_up


class HttpIntake:
    """The server. `start` listens, `stop` lets running requests end."""

    def __init__(self, settings: Http, office: UpperOffice) -> None:
        """Serve `office`, which lives on the loop that is running now."""
        self.name = f"HTTP intake {settings.host}:{settings.port}"
        self._settings = settings
        self._office = office
        self._loop = asyncio.get_running_loop()
        self._questions = Questions(self._loop, WAITING_MAX)
        self._told_at = self._refusal_told_at = -_TOLD_AGAIN_S
        self._socket: socket.socket | None = None
        self._server: HttpServer | None = None

    def start(self) -> None:
        """Listen; raises Problem when the address or a certificate cannot be had."""
        context = listening_context(self._settings)
        self._socket = listening_socket(self._settings)
        self._server = HttpServer(self.application(), self._socket.dup(), context)

    def reload(self) -> Callable[[], None]:
        """Show and ask for the certificates that the files hold now; raises Problem.

        Return what ends the connections that were made with the former ones: it blocks for as long
        as their requests take. Whoever connects meanwhile waits at the same socket, or is served.
        """
        former = self._server
        if self._socket is None or former is None:
            return lambda: None
        context = listening_context(self._settings)
        self._server = HttpServer(self.application(), self._socket.dup(), context)
        return former.stop

    def stop(self) -> None:
        """Take no more requests and wait until the running ones ended, at most some seconds."""
        if self._socket is not None:
            self._socket.close()
        if self._server is not None:
            self._server.stop()

    def application(self) -> Starlette:
        """Return the routes; the test of the OpenAPI document compares them with it."""
        return Starlette(
            routes=[
                Route("/v1/logs/{origin_id}/entries", _answering(self._entries), methods=["POST"]),
                Route("/v1/logs/{origin_id}", _answering(self._log), methods=["GET"]),
                Route("/v1/publications", _answering(self._publication), methods=["POST"]),
                Route("/v1/checkpoint", _answering(self._checkpoint), methods=["GET"]),
            ],
            exception_handlers={HTTPException: _no_such_thing},
        )

    async def _ask(self, question: Callable[[], T]) -> T:
        """Have the loop answer."""
        try:
            return await self._questions.ask(question, PATIENCE_S)
        except Busy as busy:
            raise _busy(str(busy)) from busy

    async def _whose(self, request: Request) -> bytes:
        """Return the log in the address, which must be that of the certificate where there is one.

        Whether the register knows a gateway of that origin is seen by whoever is asked about it.
        """
        origin = _origin_in_path(request)
        named: frozenset[str] | None = request.state.origins
        if named is not None and origin not in {bytes(origin_id(each)) for each in named}:
            await self._ask(lambda: self._foreign(origin, named))
            fix = "Deliver with the certificate of the gateway whose log it is"
            raise _Refused(
                403,
                UpwardFault("origin_id", "is not the log of the client certificate", fix),
                hang_up=True,
            )
        return origin

    def _foreign(self, origin: bytes, named: frozenset[str]) -> None:
        self._office.turned_away(origin, Reason.CERTIFICATE)
        if self._loop.time() - self._told_at >= _TOLD_AGAIN_S:
            self._told_at = self._loop.time()
            who = " and ".join(sorted(named)) or "nobody"
            _log.warning("%s: a certificate of %s is used for another log", self.name, who)

    async def _entries(self, request: Request) -> Response:
        origin = await self._whose(request)
        _require_json(request)
        body = await _limited_body(request, self._settings.body_max_bytes)
        batch = _json_in(body, UpwardBatch.from_json)
        if origin_id(batch.origin) != origin:
            raise _bad("origin", "is not the log of the address", "Send it to its own address")
        outcome = await self._ask(lambda: self._office.take_in(batch))
        status, value = response_of(outcome)
        return JSONResponse(value, status, _RETRY if status == 503 else None)

    async def _log(self, request: Request) -> Response:
        origin = await self._whose(request)
        expected = await self._ask(lambda: self._office.expected(origin))
        if expected is None:
            fix = "Have the gateway entered in the register that this office uses"
            raise _Refused(404, UpwardFault("origin_id", "no such gateway in the register", fix))
        return JSONResponse({"next": expected})

    async def _publication(self, request: Request) -> Response:
        _require_json(request)
        body = await _limited_body(request, min(self._settings.body_max_bytes, _STATEMENT_BODY))
        statement = _json_in(body, publication_in)
        outcome = await self._ask(lambda: self._office.publish(statement))
        if outcome.row is not None:
            return JSONResponse(publication_answer(outcome.row.newest, outcome.receipt))
        later = outcome.reason is Reason.OLD_REGISTER
        if self._loop.time() - self._refusal_told_at >= _TOLD_AGAIN_S:
            self._refusal_told_at = self._loop.time()
            _log.warning("%s: a publication is refused: %s", self.name, outcome.reason.name)
        headers = _RETRY if later else {}
        return JSONResponse(publication_refusal(outcome.reason), 503 if later else 400, headers)

    async def _checkpoint(self, request: Request) -> Response:
        notes = await self._ask(self._office.checkpoints)
        sole = next(iter(notes)) if len(notes) == 1 else ""
        origin = request.query_params.get("origin", sole)
        if origin not in notes:
            fix = f"Ask with ?origin= and one of {', '.join(notes)}"
            raise _Refused(404, UpwardFault("checkpoint", "it is not said of which log", fix))
        note = notes[origin]
        if note is None:
            raise _Refused(404, UpwardFault("checkpoint", "the log is still empty", _LATER))
        return PlainTextResponse(note)


def _answering(
    serve: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await serve(request)
        except _Refused as refused:
            return _fault_response(refused.status, refused.fault, hang_up=refused.hang_up)

    return endpoint


def _origin_in_path(request: Request) -> bytes:
    try:
        return bytes.fromhex(request.path_params["origin_id"])
    except ValueError as error:
        fix = "Use the first 16 bytes of SHA-256 of the origin, as 32 hexadecimal digits"
        raise _bad("origin_id", "is not hexadecimal", fix) from error


def _require_json(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        fault = UpwardFault("content-type", "is not application/json", "Send JSON, and say so")
        raise _Refused(415, fault, hang_up=True)


async def _limited_body(request: Request, limit: int) -> bytes:
    try:
        return await limited_body(request, limit, PATIENCE_S)
    except BodyFault as error:
        fix = "Send fewer entries at once" if error.status == 413 else _LATER
        # Of a body that ended early, nothing more is to come.
        hang_up = error.status != 400
        fault = UpwardFault("body", str(error), fix)
        raise _Refused(error.status, fault, hang_up=hang_up) from error


def _json_in(body: bytes, read: Callable[[object], T]) -> T:
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _bad("body", "is not JSON in UTF-8", _AS_SHOWN) from error
    try:
        return read(value)
    except InvalidField as error:
        raise _bad(error.field, error.problem, _AS_SHOWN) from error


def _bad(field: str, problem: str, fix: str) -> _Refused:
    return _Refused(400, UpwardFault(field, problem, fix))


def _busy(problem: str) -> _Refused:
    return _Refused(503, UpwardFault("body", problem, _LATER, retry=True))


def _fault_response(status: int, fault: UpwardFault, *, hang_up: bool = False) -> Response:
    headers = dict(_RETRY) if status == 503 else {}
    if hang_up:
        headers["Connection"] = "close"
    return JSONResponse(fault.to_json(), status, headers)


async def _no_such_thing(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    fault = UpwardFault("path", "there is no such address or method", "See intake.openapi.json")
    return _fault_response(status, fault)
