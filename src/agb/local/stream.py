"""A session's WebSocket: code comes in, and what becomes of it goes out as it happens."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from agb._wire import stream
from agb._wire.codec import Misread, is_object, parse
from agb._wire.link import TOKEN_HEADER
from agb._wire.stream import CancelRequest, RunRequest
from agb.local.links import check_link_token
from agb.local.refusals import (
    Refusal,
    invalid_parameter,
    session_not_found,
    too_many_runs,
    too_many_streams,
)
from agb.local.session import Session
from agb.local.sessions import Sessions
from agb.local.streamed_run import StreamedRun

_log = logging.getLogger(__name__)

MOST_RUNS = 64
"""Runs that may be under way on one connection; those of one language wait for each other."""

MOST_STREAMS = 256
"""Connections of one session."""

_LONGEST_NAME = 256
_GOING_AWAY = 1001
_LAST_WORDS_WITHIN = 1.0
"""Seconds that a client gets to hear that its session has ended."""

Refuse = Callable[[Refusal], Response]
"""Makes the answer to a handshake that is refused."""


async def serve(sessions: Sessions, socket: WebSocket, refuse: Refuse) -> None:
    """Serve one connection until either side ends it; its runs end with it.

    Args:
        sessions: All sessions.
        socket: The connection, whose handshake waits for an answer.
        refuse: Makes that answer if there can be no connection.
    """
    try:
        session = sessions.find(socket.path_params["session_id"])
        check_link_token(session, socket.headers.get(TOKEN_HEADER, ""))
        sessions.touch(session.id)
        if session.streams >= MOST_STREAMS:
            raise too_many_streams(MOST_STREAMS)
    except Refusal as no:
        await socket.send_denial_response(refuse(no))
        return
    session.streams += 1
    try:
        with suppress(WebSocketDisconnect, WebSocketDisconnected):
            await socket.accept()
            await _Streams(sessions, session, socket).serve()
    finally:
        session.streams -= 1


class _Streams:
    """The runs of one connection."""

    def __init__(self, sessions: Sessions, session: Session, socket: WebSocket) -> None:
        self._sessions = sessions
        self._session = session
        self._socket = socket
        self._runs: dict[str, tuple[StreamedRun, asyncio.Task[None]]] = {}

    async def serve(self) -> None:
        """Do what the client asks for until it leaves or the session ends."""
        hearing = asyncio.create_task(self._hear())
        ending = asyncio.create_task(self._session.ending.wait())
        try:
            await asyncio.wait({hearing, ending}, return_when=asyncio.FIRST_COMPLETED)
            if hearing.done():
                hearing.result()
            else:
                await self._say_goodbye()
        finally:
            await _cancel(hearing, ending, *(task for _, task in self._runs.values()))

    async def _hear(self) -> None:
        """Take frames until the client leaves."""
        while (message := await self._socket.receive())["type"] != "websocket.disconnect":
            with suppress(Refusal):  # it is about to be said goodbye
                self._sessions.touch(self._session.id)
            await self._take(message.get("text"))

    async def _take(self, text: str | None) -> None:
        request, name = _read(text)
        if isinstance(request, CancelRequest):
            if name in self._runs:
                self._runs.pop(name)[1].cancel()
        elif not name or name in self._runs:  # an answer would be taken for that of the run
            problem = f"for the run {name!r}, which goes on" if name else "that names no run"
            _log.info("session %s: ignored a frame %s", self._session.id, problem)
        elif len(self._runs) < MOST_RUNS:
            self._begin(name, request)
        else:  # only this makes who asks wait until answers are read
            await self._run(name).refuse(too_many_runs(MOST_RUNS))

    def _begin(self, name: str, request: RunRequest | Refusal) -> None:
        run = self._run(name)
        doing = run.refuse(request) if isinstance(request, Refusal) else run.go(request)
        task = asyncio.create_task(doing, name=f"run {name} of {self._session.id}")
        self._runs[name] = run, task
        task.add_done_callback(lambda _: self._forget(name, task))

    def _forget(self, name: str, task: asyncio.Task[None]) -> None:
        if name in self._runs and self._runs[name][1] is task:
            del self._runs[name]

    def _run(self, name: str) -> StreamedRun:
        return StreamedRun(self._sessions, self._session.id, name, self._send)

    async def _send(self, frame: str) -> None:
        await self._socket.send_text(frame)

    async def _say_goodbye(self) -> None:
        """Tell a client that its session has ended, unless it doesn't listen."""
        runs = tuple(self._runs.values())
        await _cancel(*(task for _, task in runs))
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_WITHIN):
                for run, _ in runs:
                    await run.refuse(session_not_found(self._session.id, "it has been released"))
                await self._socket.close(_GOING_AWAY, "the session has been released")


def _read(text: str | None) -> tuple[stream.Request | Refusal, str]:
    """Read a frame: what it asks for, or why it can't be had, and the run's name, if it has one."""
    if text is None:
        return invalid_parameter("the frame is not text"), ""
    try:
        request = stream.read_request(text)
    except Misread as misread:
        return invalid_parameter(str(misread)), _usable(_name_in(text))
    return request, _usable(request.invocation_id)


def _name_in(text: str) -> Any:
    """Find the name of a run in a frame that makes no sense otherwise."""
    try:
        frame = parse(text)
    except ValueError:
        return None
    return frame.get("invocationId") if is_object(frame) else None


def _usable(name: Any) -> str:
    """Give the name of a run if frames can carry it."""
    good = isinstance(name, str) and len(name) <= _LONGEST_NAME and name.isprintable()
    return name if good else ""


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
