"""Fewer packets, and fewer calls of the system."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agb._http import AsyncNetworkStream

_MOST_HELD = 16 * 1024


class AsyncCorkedStream:
    """A bare connection on which the small pieces of a request go out as one.

    httpcore writes the head of a request, and then its body. Both are held back until an answer
    is waited for, or until they are many bytes.

    Args:
        stream: The connection itself.
    """

    def __init__(self, stream: "AsyncNetworkStream") -> None:
        self._stream = stream
        self._held = b""
        self._patience: float | None = None

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> None:
        """Hold back what is written, or send it with all that was held back."""
        self._held += buffer
        self._patience = timeout
        if len(self._held) >= _MOST_HELD:
            await self._flush()

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> bytes:
        """Read the next bytes of an answer."""
        if self._held:
            from agb import _http11  # noqa: PLC0415 - is there by now

            with suppress(_http11.WriteError):  # who hangs up may have answered before
                await self._flush()
        return await self._stream.read(max_bytes, timeout)

    async def _flush(self) -> None:
        held, self._held = self._held, b""
        await self._stream.write(held, self._patience)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        """Tell a fact about the connection."""
        return self._stream.get_extra_info(info)
