"""Pure: how much time is left, and how long to wait between two looks."""

import time
from collections.abc import Iterator


class Deadline:
    """A point in time that work must be done by.

    Args:
        seconds: From now.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left, 0 when none are."""
        return max(0.0, self._at - time.monotonic())

    def pauses(self) -> Iterator[float]:
        """Yield how long to wait between two looks: short at first, then longer, until the end."""
        pause = 0.02
        while (left := self.remaining()) > 0:
            yield min(pause, left)
            pause = min(pause * 1.5, 1.0)
