"""The connections that are forwarded into one session."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress

from agb.local.refusals import no_answer, nothing_listens, session_not_found, too_many_connections
from agb.local.sandbox import Sandbox, SandboxGone

MOST = 256
"""Connections that may be open into one session at one time."""

_BUFFER = 256 * 1024  # bytes that are read ahead of whoever takes them


class Connections:
    """Opens connections to the ports of a session, and closes them when it ends.

    Args:
        sandbox: Where the session lives.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._open: set[asyncio.WriteTransport] = set()
        self._opening = 0
        self._closed = False

    @asynccontextmanager
    async def to(
        self, port: int
    ) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Keep a connection to a port for as long as the block runs.

        Raises:
            Refusal: There is nobody to connect to, or there are too many connections.
        """
        connected = await self.socket(port)
        try:
            reader, writer = await asyncio.open_connection(sock=connected, limit=_BUFFER)
        except BaseException:
            connected.close()
            raise
        with self.keeping(writer.transport):
            yield reader, writer
        with suppress(OSError):
            await writer.wait_closed()

    async def socket(self, port: int) -> socket.socket:
        """Connect to a port; what becomes of the connection is up to the caller.

        Raises:
            Refusal: There is nobody to connect to, or there are too many connections.
        """
        if len(self._open) + self._opening >= MOST:
            raise too_many_connections(MOST)
        self._opening += 1
        try:
            return await self._sandbox.connect(port)
        except ConnectionRefusedError:
            raise nothing_listens(port) from None
        except TimeoutError:
            raise no_answer(port) from None
        except SandboxGone:
            raise session_not_found("", "it has just ended") from None
        finally:
            self._opening -= 1

    @contextmanager
    def keeping(self, transport: asyncio.WriteTransport) -> Generator[None]:
        """Count a connection, and have it cut when the session or the block ends."""
        self._open.add(transport)
        if self._closed:
            transport.abort()
        try:
            yield
        finally:
            self._open.discard(transport)
            transport.abort()

    def close(self) -> None:
        """Cut all connections, and open no more."""
        self._closed = True
        for transport in self._open:
            transport.abort()
