"""uvicorn, with bounds on what it lets a peer hold: handshakes, connections, headers, idle time.

The server runs in a thread of its own on a loop of its own. A peer that says nothing, or says it
byte by byte, costs one of a bounded number of connections for a bounded time.
"""

import asyncio
import socket
import ssl
import threading
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from ballotbox_gateway.adapters.http_tls import origins_named

#: Connections at one time; of one address, so that one peer cannot take them all.
CONNECTIONS_MAX: Final = 128
CONNECTIONS_OF_ONE_MAX: Final = 32
#: For a TLS handshake, for the headers of a request, and between two requests.
HANDSHAKE_S: Final = 10.0
HEADERS_S: Final = 10.0
IDLE_S: Final = 60
HEADERS_MAX: Final = 16 * 1_024
#: For a peer to answer the end of TLS, and for all requests to end when the server does.
FAREWELL_S: Final = 1.0
GOODBYE_S: Final = 3


class _Bounded(H11Protocol):
    """One connection: refused beyond the bounds, ended when its headers do not come in time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the time for the first headers."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        named = origins_named(tls.getpeercert() or {}) if tls is not None else None
        self.app_state = {**self.app_state, "origins": named}
        if self._too_many():
            transport.abort()
        self._expect_headers()

    def _too_many(self) -> bool:
        ours = [each for each in self.connections if isinstance(each, _Bounded)]
        of_one = sum(each.address == self.address for each in ours)
        return len(ours) > CONNECTIONS_MAX or of_one > CONNECTIONS_OF_ONE_MAX

    @property
    def address(self) -> str | None:
        """Whoever is at the other end, without the port."""
        return self.client[0] if self.client is not None else None

    def _expect_headers(self) -> None:
        self._deadline = self.loop.call_later(HEADERS_S, self._late)

    def data_received(self, data: bytes) -> None:
        """Take bytes; the first of a further request begin the time for its headers."""
        if self._deadline is None and self.cycle is not None and self.cycle.response_complete:
            self._expect_headers()
        super().data_received(data)

    def handle_events(self) -> None:
        """Let the time end with the headers."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._settle_deadline()

    def on_response_complete(self) -> None:
        """Begin the time for headers of which a part came behind the request just answered."""
        super().on_response_complete()
        waiting, _ = self.conn.trailing_data
        if waiting and self.cycle.response_complete and self._deadline is None:
            self._expect_headers()

    def _late(self) -> None:
        self._deadline = None
        self.transport.abort()

    def _settle_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timer as well."""
        self._settle_deadline()
        super().connection_lost(exc)


class _Loop(asyncio.SelectorEventLoop):
    """A loop whose servers give a TLS handshake no more than its time."""

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:  # noqa: ANN401
        if options.get("ssl") is not None:
            options["ssl_handshake_timeout"] = HANDSHAKE_S
            options["ssl_shutdown_timeout"] = FAREWELL_S
        return await super().create_server(*args, **options)


class HttpServer:
    """Serves one application on one socket, which it closes in the end."""

    def __init__(
        self, application: ASGIApp, listener: socket.socket, context: ssl.SSLContext | None
    ) -> None:
        self._listener = listener
        config = uvicorn.Config(
            application,
            http=_Bounded,
            log_config=None,
            log_level="error",
            access_log=False,
            lifespan="off",
            ws="none",
            backlog=CONNECTIONS_MAX,
            h11_max_incomplete_event_size=HEADERS_MAX,
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=GOODBYE_S,
            server_header=False,
        )
        config.load()
        config.ssl = context
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, daemon=True, name="http-intake")
        self._thread.start()

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.run(self._server.serve(sockets=[self._listener]))

    def stop(self) -> None:
        """Take no more requests and wait until the running ones ended, at most some seconds."""
        self._server.should_exit = True
        self._thread.join(GOODBYE_S + 1)
