"""Events on their way from a process to the run that wants them: in order, and not too many."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]

CAPACITY = 1024 * 1024
"""Size of what may wait to be taken; who puts in more is made to wait."""

_WHOLE = 64 * 1024
"""Characters of output from which on no more are added to one event."""
_OVERHEAD = 64
"""What an event counts for besides its text."""


class _Entry:
    """An event that waits; output may grow meanwhile."""

    def __init__(self, event: Event, size: int) -> None:
        self._event = event
        self._pieces = [event["text"]] if event.get("text") else []
        self._length = sum(map(len, self._pieces))
        self.size = size + self._length + _OVERHEAD

    def add(self, event: Event) -> bool:
        """Add output of the same kind, if there is room."""
        if not self._pieces or event["type"] != self._event["type"] or self._length >= _WHOLE:
            return False
        self._pieces.append(event["text"])
        self._length += len(event["text"])
        self.size += len(event["text"])
        return True

    def event(self) -> Event:
        """Give the event as it is now."""
        return {**self._event, "text": "".join(self._pieces)} if self._pieces else self._event


class Channel:
    """A queue that is full at some point, so that who takes slowly slows down who puts.

    Pieces of output that wait one behind the other become one event: code that writes often then
    costs little more than code that writes much.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._entries: deque[_Entry] = deque()
        self._size = 0
        self._closed = False

    def put(self, event: Event, size: int = 0) -> None:
        """Put an event in, once there is room.

        Args:
            event: The event; one with a `text` is output.
            size: How much there is to it besides the text.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._size < CAPACITY or self._closed)
            if self._closed:
                return
            last = self._entries[-1] if self._entries else None
            before = last.size if last else 0
            if last and last.add(event):
                self._size += last.size - before
            else:
                self._entries.append(_Entry(event, size))
                self._size += self._entries[-1].size
            self._changed.notify_all()

    def get(self, until: float, given_up: Callable[[], bool] = lambda: False) -> Event | None:
        """Take the next event out.

        Args:
            until: When to give up, on the clock that never runs backwards; events that are there
                by then make no difference, or code that never stops writing would never be late.
            given_up: Whether to give up before that; asked again at each `look`.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._entries or given_up(), max(0.0, until - time.monotonic())
            )
            if not self._entries or given_up() or time.monotonic() > until:
                return None
            entry = self._entries.popleft()
            self._size -= entry.size
            self._changed.notify_all()
            return entry.event()

    def look(self) -> None:
        """Have who waits for an event look whether it is time to give up."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Make nobody wait any more: what is put in from now on is dropped."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
