"""Bodies that must be through by a deadline, however often a little of them comes."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Self, cast

from agb._concurrency import aio
from agb._http import AsyncHTTPStream, Timeouts, failure


class AsyncTimed(AsyncHTTPStream):
    """The body of a request or of an answer, which is broken off when its time is up.

    The limits of an HTTP library are for each wait by itself: a body that drips outlasts them all.
    It may be left half-way, too, as by who can't write down what comes.

    Args:
        stream: The body.
        limits: How long it may take.
    """

    def __init__(self, stream: AsyncHTTPStream, limits: Timeouts) -> None:
        self._stream = stream
        self._limits = limits
        self._chunks: AsyncIterator[bytes] | None = None

    def __aiter__(self) -> Self:
        self._chunks = self._stream.__aiter__()
        return self

    async def __anext__(self) -> bytes:
        assert self._chunks is not None  # noqa: S101 - as of every iterator
        try:
            return await aio.in_time(self._chunks.__anext__, self._limits.deadline)
        except TimeoutError as error:
            raise failure("read", error) from error

    async def aclose(self) -> None:
        """Take no more of it."""
        is_left = isinstance(self._chunks, AsyncGenerator)  # one that is half-way complains
        if is_left:
            await cast("AsyncGenerator[bytes, None]", self._chunks).aclose()  # pyright: ignore[reportUnknownMemberType]
        await self._stream.aclose()
