"""The connections that are forwarded into one session."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

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
        self._open: set[asyncio.StreamWriter] = set()
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
        reader, writer = await self._connected(port)
        self._open.add(writer)
        try:
            yield reader, writer
        finally:
            self._open.discard(writer)
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    async def _connected(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if len(self._open) + self._opening >= MOST:
            raise too_many_connections(MOST)
        self._opening += 1
        try:
            connected = await self._sandbox.connect(port)
        except ConnectionRefusedError:
            raise nothing_listens(port) from None
        except TimeoutError:
            raise no_answer(port) from None
        except SandboxGone:
            raise session_not_found("", "it has just ended") from None
        finally:
            self._opening -= 1
        if self._closed:
            connected.close()
            raise session_not_found("", "it has just ended")
        try:
            return await asyncio.open_connection(sock=connected, limit=_BUFFER)
        except BaseException:
            connected.close()
            raise

    def close(self) -> None:
        """Cut all connections, and open no more."""
        self._closed = True
        for writer in self._open:
            writer.transport.abort()
