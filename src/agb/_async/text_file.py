"""The text of a session's file, read and written bit by bit."""

import codecs
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from agb._async.binary_file import AsyncBinaryFile
from agb._async.decoding import decoded
from agb._async.file_contents import AsyncFileContents
from agb._line_buffer import LineBuffer
from agb.exceptions import FileError, InvalidParamsError


class AsyncTextFile:
    """The text of a file, read or written bit by bit; see `AsyncBinaryFile`.

    Lines end at newlines, and all characters stay as they are, carriage returns included.

    Attributes:
        name: Path of the file.
        mode: What it was opened for.
        encoding: How its text is written as bytes.
    """

    def __init__(
        self, contents: AsyncFileContents, path: str, mode: str, encoding: str, errors: str
    ) -> None:
        try:
            self._decoder = codecs.getincrementaldecoder(encoding)(errors)
            self._encoder = codecs.getincrementalencoder(encoding)(errors)
        except LookupError as error:
            raise InvalidParamsError(str(error)) from None
        self._raw: AsyncBinaryFile = AsyncBinaryFile(contents, path, mode)
        self.name = path
        self.mode = mode
        self.encoding = encoding
        self._read = LineBuffer("", "\n")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} mode={self.mode!r}>"

    async def __aenter__(self) -> Self:
        await self._raw.__aenter__()
        self._decoder.reset()
        self._encoder.reset()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._read.clear()
        await self._raw.__aexit__(kind, error, traceback)

    async def aclose(self) -> None:
        """Write what is still waiting, and let the file go; a second time does nothing."""
        self._read.clear()
        await self._raw.aclose()

    @property
    def closed(self) -> bool:
        """Whether it can't be used any more, or not yet."""
        return self._raw.closed

    def readable(self) -> bool:
        """Tell whether it was opened for reading."""
        return self._raw.readable()

    def writable(self) -> bool:
        """Tell whether it was opened for writing."""
        return self._raw.writable()

    async def read(self, size: int = -1) -> str:
        """Read characters.

        Args:
            size: So many at most; all that follow when negative.

        Returns:
            Fewer only at the end of the file, none behind it.
        """
        if size < 0:
            data = await self._raw.read()
            with self._as_text():
                return self._read.take(len(self._read)) + await decoded(self._decoder, data)
        while len(self._read) < size and await self._fetch():
            pass
        return self._read.take(size)

    async def readline(self) -> str:
        """Read up to the next end of a line, that included; nothing at the end of the file."""
        while not (line := self._read.line()):
            if not await self._fetch():
                return self._read.take(len(self._read))
        return line

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        line = await self.readline()
        if not line:
            raise StopAsyncIteration
        return line

    async def seek(self, offset: int) -> int:
        """Go back to the start of a file that is read.

        Args:
            offset: 0. Where other characters are in a file, only its bytes can tell.
        """
        if offset != 0:
            raise InvalidParamsError('text can only be read anew from 0: open it with "rb"')
        await self._raw.seek(0)
        self._read.clear()
        self._decoder.reset()
        return 0

    async def write(self, text: str) -> int:
        """Write text. It may wait for more, until there is enough to send.

        Returns:
            How many characters.
        """
        try:
            data = self._encoder.encode(text)
        except TypeError:
            raise InvalidParamsError(f"a text file takes strings, not {text!r:.80}") from None
        except UnicodeEncodeError as error:
            raise InvalidParamsError(f"{self.encoding} can't write all of this: {error}") from None
        await self._raw.write(data)
        return len(text)

    async def flush(self) -> None:
        """Send what is waiting; see `AsyncBinaryFile.flush`."""
        await self._raw.flush()

    async def _fetch(self) -> bool:
        data = await self._raw.read1()
        with self._as_text():
            self._read.feed(self._decoder.decode(data, not data))
        return bool(data)

    @contextmanager
    def _as_text(self) -> Generator[None]:
        try:
            yield
        except UnicodeDecodeError:
            raise FileError(
                f'{self.name} is not {self.encoding} text: open it with "rb"', code="File.NotText"
            ) from None
