"""Pure: who holds which of a limited number of connections, who waits, and what lies idle.

Nothing here waits: a caller guards each step by a mutex, and closes what a step left in `doomed`.
Each step takes the same time whatever the number of connections, which is why this exists: httpx's
own pool looks through all of them for every request.
"""

import time
from collections import OrderedDict, deque
from typing import Generic, Protocol, TypeVar

from attrs import define, field


class Connection(Protocol):
    """A connection that speaks HTTP/1.1."""

    def has_expired(self) -> bool:
        """Tell whether the other side has closed it."""
        ...


class Event(Protocol):
    """An event of either twin."""

    def set(self) -> object:
        """Let the one who waits go on."""
        ...


C = TypeVar("C", bound=Connection)
E = TypeVar("E", bound=Event)

Origin = tuple[str, bytes, int]
"""Scheme, host and port."""


@define(eq=False)
class Turn(Generic[C, E]):
    """One request's way through the pool.

    Attributes:
        origin: Where it goes.
        granted: Whether it has a place now, which is the right to have a connection open.
        connection: The connection in that place; None where it has yet to be made.
        event: What tells that its place was granted, for one that has to wait.
    """

    origin: Origin
    granted: bool = False
    connection: C | None = None
    event: E | None = None
    is_over: bool = field(default=False, init=False)


class Places(Generic[C, E]):
    """The places for connections, and the one queue for them.

    Args:
        limit: How many connections may be open, to all origins together.
        keep_seconds: How long one may lie idle.

    Attributes:
        busy: Connections in use.
        doomed: Connections that have lost their place, for the caller to close.
    """

    def __init__(self, limit: int, keep_seconds: float) -> None:
        self.busy: set[C] = set()
        self.doomed: list[C] = []
        self._left = limit  # places without a turn in them; connections lie idle in some
        self._keep_seconds = keep_seconds
        self._queue: deque[Turn[C, E]] = deque()
        # Idle ones, in the order in which they came to lie idle, and the same by origin.
        self._idle: OrderedDict[C, tuple[Origin, float]] = OrderedDict()
        self._free: dict[Origin, deque[C]] = {}
        self._closed = False

    def ask(self, turn: Turn[C, E]) -> bool:
        """Grant a place if there is one, and tell so. A turn that waits has to `queue`."""
        self._expire()
        turn.connection = self._latest(turn.origin)
        if turn.connection is None and self._idle and self._left == len(self._idle):
            self._doom_oldest()  # one to elsewhere that nobody uses
        if self._left > 0:
            turn.granted = True
            self._left -= 1
        return turn.granted

    def queue(self, turn: Turn[C, E], event: E) -> None:
        """Wait in line. Nobody comes before those who wait: while they do, nothing is free."""
        turn.event = event
        self._queue.append(turn)

    def opened(self, turn: Turn[C, E], connection: C) -> None:
        """Note the connection that was made in a place."""
        turn.connection = connection
        self.busy.add(connection)

    def end(self, turn: Turn[C, E], *, fit: bool) -> None:
        """Take back whatever a turn has; a second time does nothing.

        Args:
            turn: One that has come to its end, at whatever point.
            fit: Whether its connection can carry another request; else it is closed already.
        """
        if turn.is_over:
            return
        turn.is_over = True
        if not turn.granted:
            return  # it is passed over when it would be next
        connection, turn.connection = turn.connection, None
        if connection is not None:
            self.busy.discard(connection)
            if fit and self._closed:
                self.doomed.append(connection)
        self._pass_on(turn.origin, connection if fit and not self._closed else None)

    def drop(self, turn: Turn[C, E]) -> None:
        """Doom the connection of a turn, which keeps its place for another one."""
        if turn.connection is not None:
            self.busy.discard(turn.connection)
            self.doomed.append(turn.connection)
            turn.connection = None

    def bury(self) -> list[C]:
        """Return the doomed, for good."""
        doomed, self.doomed = self.doomed, []
        return doomed

    def close(self) -> None:
        """Doom what lies idle, now and from now on."""
        self._closed = True
        while self._idle:
            self._doom_oldest()

    def _pass_on(self, origin: Origin, connection: C | None) -> None:
        """Give a place, and the connection in it if it leads there, to who has waited longest."""
        turn = self._next()
        if turn is None:
            self._left += 1
            if connection is not None:
                self._idle[connection] = (origin, time.monotonic() + self._keep_seconds)
                self._free.setdefault(origin, deque()).append(connection)
            return
        if connection is not None and turn.origin == origin:
            turn.connection = connection
            self.busy.add(connection)
        elif connection is not None:
            self.doomed.append(connection)
        turn.granted = True
        if turn.event is not None:
            turn.event.set()

    def _next(self) -> Turn[C, E] | None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.is_over:
                return turn
        return None

    def _latest(self, origin: Origin) -> C | None:
        """Take the connection that was used last: so the others get old, and are closed."""
        while free := self._free.get(origin):
            connection = free.pop()
            self._forget(connection, origin)
            if not connection.has_expired():
                self.busy.add(connection)
                return connection
            self.doomed.append(connection)
        return None

    def _expire(self) -> None:
        now = time.monotonic()
        while self._idle and next(iter(self._idle.values()))[1] < now:
            self._doom_oldest()

    def _doom_oldest(self) -> None:
        connection, (origin, _) = next(iter(self._idle.items()))
        self._free[origin].popleft()  # the oldest of all is the oldest of its origin
        self._forget(connection, origin)
        self.doomed.append(connection)

    def _forget(self, connection: C, origin: Origin) -> None:
        del self._idle[connection]
        if not self._free[origin]:
            del self._free[origin]
