"""One at a time, in the order in which they came."""

import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager

from .asker import Asker


class Turns:
    """Lets one in at a time, first come, first served."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._line: deque[Asker] = deque()

    @contextmanager
    def of(self, asker: Asker) -> Generator[None]:
        """Wait for one's turn, and have it for as long as the block runs.

        Raises:
            OperationError: ``Operation.CalledOff``, before it was one's turn.
        """
        with self._changed:
            self._line.append(asker)
        try:
            with asker.waking(self._look), self._changed:
                self._changed.wait_for(lambda: self._line[0] is asker or asker.called_off)
            asker.check()
            yield
        finally:
            with self._changed:
                self._line.remove(asker)
                self._changed.notify_all()

    def _look(self) -> None:
        with self._changed:
            self._changed.notify_all()
