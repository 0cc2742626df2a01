"""WebSockets that are passed on to a port of a session, message by message."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.typing import Subprotocol

from agb.local.forwarding import end_to_end, target_of
from agb.local.refusals import Refusal, no_answer
from agb.local.session import Session
from agb.local.sessions import Sessions

_LONGEST = 64 * 1024 * 1024
"""Bytes of a message; the server takes no longer ones either."""

_HANDSHAKE = 20.0
"""Seconds that the session's server may take to begin."""

_GOING_AWAY = 1001
_NEVER_SENT = {1005, 1006, 1015}


async def forward(
    sessions: Sessions,
    socket: WebSocket,
    session: Session,
    port: int,
    prefix: str,
    *,
    refused: Callable[[Refusal], Response],
) -> None:
    """Pass messages on, both ways, until either side ends that; each is use of the session.

    Args:
        sessions: All sessions.
        socket: The caller's connection, whose handshake waits for an answer.
        session: Which session.
        port: Its port.
        prefix: The part of the path that leads here; the rest is for the session.
        refused: Makes the answer to the handshake where the session gives none.
    """
    try:
        inner = await _connected(socket, session, port, prefix)
    except Refusal as no:
        await socket.send_denial_response(refused(no))
        return
    async with inner:
        with session.connections.keeping(inner.transport), suppress(WebSocketDisconnect):
            await socket.accept(subprotocol=inner.subprotocol)
            await _Relay(sessions, session.id, socket, inner).run()


async def _connected(
    socket: WebSocket, session: Session, port: int, prefix: str
) -> ClientConnection:
    target = target_of(socket.scope, prefix.encode()).decode("ascii")
    offered = [Subprotocol(name) for name in socket.scope["subprotocols"]]
    headers = [
        (name.decode("ascii"), value.decode("latin-1"))
        for name, value in end_to_end(socket.headers.raw)
        if not name.startswith(b"sec-websocket-") and name != b"host"
    ]
    plain = await session.connections.socket(port)
    try:
        return await connect(
            f"ws://{socket.headers.get('host', 'localhost')}{target}",
            sock=plain,
            subprotocols=offered or None,
            additional_headers=headers,
            user_agent_header=None,
            compression=None,
            max_size=_LONGEST,
            open_timeout=_HANDSHAKE,
            ping_interval=None,  # the caller sees to that, or does without
            proxy=None,
        )
    except (InvalidHandshake, InvalidMessage, OSError, TimeoutError, EOFError):
        raise no_answer(port) from None


class _Relay:
    """Two connections, one behind the other."""

    def __init__(
        self, sessions: Sessions, session_id: str, socket: WebSocket, inner: ClientConnection
    ) -> None:
        self._sessions = sessions
        self._session_id = session_id
        self._socket = socket
        self._inner = inner

    async def run(self) -> None:
        """Pass on until either side has closed, and close the other one likewise."""
        inwards = asyncio.create_task(self._inwards())
        outwards = asyncio.create_task(self._outwards())
        try:
            await asyncio.wait({inwards, outwards}, return_when=asyncio.FIRST_COMPLETED)
            for task in (inwards, outwards):
                if task.done():
                    task.result()
        finally:
            inwards.cancel()
            outwards.cancel()
            await asyncio.wait({inwards, outwards})

    async def _inwards(self) -> None:
        with suppress(ConnectionClosed):
            while (message := await self._socket.receive())["type"] == "websocket.receive":
                self._sessions.touch(self._session_id)
                text = message.get("text")
                await self._inner.send(message["bytes"] if text is None else text)
            await self._inner.close(_speakable(message.get("code")))
            return
        await asyncio.Event().wait()  # the other direction knows how it ended

    async def _outwards(self) -> None:
        with suppress(ConnectionClosed, Refusal):
            async for message in self._inner:
                self._sessions.touch(self._session_id)
                if isinstance(message, str):
                    await self._socket.send_text(message)
                else:
                    await self._socket.send_bytes(message)
        await self._socket.close(_speakable(self._inner.close_code))


def _speakable(code: int | None) -> int:
    """Give a code that may be sent: some only tell that none was."""
    return _GOING_AWAY if code is None or code in _NEVER_SENT else code
