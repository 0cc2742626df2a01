"""Pure: what travels in pieces is put together and taken apart, in little memory and short steps.

To join, decode or encode a large file in one go takes its memory twice, and holds up every task
and every other thread for as long as it lasts.
"""

import base64
from io import BytesIO
from typing import AnyStr, Generic, Protocol

from agb._chunks import BLOCK

_SHARE = 16


class Growing(Protocol[AnyStr]):
    """What grows piece by piece."""

    def add(self, piece: AnyStr) -> None:
        """Put a piece at the end."""
        ...

    def whole(self) -> AnyStr:
        """Return all there is."""
        ...


class Text:
    """A text that grows."""

    def __init__(self) -> None:
        self._whole = ""
        self._waiting: list[str] = []
        self._length = 0

    def add(self, piece: str) -> None:
        """Put a piece at the end."""
        self._waiting.append(piece)
        self._length += len(piece)
        if self._length >= max(BLOCK, len(self._whole) // _SHARE):
            self._settle()

    def whole(self) -> str:
        """Return all there is."""
        self._settle()
        return self._whole

    def _settle(self) -> None:
        # CPython lengthens a string in place that one local name holds, and nothing else. Where
        # it copies nevertheless, as under a profiler, the growing shares keep that linear.
        whole, self._whole = self._whole, ""
        whole += "".join(self._waiting)
        self._whole = whole
        self._waiting.clear()
        self._length = 0


class Bytes:
    """Bytes that grow."""

    def __init__(self) -> None:
        self._whole = BytesIO()

    def add(self, piece: bytes) -> None:
        """Put a piece at the end."""
        self._whole.write(piece)

    def whole(self) -> bytes:
        """Return all there is."""
        return self._whole.getvalue()  # no copy, as long as nothing more is added


class InOrder(Generic[AnyStr]):
    """Puts pieces one behind the other that come in any order.

    Args:
        growing: What they become.
    """

    def __init__(self, growing: Growing[AnyStr]) -> None:
        self._growing: Growing[AnyStr] = growing
        self._early: dict[int, AnyStr] = {}
        self._next = 0

    def put(self, number: int, piece: AnyStr) -> None:
        """Put a piece in its place, counted from 0."""
        self._early[number] = piece
        while self._next in self._early:
            self._growing.add(self._early.pop(self._next))
            self._next += 1


class Base64:
    """Bytes as base64, written piece by piece.

    Args:
        content: The bytes.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __len__(self) -> int:
        return -(-len(self._content) // 3) * 4

    def __getitem__(self, span: slice) -> str:
        """Return a piece; it begins and ends at multiples of 4, or ends with all of it."""
        start, stop, _ = span.indices(len(self))
        return base64.b64encode(self._content[start // 4 * 3 : stop // 4 * 3]).decode("ascii")
