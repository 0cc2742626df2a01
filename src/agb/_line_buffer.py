"""Pure: what was read and not yet taken."""

from typing import AnyStr, Generic


class LineBuffer(Generic[AnyStr]):
    """Bytes or text, taken by length or by line.

    Args:
        empty: Nothing, of the kind that it will hold.
        newline: What ends a line.
    """

    def __init__(self, empty: AnyStr, newline: AnyStr) -> None:
        self._empty: AnyStr = empty
        self._newline: AnyStr = newline
        self._held: AnyStr = empty
        self._at = 0
        self._searched = 0

    def __len__(self) -> int:
        return len(self._held) - self._at

    def feed(self, more: AnyStr) -> None:
        """Put something at the end."""
        self._held = self._held[self._at :] + more
        self._searched -= self._at
        self._at = 0

    def take(self, count: int) -> AnyStr:
        """Take so much from the start, or all there is."""
        end = min(self._at + count, len(self._held))
        taken = self._held[self._at : end]
        self._at = self._searched = end
        return taken

    def line(self) -> AnyStr:
        """Take a line with its end; nothing where no end of a line is there yet."""
        end = self._held.find(self._newline, self._searched)
        if end < 0:
            self._searched = len(self._held)
            return self._empty
        return self.take(end + len(self._newline) - self._at)

    def clear(self) -> None:
        """Drop all there is."""
        self._held = self._empty
        self._at = self._searched = 0
