"""Bare connections for threads, on sockets.

A socket's own time limit holds for all threads that use it, and each change of it is a call of the
system. These have none: each step waits for so long as it is told to.
"""

import socket
import ssl
from typing import Self

from agb._concurrency.readiness import is_readable, ready
from agb._deadline import Deadline

_WAITS = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def connect(host: str, port: int, seconds: float | None) -> "SocketStream":
    """Open a connection to the first address of a host that answers, one after another.

    Raises:
        TimeoutError: It took too long.
        OSError: There is none.
        UnicodeError: The name of the host can't be one.
    """
    connection = socket.create_connection((host, port), seconds)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
    except BaseException:
        connection.close()
        raise
    return SocketStream(connection)


class SocketStream:
    """One connection. One thread reads and one writes at a time; encrypted, one in all.

    Args:
        connection: The socket, which does not block.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    @property
    def is_readable(self) -> bool:
        """Whether something came that nobody has read, be it the end."""
        return self._holds_more or is_readable(self._socket.fileno())

    @property
    def _holds_more(self) -> bool:
        """Whether TLS has some of what came already, which the system knows nothing of any more."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def read(self, most: int, seconds: float | None) -> bytes:
        """Return what has come, as soon as there is something; nothing at the end.

        Raises:
            TimeoutError: Nothing came in time.
            OSError: The connection broke.
        """
        deadline = _deadline(seconds)
        if not self._holds_more:
            _wait(self._socket, deadline)  # to be told to wait, by an exception, takes longer
        while True:
            try:
                return self._socket.recv(most)
            except _WAITS as how:
                _wait(self._socket, deadline, to_write=isinstance(how, ssl.SSLWantWriteError))
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
                return b""

    def write(self, data: bytes, seconds: float | None) -> None:
        """Send all of it.

        Raises:
            TimeoutError: It did not go out in time.
            OSError: The connection broke.
        """
        deadline = _deadline(seconds)
        left = memoryview(data)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except _WAITS as how:
                _wait(self._socket, deadline, to_write=not isinstance(how, ssl.SSLWantReadError))

    def start_tls(self, context: ssl.SSLContext, host: str, seconds: float | None) -> Self:
        """Encrypt the connection.

        Raises:
            TimeoutError: It took too long.
            OSError: The other side is not who it must be, or does not speak TLS.
        """
        deadline = _deadline(seconds)
        encrypted = context.wrap_socket(
            self._socket, server_hostname=host, do_handshake_on_connect=False
        )
        self._socket = encrypted  # the old one has let go of the connection
        while True:
            try:
                encrypted.do_handshake()
            except _WAITS as how:
                _wait(encrypted, deadline, to_write=isinstance(how, ssl.SSLWantWriteError))
            else:
                return self

    def hang_up(self) -> None:
        """End it both ways: who reads from it, in whatever thread, gets its end."""
        self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it, without a word: HTTP has no use for TLS's goodbye."""
        self._socket.close()


def _deadline(seconds: float | None) -> Deadline | None:
    return None if seconds is None else Deadline(seconds)


def _wait(connection: socket.socket, deadline: Deadline | None, *, to_write: bool = False) -> None:
    left = None if deadline is None else deadline.remaining()
    if not ready(connection.fileno(), left, to_write=to_write):
        raise TimeoutError("timed out")
