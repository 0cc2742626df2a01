"""Connections that are kept, behind httpx's door for transports.

One request holds one connection, from a single place that all origins share; see `agb._pooling`
for who gets it, and `agb._async.connection` for what is spoken on it.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from agb import _http
from agb._concurrency import aio
from agb._http import AsyncHTTPStream, AsyncHTTPTransport, HTTPRequest, HTTPResponse
from agb._pooling import Places, Turn
from agb._proxies import Proxies

if TYPE_CHECKING:
    from agb._async.connection import AsyncConnection

_CLOSE_SECONDS = 5.0
_CLOSED_AT_ONCE = 32


class AsyncPool(AsyncHTTPTransport):
    """Sends requests over connections that it keeps for the next ones.

    HTTP/1.1 only: a lost packet holds up everything on an HTTP/2 connection, and a server allows
    some 100 requests on one. Who wants it hands in httpx's own transport.

    Args:
        tls: Whom to trust.
        proxies: What to go through.
        limit: How many connections may be open at once; further requests wait in line.
        keep_seconds: How long a connection may lie idle. Where a server closes it at the moment
            it is used again, nobody knows whether the request ran: so before servers do, which
            wait some 15 seconds or more.
    """

    def __init__(
        self, tls: _http.TLS, proxies: Proxies, limit: int = 1000, keep_seconds: float = 10.0
    ) -> None:
        self._tls = tls
        self._proxies = proxies
        # httpx knows its ways through proxies; only a few programs are behind one.
        self._detours: Mapping[str, AsyncHTTPTransport] = {
            url: _http.AsyncDetour(**_http.detour_arguments(url, tls)) for url in proxies.all()
        }
        self._mutex = aio.Mutex()
        self._places: Places[AsyncConnection, aio.Event] = Places(limit, keep_seconds)

    async def handle_async_request(self, request: HTTPRequest) -> HTTPResponse:
        """Send a request; the answer's body comes as it is read."""
        origin = _http.origin_of(request)
        if self._detours:
            detour = self._proxies.way_to(origin)
            if detour is not None:
                return await self._detours[detour].handle_async_request(request)
        turn: Turn[AsyncConnection, aio.Event] = Turn(origin)
        patience = _http.patience_of(request)
        try:
            connection = await self._connection(turn, patience)
            head = await connection.send(request, patience)
        except BaseException:
            await self.end(turn)
            raise
        return HTTPResponse(
            head.status,
            headers=head.headers,
            stream=AsyncAnswerStream(self, turn, connection, patience),
        )

    async def _connection(
        self, turn: "Turn[AsyncConnection, aio.Event]", patience: Mapping[str, float | None]
    ) -> "AsyncConnection":
        """Return a connection for a request, once there is a place for it."""
        with self._mutex:
            if not self._places.ask(turn):
                self._places.queue(turn, aio.Event())
        if turn.event is not None:
            if not await aio.wait_for(turn.event, _http.seconds(patience, "pool")):
                raise _http.pool_timeout()
            if turn.connection is not None and turn.connection.has_expired():
                with self._mutex:
                    self._places.drop(turn)  # it was closed while it changed hands
        if self._places.doomed:
            await self._bury()
        return turn.connection or await self._open(turn, patience)

    async def _open(
        self, turn: "Turn[AsyncConnection, aio.Event]", patience: Mapping[str, float | None]
    ) -> "AsyncConnection":
        from agb._async.connection import AsyncConnection  # noqa: PLC0415 - with the first one

        scheme, raw_host, port = turn.origin
        host, seconds = raw_host.decode("ascii"), patience.get("connect")
        try:
            stream = await aio.connect(host, port, seconds)
            try:
                if scheme == "https":
                    stream = await stream.start_tls(self._tls.context(), host, seconds)
            except BaseException:
                await _let_go(stream.aclose)
                raise
        except (OSError, UnicodeError) as error:
            raise _http.failure("connect", error) from error
        connection = AsyncConnection(stream)
        with self._mutex:
            self._places.opened(turn, connection)
        return connection

    async def end(self, turn: "Turn[AsyncConnection, aio.Event]") -> None:
        """Take back all that a request has, at whatever point it has ended."""
        connection = turn.connection
        fit = connection is not None and connection.renew()
        try:
            if connection is not None and not fit:
                await self._close(connection)  # before its place is another's
        finally:
            with self._mutex:
                self._places.end(turn, fit=fit)
        if self._places.doomed:
            await self._bury()

    async def aclose(self) -> None:
        """Close what lies idle, and break off what does not."""
        with self._mutex:
            self._places.close()
            busy = list(self._places.busy)
        for connection in busy:
            with suppress(OSError):  # it has hung up itself
                connection.hang_up()  # who uses it gets its end, and closes it
        await self._bury()
        for detour in self._detours.values():
            await detour.aclose()

    async def _bury(self) -> None:
        with self._mutex:
            doomed = self._places.bury()
        await aio.map_parallel(self._close, doomed, limit=_CLOSED_AT_ONCE)

    async def _close(self, connection: "AsyncConnection") -> None:
        await _let_go(connection.aclose)


async def _let_go(close: Callable[[], Awaitable[None]]) -> None:
    """Close a connection. That it takes too long, as in a loop that stalls, fails no request."""
    with suppress(OSError):
        await aio.shielded(close, seconds=_CLOSE_SECONDS)


class AsyncAnswerStream(AsyncHTTPStream):
    """The body of an answer; the connection goes back to its pool with the end of it.

    Args:
        pool: The pool.
        turn: The request's way through it.
        connection: Where it comes from.
        patience: How long its parts may take.
    """

    def __init__(
        self,
        pool: AsyncPool,
        turn: "Turn[AsyncConnection, aio.Event]",
        connection: "AsyncConnection",
        patience: Mapping[str, float | None],
    ) -> None:
        self._pool = pool
        self._turn = turn
        self._connection = connection
        self._patience = patience
        self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        data = b"" if self._over else await self._connection.data(self._patience)
        if not data:
            self._over = True
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Give the connection back, or close it if not all of the body was read."""
        self._over = True
        await self._pool.end(self._turn)
