# Generated from src/agb/_async/text_file.py; edit that file, then `nox -s twin`.
"""The text of a session's file, read and written bit by bit."""

import codecs
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from agb._line_buffer import LineBuffer
from agb._sync.binary_file import BinaryFile
from agb._sync.decoding import decoded
from agb._sync.file_contents import FileContents
from agb.exceptions import FileError, InvalidParamsError


class TextFile:
    """The text of a file, read or written bit by bit; see `BinaryFile`.

    Lines end at newlines, and all characters stay as they are, carriage returns included.

    Attributes:
        name: Path of the file.
        mode: What it was opened for.
        encoding: How its text is written as bytes.
    """

    def __init__(
        self, contents: FileContents, path: str, mode: str, encoding: str, errors: str
    ) -> None:
        try:
            self._decoder = codecs.getincrementaldecoder(encoding)(errors)
            self._encoder = codecs.getincrementalencoder(encoding)(errors)
        except LookupError as error:
            raise InvalidParamsError(str(error)) from None
        self._raw: BinaryFile = BinaryFile(contents, path, mode)
        self.name = path
        self.mode = mode
        self.encoding = encoding
        self._read = LineBuffer("", "\n")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} mode={self.mode!r}>"

    def __enter__(self) -> Self:
        self._raw.__enter__()
        self._decoder.reset()
        self._encoder.reset()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._read.clear()
        self._raw.__exit__(kind, error, traceback)

    def close(self) -> None:
        """Write what is still waiting, and let the file go; a second time does nothing."""
        self._read.clear()
        self._raw.close()

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

    def read(self, size: int = -1) -> str:
        """Read characters.

        Args:
            size: So many at most; all that follow when negative.

        Returns:
            Fewer only at the end of the file, none behind it.
        """
        if size < 0:
            data = self._raw.read()
            with self._as_text():
                return self._read.take(len(self._read)) + decoded(self._decoder, data)
        while len(self._read) < size and self._fetch():
            pass
        return self._read.take(size)

    def readline(self) -> str:
        """Read up to the next end of a line, that included; nothing at the end of the file."""
        while not (line := self._read.line()):
            if not self._fetch():
                return self._read.take(len(self._read))
        return line

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def seek(self, offset: int) -> int:
        """Go back to the start of a file that is read.

        Args:
            offset: 0. Where other characters are in a file, only its bytes can tell.
        """
        if offset != 0:
            raise InvalidParamsError('text can only be read anew from 0: open it with "rb"')
        self._raw.seek(0)
        self._read.clear()
        self._decoder.reset()
        return 0

    def write(self, text: str) -> int:
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
        self._raw.write(data)
        return len(text)

    def flush(self) -> None:
        """Send what is waiting; see `BinaryFile.flush`."""
        self._raw.flush()

    def _fetch(self) -> bool:
        data = self._raw.read1()
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
