# Generated from src/agb/_async/timed.py; edit that file, then `nox -s twin`.
"""Bodies that must be through by a deadline, however often a little of them comes."""

from collections.abc import Generator, Iterator
from typing import Self, cast

from agb._concurrency import threads
from agb._http import HTTPStream, Timeouts, failure


class Timed(HTTPStream):
    """The body of a request or of an answer, which is broken off when its time is up.

    The limits of an HTTP library are for each wait by itself: a body that drips outlasts them all.
    It may be left half-way, too, as by who can't write down what comes.

    Args:
        stream: The body.
        limits: How long it may take.
    """

    def __init__(self, stream: HTTPStream, limits: Timeouts) -> None:
        self._stream = stream
        self._limits = limits
        self._chunks: Iterator[bytes] | None = None

    def __iter__(self) -> Self:
        self._chunks = self._stream.__iter__()
        return self

    def __next__(self) -> bytes:
        assert self._chunks is not None  # noqa: S101 - as of every iterator
        try:
            return threads.in_time(self._chunks.__next__, self._limits.deadline)
        except TimeoutError as error:
            raise failure("read", error) from error

    def close(self) -> None:
        """Take no more of it."""
        is_left = isinstance(self._chunks, Generator)  # one that is half-way complains
        if is_left:
            cast("Generator[bytes, None, None]", self._chunks).close()  # pyright: ignore[reportUnknownMemberType]
        self._stream.close()
