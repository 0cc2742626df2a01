# Generated from src/agb/_async/gate.py; edit that file, then `nox -s twin`.
"""A limit on what goes on at once."""

from collections import deque

from agb._concurrency import threads
from agb.exceptions import REQUEST_LIMIT, PoolTimeoutError


class Gate:
    """So many places. Who finds none waits, and gets one before those who came later.

    Args:
        places: How many there are.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._free = places
        self._mutex = threads.Mutex()  # guards what follows; nobody waits while holding it
        self._waiting: deque[threads.Event] = deque()

    def enter(self, seconds: float) -> None:
        """Take a place; `leave` has to follow, whatever comes between.

        Args:
            seconds: How long to wait for one.

        Raises:
            PoolTimeoutError: There was none.
        """
        with self._mutex:
            if self._free:
                self._free -= 1
                return
            turn = threads.Event()
            self._waiting.append(turn)
        try:
            threads.wait_for(turn, seconds)
        except BaseException:
            if not self._withdraw(turn):
                self.leave()  # it was given a place while it was cancelled
            raise
        if self._withdraw(turn):
            raise PoolTimeoutError(
                f"{self._places} requests were under way for {seconds:.3g} s, as many as this "
                "client may have at once (max_requests); nothing was sent",
                code=REQUEST_LIMIT,
            )

    def leave(self) -> None:
        """Give a place back: to who has waited longest, if anybody waits."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1

    def _withdraw(self, turn: threads.Event) -> bool:
        """Wait no longer; tell whether there was still no place."""
        with self._mutex:
            if turn not in self._waiting:
                return False
            self._waiting.remove(turn)
            return True
