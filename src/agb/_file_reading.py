"""Pure: from what a tool answered to the result of an operation on files."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from agb import _globs, results
from agb._file_commands import Found
from agb._reading import content_of, json_value, text_of, unexpected
from agb._wire import texts
from agb._wire.answers import ToolAnswer
from agb._wire.codec import Misread, load
from agb.exceptions import (
    AGBError,
    ExecutionTimeoutError,
    FileError,
    ToolError,
    UnexpectedResponseError,
)


def file_facts(answer: ToolAnswer) -> dict[str, texts.Fact]:
    """Read what `get_file_info` answered."""
    return texts.read_facts(content_of(answer, FileError))


def file_bytes(answer: ToolAnswer) -> bytes:
    """Read what `read_file` answered in base64; some AGBs break it into lines."""
    encoded = "".join(content_of(answer, FileError).split())
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        raise unexpected(answer, "is not base64") from None


def not_text(path: str, request_id: str) -> FileError:
    """Return the error for a file that was to be read as text, and is none."""
    return FileError(
        f'{path} is not UTF-8 text: read it with format="bytes"',
        code="File.NotText",
        request_id=request_id,
    )


_GONE = ("no such file", "enoent", "not found", "does not exist", "not a directory", "enotdir")
_GONE_CODES = ("notfound", "notdirectory")
_SAID = {"no such file": "File.NotFound", "not a directory": "File.NotDirectory"}


def is_missing(error: AGBError | None) -> bool:
    """Tell whether a file operation failed since there is no such file."""
    if not isinstance(error, ToolError):
        return False
    code, said = error.code.lower(), error.message.lower().replace("command not found", "")
    return code.endswith(_GONE_CODES) or any(words in said for words in _GONE)


def has_no_such_directory(error: FileError) -> bool:
    """Tell whether a directory could not be listed since there is none."""
    return error.code in _SAID.values()


def tell_written(error: AGBError, path: str, written: int, total: int) -> None:
    """Say in an error how much had been written before it."""
    if written:
        error.message = (
            f"{error.message} (of {total} characters for {path}, the first {written} are written)"
        )
        error.args = (error.message,)


def raise_for_command(what: str, done: results.CommandResult) -> None:
    """Raise the error of a command that worked on files.

    Args:
        what: What could not be done, to begin the message with.
        done: What came of the command.

    Raises:
        FileError: It failed.
        ExecutionTimeoutError: It took too long.
    """
    if done.error is None:
        return
    if isinstance(done.error, ExecutionTimeoutError):
        raise done.error
    said = done.error_message.lower()
    told = done.error.code if done.exit_code is None else ""
    code = next((code for words, code in _SAID.items() if words in said), told)
    raise FileError(f"{what}: {done.error_message}", code=code, request_id=done.request_id)


def unlisted(path: str, done: results.CommandResult) -> UnexpectedResponseError:
    """Return the error for a listing in which not even the directory itself is."""
    return UnexpectedResponseError(
        f"the list of what is in {path} came back as {done.output!r:.80}",
        request_id=done.request_id,
        status_code=200,
    )


def done(answer: ToolAnswer) -> results.BoolResult:
    """Read the answer of a tool that only succeeds or fails."""
    text_of(answer, FileError)
    return results.BoolResult(request_id=answer.request_id)


def listing_result(path: str, answer: ToolAnswer) -> results.DirectoryListResult:
    """Read what `list_directory` answered."""
    return results.DirectoryListResult(
        request_id=answer.request_id,
        entries=tuple(
            results.DirectoryEntry(
                name=entry.name, is_directory=entry.is_directory, path=_below(path, entry.name)
            )
            for entry in texts.read_listing(content_of(answer, FileError))
        ),
    )


def tree_result(top: str, found: Sequence[Found], request_id: str) -> results.DirectoryListResult:
    """Return all below a directory as a listing of it."""
    if not found[0].is_directory:
        raise FileError(f"{top} is no directory", code="File.NotDirectory", request_id=request_id)
    entries = (
        results.DirectoryEntry(
            name=each.path.rpartition("/")[2],
            is_directory=each.is_directory,
            path=_below(top, each.path),
        )
        for each in found
        if each.path
    )
    return results.DirectoryListResult(
        request_id=request_id, entries=tuple(sorted(entries, key=lambda entry: entry.path))
    )


def glob_result(
    top: str, pattern: str, found: Sequence[Found], request_id: str
) -> results.FileSearchResult:
    """Return which of all that is below a directory a pattern means."""
    matches = (
        each.path if top == "." else _below(top, each.path)
        for each in found
        if each.path and _globs.matches(pattern, each.path)
    )
    return results.FileSearchResult(request_id=request_id, matches=tuple(sorted(matches)))


def _below(top: str, path: str) -> str:
    return f"{top.rstrip('/')}/{path}"


def change_result(answer: ToolAnswer) -> results.FileChangeResult:
    """Read what `get_file_change` answered."""
    text = text_of(answer, FileError)
    try:
        events = load(json_value(answer, text or "[]"), tuple[texts.ChangeEvent, ...])
    except Misread as misread:
        raise unexpected(answer, str(misread)) from None
    return results.FileChangeResult(
        request_id=answer.request_id,
        events=tuple(
            results.FileChangeEvent(
                event_type=event.event_type, path=event.path, path_type=event.path_type
            )
            for event in events
        ),
    )
