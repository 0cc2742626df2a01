# Generated from src/agb/_async/pool.py; edit that file, then `nox -s twin`.
"""Connections that are kept, behind httpx's door for transports.

One request holds one connection, from a single place that all origins share; see `agb._pooling`
for who gets it. What is spoken on it is httpcore's business, one connection at a time.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self, cast

from agb import _http
from agb._concurrency import threads
from agb._http import HTTPRequest, HTTPResponse, HTTPStream, HTTPTransport
from agb._pooling import Places, Turn
from agb._proxies import Proxies
from agb._sync.corked import CorkedStream

if TYPE_CHECKING:
    from agb._http import NetworkStream
    from agb._http11 import CoreConnection, CoreStream

_CLOSE_SECONDS = 5.0
_CLOSED_AT_ONCE = 32


class Pool(HTTPTransport):
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
        self._detours: Mapping[str, HTTPTransport] = {
            url: _http.Detour(**_http.detour_arguments(url, tls)) for url in proxies.all()
        }
        self._mutex = threads.Mutex()
        self._places: Places[CoreConnection, threads.Event] = Places(limit, keep_seconds)
        self._streams: dict[CoreConnection, NetworkStream] = {}

    def handle_request(self, request: HTTPRequest) -> HTTPResponse:
        """Send a request; the answer's body comes as it is read."""
        origin = _http.origin_of(request)
        if self._detours:
            detour = self._proxies.way_to(origin)
            if detour is not None:
                return self._detours[detour].handle_request(request)
        from agb import _http11  # noqa: PLC0415 - loads httpcore, with the first request

        turn: Turn[CoreConnection, threads.Event] = Turn(origin)
        try:
            connection = self._connection(turn, _http.patience_of(request))
            answer = connection.handle_request(_http11.outgoing(request))
        except BaseException as error:
            self.end(turn)
            if isinstance(error, _http11.FAILURES):
                raise _http11.failure(error) from error
            raise
        return HTTPResponse(
            answer.status,
            headers=answer.headers,
            stream=AnswerStream(self, turn, cast("CoreStream", answer.stream)),
            extensions={"network_stream": self._streams[connection]},
        )

    def _connection(
        self, turn: "Turn[CoreConnection, threads.Event]", patience: Mapping[str, float | None]
    ) -> "CoreConnection":
        """Return a connection for a request, once there is a place for it."""
        with self._mutex:
            if not self._places.ask(turn):
                self._places.queue(turn, threads.Event())
        if turn.event is not None:
            if not threads.wait_for(turn.event, _http.seconds(patience, "pool")):
                raise _http.pool_timeout()
            if turn.connection is not None and turn.connection.has_expired():
                with self._mutex:
                    self._places.drop(turn)  # it was closed while it changed hands
        if self._places.doomed:
            self._bury()
        return turn.connection or self._open(turn, patience)

    def _open(
        self, turn: "Turn[CoreConnection, threads.Event]", patience: Mapping[str, float | None]
    ) -> "CoreConnection":
        from agb import _http11  # noqa: PLC0415 - loads httpcore

        scheme, raw_host, port = turn.origin
        host, timeout = raw_host.decode("ascii"), patience.get("connect")
        stream = threads.network().connect_tcp(host, port, timeout)
        try:
            if scheme == "https":
                stream = stream.start_tls(self._tls.context(), host, timeout)
        except BaseException:
            threads.shielded(stream.close, seconds=_CLOSE_SECONDS)
            raise
        corked = cast("NetworkStream", CorkedStream(stream))
        connection = _http11.CoreConnection(_http11.origin(*turn.origin), corked)
        with self._mutex:
            self._streams[connection] = stream
            self._places.opened(turn, connection)
        return connection

    def end(self, turn: "Turn[CoreConnection, threads.Event]") -> None:
        """Take back all that a request has, at whatever point it has ended."""
        connection = turn.connection
        from agb import _http11  # noqa: PLC0415 - is there by now

        fit = connection is not None and connection.is_idle() and not _http11.says_more(connection)
        try:
            if connection is not None and not fit:
                self._close(connection)  # before its place is another's
        finally:
            with self._mutex:
                self._places.end(turn, fit=fit)
        if self._places.doomed:
            self._bury()

    def close(self) -> None:
        """Close what lies idle, and break off what does not."""
        with self._mutex:
            self._places.close()
            busy = [self._streams[connection] for connection in self._places.busy]
        for stream in busy:
            _http.hang_up(stream)  # who uses it gets its end, and closes it
        self._bury()
        for detour in self._detours.values():
            detour.close()

    def _bury(self) -> None:
        with self._mutex:
            doomed = self._places.bury()
        threads.map_parallel(self._close, doomed, limit=_CLOSED_AT_ONCE)

    def _close(self, connection: "CoreConnection") -> None:
        self._streams.pop(connection, None)
        threads.shielded(connection.close, seconds=_CLOSE_SECONDS)


class AnswerStream(HTTPStream):
    """The body of an answer; the connection goes back to its pool with the end of it.

    Args:
        pool: The pool.
        turn: The request's way through it.
        body: The same, as httpcore has it.
    """

    def __init__(
        self,
        pool: Pool,
        turn: "Turn[CoreConnection, threads.Event]",
        body: "CoreStream",
    ) -> None:
        self._pool = pool
        self._turn = turn
        self._body = body
        self._chunks = body.__iter__()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        from agb import _http11  # noqa: PLC0415 - is there by now

        try:
            return self._chunks.__next__()
        except _http11.FAILURES as error:
            raise _http11.failure(error) from error

    def close(self) -> None:
        """Give the connection back, or close it if not all of the body was read."""
        try:
            self._chunks.close()
            self._body.close()
        finally:
            self._pool.end(self._turn)
