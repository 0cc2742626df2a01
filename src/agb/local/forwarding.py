"""HTTP that is passed on to a port of a session and back: streamed both ways, held nowhere."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress

import h11
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from agb.local.refusals import Refusal, no_answer
from agb.local.sessions import Sessions

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

_CHUNK = 64 * 1024
_LONGEST_HEAD = 256 * 1024
"""Bytes of an answer's status line with its headers."""
_HEARS_OUT = 5.0
"""Seconds for which the rest of a request is taken in, and thrown away, after its answer."""

_Headers = list[tuple[bytes, bytes]]

_OF_ONE_CONNECTION = {
    *(b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate"),
    *(b"proxy-authorization", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect"),
}
_OF_THIS_SERVER = {b"date"}  # it writes its own
_PREFIX = b"x-forwarded-prefix"


class Forwarded(Response):
    """Passes the request on to a port of a session, and answers with what comes back.

    Args:
        sessions: All sessions.
        session_id: Which one.
        port: Its port.
        prefix: The part of the path that leads here; the rest is for the session.
        refused: Makes the answer where there is none from the session.
    """

    def __init__(
        self,
        sessions: Sessions,
        session_id: str,
        port: int,
        prefix: str,
        *,
        refused: Callable[[Refusal], Response],
    ) -> None:
        self._sessions = sessions
        self._session_id = session_id
        self._port = port
        self._prefix = prefix.encode()
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be a web application that serves this one request."""
        try:
            request = _request(scope, self._prefix)
            with self._sessions.in_use(self._session_id) as session:
                async with session.connections.to(self._port) as (reader, writer):
                    exchange = _Exchange(reader, writer, receive, send, self._prefix)
                    await exchange.run(request, no_answer(self._port))
        except Refusal as no:
            await self._refused(no)(scope, receive, send)


class _Exchange:
    """One request and its answer, which may well come while the request is still being sent."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        receive: Receive,
        send: Send,
        prefix: bytes,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._receive = receive
        self._send = send
        self._prefix = prefix
        self._asked = asyncio.Event()
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)

    async def run(self, request: h11.Request, no: Refusal) -> None:
        """Pass on, until the answer is complete or the caller has gone.

        Args:
            request: The head of the request.
            no: What to raise if no answer begins. One that breaks off leaves the caller's
                connection to be closed, which tells it so.
        """
        asking = asyncio.create_task(self._pass_request(request))
        answering = asyncio.create_task(self._pass_answer(no))
        try:
            await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
            first = answering if answering.done() else asking
            first.result()
        finally:
            asking.cancel()
            answering.cancel()
            await asyncio.wait({asking, answering})

    async def _pass_request(self, request: h11.Request) -> None:
        """Pass the request on, and return when the caller has gone."""
        listening = await self._write(request)
        while (message := await self._receive())["type"] != "http.disconnect":
            if listening:
                listening = await self._write(h11.Data(message["body"]))
            if not message["more_body"]:
                break
        else:
            return
        if listening:
            await self._write(h11.EndOfMessage())
        self._asked.set()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _write(self, event: h11.Event) -> bool:
        """Send something, unless the other side has had enough: its answer may say why."""
        data = self._http.send(event)
        if data:
            self._writer.write(data)
        try:
            await self._writer.drain()
        except ConnectionError:
            return False
        return True

    async def _pass_answer(self, no: Refusal) -> None:
        begun = False
        with suppress(ConnectionError, h11.RemoteProtocolError):
            async for event in self._events():
                if isinstance(event, h11.Response):
                    begun = True
                await self._tell(event)
        if not begun:
            raise no

    async def _events(self) -> AsyncIterator[h11.Event]:
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._read())
            elif isinstance(event, h11.Event):
                yield event
                if isinstance(event, h11.EndOfMessage):
                    return
            else:
                return

    async def _read(self) -> bytes:
        data = await self._reader.read(_CHUNK)
        if not data and self._writer.is_closing():  # cut on our side, so that it is no proper end
            raise ConnectionResetError
        return data

    async def _tell(self, event: h11.Event) -> None:
        if isinstance(event, h11.Response):
            headers = list(_answer_headers(event.headers.raw_items(), self._prefix))
            await self._send(
                {"type": "http.response.start", "status": event.status_code, "headers": headers}
            )
        elif isinstance(event, h11.Data):
            await self._send(_body(bytes(event.data), more=True))
        elif isinstance(event, h11.EndOfMessage):
            await self._hear_out()
            await self._send(_body(b"", more=False))

    async def _hear_out(self) -> None:
        """Take in what is left of the request: many callers read no answer before they sent all."""
        self._writer.transport.abort()
        with suppress(TimeoutError):
            async with asyncio.timeout(_HEARS_OUT):
                await self._asked.wait()


def _body(data: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


def _request(scope: Scope, prefix: bytes) -> h11.Request:
    """Write the head of a request for the session: without our path, and without its token."""
    target = target_of(scope, prefix)
    given: _Headers = scope["headers"]
    names = {name for name, _ in given}
    headers = [(name, value) for name, value in end_to_end(given) if name != _PREFIX]
    headers += [(b"connection", b"close"), (_PREFIX, prefix.rstrip(b"/"))]
    if b"host" not in names:  # of an old client
        headers.append((b"host", b"localhost"))
    if b"transfer-encoding" in names:
        headers.append((b"transfer-encoding", b"chunked"))
    return h11.Request(method=scope["method"], target=target, headers=headers)


def target_of(scope: Scope, prefix: bytes) -> bytes:
    """Give the path and the query of a request as the session is to see them.

    Raises:
        Refusal: The prefix is not written as it was given out.
    """
    raw_path: bytes = scope["raw_path"]
    if not raw_path.startswith(prefix):
        raise Refusal(400, "InvalidParameter", "the path to a link is not to be quoted")
    query: bytes = scope["query_string"]
    return b"/" + raw_path[len(prefix) :] + (b"?" + query if query else b"")


def end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> _Headers:
    """Leave out what is about one connection only, and what that connection's header names."""
    given = [(name.lower(), value) for name, value in headers]
    named = b",".join(value for name, value in given if name == b"connection").lower().split(b",")
    left_out = _OF_ONE_CONNECTION | {name.strip() for name in named}
    return [(name, value) for name, value in given if name not in left_out]


def _answer_headers(
    headers: Iterable[tuple[bytes, bytes]], prefix: bytes
) -> Iterable[tuple[bytes, bytes]]:
    """Keep what the session says true behind a longer path, and the token from other sites."""
    policies = False
    for name, value in end_to_end(headers):
        policies |= name == b"referrer-policy"
        if name == b"location":
            yield name, _behind(prefix, value)
        elif name == b"set-cookie":
            yield name, _cookie(prefix, value)
        elif name not in _OF_THIS_SERVER:
            yield name, value
    if not policies:
        yield b"referrer-policy", b"same-origin"


def _behind(prefix: bytes, path: bytes) -> bytes:
    """Give an absolute path of the session as one of this server; leave whole URLs alone."""
    inner = path.startswith(b"/") and not path.startswith(b"//")
    return prefix + path[1:] if inner else path


def _cookie(prefix: bytes, cookie: bytes) -> bytes:
    """Keep a cookie to the link that it came through: all links are on one host."""
    kept: list[bytes] = []
    for part in cookie.split(b";"):
        name, _, value = part.strip().partition(b"=")
        if kept and name.lower() == b"path":
            kept.append(b"Path=" + _behind(prefix, value.strip()))
        elif not kept or name.lower() != b"domain":
            kept.append(part.strip())
    return b"; ".join(kept)
