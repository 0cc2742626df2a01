"""Real transports that spoil what comes back of one kind of request."""

from collections.abc import Callable

import httpx

Fault = Callable[[bytes], httpx.Response]
"""Makes what the client gets of the body that really came; or raises."""


def breaks(_: bytes) -> httpx.Response:
    raise httpx.ReadError("the connection broke")


def is_cut_off(_: bytes) -> httpx.Response:
    raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


def is_too_late(_: bytes) -> httpx.Response:
    raise httpx.ReadTimeout("slower than the client waits")


def is_half(content: bytes) -> httpx.Response:
    return httpx.Response(200, content=content[: len(content) // 2])


def is_empty(_: bytes) -> httpx.Response:
    return httpx.Response(200)


def is_of_a_gateway(_: bytes) -> httpx.Response:
    return httpx.Response(502, html="<h1>Bad gateway</h1>")


def is_a_gateways_timeout(_: bytes) -> httpx.Response:
    return httpx.Response(408, html="<h1>Request timeout</h1>")


def is_a_failure(_: bytes) -> httpx.Response:
    said = {"requestId": "r-1", "success": False, "code": "InternalError", "message": "no"}
    return httpx.Response(500, json=said)


class _Spoils:
    """What becomes of creates.

    Args:
        fault: What the client gets.
        sent: So many times the request is really sent, as some gateways do.
        late: It is sent only before the request that comes so many later is.
    """

    def __init__(self, fault: Fault, *, sent: int = 1, late: int = 0) -> None:
        self.asked: list[str] = []
        self.fault = fault
        self.path = "/mcp/createSession"
        self.sent = sent
        self.late = late
        self.waiting: list[httpx.Request] = []

    def due(self, request: httpx.Request) -> list[httpx.Request]:
        """Return the requests to really send before this one is answered, or spoiled."""
        self.asked.append(request.url.path)
        if request.url.path == self.path:
            self.waiting = [request] * self.sent
        since = len(self.asked) - self.asked.index(self.path) - 1 if self.path in self.asked else -1
        if since < self.late:
            return []
        due, self.waiting = self.waiting, []
        return due


class AsyncSpoiling(httpx.AsyncHTTPTransport):
    def __init__(self, fault: Fault, **more: int) -> None:
        super().__init__()
        self.spoils = _Spoils(fault, **more)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = b""
        for due in self.spoils.due(request):
            response = await super().handle_async_request(due)
            content = await response.aread()
            await response.aclose()
        if request.url.path == self.spoils.path:
            return self.spoils.fault(content)
        return await super().handle_async_request(request)


class Spoiling(httpx.HTTPTransport):
    def __init__(self, fault: Fault, **more: int) -> None:
        super().__init__()
        self.spoils = _Spoils(fault, **more)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        content = b""
        for due in self.spoils.due(request):
            response = super().handle_request(due)
            content = response.read()
            response.close()
        if request.url.path == self.spoils.path:
            return self.spoils.fault(content)
        return super().handle_request(request)
