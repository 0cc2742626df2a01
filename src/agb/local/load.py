"""How much a server has to do at this moment, and when that is too much."""

from collections.abc import Callable, Collection, Generator
from contextlib import ExitStack, contextmanager

from attrs import define, field, frozen
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from agb.local.refusals import Refusal, invalid_parameter, overloaded

EXCESS = "excess"
"""Marks, in the state of a request, a connection that there was no room for any more."""

_MOST_FIELDS = 1000
"""Fields of a query."""


@frozen(kw_only=True)
class Bounds:
    """What a server takes on at one time; it refuses what goes beyond.

    Attributes:
        connections: Connections of callers, whether they ask for something or not.
        requests: Requests that are being answered.
        bytes_held: Bytes of requests that have not been answered yet, beyond the first
            kilobytes of each.
        patience: Seconds that a caller may take for the head of a request, or for a body beyond
            the time that the slowest network takes.
    """

    connections: int
    requests: int
    bytes_held: int
    patience: float


@define
class Load:
    """What a server has to do at this moment.

    Attributes:
        bounds: When it is too much.
        requests: Requests that are being answered.
        bytes_held: Bytes of requests that are kept.
        connections: Tells how many connections there are.
    """

    bounds: Bounds
    requests: int = 0
    bytes_held: int = 0
    connections: Callable[[], int] = lambda: 0

    @contextmanager
    def one_more(self) -> Generator[None]:
        """Count a request for as long as the block runs.

        Raises:
            Refusal: There are too many.
        """
        if self.requests >= self.bounds.requests:
            raise overloaded(f"{self.requests} requests are being answered already")
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1


@define
class Held:
    """What one caller has sent and the server keeps, as a part of all that it keeps."""

    _load: Load = field(alias="load")
    _size: int = 0

    def grow(self, size: int) -> None:
        """Keep more.

        Raises:
            Refusal: It would be too much, together with what all the others have sent.
        """
        self._size += size
        self._load.bytes_held += size
        if self._load.bytes_held > self._load.bounds.bytes_held:
            raise overloaded("the requests that are being answered are too large together")

    def drop(self) -> None:
        """Keep nothing of it any more."""
        self._load.bytes_held -= self._size
        self._size = 0


def held_by(request: HTTPConnection) -> Held:
    """Give what the server keeps of a request that it has let in."""
    held: Held = request.state.held
    return held


class Admission:
    """Lets in as many requests as can be answered, and refuses the others at once.

    Args:
        app: Answers requests.
        load: What there is to do.
        always_open: Paths that are answered however much that is: what tells of the load, and
            what makes it less.
        refused: Makes the answer to a request that is not let in.
    """

    def __init__(
        self,
        app: ASGIApp,
        load: Load,
        always_open: Collection[str],
        refused: Callable[[HTTPConnection, Refusal], Response],
    ) -> None:
        self._app = app
        self._load = load
        self._always_open = always_open
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be a web application."""
        held = scope.setdefault("state", {})["held"] = Held(self._load)
        with ExitStack() as stack:
            stack.callback(held.drop)
            try:
                if scope["path"] not in self._always_open:
                    self._check(scope)
                    if scope["type"] == "http":
                        stack.enter_context(self._load.one_more())
            except Refusal as no:
                await self._turn_away(no, scope, receive, send)
            else:
                await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        if scope["query_string"].count(b"&") >= _MOST_FIELDS:
            raise invalid_parameter(f"the query has more than {_MOST_FIELDS} fields")
        if EXCESS in scope["state"]:
            raise overloaded(f"{self._load.connections()} connections are open already")

    async def _turn_away(self, no: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            response = self._refused(Request(scope), no)
            if EXCESS in scope["state"]:
                response.headers["connection"] = "close"
            await response(scope, receive, send)
        else:
            socket = WebSocket(scope, receive, send)
            await socket.send_denial_response(self._refused(socket, no))
