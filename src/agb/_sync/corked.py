# Generated from src/agb/_async/corked.py; edit that file, then `nox -s twin`.
"""Fewer packets, and fewer calls of the system."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agb._http import NetworkStream

_MOST_HELD = 16 * 1024


class CorkedStream:
    """A bare connection on which the small pieces of a request go out as one.

    httpcore writes the head of a request, and then its body. Both are held back until an answer
    is waited for, or until they are many bytes.

    Args:
        stream: The connection itself.
    """

    def __init__(self, stream: "NetworkStream") -> None:
        self._stream = stream
        self._held = b""
        self._patience: float | None = None

    def write(
        self,
        buffer: bytes,
        timeout: float | None = None,
    ) -> None:
        """Hold back what is written, or send it with all that was held back."""
        self._held += buffer
        self._patience = timeout
        if len(self._held) >= _MOST_HELD:
            self._flush()

    def read(
        self,
        max_bytes: int,
        timeout: float | None = None,
    ) -> bytes:
        """Read the next bytes of an answer."""
        if self._held:
            from agb import _http11  # noqa: PLC0415 - is there by now

            with suppress(_http11.WriteError):  # who hangs up may have answered before
                self._flush()
        return self._stream.read(max_bytes, timeout)

    def _flush(self) -> None:
        held, self._held = self._held, b""
        self._stream.write(held, self._patience)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        """Tell a fact about the connection."""
        return self._stream.get_extra_info(info)
