"""A transport that sends the head of an answer together with what follows it."""

import asyncio
from typing import Any

_LARGE = 64 * 1024
"""Bytes that are not copied just to be sent in one piece with others."""


class Joining(asyncio.Transport):
    """Holds back what is written first until more is, but no longer than to the loop's next turn.

    Whoever reads is then woken once for an answer, and not for its head and its body each.

    Args:
        below: Sends.
        loop: Whose turn it is.
    """

    def __init__(self, below: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.below = below
        self._loop = loop
        self._held: bytes = b""
        self._turn: asyncio.Handle | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, together with what has been held back; or hold back for a moment."""
        if not data:
            return
        if not self._turn:
            self._held = bytes(data)
            self._turn = self._loop.call_soon(self._send_held)
        elif len(data) < _LARGE:
            self._held += data
            self._send_held()
        else:
            self._send_held()
            self.below.write(data)

    def _send_held(self) -> None:
        if self._turn:
            self._turn.cancel()
            held, self._held, self._turn = self._held, b"", None
            self.below.write(held)

    def close(self) -> None:
        """Send what there is, and close."""
        self._send_held()
        self.below.close()

    def abort(self) -> None:
        """Close at once."""
        if self._turn:
            self._turn.cancel()
        self.below.abort()

    def is_closing(self) -> bool:
        """Tell whether it is closed, or about to be."""
        return self.below.is_closing()

    def pause_reading(self) -> None:
        """Read no more for now."""
        self.below.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self.below.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Have somebody else read from now on."""
        self.below.set_protocol(protocol)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Give what is known of the connection."""
        return self.below.get_extra_info(name, default)
