"""httpcore's single connections, and all of them that does not wait. Loaded with the first one."""

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from typing import Protocol, cast

import httpcore
import httpx

WriteError = httpcore.WriteError
AsyncCoreConnection = httpcore.AsyncHTTP11Connection
CoreConnection = httpcore.HTTP11Connection


class AsyncCoreStream(Protocol):
    """The body of an answer, as it comes."""

    def __aiter__(self) -> AsyncGenerator[bytes, None]:  # noqa: PYI058 - it can be closed
        """Read it."""
        ...

    async def aclose(self) -> None:
        """Read no more of it."""
        ...


class CoreStream(Protocol):
    """The same, for threads."""

    def __iter__(self) -> Generator[bytes, None, None]:  # noqa: PYI058 - likewise
        """Read it."""
        ...

    def close(self) -> None:
        """Read no more of it."""
        ...


FAILURES = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
)
"""What a connection raises when it is not made, breaks, or is not answered as it should be."""

_KINDS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}


def failure(error: Exception) -> httpx.TransportError:
    """Return what httpx calls a failure of a connection."""
    kind = _KINDS.get(type(error), httpx.TransportError)
    return kind(str(error))


def origin(scheme: str, host: bytes, port: int) -> httpcore.Origin:
    """Return where a connection leads, as httpcore says it."""
    return httpcore.Origin(scheme.encode(), host, port)


def says_more(connection: AsyncCoreConnection | CoreConnection) -> bool:
    """Tell whether more than an answer has come: it would be taken for the answer to what is next.

    What has not been read yet shows when the connection is taken again; this has been read.
    """
    state = connection._h11_state  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    return state.trailing_data[0] != b""


def outgoing(request: httpx.Request) -> httpcore.Request:
    """Return a request as httpcore wants it."""
    url = request.url
    return httpcore.Request(
        request.method.encode(),
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=cast("Iterable[bytes] | AsyncIterable[bytes]", request.stream),
        extensions=request.extensions,
    )
