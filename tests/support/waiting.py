"""Waiting for what is to happen, where no event tells of it."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(happens: Callable[[], T], *, seconds: float = 60, pause: float = 0.01) -> T:
    """Wait until something is so, and give it as it was then.

    Args:
        happens: Tells it; what is not true is not so yet.
        seconds: How long a busy machine may take.
        pause: Seconds between two looks.
    """
    deadline = time.monotonic() + seconds
    while not (found := happens()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(pause)
    return found
