"""Gives paho, for each connection, a socket of our own in the place of a TLS context.

There is no other by which a client can be given its socket; a client without TLS gets one, too.
"""

import socket
import ssl
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

S = TypeVar("S")


class Sockets(ABC, Generic[S]):
    """What paho takes for a TLS context; `over` returns the socket that it is to use."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        """tls: None for plain TCP."""
        self.check_hostname = tls is not None and tls.check_hostname
        self._tls = tls

    @abstractmethod
    def over(self, sock: socket.socket) -> S:
        """Return the socket over one that is connected, and encrypted where that was asked."""

    def wrap_socket(
        self, sock: socket.socket, server_hostname: str, *, do_handshake_on_connect: bool
    ) -> S:
        """Return the socket over one that is connected."""
        if self._tls is None:
            return self.over(sock)
        return self.over(
            self._tls.wrap_socket(
                sock,
                server_hostname=server_hostname,
                do_handshake_on_connect=do_handshake_on_connect,
            )
        )


def shake_hands(sock: socket.socket) -> None:
    """Agree on TLS, where it is spoken; raises OSError, and then the socket is closed."""
    if isinstance(sock, ssl.SSLSocket):
        try:
            sock.do_handshake()
        except OSError:
            # paho leaves it open.
            sock.close()
            raise
