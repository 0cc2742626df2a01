"""Connections into the network of a sandbox; what comes out of there is not to be trusted."""

import asyncio
import os
import socket
from collections import deque
from collections.abc import Mapping
from contextlib import suppress

from agb.local.inside.door import FAMILIES
from agb.local.sandbox.interface import SandboxGone

_ADDRESSES: Mapping[bytes, str] = {b"4": "127.0.0.1", b"6": "::1"}
_CONNECTING = 5.0  # seconds that a server may leave a connection waiting


class Door:
    """Gets sockets that belong to the sandbox's network from the agent in there.

    The agent only makes them: who waits for a connection is this side, which can give up.

    Args:
        connected: The server's end of the socket on which the agent is asked; it is taken over.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._waiting: deque[asyncio.Future[socket.socket | None]] = deque()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(connected, self._take)

    async def connect(self, port: int) -> socket.socket:
        """Connect to what listens on a port of the sandbox's loopback.

        Raises:
            ConnectionRefusedError: Nobody listens there.
            SandboxGone: The sandbox has ended.
            TimeoutError: Somebody listens but takes no connection.
        """
        for version in FAMILIES:
            made = await self._ask(version)
            if made is None:
                continue
            try:
                async with asyncio.timeout(_CONNECTING):
                    await self._loop.sock_connect(made, (_ADDRESSES[version], port))
            except (ConnectionError, TimeoutError, OSError) as error:
                made.close()
                if isinstance(error, TimeoutError):
                    raise
            except BaseException:
                made.close()
                raise
            else:
                return made
        raise ConnectionRefusedError(f"nothing listens on port {port}")

    def close(self) -> None:
        """Ask for no more."""
        if self._socket.fileno() != -1:
            self._loop.remove_reader(self._socket)
            self._socket.close()
        while self._waiting:
            answer = self._waiting.popleft()
            if not answer.done():
                answer.set_exception(SandboxGone("the sandbox has ended"))

    async def _ask(self, version: bytes) -> socket.socket | None:
        try:
            self._socket.send(version)
        except OSError as error:  # closed on either side, or an agent that answers nothing
            raise SandboxGone("the sandbox has ended") from error
        answer: asyncio.Future[socket.socket | None] = self._loop.create_future()
        self._waiting.append(answer)
        return await answer

    def _take(self) -> None:
        """Hand an answer to who has waited longest; answers come in the order of requests."""
        said, fds = b"", list[int]()
        with suppress(OSError):
            said, fds, _, _ = socket.recv_fds(self._socket, 1, 1)
        made = _tcp_socket(fds[0]) if fds else None
        answer = self._waiting.popleft() if said and self._waiting else None
        if answer and not answer.done():
            answer.set_result(made)
            return
        if made:  # whoever asked has gone
            made.close()
        if not answer:  # the end, or something that nobody asked for
            self.close()


def _tcp_socket(fd: int) -> socket.socket | None:
    """Take what came from inside for a socket only if it is one of the kind asked for."""
    os.set_inheritable(fd, False)
    try:
        given = socket.socket(fileno=fd)
    except OSError:
        os.close(fd)
        return None
    if given.family in FAMILIES.values() and given.type == socket.SOCK_STREAM:
        given.setblocking(False)
        return given
    given.close()
    return None
