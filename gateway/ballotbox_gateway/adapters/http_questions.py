"""What every HTTP door has in common: a socket, a body of bounded size, questions to the loop.

A server thread parses and waits; what is asked of the ledger is asked on the service's own loop.
"""

import asyncio
import concurrent.futures
import os
import socket
from collections.abc import Callable
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from ballotbox_gateway.config_pages import Metrics, Page, Screen
from ballotbox_gateway.config_roads import Http
from ballotbox_gateway.core.ports import LedgerFailure
from ballotbox_gateway.problem import Problem

T = TypeVar("T")


class Busy(Exception):
    """There is no answer now; the text says why. Whoever asked comes back later."""


class BodyFault(Exception):
    """The body of a request is not taken; the text says why, `status` says it to a program."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


class Questions:
    """Puts questions to a loop from another thread; a bounded number of them wait."""

    def __init__(self, loop: asyncio.AbstractEventLoop, waiting_max: int) -> None:
        self._loop = loop
        self._waiting_max = waiting_max
        self._waiting = 0

    async def ask(self, question: Callable[[], T], patience_s: float) -> T:
        """Have the loop answer; raises Busy. Its own bugs stop the service, not only this request.

        Called on one loop, that of the server.
        """
        if self._waiting >= self._waiting_max:
            raise Busy("too many requests are waiting")
        self._waiting += 1
        try:
            answer = asked(self._loop, question)
            return await asyncio.wait_for(asyncio.wrap_future(answer), patience_s)
        except LedgerFailure as error:
            raise Busy("the ledger cannot store anything now") from error
        except TimeoutError as error:
            raise Busy("no answer in time") from error
        finally:
            self._waiting -= 1


def asked(
    loop: asyncio.AbstractEventLoop, question: Callable[[], T]
) -> concurrent.futures.Future[T]:
    """Put a question to a loop and return where its answer, or LedgerFailure, will be.

    Any other exception is a bug of the loop's own, which stops the service as well. Raises
    RuntimeError when the loop has ended.
    """
    answer: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        # Nobody waits for it any longer, and a cancelled future takes no answer.
        if not answer.set_running_or_notify_cancel():
            return
        try:
            answer.set_result(question())
        except LedgerFailure as error:
            answer.set_exception(error)
        except BaseException as error:
            answer.set_exception(error)
            raise

    loop.call_soon_threadsafe(run)
    return answer


async def limited_body(request: Request, limit: int, patience_s: float) -> bytes:
    """Return the body of a request; raises BodyFault."""
    too_large = BodyFault(413, f"is larger than {limit} bytes")
    body = bytearray()
    if int(request.headers.get("content-length", "0")) > limit:
        raise too_large
    try:
        async with asyncio.timeout(patience_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise too_large
    except TimeoutError as error:
        raise BodyFault(408, "did not arrive in time") from error
    except ClientDisconnect as error:
        raise BodyFault(400, "is incomplete") from error
    return bytes(body)


def listening_socket(settings: Http | Page | Screen | Metrics) -> socket.socket:
    """Return a socket that listens where the settings say; raises Problem."""
    table = type(settings).__name__.lower()
    host, port = settings.host, settings.port
    where = f"{table} {host}:{port}"
    try:
        family = socket.AF_INET6 if ":" in (host or "") else socket.AF_INET
        return socket.create_server((host or "", port or 0), family=family, backlog=128)
    except OSError as error:
        words = os.strerror(error.errno).lower() if error.errno else str(error)
        remedy = f"Close what listens there, or correct {table}.host and {table}.port"
        raise Problem(where, f"cannot listen: {words}", remedy) from error
