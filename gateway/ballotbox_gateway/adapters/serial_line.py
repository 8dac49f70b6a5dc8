"""An open line to a box as one non-blocking descriptor, whatever the kind of its port.

A device file is opened by pyserial and locked twice: flock keeps out whoever locks as well,
TIOCEXCL whoever does not (but root). `socket://` is a plain TCP connection: pyserial's own calls
select() while it opens, which ends at descriptor 1023. `rfc2217://` is pyserial's, which blocks and
keeps its bytes in a queue without bound: two threads carry them to and from a pair of sockets.
"""

import contextlib
import fcntl
import socket
import termios
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from ballotbox_gateway.config_roads import SerialPort

if TYPE_CHECKING:
    from serial import Serial
    from serial.rfc2217 import Serial as RemoteSerial

_CONNECT_S: Final = 5.0
#: A peer that is silently gone is noticed after idle + interval * probes = 25 s, busy or not.
_KEEPALIVE: Final = (
    (socket.TCP_KEEPIDLE, 10),
    (socket.TCP_KEEPINTVL, 5),
    (socket.TCP_KEEPCNT, 3),
    (getattr(socket, "TCP_USER_TIMEOUT", 18), 25_000),
)
#: Where udev keeps a name for each device that no other plug can take.
BY_ID: Final = Path("/dev/serial/by-id")
_CHUNK: Final = 4_096
_LOOK_UP_S: Final = 0.5
#: Bytes that pyserial may hold for a gateway that does not read; a few of the largest messages.
UNREAD_MAX: Final = 256 * 1_024


class Line(Protocol):
    """An open port. `trouble` says why its far end is gone, where the descriptor cannot."""

    descriptor: int
    trouble: Exception | None

    def close(self) -> None:
        """Let go of the port; may take some seconds."""
        ...


def open_line(settings: SerialPort) -> Line:
    """Open and lock the port that the settings name; may take some seconds.

    Raises OSError or ValueError, for `serial_words.port_trouble` to put into words.
    """
    scheme = urlsplit(settings.port).scheme
    if scheme == "socket":
        return _TcpLine(settings.port)
    if scheme == "rfc2217":
        return _RemoteLine(settings)
    return _DeviceLine(settings)


class _DeviceLine:
    def __init__(self, settings: SerialPort) -> None:
        import serial

        self.trouble: Exception | None = None
        self._port: Serial = serial.Serial(
            baudrate=settings.baud, timeout=0, write_timeout=0, exclusive=True
        )
        self._port.port = settings.port
        self._port.open()
        self.descriptor = self._port.fileno()
        try:
            fcntl.ioctl(self.descriptor, termios.TIOCEXCL)
        except OSError:
            self._port.close()
            raise

    def close(self) -> None:
        # A device that is gone refuses both. What nobody took would hold up the closing.
        with contextlib.suppress(OSError, termios.error):
            termios.tcflush(self.descriptor, termios.TCOFLUSH)
            fcntl.ioctl(self.descriptor, termios.TIOCNXCL)
        self._port.close()


class _TcpLine:
    def __init__(self, url: str) -> None:
        self.trouble: Exception | None = None
        parts = urlsplit(url)
        where = str(parts.hostname), parts.port or 0
        self._socket = socket.create_connection(where, _CONNECT_S)
        _keep_alive(self._socket)
        self._socket.settimeout(0)
        self.descriptor = self._socket.fileno()

    def close(self) -> None:
        self._socket.close()


class _RemoteLine:
    """Two threads between pyserial and one end of a pair of sockets; the gateway has the other."""

    def __init__(self, settings: SerialPort) -> None:
        self.trouble: Exception | None = None
        self._port = _open_remote(settings)
        near, self._far = socket.socketpair()
        near.settimeout(0)
        # Bounds how long bytes wait for a gateway that does not read before they are counted.
        self._far.settimeout(_LOOK_UP_S)
        self._near = near
        self.descriptor = near.fileno()
        self._closing = False
        self._threads = [
            threading.Thread(target=self._carrying, args=(work,), daemon=True)
            for work in (self._carry_in, self._carry_out)
        ]
        for thread in self._threads:
            thread.start()

    def _carrying(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (OSError, ValueError) as error:
            if not self._closing:
                self.trouble = self.trouble or error
        # Whoever reads the other end of the pair sees that the line is gone.
        with contextlib.suppress(OSError):
            self._far.shutdown(socket.SHUT_RDWR)

    def _carry_in(self) -> None:
        while not self._closing:
            data = self._port.read(1)
            if data:
                data += self._port.read(min(self._port.in_waiting, _CHUNK))
                self._hand_over(memoryview(data))

    def _hand_over(self, data: memoryview) -> None:
        while data and not self._closing:
            try:
                data = data[self._far.send(data) :]
            except TimeoutError:
                if self._port.in_waiting > UNREAD_MAX:
                    raise ValueError("more came than was read") from None

    def _carry_out(self) -> None:
        while not self._closing:
            try:
                data = self._far.recv(_CHUNK)
            except TimeoutError:
                continue
            if not data:
                return
            self._port.write(data)

    def close(self) -> None:
        self._closing = True
        with contextlib.suppress(OSError):
            self._far.shutdown(socket.SHUT_RDWR)
        self._port.close()
        for thread in self._threads:
            thread.join(_CONNECT_S)
        self._near.close()
        self._far.close()


def _open_remote(settings: SerialPort) -> "RemoteSerial":
    from serial import rfc2217

    class Port(rfc2217.Serial):
        """pyserial's port with a keepalive: it has none, and its reader waits for ever."""

        def _reconfigure_port(self) -> None:
            _keep_alive(self._socket)  # type: ignore[attr-defined] # the stubs leave both out
            super()._reconfigure_port()  # type: ignore[misc]

    port = Port(baudrate=settings.baud, timeout=_LOOK_UP_S)
    port.port = settings.port
    port.open()
    return port


def _keep_alive(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for option, value in _KEEPALIVE:
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


def lasting_name(port: str) -> str | None:
    """Return the name below by-id of the device that `port` names otherwise, if it has one."""
    if Path(port).parent == BY_ID:
        return None
    with contextlib.suppress(OSError):
        return next((str(name) for name in BY_ID.iterdir() if name.samefile(port)), None)
    return None
