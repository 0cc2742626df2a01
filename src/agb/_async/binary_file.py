"""The bytes of a session's file, read and written bit by bit."""

import os
from types import TracebackType
from typing import Self

from agb import _checks
from agb._async.file_contents import AsyncFileContents
from agb._chunks import BLOCK, CHUNK
from agb._line_buffer import LineBuffer
from agb.exceptions import AGBError, FileError, InvalidParamsError

_MOST_AHEAD = 8


class AsyncBinaryFile:
    """The bytes of a file, read or written bit by bit.

    Made by `session.file.open`, for a block. What is read is as long as the file was when it was
    opened. What is written arrives in order, a large piece at a time and the rest when the block
    is left, but for a block that is cancelled. All of it raises errors.

    Attributes:
        name: Path of the file.
        mode: What it was opened for.
    """

    def __init__(self, contents: AsyncFileContents, path: str, mode: str) -> None:
        self.name: str = _checks.path("path", path)
        self.mode: str = mode
        self._contents = contents
        self._size = 0
        self._at = 0
        self._ahead = 1
        self._read = LineBuffer(b"", b"\n")
        self._waiting = bytearray()
        self._open = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} mode={self.mode!r}>"

    async def __aenter__(self) -> Self:
        if self.readable():
            version, _ = await self._contents.version(self.name)
            self._size = version.size
        else:
            await self._contents.write(self.name, "", append=self.mode.startswith("a"))
        self._at, self._ahead, self._open = 0, 1, True
        self._read.clear()
        self._waiting.clear()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            await self.aclose()
            return
        try:
            if isinstance(error, Exception):  # else it was cancelled, and nothing may wait
                await self.aclose()
        except AGBError as failure:
            error.add_note(f"{self.name} could not be written to its end: {failure}")
        finally:
            self._open = False

    async def aclose(self) -> None:
        """Write what is still waiting, and let the file go; a second time does nothing."""
        if not self._open:
            return
        try:
            await self.flush()
        finally:
            self._open = False

    @property
    def closed(self) -> bool:
        """Whether it can't be used any more, or not yet."""
        return not self._open

    def readable(self) -> bool:
        """Tell whether it was opened for reading."""
        return self.mode.startswith("r")

    def writable(self) -> bool:
        """Tell whether it was opened for writing."""
        return not self.readable()

    async def read(self, size: int = -1) -> bytes:
        """Read bytes.

        Args:
            size: So many at most; all that follow when negative.

        Returns:
            Fewer only at the end of the file, none behind it.
        """
        self._check(reading=True)
        left = max(0, len(self._read) + self._size - self._at)
        wanted = left if size < 0 else min(size, left)
        missing = wanted - len(self._read)
        if missing > 0:
            await self._fetch(missing)
        return self._read.take(wanted)

    async def readline(self) -> bytes:
        """Read up to the next end of a line, that included; nothing at the end of the file."""
        self._check(reading=True)
        while not (line := self._read.line()):
            if self._at >= self._size:
                return self._read.take(len(self._read))
            await self._fetch(CHUNK)
        return line

    async def read1(self) -> bytes:
        """Read what is at hand, or else the next piece of the file; nothing at its end."""
        self._check(reading=True)
        if not self._read and self._at < self._size:
            await self._fetch(CHUNK)
        return self._read.take(len(self._read))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        line = await self.readline()
        if not line:
            raise StopAsyncIteration
        return line

    def tell(self) -> int:
        """Return how many bytes before this were read, or are passed over."""
        self._check(reading=True)
        return self._at - len(self._read)

    async def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in a file that is read.

        Args:
            offset: Bytes from there.
            whence: 0 for the start of the file, 1 for the current place, 2 for the end.

        Returns:
            The new place, from the start.
        """
        here = self.tell()
        base = {os.SEEK_SET: 0, os.SEEK_CUR: here, os.SEEK_END: self._size}.get(whence)
        if base is None:
            raise InvalidParamsError(f"whence must be 0, 1 or 2, not {whence!r}")
        place = base + offset
        if place < 0:
            raise InvalidParamsError(f"there is nothing {-place} bytes before the file")
        if here <= place <= self._at:
            self._read.take(place - here)
        else:
            self._read.clear()
            self._at, self._ahead = place, 1
        return place

    async def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write bytes. They may wait for more, until there is enough to send.

        Returns:
            How many.
        """
        self._check(reading=False)
        try:
            self._waiting += data
        except TypeError:
            raise InvalidParamsError(f"a binary file takes bytes, not {data!r:.80}") from None
        if len(self._waiting) >= BLOCK:
            await self.flush()
        return len(data)

    async def flush(self) -> None:
        """Send what is waiting.

        Raises:
            AGBError: It may have arrived in part. The file is closed: what would come next would
                leave a gap.
        """
        if not self._waiting:
            return
        self._check(reading=False)
        data, self._waiting = bytes(self._waiting), bytearray()
        try:
            await self._contents.write(self.name, data, append=True)
        except BaseException:
            self._open = False
            raise

    async def _fetch(self, least: int) -> None:
        """Read so much or more, the more the longer it is read from front to back."""
        length = min(max(least, self._ahead * CHUNK), self._size - self._at)
        data = await self._contents.span(self.name, self._at, length)
        if len(data) != length:
            raise FileError(
                f"{self.name} has become shorter while it was read", code="File.Changed"
            )
        self._at += length
        self._ahead = min(2 * self._ahead, _MOST_AHEAD)
        self._read.feed(data)

    def _check(self, *, reading: bool) -> None:
        if not self._open:
            raise InvalidParamsError(f"{self.name} is not open: use it in a `with` block")
        if reading != self.readable():
            raise InvalidParamsError(f"{self.name} was opened with mode {self.mode!r}")
