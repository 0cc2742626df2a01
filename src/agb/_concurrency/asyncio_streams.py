"""Bare connections on asyncio's own transports.

anyio's streams do the same on any event loop, for a quarter more of CPU time a request; and its
scopes with a time limit, for two kilobytes more.
"""

import asyncio
import socket
import ssl
from typing import Any, Self, cast

from agb._concurrency.readiness import is_readable

_MOST_HELD = 256 * 1024
"""Bytes that may wait to be read before the other side is made to wait."""


async def connect(host: str, port: int, seconds: float | None) -> "AsyncioStream":
    """Open a connection to the first address of a host that answers, one after another.

    asyncio's race between them loses the socket of a winner when it is cancelled.

    Raises:
        TimeoutError: It took too long.
        OSError: There is none.
        UnicodeError: The name of the host can't be one.
    """
    async with asyncio.timeout(seconds):
        _, stream = await asyncio.get_running_loop().create_connection(AsyncioStream, host, port)
    return stream


class AsyncioStream(asyncio.Protocol):
    """One connection. One task reads and one writes at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._chunks: list[bytes] = []  # few: a deque of none is as large as ten of them
        self._held = 0
        self._ended = False
        self._broken: Exception | None = None
        self._is_lost = False
        self._is_full = False
        self._reader: asyncio.Future[bool] | None = None
        self._writer: asyncio.Future[bool] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport that is driven by this."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hold what came until it is read."""
        self._chunks.append(data)
        self._held += len(data)
        if self._held > _MOST_HELD:
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        """Note that nothing more comes; what is being written still goes out."""
        self._ended = True
        _wake(self._reader)
        return not self._is_encrypted  # TLS knows no half of a connection

    def connection_lost(self, exc: Exception | None) -> None:
        """Let those who wait know."""
        self._is_lost = self._ended = True
        self._broken = exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        """Make writers wait."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Let writers go on."""
        self._is_full = False
        _wake(self._writer)

    @property
    def is_readable(self) -> bool:
        """Whether something came that nobody has read, be it the end."""
        return self._ended or bool(self._chunks) or is_readable(self._socket.fileno())

    async def read(self, most: int, seconds: float | None) -> bytes:
        """Return what has come, as soon as there is something; nothing at the end.

        Raises:
            TimeoutError: Nothing came in time.
            OSError: The connection broke.
        """
        if not self._chunks and not self._ended:
            self._reader = self._loop.create_future()
            if not await self._woken(self._reader, seconds):
                raise TimeoutError("timed out")
        if not self._chunks:
            if self._broken is not None:
                raise ConnectionError(str(self._broken)) from self._broken
            return b""
        chunk = self._chunks.pop(0)
        if len(chunk) > most:
            self._chunks.insert(0, chunk[most:])
            chunk = chunk[:most]
        was_full = self._held > _MOST_HELD
        self._held -= len(chunk)
        if was_full and self._held <= _MOST_HELD and not self._is_lost:
            self._transport.resume_reading()
        return chunk

    async def write(self, data: bytes, seconds: float | None) -> None:
        """Send all of it, or let it go out while the caller goes on, if it is not much.

        Raises:
            TimeoutError: It did not go out in time.
            OSError: The connection broke.
        """
        if not data:
            return
        if not self._is_lost:
            self._transport.write(data)
        while self._is_full and not self._is_lost:
            self._writer = self._loop.create_future()
            if not await self._woken(self._writer, seconds):
                raise TimeoutError("timed out")
        if self._is_lost:
            raise ConnectionError(str(self._broken or "the connection is closed"))

    async def aclose(self) -> None:
        """Close the connection, without a word: HTTP has no use for TLS's goodbye."""
        self._transport.abort()
        await asyncio.sleep(0)  # in which the socket is really closed

    async def start_tls(self, context: ssl.SSLContext, host: str, seconds: float | None) -> Self:
        """Encrypt the connection.

        Raises:
            TimeoutError: It took too long.
            OSError: The other side is not who it must be, or does not speak TLS.
        """
        async with asyncio.timeout(seconds):
            encrypted = await self._loop.start_tls(
                self._transport, self, context, server_hostname=host
            )
        if encrypted is None:
            raise ConnectionError("the connection was closed during the TLS handshake")
        self._transport = encrypted
        return self

    def hang_up(self) -> None:
        """End it both ways: who reads from it gets its end."""
        self._socket.shutdown(socket.SHUT_RDWR)

    @property
    def _socket(self) -> Any:
        return self._transport.get_extra_info("socket")

    @property
    def _is_encrypted(self) -> bool:
        return self._transport.get_extra_info("ssl_object") is not None

    async def _woken(self, future: "asyncio.Future[bool]", seconds: float | None) -> bool:
        """Wait to be woken, and tell whether it came in time.

        A timer that wakes, too: that is half the work of a scope that cancels.
        """
        timer = None if seconds is None else self._loop.call_later(seconds, _wake, future, False)
        try:
            return await future
        finally:
            if timer is not None:
                timer.cancel()


def _wake(future: "asyncio.Future[bool] | None", in_time: bool = True) -> None:
    if future is not None and not future.done():
        future.set_result(in_time)
