"""httpx, and all of it that does not wait: requests are built and its errors told apart here."""

import ipaddress
import logging
import math
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit

import httpx
from attrs import field

from agb import exceptions
from agb._deadline import Deadline, current_deadline
from agb._secrets import HidesRedirects
from agb._version import __version__
from agb._wire.values import frozen

AsyncHTTPClient = httpx.AsyncClient
HTTPClient = httpx.Client
AsyncHTTPTransport = httpx.AsyncBaseTransport
HTTPTransport = httpx.BaseTransport
AsyncHTTPStream = httpx.AsyncByteStream
HTTPStream = httpx.SyncByteStream
HTTPResponse = httpx.Response
HTTPRequest = httpx.Request
RequestError = httpx.RequestError
WriteError = httpx.WriteError
LocalProtocolError = httpx.LocalProtocolError
RemoteProtocolError = httpx.RemoteProtocolError

AsyncDetour = httpx.AsyncHTTPTransport
Detour = httpx.HTTPTransport

_LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=200, keepalive_expiry=10.0)
_PORTS = {"http": 80, "https": 443}
_DAY = 86400.0
_MOST_UNPACKED = 256 * 1024**2
"""Bytes; no answer of an AGB comes near that."""
_PACKED_AT_ONCE = 16 * 1024
_FAILURES = {
    "connect": (httpx.ConnectTimeout, httpx.ConnectError),
    "read": (httpx.ReadTimeout, httpx.ReadError),
    "write": (httpx.WriteTimeout, httpx.WriteError),
}


_SHORTEST = 0.001
"""A time limit of 0 means something else to a socket."""
Headers = Sequence[tuple[str, str]]

_TOLD: Headers = (("user-agent", f"agb-python/{__version__}"), ("accept-encoding", "gzip, deflate"))


@frozen
class Reply:
    """An answer that has come whole.

    Attributes:
        status_code: What it says in short.
        headers: What it says of itself.
        content: Its body, decoded.
    """

    status_code: int
    headers: Mapping[str, str] = field(repr=False)  # they may hold secrets
    content: bytes = field(repr=False)


class Timeouts:
    """How long one call may wait, in seconds.

    Args:
        connect: For a connection, and for a place among the client's own connections.
        read: For the answer.
        lasting: Whether it may go on for as long as something moves, as a large file does.

    Attributes:
        deadline: When all of it must be over, repeats included: when the caller's time is up, else
            after the longer of the two; never, where it is lasting.
    """

    __slots__ = ("connect", "deadline", "read")

    def __init__(self, connect: float, read: float, *, lasting: bool = False) -> None:
        self.connect: float = connect
        self.read: float = read
        longest = math.inf if lasting else max(connect, read)
        self.deadline: Deadline = current_deadline() or Deadline(longest)

    def as_extension(self) -> dict[str, float]:
        """Return them as httpx wants them."""
        return _TimeLeft(self)


class _TimeLeft(dict[str, float]):
    """Limits that shrink: httpcore asks by `get` when a phase of the request begins."""

    def __init__(self, timeouts: Timeouts) -> None:
        super().__init__(
            connect=timeouts.connect,
            pool=timeouts.connect,
            read=timeouts.read,
            write=timeouts.read,
        )
        self._deadline = timeouts.deadline

    def get(self, key: str, default: Any = None, /) -> Any:
        """Return a limit; no more than what is left of all."""
        limit = super().get(key)
        return default if limit is None else min(limit, max(self._deadline.remaining(), _SHORTEST))


def words_of(error: Exception) -> str:
    """Return what an error says, or what it is."""
    return str(error) or type(error).__name__


def network_failure(error: Exception, where: str) -> exceptions.APIConnectionError:
    """Return the error for a bare connection that was not made.

    Args:
        error: What was raised.
        where: The address, without anything secret.
    """
    if isinstance(error, TimeoutError):
        return exceptions.ConnectTimeoutError(f"{where} did not take the connection in time")
    return exceptions.APIConnectionError(
        f"can't connect to {where}: {words_of(error)}", code="CONNECT_FAILED"
    )


class TLS:
    """Whom a client trusts.

    Args:
        verify: A TLS context of the user's own; or whether to ask for a certificate at all.
    """

    def __init__(self, verify: ssl.SSLContext | bool = True) -> None:
        self._verify = verify

    def context(self) -> ssl.SSLContext:
        """Return the TLS context, which clients share: making it takes longer than most calls."""
        if isinstance(self._verify, ssl.SSLContext):
            return self._verify
        return tls() if self._verify else _careless()


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """Return the one TLS context: making it takes longer than most calls."""
    return httpx.create_ssl_context()


@lru_cache(maxsize=1)
def _careless() -> ssl.SSLContext:
    return httpx.create_ssl_context(verify=False)


