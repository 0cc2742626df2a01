# Generated from src/agb/_async/file_contents.py; edit that file, then `nox -s twin`.
"""Contents of a session's files, in the pieces in which they travel."""

import os
from codecs import getincrementaldecoder
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import AnyStr, Literal, TypeVar

from agb import _checks, _file_reading
from agb import _file_commands as commands
from agb._chunks import CHUNK, IN_ORDER, LONG, OF_ONE_FILE, parts, pieces, ranges
from agb._concurrency import threads
from agb._joining import Base64, Bytes, Growing, InOrder, Text
from agb._reading import content_of, text_of
from agb._sync.decoding import decoded
from agb._sync.scripts import Scripts
from agb._sync.tools import Tools
from agb._wire import tools
from agb._wire.answers import ToolAnswer
from agb._wire.values import frozen
from agb.exceptions import AGBError, FileError, InvalidParamsError, UnexpectedResponseError
from agb.results import CommandResult

T = TypeVar("T")

_TRIES = 3
_CLEANING_SECONDS = 10.0

_Utf8 = getincrementaldecoder("utf-8")


@frozen(kw_only=True)
class Version:
    """What tells one state of a file from another, as far as the AGB says it."""

    size: int
    modified: str


class FileContents:
    """Reads and writes files of any size by calls that carry a piece each.

    Args:
        caller: The tools of the session.
    """

    def __init__(self, caller: Tools) -> None:
        self._tools = caller
        self._scripts = Scripts(caller)
        self._turn = threads.Lock()

    def version(self, path: str) -> tuple[Version, str]:
        """Return the version of a file, and the id of the request.

        Raises:
            FileError: There is no such file, or it is a directory.
        """
        answer = self._tools.call(tools.GET_FILE_INFO, _checks.at(path))
        facts = _file_reading.file_facts(answer)
        size = facts.get("size", 0)
        if facts.get("isDirectory"):
            raise FileError(
                f"{path} is a directory", code="File.IsDirectory", request_id=answer.request_id
            )
        if not isinstance(size, int):
            raise UnexpectedResponseError(
                f"the size of {path} is no number: {size!r}", request_id=answer.request_id
            )
        return Version(size=size, modified=str(facts.get("modTime", ""))), answer.request_id

    def text(self, path: str) -> tuple[str, str]:
        """Read a whole text file; return it and the id of the first request."""

        def read(size: int, request_id: str) -> tuple[str, int]:
            text = Text()
            length = self._ranges(size, lambda o, n: self._text(path, o, n), text)
            if length == size:
                return text.whole(), length
            # A range that ends inside a character comes back damaged from some AGBs.
            data = self.span(path, 0, size)
            try:
                return decoded(_Utf8(), data), len(data)
            except UnicodeDecodeError:
                raise _file_reading.not_text(path, request_id) from None

        return self._steady(path, read)

    def data(self, path: str) -> tuple[bytes, str]:
        """Read a whole file; return its bytes and the id of the first request."""

        def read(size: int, _: str) -> tuple[bytes, int]:
            content = self.span(path, 0, size)
            return content, len(content)

        return self._steady(path, read)

    def span(self, path: str, offset: int, length: int) -> bytes:
        """Read bytes from an offset on: fewer only at the end of the file."""
        data = Bytes()
        self._ranges(length, lambda o, n: self._bytes(path, o, n), data, start=offset)
        return data.whole()

    def _steady(self, path: str, read: Callable[[int, str], tuple[T, int]]) -> tuple[T, str]:
        """Read a file as it was at one time: again when it has changed meanwhile.

        A file of one range is read in one go, so its version is only asked for a second time
        when less came than there was.
        """
        version, request_id = self.version(path)
        for _ in range(_TRIES):
            content, length = read(version.size, request_id)
            if length == version.size and (length <= CHUNK or not version.modified):
                return content, request_id
            before = version
            version, _ = self.version(path)
            if version == before:
                return content, request_id
        raise FileError(
            f"{path} changes faster than it can be read", code="File.Changed", request_id=request_id
        )

    def _ranges(
        self,
        size: int,
        read: Callable[[int, int], tuple[AnyStr, int]],
        whole: Growing[AnyStr],
        *,
        start: int = 0,
    ) -> int:
        """Read the ranges of a file and put them together; return how many bytes have come."""
        spans = ranges(size, start)
        joined, mutex = InOrder(whole), threads.Mutex()

        def one(number: int) -> int:
            piece, length = read(*spans[number])
            with mutex:
                joined.put(number, piece)
            return length

        def one_of_many(number: int) -> int:
            self._in_turn()
            return one(number)

        if len(spans) <= IN_ORDER:
            return sum([one(number) for number in range(len(spans))])
        return sum(threads.map_parallel(one_of_many, range(len(spans)), limit=OF_ONE_FILE))

    def _in_turn(self) -> None:
        """Let the loop run once before the next of many calls at once.

        Their answers come together as they went together, and are then all read in one stretch.
        """
        with self._turn:
            pass

    def _text(self, path: str, offset: int, length: int) -> tuple[str, int]:
        """Read a range of a text; return it and how many bytes it has.

        Counted range by range, the bytes of a long text never hold up the loop.
        """
        text = content_of(self._read(path, offset, length, None), FileError)
        return text, len(text if text.isascii() else text.encode(errors="surrogatepass"))

    def _bytes(self, path: str, offset: int, length: int) -> tuple[bytes, int]:
        data = _file_reading.file_bytes(self._read(path, offset, length, "binary"))
        return data, len(data)

    def _read(
        self, path: str, offset: int, length: int, as_format: Literal["binary"] | None
    ) -> ToolAnswer:
        return self._tools.call(
            tools.READ_FILE,
            tools.ReadFileArguments(path=path, offset=offset, length=length, format=as_format),
        )

    def write(
        self, path: str, content: str | bytes, *, append: bool = False, atomic: bool = False
    ) -> str:
        """Write a file and return the id of the last request.

        Args:
            path: The file.
            content: Its text or bytes.
            append: Whether to keep what is in it.
            atomic: Whether to write beside it and then to replace it at once.

        Raises:
            AGBError: It was not written, or not to its end; the message says how much was.
        """
        _checks.path("path", path)
        if append and atomic:
            raise InvalidParamsError("atomic is for replacing a file: it can't be appended to so")
        if isinstance(content, (bytes, bytearray, memoryview)):
            data = bytes(content)
            try:
                text = decoded(_Utf8(), data)
            except UnicodeDecodeError:
                return self._write_encoded(path, data, append=append, atomic=atomic)
        else:
            text = content
            for _ in _checks.blocks_of_text("content", content):
                threads.sleep(0)
        if atomic:
            return self._by_way_of(text, path, commands.put_in_place)
        if len(text) > LONG and self._tools.offers(tools.SHELL):
            return self._by_way_of(text, path, partial(commands.copy, append=append))
        return self._write_in_order(path, text, append=append)

    def _write_in_order(self, path: str, content: str, *, append: bool) -> str:
        request_id, written = "", 0
        for piece in pieces(content):
            try:
                request_id = self._write_piece(path, piece, append=append or written > 0)
            except AGBError as error:
                _file_reading.tell_written(error, path, written, len(content))
                raise
            written += len(piece)
        return request_id

    def _write_piece(self, path: str, piece: str, *, append: bool) -> str:
        arguments = tools.WriteFileArguments(
            path=path, content=piece, mode="append" if append else "overwrite"
        )
        answer = self._tools.call(tools.WRITE_FILE, arguments)
        text_of(answer, FileError)
        return answer.request_id

    def _write_encoded(self, path: str, content: bytes, *, append: bool, atomic: bool) -> str:
        """Write bytes. The tool takes text only: they go as base64, decoded on arrival."""
        command = commands.decode_in_place if atomic else partial(commands.decode, append=append)
        return self._by_way_of(Base64(content), path, command)

    def _by_way_of(
        self, content: str | Base64, path: str, command: Callable[[str, str], str]
    ) -> str:
        """Write a file beside another one, then let a command make that one of it.

        A long one is written in parts, all at once, which the command joins first: pieces of one
        file have to wait for each other, those of several don't.
        """
        spans = parts(len(content))
        beside = _beside(path, len(spans))
        try:
            threads.map_parallel(
                lambda work: self._write_part(work[0], content, *work[1]),
                list(zip(beside, spans, strict=True)),
                limit=OF_ONE_FILE,
            )
            folder, name = commands.place_of(path)
            sources = [commands.place_of(part)[1] for part in beside]
            line = commands.join(sources) + command(sources[0], name)
            done = self.run(line, folder)
        except BaseException:
            self._discard_all(beside)
            raise
        _file_reading.raise_for_command(f"{path} could not be written", done)
        return done.request_id

    def _write_part(self, path: str, content: str | Base64, start: int, stop: int) -> None:
        for number, piece in enumerate(pieces(content, start, stop)):
            self._in_turn()
            self._write_piece(path, piece, append=number > 0)

    def _discard_all(self, paths: Sequence[str]) -> None:
        with suppress(TimeoutError):
            threads.shielded(
                lambda: threads.map_parallel(self.discard, paths, limit=OF_ONE_FILE),
                seconds=_CLEANING_SECONDS,
            )

    def discard(self, path: str) -> None:
        """Remove a file that was only needed on the way, cancelled or not."""
        with suppress(AGBError, TimeoutError):
            threads.shielded(
                lambda: self._tools.call(tools.DELETE_FILE, _checks.at(path)),
                seconds=_CLEANING_SECONDS,
            )

    def run(self, command: str, folder: str | None) -> CommandResult:
        """Run a command that works on files, in a directory."""
        return self._scripts.run(command, timeout_ms=commands.LIMIT_MS, cwd=folder)

    def walk(self, path: str, depth: int | None = None) -> tuple[list[commands.Found], str]:
        """List a directory and all below it, so many levels deep at most; links are not followed.

        Returns:
            What was found, the directory itself first, and the id of the request.

        Raises:
            FileError: There is no such directory. One below it that can't be read is passed over.
        """
        folder, name = commands.place_of(path)
        done = self.run(commands.walk(name, depth), folder)
        found = list(commands.read_walk(done.stdout))
        if not found or done.exit_code not in commands.WALKED:
            _file_reading.raise_for_command(f"{path} could not be listed", done)
            raise _file_reading.unlisted(path, done)
        return found, done.request_id


def _beside(path: str, count: int) -> list[str]:
    """Return names for parts of a file, which nobody else has."""
    first = f"{path}.{os.urandom(8).hex()}.part"
    return [first, *(f"{first}.{number}" for number in range(1, count))]
