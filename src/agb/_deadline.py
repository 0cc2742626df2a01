"""Pure: how much time is left, and how long to wait between two looks."""

import math
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ALMOST_NOTHING = 0.001


class Deadline:
    """A point in time that work must be done by.

    Args:
        seconds: From now.
    """

    __slots__ = ("at", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.at: float = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left, 0 when none are."""
        return max(0.0, self.at - time.monotonic())

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


_current: ContextVar[Deadline | None] = ContextVar("agb_deadline", default=None)

current_deadline = _current.get
"""Return when the caller's time is up; None where the caller did not say."""


@contextmanager
def within(deadline: Deadline) -> Generator[None]:
    """Let everything in the block be over by a deadline, or by an earlier one around it."""
    outer = _current.get()
    at = math.inf if outer is None else outer.at
    token = _current.set(deadline if deadline.at < at else outer)
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
