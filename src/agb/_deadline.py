"""Pure: how much time is left, and how long to wait between two looks."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from agb import _checks

_ALMOST_NOTHING = 0.001
_FOR_THE_ANSWER = 1.0
_LONGEST = 1e9
"""Seconds: more than anybody waits, and no more than sockets and locks can wait for."""


class Deadline:
    """A point in time that work must be done by.

    Args:
        seconds: From now.
    """

    __slots__ = ("at", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds: float = seconds
        self.at: float = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left, 0 when none are."""
        return min(max(0.0, self.at - time.monotonic()), _LONGEST)

    @property
    def is_over(self) -> bool:
        """Whether nothing worth speaking of is left."""
        return self.remaining() < _ALMOST_NOTHING

    def pauses(self) -> Iterator[float]:
        """Yield how long to wait between two looks: short at first, then longer, until the end."""
        pause = 0.02
        while (left := self.remaining()) > 0:
            yield min(pause, left)
            pause = min(pause * 1.5, 1.0)


def bounded(limit: int, *, per_second: int = 1) -> int:
    """Return how long a tool may run, so that its answer still comes before the deadline.

    Args:
        limit: How long it may run by itself, 1 or more.
        per_second: So many of the limit's units are a second.
    """
    deadline = _current.get()
    if deadline is None:
        return limit
    left = deadline.remaining()
    return max(1, int(min(limit, (left - min(_FOR_THE_ANSWER, left / 10)) * per_second)))


_current: ContextVar[Deadline | None] = ContextVar("agb_deadline", default=None)

current_deadline = _current.get
"""Return when the caller's time is up; None where the caller did not say."""


def or_earlier(deadline: Deadline) -> Deadline:
    """Return a deadline, or the caller's where that is earlier."""
    outer = _current.get()
    return deadline if outer is None or deadline.at < outer.at else outer


@contextmanager
def within(deadline: Deadline) -> Generator[None]:
    """Let everything in the block be over by a deadline, or by an earlier one around it."""
    token = _current.set(or_earlier(deadline))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def without_deadline() -> Generator[None]:
    """Let what cleans up have its own time: the caller's may be over by then."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def deadline(seconds: float) -> Generator[None]:
    """Open a block that all calls in it have so many seconds for, together.

    What is left of them bounds every wait: for a connection, an answer, the next try. Code and
    commands are given less time where they had more, so that nothing goes on in a session when the
    caller has stopped waiting. What cleans up, such as the end of `agb.session(...)`, has its own
    time. Of blocks within each other, the one that ends first counts.

    Args:
        seconds: From now.

    Raises:
        InvalidParamsError: It is no number of seconds.

    Example:
        ```python
        with agb.deadline(30):
            text = session.file.read("/tmp/large.csv").content
            answer = session.code.run(program, "python")
        ```
    """
    with within(Deadline(_checks.at_least("seconds", seconds, 0))):
        yield
