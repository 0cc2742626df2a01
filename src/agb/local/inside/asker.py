"""Who has asked for something that takes a while: hears of it meanwhile, and may call it off."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from .errors import OperationError

WINDOW = 1024 * 1024
"""Bytes of events that may be on their way to who asked; who has more to tell has to wait."""

Event = dict[str, Any]


class Asker:
    """Who has made a request.

    Args:
        send: Sends an event and gives its length in bytes; None for who wants no events, but all
            in the answer.
    """

    def __init__(self, send: Callable[[Event], int] | None = None) -> None:
        self._send = send
        self._changed = threading.Condition()
        self._on_their_way = 0
        self._called_off = False
        self._woken: list[Callable[[], None]] = []

    @property
    def listens(self) -> bool:
        """Whether events are wanted."""
        return self._send is not None

    @property
    def called_off(self) -> bool:
        """Whether the answer is of no interest any more."""
        return self._called_off

    def tell(self, event: Event, until: float) -> bool:
        """Send an event, as soon as enough of those before it have been taken in.

        Args:
            event: What there is to tell.
            until: When to give up, on the clock that never runs backwards.

        Returns:
            Whether it was sent; not if it is called off meanwhile either.
        """
        with self._changed:
            self._changed.wait_for(self._ready, max(0.0, until - time.monotonic()))
            if not self._send or self._called_off or self._on_their_way >= WINDOW:
                return False
        size = self._send(event)
        with self._changed:
            self._on_their_way += size
        return True

    def took(self, size: int) -> None:
        """Take note that events of so many bytes have been taken in."""
        with self._changed:
            self._on_their_way -= size
            self._changed.notify_all()

    def call_off(self) -> None:
        """Take note that nobody waits for the answer any more."""
        with self._changed:
            self._called_off = True
            self._changed.notify_all()
            woken = tuple(self._woken)
        for wake in woken:
            wake()

    @contextmanager
    def waking(self, wake: Callable[[], None]) -> Generator[None]:
        """Have something called, in whichever thread, if this is called off within the block."""
        with self._changed:
            self._woken.append(wake)
        try:
            yield
        finally:
            with self._changed:
                self._woken.remove(wake)

    def check(self) -> None:
        """Do nothing unless this has been called off.

        Raises:
            OperationError: ``Operation.CalledOff``.
        """
        if self._called_off:
            raise OperationError("Operation.CalledOff", "nobody waits for the answer any more")

    def _ready(self) -> bool:
        return self._called_off or self._on_their_way < WINDOW
