"""Bare connections on asyncio's own transports, behind httpcore's door for networks.

anyio's streams do the same on any event loop, for a quarter more of CPU time a request.
"""

import asyncio
import select
import socket
import ssl
import sys
from collections import deque
from collections.abc import Iterable
from typing import Any, cast

import anyio
import httpcore

_MOST_HELD = 256 * 1024
"""Bytes that may wait to be read before the other side is made to wait."""


class AsyncioNetwork(httpcore.AsyncNetworkBackend):
    """Makes connections, from tasks of asyncio."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - likewise
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a host that answers, one after another.

        asyncio's race between them loses the socket of a winner when it is cancelled.
        """
        local = None if local_address is None else (local_address, 0)
        try:
            with anyio.fail_after(timeout):
                _, stream = await asyncio.get_running_loop().create_connection(
                    AsyncioStream, host, port, local_addr=local
                )
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        return stream


class AsyncioStream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection. One task reads and one writes at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._chunks: deque[bytes] = deque()
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

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> bytes:
        """Return what has come, as soon as there is something; nothing at the end."""
        if not self._chunks and not self._ended:
            self._reader = self._loop.create_future()
            if not await self._woken(self._reader, timeout):
                raise httpcore.ReadTimeout
        if not self._chunks:
            if self._broken is not None:
                raise httpcore.ReadError(str(self._broken)) from self._broken
            return b""
        chunk = self._chunks.popleft()
        if len(chunk) > max_bytes:
            self._chunks.appendleft(chunk[max_bytes:])
            chunk = chunk[:max_bytes]
        was_full = self._held > _MOST_HELD
        self._held -= len(chunk)
        if was_full and self._held <= _MOST_HELD and not self._is_lost:
            self._transport.resume_reading()
        return chunk

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> None:
        """Send all of it, or let it go out while the caller goes on, if it is not much."""
        if not buffer:
            return
        if not self._is_lost:
            self._transport.write(buffer)
        while self._is_full and not self._is_lost:
            self._writer = self._loop.create_future()
            if not await self._woken(self._writer, timeout):
                raise httpcore.WriteTimeout
        if self._is_lost:
            raise httpcore.WriteError(str(self._broken or "the connection is closed"))

    async def aclose(self) -> None:
        """Close the connection, without a word: HTTP has no use for TLS's goodbye."""
        self._transport.abort()
        await asyncio.sleep(0)  # in which the socket is really closed

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        """Encrypt the connection."""
        try:
            with anyio.fail_after(timeout):
                encrypted = await self._loop.start_tls(
                    self._transport, self, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError as error:
            self._transport.abort()
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            self._transport.abort()
            raise httpcore.ConnectError(str(error)) from error
        if encrypted is None:
            raise httpcore.ConnectError("the connection was closed during the TLS handshake")
        self._transport = encrypted
        return self

    def get_extra_info(self, info: str) -> Any:
        """Tell a fact about the connection."""
        match info:
            case "is_readable":
                return self._ended or bool(self._chunks) or _readable(self._socket)
            case "socket":
                return self._socket
            case "ssl_object":
                return self._transport.get_extra_info("ssl_object")
            case "client_addr":
                return self._transport.get_extra_info("sockname")
            case "server_addr":
                return self._transport.get_extra_info("peername")
            case _:
                return None

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


def _readable(connection: socket.socket) -> bool:
    """Tell whether something came that the loop has not had the time to take."""
    number = connection.fileno()
    if number < 0:
        return True
    if sys.platform == "win32":
        return bool(select.select([number], [], [], 0)[0])
    look = select.poll()
    look.register(number, select.POLLIN)
    return bool(look.poll(0))
