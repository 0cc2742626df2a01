# Generated from src/agb/_async/file_system.py; edit that file, then `nox -s twin`.
"""Files of a session."""

import base64
import os
import secrets
import shlex
from collections.abc import Mapping, Sequence
from typing import Literal, overload

from agb import _checks, _reading
from agb._chunks import pieces, ranges
from agb._reading import ToolAnswer, content_of, text_of
from agb._sync.reported import reported
from agb._sync.tools import Tools
from agb._sync.transfer import FileTransfer
from agb._transfers import Progress
from agb._wire import texts, tools
from agb.exceptions import AGBError, FileError, InvalidParamsError, UnexpectedResponseError
from agb.results import (
    BinaryFileContentResult,
    BoolResult,
    DirectoryListResult,
    DownloadResult,
    EditResult,
    FileChangeResult,
    FileContentResult,
    FileInfoResult,
    FileSearchResult,
    MultipleFileContentResult,
    UploadResult,
)

_DECODE_MS = 60_000


class FileSystem:
    """Files of a session. Relative paths start at the session's default directory."""

    def __init__(self, caller: Tools, transfer: FileTransfer) -> None:
        self._tools = caller
        self._transfer = transfer

    @overload
    def read(self, path: str, *, format: Literal["text"] = "text") -> FileContentResult: ...
    @overload
    def read(self, path: str, *, format: Literal["bytes"]) -> BinaryFileContentResult: ...
    def read(
        self,
        path: str,
        *,
        format: Literal["text", "bytes"] = "text",  # noqa: A002 - the documented name
    ) -> FileContentResult | BinaryFileContentResult:
        """Read a whole file, of any size.

        Args:
            path: File to read.
            format: `"text"` for its characters (it must be UTF-8), `"bytes"` for its bytes.

        Returns:
            The content as `content`. It failed with a `FileError` when there is no such file,
            when it is a directory, or when it was read as text and is none.
        """
        if format == "bytes":
            return self._read_bytes(path)
        if format == "text":
            return self._read_text(path)
        return FileContentResult(
            error=InvalidParamsError(f'format must be "text" or "bytes", not {format!r}')
        )

    @reported(FileContentResult)
    def _read_text(self, path: str) -> FileContentResult:
        size, request_id = self._size(path)
        chunks = [
            content_of(self._read_range(path, offset, length, None), FileError)
            for offset, length in ranges(size)
        ]
        content = "".join(chunks)
        if len(content.encode(errors="surrogatepass")) != size:
            # A range that ends inside a character comes back damaged from some AGBs.
            content = _reading.decoded(path, self._bytes(path, size), request_id)
        return FileContentResult(request_id=request_id, content=content)

    @reported(BinaryFileContentResult)
    def _read_bytes(self, path: str) -> BinaryFileContentResult:
        size, request_id = self._size(path)
        return BinaryFileContentResult(request_id=request_id, content=self._bytes(path, size))

    def _bytes(self, path: str, size: int) -> bytes:
        chunks = [
            _reading.file_bytes(self._read_range(path, offset, length, "binary"))
            for offset, length in ranges(size)
        ]
        return b"".join(chunks)

    def _read_range(
        self, path: str, offset: int, length: int, as_format: Literal["binary"] | None
    ) -> ToolAnswer:
        return self._tools.call(
            tools.READ_FILE,
            tools.ReadFileArguments(path=path, offset=offset, length=length, format=as_format),
        )

    def _size(self, path: str) -> tuple[int, str]:
        answer = self._tools.call(tools.GET_FILE_INFO, _checks.at(path))
        facts = _reading.file_facts(answer)
        size = facts.get("size", 0)
        if facts.get("isDirectory"):
            raise FileError(
                f"{path} is a directory", code="File.IsDirectory", request_id=answer.request_id
            )
        if not isinstance(size, int):
            raise UnexpectedResponseError(
                f"the size of {path} is no number: {size!r}", request_id=answer.request_id
            )
        return size, answer.request_id

    @reported(BoolResult)
    def write(self, path: str, content: str | bytes, mode: str = "overwrite") -> BoolResult:
        """Write a file of any size; missing directories are made.

        Args:
            path: File to write.
            content: Text, which is written as UTF-8, or bytes, which are written as they are.
            mode: `"overwrite"` or `"append"`.
        """
        _checks.path("path", path)
        if mode not in {"overwrite", "append"}:
            raise InvalidParamsError(f'mode must be "overwrite" or "append", not {mode!r}')
        if isinstance(content, (bytes, bytearray, memoryview)):
            return self._write_bytes(path, bytes(content), mode)
        return self._write_text(path, _checks.text("content", content), mode)

    def _write_text(self, path: str, content: str, mode: str) -> BoolResult:
        request_id = ""
        for number, piece in enumerate(pieces(content)):
            answer = self._tools.call(
                tools.WRITE_FILE,
                tools.WriteFileArguments(
                    path=path,
                    content=piece,
                    mode="append" if number or mode == "append" else "overwrite",
                ),
            )
            text_of(answer, FileError)
            request_id = answer.request_id
        return BoolResult(request_id=request_id)

    def _write_bytes(self, path: str, content: bytes, mode: str) -> BoolResult:
        """Write bytes. The tool takes text only: others go as base64, decoded on arrival."""
        try:
            return self._write_text(path, content.decode(), mode)
        except UnicodeDecodeError:
            pass
        encoded = f"{path}.{secrets.token_hex(8)}.base64"
        self._write_text(encoded, base64.b64encode(content).decode(), "overwrite")
        source, target = shlex.quote(encoded), shlex.quote(path)
        into = ">>" if mode == "append" else ">"
        answer = self._tools.call(
            tools.SHELL,
            tools.ShellArguments(
                command=f"base64 -d <{source} {into}{target}; done=$?; rm -f -- {source}; "
                "exit $done",
                timeout_ms=_DECODE_MS,
            ),
            seconds=_DECODE_MS / 1000,
        )
        decoded = _reading.command_result(answer)
        if decoded.error is not None:
            raise FileError(
                f"{path} could not be written: {decoded.error_message}",
                request_id=decoded.request_id,
            )
        return BoolResult(request_id=decoded.request_id)

    @reported(FileInfoResult)
    def info(self, path: str) -> FileInfoResult:
        """Tell size, kind, mode, owner and time of a file or directory.

        Args:
            path: What to look at.
        """
        answer = self._tools.call(tools.GET_FILE_INFO, _checks.at(path))
        return FileInfoResult(request_id=answer.request_id, file_info=_reading.file_facts(answer))

    @reported(DirectoryListResult)
    def list(self, path: str) -> DirectoryListResult:
        """List the entries of a directory.

        Args:
            path: The directory.
        """
        return _reading.listing_result(self._tools.call(tools.LIST_DIRECTORY, _checks.at(path)))

    @reported(BoolResult)
    def mkdir(self, path: str) -> BoolResult:
        """Make a directory and its parents; one that is there is fine.

        Args:
            path: The directory.
        """
        return _reading.done(self._tools.call(tools.CREATE_DIRECTORY, _checks.at(path)))

    @reported(BoolResult)
    def remove(self, path: str) -> BoolResult:
        """Remove a file, or a directory with all it holds.

        Args:
            path: What to remove.
        """
        return _reading.done(self._tools.call(tools.DELETE_FILE, _checks.at(path)))

    @reported(BoolResult)
    def move(self, source: str, destination: str) -> BoolResult:
        """Move or rename a file or directory.

        Args:
            source: What to move.
            destination: Its new path.
        """
        arguments = tools.MoveFileArguments(
            source=_checks.path("source", source),
            destination=_checks.path("destination", destination),
        )
        return _reading.done(self._tools.call(tools.MOVE_FILE, arguments))

    @reported(EditResult)
    def edit(
        self, path: str, edits: Sequence[Mapping[str, str]], dry_run: bool = False
    ) -> EditResult:
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
        answer = self._tools.call(tools.EDIT_FILE, arguments)
        diff = texts.read_diff(text_of(answer, FileError))
        return EditResult(request_id=answer.request_id, diff=diff)

    @reported(MultipleFileContentResult)
    def read_batch(self, paths: Sequence[str]) -> MultipleFileContentResult:
        """Read several small text files in one call.

        Args:
            paths: Files to read.

        Returns:
            The texts by path. This way loses white space around a text, and can't tell a text
            that has a line `---`: use `read` for what must arrive as it is.
        """
        wanted = _checks.paths("paths", paths)
        answer = self._tools.call(
            tools.READ_MULTIPLE_FILES, tools.ReadMultipleFilesArguments(paths=wanted)
        )
        return MultipleFileContentResult(
            request_id=answer.request_id,
            contents=texts.read_blocks(text_of(answer, FileError), wanted),
        )

    @reported(FileSearchResult)
    def search(
        self, path: str, pattern: str, exclude_patterns: Sequence[str] | None = None
    ) -> FileSearchResult:
        """Find files by name below a directory.

        Args:
            path: Where to start.
            pattern: Glob such as `*.txt`, or a plain word that a name holds.
            exclude_patterns: Globs of what to leave out.
        """
        arguments = tools.SearchFilesArguments(
            path=_checks.path("path", path),
            pattern=_checks.non_blank("pattern", pattern),
            exclude_patterns=_checks.paths("exclude_patterns", exclude_patterns or ()) or None,
        )
        answer = self._tools.call(tools.SEARCH_FILES, arguments)
        return FileSearchResult(
            request_id=answer.request_id,
            matches=texts.read_matches(text_of(answer, FileError)),
        )

    @reported(FileChangeResult)
    def get_file_change(self, path: str) -> FileChangeResult:
        """Tell what changed below a path since the last call for it.

        Args:
            path: File or directory to look at. The first call only notes how it is.
        """
        return _reading.change_result(self._tools.call(tools.GET_FILE_CHANGE, _checks.at(path)))

    def upload(
        self,
        local: str | os.PathLike[str],
        remote: str,
        content_type: str | None = None,
        wait: bool = True,
        wait_timeout: float = 300.0,
        *,
        progress_cb: Progress | None = None,
    ) -> UploadResult:
        """Copy a file of this machine into the session, in a stream.

        Args:
            local: File on this machine.
            remote: Absolute path in the session; a bare name is in `transfer_path()`.
            content_type: MIME type to store it under on its way. Default: none.
            wait: Whether to wait until it has arrived in the session.
            wait_timeout: Seconds to wait for that.
            progress_cb: Is told how many bytes have gone so far.
        """
        return self._transfer.upload(
            local,
            remote,
            content_type=content_type,
            wait=wait,
            wait_timeout=wait_timeout,
            progress=progress_cb,
        )

    def download(
        self,
        remote: str,
        local: str | os.PathLike[str],
        overwrite: bool = True,
        wait: bool = True,
        wait_timeout: float = 300.0,
        *,
        progress_cb: Progress | None = None,
    ) -> DownloadResult:
        """Copy a file of the session to this machine, in a stream; whole or not at all.

        Args:
            remote: Absolute path in the session; a bare name is in `transfer_path()`.
            local: File on this machine; missing directories are made.
            overwrite: Whether to replace one that is there.
            wait: Whether to wait until the file, as it is now, has left the session.
            wait_timeout: Seconds to wait for that.
            progress_cb: Is told how many bytes have come so far.
        """
        return self._transfer.download(
            remote,
            local,
            overwrite=overwrite,
            wait=wait,
            wait_timeout=wait_timeout,
            progress=progress_cb,
        )

    def transfer_path(self) -> str | None:
        """Return the directory of the session that `upload` and `download` go through.

        Returns:
            The directory; None when the AGB offers none.
        """
        try:
            return self._transfer.path()
        except AGBError:
            return None

    read_file = read
    write_file = write
    get_file_info = info
    list_directory = list  # noqa: A003 - our own, documented
    create_directory = mkdir
    delete_file = remove
    move_file = move
    edit_file = edit
    read_multiple_files = read_batch
    search_files = search
    upload_file = upload
    download_file = download
    get_file_transfer_context_path = transfer_path
