"""Threads for what is to be done at the same time; some are kept for what comes next."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

KEPT = 2
"""Threads that wait for work when there is none; each is one of the session's processes."""

Work = Callable[[], None]


class Crew:
    """Does each piece of work in a thread of its own, and none waits for another."""

    def __init__(self) -> None:
        self._todo: SimpleQueue[Work] = SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()

    def do(self, work: Work) -> None:
        """Have some work done.

        Raises:
            RuntimeError: No thread is free, and no further one can be started.
        """
        with self._lock:
            free = self._waiting > 0
            self._waiting -= free
        if free:
            self._todo.put(work)
        else:  # starting a thread takes longer than to read a small file
            threading.Thread(target=self._serve, args=(work,), daemon=True).start()

    def _serve(self, work: Work) -> None:
        work()
        while self._is_kept():
            self._todo.get()()

    def _is_kept(self) -> bool:
        with self._lock:
            kept = self._waiting < KEPT
            self._waiting += kept
            return kept