def client_arguments(transport: Any) -> dict[str, Any]:
    """Return what an httpx client is made with: what a transport of ours does, it need not do."""
    return {"transport": transport, "follow_redirects": False, "trust_env": False}


def plain_arguments(endpoint: str, proxy: str | None, trust: TLS) -> dict[str, Any]:
    """Return what a client on httpx's own transport is made with, for a few requests."""
    return {
        "follow_redirects": False,
        "proxy": proxy,
        "trust_env": proxy is None and not is_loopback(endpoint),
        "verify": trust.context(),
    }


def detour_arguments(proxy: str, trust: TLS) -> dict[str, Any]:
    """Return what a transport of httpx's through a proxy is made with."""
    return {"proxy": proxy, "verify": trust.context(), "trust_env": False, "limits": _LIMITS}


def origin_of(request: httpx.Request) -> tuple[str, bytes, int]:
    """Return where a request goes: scheme, host and port.

    Raises:
        httpx.UnsupportedProtocol: It does not go over HTTP.
    """
    url = request.url
    scheme = url.scheme
    if scheme not in _PORTS:
        raise httpx.UnsupportedProtocol(f"neither http nor https: {scheme}://")
    return scheme, url.raw_host, url.port or _PORTS[scheme]


def patience_of(request: httpx.Request) -> Mapping[str, float | None]:
    """Return how long the parts of a request may take, in seconds; to be asked by `get`."""
    found: Mapping[str, float | None] = request.extensions.get("timeout", {})
    return found


def seconds(patience: Mapping[str, float | None], part: str) -> float:
    """Return how long a part of a request may take, at most a day."""
    limit = patience.get(part)
    return _DAY if limit is None else limit


def failure(doing: Literal["connect", "read", "write"], error: Exception) -> httpx.TransportError:
    """Return what httpx calls the failure of a bare connection."""
    late, broken = _FAILURES[doing]
    return (late if isinstance(error, TimeoutError) else broken)(words_of(error))


def pool_timeout() -> httpx.PoolTimeout:
    """Return the failure of a request for which no connection became free."""
    return httpx.PoolTimeout("no connection became free in time")


def is_loopback(url: str) -> bool:
    """Tell whether an address is on this machine, so that no proxy leads to it."""
    host = _name_in(url)
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name_in(url: str) -> str:
    """Return the host of a URL; nothing where it has none, or is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def client_failure(error: Exception) -> exceptions.ConfigurationError:
    """Return the error for a client that can't be made, as by the proxies that are wished for."""
    cure = "pip install 'httpx[socks]', or unset the proxy variables"
    hint = f" ({cure})" if isinstance(error, ImportError) else ""
    return exceptions.ConfigurationError(f"the HTTP client can't be made: {error}{hint}")


def in_clear(url: str) -> bool:
    """Tell whether what is sent to a URL can be read on the way, off this machine."""
    plain = url.lower().startswith(("http://", "ws://"))
    return plain and bool(_name_in(url)) and not is_loopback(url)


def usable_url(url: str) -> bool:
    """Tell whether something could be sent to a URL at all."""
    try:
        parsed = httpx.URL(url)
        parsed.host.encode("idna")
    except (httpx.InvalidURL, UnicodeError):
        return False
    return parsed.scheme in {"http", "https"} and bool(parsed.host)


class _Unshown(httpx.URL):
    """A URL that carries its own permission; a transport, whichever it is, sees all of it."""

    def __repr__(self) -> str:
        return f"{host_of(str(self))}/..."


class _Signed(httpx.Request):
    """A request to such a URL, as it is shown where values are."""

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, '{self.url!r}')>"


class _HidesURLs(logging.Filter):
    """Keeps all of such a URL but its host out of a log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change a record that tells one."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                repr(each) if isinstance(each, _Unshown) else each for each in record.args
            )
        return True


_HIDES_REDIRECTS = HidesRedirects()
_HIDES_URLS = _HidesURLs()


def unshown(request: httpx.Request) -> httpx.Request:
    """Keep the URL of a request out of logs and tracebacks, and where it is redirected to."""
    for library in ("", "2"):
        logging.getLogger(f"httpx{library}").addFilter(_HIDES_URLS)
        for protocol in ("http11", "http2"):
            logging.getLogger(f"httpcore{library}.{protocol}").addFilter(_HIDES_REDIRECTS)
    request.url = _Unshown(request.url)
    request.__class__ = _Signed  # httpx made it: a copy would be one more thing to keep up with
    return request


class _Body(httpx.AsyncByteStream, httpx.SyncByteStream):
    """The body of a request.

    No generator, as httpx has it: one that is left half-way, as by cancellation, would have to be
    closed by hand, and trio complains when it is not.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._content,))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Once(self._content)


