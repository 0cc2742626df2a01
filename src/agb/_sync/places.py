# Generated from src/agb/_async/places.py; edit that file, then `nox -s twin`.
"""So many at once, and no more: first come, first served."""

from collections import deque
from collections.abc import Callable

from agb._concurrency import threads
from agb._deadline import Deadline

_LOOK_SECONDS = 5.0


class Places:
    """Places that are taken and given back.

    Args:
        count: So many there are.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = count
        self._queue: deque[threads.Event] = deque()
        self._mutex = threads.Mutex()

    def take(self, deadline: Deadline, look: Callable[[], object] | None = None) -> bool:
        """Wait for a place, and tell whether there was one in time.

        Args:
            deadline: When to give up.
            look: Is done from time to time while all are taken; it may give some back.
        """
        with self._mutex:
            if self._free:
                self._free -= 1
                return True
            turn = threads.Event()
            self._queue.append(turn)
        taken = False
        try:
            while not taken and deadline.remaining() > 0:
                if look is not None:
                    look()
                left = deadline.remaining()
                taken = threads.wait_for(turn, left if look is None else min(_LOOK_SECONDS, left))
        finally:
            if not taken:
                self._step_out(turn)
        return taken

    def give_back(self) -> None:
        """Give a place to who has waited longest."""
        with self._mutex:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._free += 1

    def _step_out(self, turn: threads.Event) -> None:
        """Leave the queue; a place that was given at the last moment goes on to the next."""
        with self._mutex:
            waits = turn in self._queue
            if waits:
                self._queue.remove(turn)
        if not waits:
            self.give_back()
