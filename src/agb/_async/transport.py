"""One HTTP client: sends messages, gets answers, tells errors apart."""

import json
import logging
import random
import ssl
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar, cast

from agb import _http
from agb._async.places import AsyncPlaces
from agb._async.pool import AsyncPool
from agb._async.timed import AsyncTimed
from agb._concurrency import aio
from agb._deadline import Deadline
from agb._failures import malformed, refusal
from agb._http import (
    AsyncHTTPClient,
    AsyncHTTPStream,
    AsyncHTTPTransport,
    Headers,
    HTTPRequest,
    HTTPResponse,
    Reply,
    Timeouts,
)
from agb._proxies import proxies_for
from agb._retry import TABLE, failure_of, failure_of_answer, pause
from agb._secrets import NotPickled, Secret
from agb._transfers import check_way
from agb._wire import codec
from agb._wire.answers import Answer, Malformed, Refused, read_answer
from agb._wire.codec import Json
from agb._wire.endpoint import Endpoint, write_request
from agb.config import Config
from agb.exceptions import (
    REQUEST_LIMIT,
    AGBError,
    APIConnectionError,
    ClientClosedError,
    DeadlineExceededError,
    LocalServerError,
    PoolTimeoutError,
    TransferError,
)

if TYPE_CHECKING:
    from agb._async.shared_socket import AsyncSharedSocket
    from agb._embedded import EmbeddedServer

Q = TypeVar("Q")
A = TypeVar("A")

_log = logging.getLogger("agb")

_MOST_REDIRECTS = 10
_CLOSE_SECONDS = 60.0
"""More than an AGB on this machine takes to stop, or to be killed."""

_CLOSED_AT_ONCE = 32


class AsyncConnections:
    """The HTTP client, shared by all clients that differ in their options only.

    Args:
        http_client: The user's own client, which stays the user's to close; or None.
        transport: The user's own transport below a client of ours; or None.
        endpoint: Where most requests go.
        proxy: URL of the proxy that requests go through; by default as the environment says.
        verify: Whom to trust.
        max_requests: How many may be under way at once; None for any number.

    Attributes:
        users: The user's own client, or None.
        tls: The same, for connections that are no HTTP.
        server: The AGB on this machine that stops with the client; or None.
        known_endpoint: Its address, once it is ready.
        places: What every request takes one of while it is under way, where they are limited.
    """

    def __init__(
        self,
        *,
        http_client: AsyncHTTPClient | None,
        transport: AsyncHTTPTransport | None,
        endpoint: str,
        proxy: str | None = None,
        verify: ssl.SSLContext | bool = True,
        max_requests: int | None = None,
    ) -> None:
        codec.prepare()
        self.users: AsyncHTTPClient | None = http_client
        self.tls: _http.TLS = _http.TLS(verify)
        self.server: EmbeddedServer | None = None
        self.known_endpoint: str = ""
        self.places: AsyncPlaces | None = (
            None if max_requests is None else AsyncPlaces(max_requests)
        )
        self._closed = False
        self._looks_at_the_time = False
        self._home = aio.Home()
        self._sockets: set[AsyncSharedSocket] = set()
        try:
            if transport is None:
                proxies = proxies_for(endpoint, proxy)
                self._looks_at_the_time = http_client is None and not proxies.all()
                transport = AsyncPool(self.tls, proxies)
            self._below: AsyncHTTPTransport = transport
        except (ImportError, ValueError) as error:
            raise _http.client_failure(error) from error
        self.http: AsyncHTTPClient = http_client or AsyncHTTPClient(
            **_http.client_arguments(self._below)
        )

    async def send(self, request: HTTPRequest, limits: Timeouts) -> Reply:
        """Send a request and return the whole answer.

        A client of httpx's looks after cookies, redirects and hooks; of ours, no call needs them.
        """
        if self.users is None:
            response = await self._below.handle_async_request(request)
        else:
            response = await self.users.send(request, stream=True, follow_redirects=False)
        stream = cast("AsyncHTTPStream", response.stream)
        if not self._looks_at_the_time:  # before each wait, as our own connections do
            stream = AsyncTimed(stream, limits)
        try:
            content = b"".join([chunk async for chunk in stream])
        finally:
            await stream.aclose()
        return _http.reply(response, content)

    async def endpoint(self, config: Config) -> str:
        """Return the base address; an AGB on this machine is waited for."""
        if self._closed or self.http.is_closed:
            raise ClientClosedError("this client is closed: make a new one")
        self._home.check()
        if self.server is None:
            return config.endpoint
        if not self.known_endpoint:
            self.known_endpoint = await aio.in_thread(self.server.endpoint)
        return self.known_endpoint

    def keep(self, socket: "AsyncSharedSocket") -> bool:
        """Close a session's WebSocket with the client; tell whether it is not too late."""
        self._sockets.add(socket)
        return not self._closed

    def let_go(self, socket: "AsyncSharedSocket") -> None:
        """Leave a session's WebSocket to its session to close."""
        self._sockets.discard(socket)

    async def aclose(self) -> None:
        """Close what is ours; a second time does nothing, nor in a process forked off."""
        if self._closed or self._home.is_parents:
            return
        self._home.check()
        self._closed = True
        await aio.shielded(self._close, seconds=_CLOSE_SECONDS)

    async def _close(self) -> None:
        await aio.map_parallel(
            lambda socket: socket.aclose("this client was closed"),
            list(self._sockets),
            limit=_CLOSED_AT_ONCE,
        )
        if self.users is None:
            await self.http.aclose()
        if self.server is not None:
            await aio.in_thread(self.server.stop)