class _Once(AsyncIterator[bytes]):
    def __init__(self, content: bytes) -> None:
        self._left = [content]

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop()


def breakable(request: httpx.Request) -> httpx.Request:
    """Let a request be broken off while its body is sent."""
    request.stream = _Body(request.read())
    return request


def build_request(
    own: httpx.AsyncClient | httpx.Client | None,
    method: str,
    url: str,
    *,
    query: Mapping[str, str] | None,
    headers: Headers,
    content: bytes | None,
    timeouts: Timeouts,
) -> httpx.Request:
    """Build a request.

    Args:
        own: The user's own client, which may add what it likes; or None.
        method: `GET` or `POST`.
        url: Where to.
        query: Fields in the query string.
        headers: What to say beside what every request says.
        content: The body.
        timeouts: How long to wait.
    """
    extensions = {"timeout": timeouts.as_extension()}
    if own is not None:
        return breakable(
            own.build_request(
                method,
                url,
                params=query or None,
                headers=dict(headers),
                content=content,
                extensions=extensions,
            )
        )
    # Most of what a request costs is reading what it is made of: here all of it is ready.
    target, host = _target(f"{url}?{urlencode(query, quote_via=quote)}" if query else url)
    told = [("host", host), *_TOLD, *headers]
    if content is not None:
        told.append(("content-length", str(len(content))))
    body = _Body(content or b"")
    return breakable(
        httpx.Request(method, target, headers=told, stream=body, extensions=extensions)
    )


@lru_cache
def _target(url: str) -> tuple[httpx.URL, str]:
    target = httpx.URL(url)
    return target, target.netloc.decode("ascii")


def reply(response: httpx.Response, content: bytes) -> Reply:
    """Return an answer that has come whole.

    Raises:
        httpx.DecodingError: It is not encoded as it says, or is too much.
    """
    headers = response.headers
    if "content-encoding" in headers:
        content = b"".join(_unpacked(headers, content))
    return Reply(response.status_code, headers, content)


def _unpacked(headers: httpx.Headers, packed: bytes) -> Iterator[bytes]:
    """Yield a body as it was before it was packed, a piece at a time: a little may become a lot."""
    starts = range(0, len(packed), _PACKED_AT_ONCE)
    parts = (packed[start : start + _PACKED_AT_ONCE] for start in starts)
    left = _MOST_UNPACKED
    for piece in httpx.Response(200, headers=headers, content=parts).iter_bytes():
        left -= len(piece)
        if left < 0:
            raise httpx.DecodingError(f"its body unpacks to more than {_MOST_UNPACKED:,} bytes")
        yield piece


def put_request(
    url: str, headers: Mapping[str, str], stream: Any, timeouts: Timeouts
) -> httpx.Request:
    """Build a request whose body is a stream; the headers say all there is to say."""
    told = {"host": httpx.URL(url).netloc.decode("ascii"), **headers}
    return unshown(
        httpx.Request(
            "PUT", url, headers=told, stream=stream, extensions={"timeout": timeouts.as_extension()}
        )
    )


def host_of(url: str) -> str:
    """Return what of a URL may be shown: its path and query may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def connection_failure(error: httpx.RequestError, where: str) -> exceptions.APIConnectionError:
    """Return the error for a call that got no answer.

    Args:
        error: What httpx raised.
        where: The endpoint, without anything secret.
    """
    cause = words_of(error)
    match _as_it_was(error):
        case httpx.ConnectTimeout():
            return exceptions.ConnectTimeoutError(f"{where} did not take the connection in time")
        case httpx.PoolTimeout():
            return exceptions.PoolTimeoutError(
                f"all connections of this client to {where} stayed busy; nothing was sent"
            )
        case httpx.TimeoutException():
            return exceptions.ReadTimeoutError(
                f"{where} took the request but did not answer in time; it may have been carried out"
            )
        case httpx.ConnectError():
            return exceptions.APIConnectionError(
                f"can't connect to {where}: {cause}", code="CONNECT_FAILED"
            )
        case _:
            return exceptions.APIConnectionError(
                f"the connection to {where} broke before an answer came: {cause}"
            )


def _as_it_was(error: httpx.RequestError) -> httpx.RequestError:
    """Return what a failure was, where the transport of httpx-aiohttp says something else.

    To it, a connection that breaks was not made in time: then nothing was sent, and a call that
    may have run would be sent again.
    """
    kinds = {kind.__name__ for kind in type(error.__cause__).__mro__}
    if "ClientConnectionError" not in kinds or "ServerTimeoutError" in kinds:
        return error
    known = httpx.ConnectError if "ClientConnectorError" in kinds else httpx.ReadError
    return known(words_of(error))
