"""Bare connections on anyio's streams: for any event loop but asyncio's, which has its own here."""

import ssl
from typing import Any, Self

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSStream

from agb._concurrency.readiness import is_readable

_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError)


async def connect(host: str, port: int, seconds: float | None) -> "AnyioStream":
    """Open a connection to a host.

    Raises:
        TimeoutError: It took too long.
        OSError: There is none.
        UnicodeError: The name of the host can't be one.
    """
    with anyio.fail_after(seconds):
        stream = await anyio.connect_tcp(host, port)
    return AnyioStream(stream)


class AnyioStream:
    """One connection. One task reads and one writes at a time.

    Args:
        stream: anyio's own.
    """

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._socket: Any = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - no database

    @property
    def is_readable(self) -> bool:
        """Whether something came that nobody has read, be it the end."""
        return is_readable(self._socket.fileno())

    async def read(self, most: int, seconds: float | None) -> bytes:
        """Return what has come, as soon as there is something; nothing at the end.

        Raises:
            TimeoutError: Nothing came in time.
            OSError: The connection broke.
        """
        try:
            with anyio.fail_after(seconds):
                return await self._stream.receive(most)
        except anyio.EndOfStream:
            return b""
        except _BROKEN as error:
            raise _broken(error) from error

    async def write(self, data: bytes, seconds: float | None) -> None:
        """Send all of it.

        Raises:
            TimeoutError: It did not go out in time.
            OSError: The connection broke.
        """
        try:
            with anyio.fail_after(seconds):
                await self._stream.send(data)
        except _BROKEN as error:
            raise _broken(error) from error

    async def start_tls(self, context: ssl.SSLContext, host: str, seconds: float | None) -> Self:
        """Encrypt the connection.

        Raises:
            TimeoutError: It took too long.
            OSError: The other side is not who it must be, or does not speak TLS.
        """
        try:
            with anyio.fail_after(seconds):
                self._stream = await TLSStream.wrap(
                    self._stream,
                    server_side=False,
                    hostname=host,
                    ssl_context=context,
                    standard_compatible=False,
                )
        except (anyio.EndOfStream, *_BROKEN) as error:
            raise ConnectionError("the connection broke in the TLS handshake") from error
        return self

    def hang_up(self) -> None:
        """End it both ways: who reads from it gets its end."""
        self._socket.shutdown(2)

    async def aclose(self) -> None:
        """Close it, without a word: HTTP has no use for TLS's goodbye."""
        await anyio.aclose_forcefully(self._stream)


def _broken(error: Exception) -> ConnectionError:
    return ConnectionError(str(error) or "the connection is closed")