class AsyncTransport(NotPickled):
    """Sends messages with one set of options.

    Args:
        connections: Where they go through.
        config: The options.
    """

    def __init__(self, connections: AsyncConnections, config: Config) -> None:
        self.connections = connections
        self.config = config
        self._headers: Headers = (
            ("authorization", Secret(f"Bearer {config.api_key}")),
            ("content-type", "application/json"),
        )

    def timeouts(self, seconds: float = 0.0) -> Timeouts:
        """Return how long a call may wait whose tool may run for so many seconds."""
        return Timeouts(connect=self.config.timeout, read=self.config.timeout + seconds)

    async def call(
        self,
        endpoint: Endpoint[Q, A],
        message: Q,
        *,
        session_id: str = "",
        timeouts: Timeouts | None = None,
    ) -> Answer[A]:
        """Send a message, again where that is safe, and return the good answer.

        Args:
            endpoint: Where to.
            message: What.
            session_id: The session that it is about, for the error.
            timeouts: How long to wait; by default as the options say.

        Raises:
            APIConnectionError: No answer came.
            APIError: The answer says no, or is none.
        """
        outgoing = write_request(endpoint, message)
        limits = timeouts or self.timeouts()
        attempt = 0
        failed: AGBError
        while True:
            attempt += 1
            try:
                response = await self.send(
                    endpoint.method, endpoint.path, outgoing.query, outgoing.body, limits
                )
            except APIConnectionError as error:
                failed, how = error, failure_of(error)
            else:
                status, headers = response.status_code, response.headers
                try:
                    return read_answer(endpoint, status, headers, response.content)
                except Refused as refused:
                    failed = refusal(refused, headers, session_id=session_id)
                    how = failure_of(failed)
                except Malformed as answer:
                    failed, how = malformed(answer, headers), failure_of_answer(answer)
            await self.repeat_or_raise(
                failed,
                attempt,
                limits.deadline,
                what=endpoint.name,
                may_repeat=TABLE[how][endpoint.safety],
            )

    async def repeat_or_raise(
        self, error: AGBError, attempt: int, deadline: Deadline, *, what: str, may_repeat: bool
    ) -> None:
        """Wait until a request that failed is to be sent again.

        Args:
            error: How it failed.
            attempt: How often it was sent.
            deadline: When the caller has no more time.
            what: Name of the request, for the log.
            may_repeat: Whether it is safe to send it again.

        Raises:
            AGBError: The failure, where it is not to be sent again.
        """
        error.attempts = attempt
        if not may_repeat or attempt > self.config.max_retries:
            raise error
        told = getattr(error, "retry_after", None)
        chance = random.random()  # noqa: S311 - nothing secret hangs on it
        wait = pause(attempt, chance=chance, told=told, left=deadline.remaining())
        if wait is None:
            raise error
        _log.info(
            "%s failed (%s): attempt %d of %d begins in %.2f s",
            what,
            error.code,
            attempt + 1,
            self.config.max_retries + 1,
            wait,
        )
        await aio.sleep(wait)
        if deadline.is_over:  # what is told is how it failed, not that it was not sent again
            raise error

    async def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        timeouts: Timeouts | None = None,
    ) -> Reply:
        """Send to a path of the API, with the key, and return whatever comes back."""
        base = await self.connections.endpoint(self.config)
        return await self._exchange(
            method, base + path, query=query, headers=self._headers, body=body, timeouts=timeouts
        )

    async def send_to_link(
        self, url: str, headers: Headers, body: Json, timeouts: Timeouts
    ) -> Reply:
        """Post to a session's link. The API key does not go there."""
        await self.connections.endpoint(self.config)
        return await self._exchange(
            "POST", url, query=None, headers=headers, body=body, timeouts=timeouts
        )

    async def stream_out(
        self, url: str, headers: Mapping[str, str], stream: AsyncHTTPStream
    ) -> HTTPResponse:
        """Put a stream to a URL that carries its own permission."""
        http = await self._ready()
        check_way(self.config, url)
        limits = self._lasting()
        request = _http.put_request(url, headers, AsyncTimed(stream, limits), limits)
        try:
            async with self._place(limits):
                return await http.send(request, follow_redirects=False)
        except _http.RequestError as error:
            raise _http.connection_failure(error, _http.host_of(url)) from error

    @asynccontextmanager
    async def _place(self, limits: Timeouts) -> AsyncGenerator[None]:
        """Hold one of the places for requests, where they are limited.

        Raises:
            PoolTimeoutError: All were taken.
        """
        places = self.connections.places
        if places is None:
            yield
            return
        seconds = min(limits.connect, limits.deadline.remaining())
        if not await places.take(Deadline(seconds)):
            raise PoolTimeoutError(
                f"{places.count} requests were under way for {seconds:.3g} s, as many as this "
                "client may have at once (max_requests); nothing was sent",
                code=REQUEST_LIMIT,
            )
        try:
            yield
        finally:
            places.give_back()

    @asynccontextmanager
    async def stream_in(self, url: str) -> AsyncGenerator[HTTPResponse]:
        """Get a stream from a URL that carries its own permission; redirects are followed."""
        http = await self._ready()
        limits = self._lasting()
        request = _http.breakable(
            http.build_request(
                "GET",
                url,
                headers={"accept-encoding": "identity"},  # its size and checksum are the file's
                extensions={"timeout": limits.as_extension()},
            )
        )
        try:
            async with self._place(limits):
                response = await self._follow(http, request)
                response.stream = AsyncTimed(cast("AsyncHTTPStream", response.stream), limits)
                try:
                    yield response
                finally:
                    await aio.shielded(response.aclose, seconds=_CLOSE_SECONDS)
        except _http.RequestError as error:
            raise _http.connection_failure(error, _http.host_of(url)) from error

    async def _follow(self, http: AsyncHTTPClient, request: HTTPRequest) -> HTTPResponse:
        """Send a request and go where it is sent on to; none of the URLs shows in a log."""
        for _ in range(_MOST_REDIRECTS):
            check_way(self.config, str(request.url))
            response = await http.send(_http.unshown(request), stream=True, follow_redirects=False)
            if response.next_request is None:
                return response
            request = response.next_request
            await aio.shielded(response.aclose, seconds=_CLOSE_SECONDS)
        raise TransferError(f"{_http.host_of(str(request.url))} sends a request round in circles")

    def _lasting(self) -> Timeouts:
        """Return how long the transfer of a file may stand still, within the caller's time."""
        limits = Timeouts(self.config.timeout, self.config.timeout, lasting=True)
        _check_time(limits)
        return limits

    async def _ready(self) -> AsyncHTTPClient:
        await self.connections.endpoint(self.config)
        return self.connections.http

    async def _exchange(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None,
        headers: Headers,
        body: Json | None,
        timeouts: Timeouts | None,
    ) -> Reply:
        connections = self.connections
        limits = timeouts or self.timeouts()
        _check_time(limits)
        request = _http.build_request(
            connections.users,
            method,
            url,
            query=query,
            headers=headers,
            content=None if body is None else json.dumps(body).encode(),
            timeouts=limits,
        )
        started = time.monotonic()
        try:
            if connections.places is None:
                reply = await connections.send(request, limits)
            else:
                async with self._place(limits):
                    reply = await connections.send(request, limits)
        except _http.RequestError as error:
            failure = _http.connection_failure(error, _http.host_of(url))
            server = connections.server
            if server is not None and server.died:
                raise LocalServerError(f"the AGB on this machine has died: {failure}") from error
            raise failure from error
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug(
                "%s %s -> HTTP %s in %.0f ms",
                method,
                request.url.path,
                reply.status_code,
                (time.monotonic() - started) * 1000,
            )
        return reply


def _check_time(limits: Timeouts) -> None:
    if limits.deadline.is_over:
        raise DeadlineExceededError("the caller's time was up; the request was not sent")
