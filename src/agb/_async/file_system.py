"""Files of a session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, overload

from agb import _checks, results
from agb._async.binary_file import AsyncBinaryFile
from agb._async.file_transfers import AsyncFileTransfers
from agb._async.file_tree import AsyncFileTree
from agb._async.reported import reported
from agb._async.text_file import AsyncTextFile
from agb._async.tools import AsyncTools
from agb._async.watching import AsyncFileWatching
from agb._chunks import AT_ONCE
from agb._concurrency import aio
from agb._reading import text_of
from agb._wire import texts, tools
from agb.exceptions import FileError, InvalidParamsError

if TYPE_CHECKING:
    from agb._async.session import AsyncBaseSession


class AsyncFileSystem(AsyncFileTree, AsyncFileTransfers, AsyncFileWatching):
    """Files of a session. Relative paths start at the session's default directory."""

    def __init__(self, session: AsyncBaseSession, caller: AsyncTools) -> None:
        AsyncFileTree.__init__(self, caller)
        AsyncFileTransfers.__init__(self, session, caller)
        AsyncFileWatching.__init__(self, caller)

    @overload
    async def read(
        self, path: str, *, format: Literal["text"] = "text"
    ) -> results.FileContentResult: ...
    @overload
    async def read(
        self, path: str, *, format: Literal["bytes"]
    ) -> results.BinaryFileContentResult: ...
    async def read(
        self,
        path: str,
        *,
        format: Literal["text", "bytes"] = "text",  # noqa: A002 - the documented name
    ) -> results.FileContentResult | results.BinaryFileContentResult:
        """Read a whole file, of any size.

        A file of up to 51,200 bytes is read in one go, a larger one in ranges, several at once.
        When it has been written to meanwhile it is read again, so that no two states of it are
        mixed, as far as the AGB tells them apart by size and time.

        Args:
            path: File to read.
            format: `"text"` for its characters (it must be UTF-8), `"bytes"` for its bytes.

        Returns:
            The content as `content`. It failed with a `FileError` when there is no such file,
            when it is a directory, when it was read as text and is none, or when it keeps
            changing.
        """
        if format == "bytes":
            return await self._read_bytes(path)
        if format == "text":
            return await self._read_text(path)
        return results.FileContentResult(
            error=InvalidParamsError(f'format must be "text" or "bytes", not {format!r}')
        )

    @reported
    async def _read_text(self, path: str) -> results.FileContentResult:
        content, request_id = await self._contents.text(path)
        return results.FileContentResult(request_id=request_id, content=content)

    @reported
    async def _read_bytes(self, path: str) -> results.BinaryFileContentResult:
        content, request_id = await self._contents.data(path)
        return results.BinaryFileContentResult(request_id=request_id, content=content)

    @reported
    async def write(
        self, path: str, content: str | bytes, mode: str = "overwrite", *, atomic: bool = False
    ) -> results.BoolResult:
        """Write a file of any size; missing directories are made.

        A text of more than 51,200 characters arrives in pieces: when one fails, those before it
        are in the file, and the error says how much that is. One of more than 819,200 is written
        beside the file first, in parts and several at once, where the session has a shell to join
        them: then a piece that fails leaves the file as it was.

        Args:
            path: File to write.
            content: Text, which is written as UTF-8, or bytes, which are written as they are.
            mode: `"overwrite"` or `"append"`.
            atomic: Whether to write beside the file and to replace it in one step at the end, so
                that nobody sees half of it and a failure leaves it as it was.
        """
        _checks.path("path", path)
        if mode not in {"overwrite", "append"}:
            raise InvalidParamsError(f'mode must be "overwrite" or "append", not {mode!r}')
        return results.BoolResult(
            request_id=await self._contents.write(
                path, content, append=mode == "append", atomic=atomic
            )
        )

    @reported
    async def append(self, path: str, content: str | bytes) -> results.BoolResult:
        """Write to the end of a file; one that is missing is made.

        Args:
            path: File to write to.
            content: Text, which is written as UTF-8, or bytes, which are written as they are.
        """
        return results.BoolResult(request_id=await self._contents.write(path, content, append=True))

    @reported
    async def edit(
        self, path: str, edits: Sequence[Mapping[str, str]], dry_run: bool = False
    ) -> results.EditResult:
        """Replace exact pieces of a text file; all of them or none.

        Args:
            path: File to change.
            edits: Replacements in order, each `{"oldText": ..., "newText": ...}`; the old text
                must be in the file exactly as written.
            dry_run: Whether to tell the diff only, and change nothing.

        Returns:
            The change as `diff`, where the AGB tells it.
        """
        arguments = tools.EditFileArguments(
            path=_checks.path("path", path), edits=_checks.edits(edits), dry_run=dry_run
        )
        answer = await self._tools.call(tools.EDIT_FILE, arguments)
        diff = texts.read_diff(text_of(answer, FileError))
        return results.EditResult(request_id=answer.request_id, diff=diff)

    @reported
    async def read_batch(
        self, paths: Sequence[str], *, exact: bool = False
    ) -> results.MultipleFileContentResult:
        """Read several text files.

        Args:
            paths: Files to read.
            exact: Whether the texts must arrive as they are. Each is then read by itself, several
                at once. Without it all come in one answer, which loses white space around a text
                and can't tell a text that has a line `---`.

        Returns:
            The texts by path. It failed when one of them can't be read.
        """
        wanted = _checks.paths("paths", paths)
        if exact:
            found = await aio.map_parallel(self._contents.text, wanted, limit=AT_ONCE)
            return results.MultipleFileContentResult(
                request_id=found[0][1] if found else "",
                contents=dict(zip(wanted, [text for text, _ in found], strict=True)),
            )
        answer = await self._tools.call(
            tools.READ_MULTIPLE_FILES, tools.ReadMultipleFilesArguments(paths=wanted)
        )
        return results.MultipleFileContentResult(
            request_id=answer.request_id,
            contents=texts.read_blocks(text_of(answer, FileError), wanted),
        )

    @reported
    async def write_batch(
        self, contents: Mapping[str, str | bytes], *, atomic: bool = False
    ) -> results.WriteBatchResult:
        """Write several files, several at once. One that fails does not stop the others.

        Args:
            contents: Texts or bytes by path.
            atomic: Whether to replace each file in one step, see `write`.

        Returns:
            The paths as `written`, and as `errors` what went wrong with the others.
        """
        wanted = _checks.contents("contents", contents)

        async def write(path: str) -> results.BoolResult:
            return await self.write(path, wanted[path], atomic=atomic)

        done = await aio.map_parallel(write, wanted, limit=AT_ONCE)
        by_path = dict(zip(wanted, done, strict=True))
        errors = {path: each.error for path, each in by_path.items() if each.error is not None}
        return results.WriteBatchResult(
            request_id=done[-1].request_id if done else "",
            error=next(iter(errors.values()), None),
            written=[path for path in by_path if path not in errors],
            errors=errors,
        )

    @overload
    def open(
        self,
        path: str,
        mode: Literal["r", "w", "a"] = "r",
        encoding: str = "utf-8",
        errors: str = "strict",
    ) -> AsyncTextFile: ...
    @overload
    def open(self, path: str, mode: Literal["rb", "wb", "ab"]) -> AsyncBinaryFile: ...
    def open(
        self, path: str, mode: str = "r", encoding: str = "utf-8", errors: str = "strict"
    ) -> AsyncTextFile | AsyncBinaryFile:
        """Open a file to read or write it bit by bit, in little memory.

        Args:
            path: The file.
            mode: `"r"` to read, `"w"` to write anew, `"a"` to write at the end; with a `"b"`
                behind it for bytes.
            encoding: How text is written as bytes.
            errors: What to do where that does not work: `"strict"`, `"replace"`, ...

        Returns:
            The file, to be used in a block. It raises errors.

        Raises:
            InvalidParamsError: There is no such mode or encoding.

        Example:
            ```python
            async with session.file.open("/tmp/log.txt") as log:
                async for line in log:
                    print(line, end="")
            ```
        """
        if mode in {"rb", "wb", "ab"}:
            return AsyncBinaryFile(self._contents, path, mode)
        if mode in {"r", "w", "a"}:
            return AsyncTextFile(self._contents, path, mode, encoding, errors)
        raise InvalidParamsError(f"mode must be one of r, rb, w, wb, a, ab, not {mode!r}")

    read_file = read
    write_file = write
    edit_file = edit
    read_multiple_files = read_batch
