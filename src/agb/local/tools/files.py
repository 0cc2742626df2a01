"""The tools for files."""

import json
from collections.abc import Mapping
from typing import Any

from agb._wire.codec import dump
from agb._wire.texts import (
    ChangeEvent,
    Entry,
    write_blocks,
    write_facts,
    write_listing,
    write_matches,
)
from agb._wire.tools import (
    CREATE_DIRECTORY,
    DELETE_FILE,
    EDIT_FILE,
    GET_FILE_CHANGE,
    GET_FILE_INFO,
    LIST_DIRECTORY,
    MOVE_FILE,
    READ_FILE,
    READ_MULTIPLE_FILES,
    SEARCH_FILES,
    WRITE_FILE,
    EditFileArguments,
    MoveFileArguments,
    PathArguments,
    ReadFileArguments,
    ReadMultipleFilesArguments,
    SearchFilesArguments,
    WriteFileArguments,
)
from agb.local.session import Session
from agb.local.tools.results import Run, ToolResult

_LONGEST = 60.0
"""Seconds that work on files may take; reading a pipe that nobody writes to takes for ever."""

_LARGEST_OFFSET = 2**53
"""No file is larger, and no file system asked for more."""


async def create_directory(session: Session, arguments: PathArguments) -> ToolResult:
    """Make a directory and its parents."""
    await _ask(session, "mkdir", path=arguments.path)
    return ToolResult(text=f"{arguments.path} is there")


async def edit_file(session: Session, arguments: EditFileArguments) -> ToolResult:
    """Replace pieces of a file and show the difference."""
    edits = [dump(edit) for edit in arguments.edits]
    diff = await _ask(session, "edit", path=arguments.path, edits=edits, dry_run=arguments.dry_run)
    return ToolResult(text=diff)


async def get_file_info(session: Session, arguments: PathArguments) -> ToolResult:
    """Tell what is known of a file."""
    return ToolResult(text=write_facts(await _ask(session, "info", path=arguments.path)))


async def list_directory(session: Session, arguments: PathArguments) -> ToolResult:
    """List a directory."""
    entries = await _ask(session, "list", path=arguments.path)
    return ToolResult(
        text=write_listing(
            Entry(name=entry["name"], is_directory=entry["isDirectory"]) for entry in entries
        )
    )


async def move_file(session: Session, arguments: MoveFileArguments) -> ToolResult:
    """Move a file or directory."""
    source, destination = arguments.source, arguments.destination
    await _ask(session, "move", source=source, destination=destination)
    return ToolResult(text=f"moved {source} to {destination}")


async def delete_file(session: Session, arguments: PathArguments) -> ToolResult:
    """Remove a file or directory."""
    await _ask(session, "remove", path=arguments.path)
    return ToolResult(text=f"removed {arguments.path}")


async def read_file(session: Session, arguments: ReadFileArguments) -> ToolResult:
    """Read a file or a part of it."""
    content = await _ask(
        session,
        "read",
        path=arguments.path,
        offset=min(arguments.offset or 0, _LARGEST_OFFSET),
        length=arguments.length,
        binary=arguments.format == "binary",
    )
    return ToolResult(text=content)


async def write_file(session: Session, arguments: WriteFileArguments) -> ToolResult:
    """Write a file."""
    await _ask(
        session,
        "write",
        path=arguments.path,
        content=arguments.content,
        mode=arguments.mode,
    )
    return ToolResult(text=f"wrote {arguments.path}")


async def read_multiple_files(
    session: Session, arguments: ReadMultipleFilesArguments
) -> ToolResult:
    """Read several files, or none: in this text a complaint would look like content."""
    answers = await _ask(session, "read_many", paths=list(arguments.paths))
    failed = [answer["error"] for answer in answers if "error" in answer]
    if failed:
        text = "\n".join(error["message"] for error in failed)
        return ToolResult(text=text, is_error=True, code=failed[0]["code"])
    contents = [answer["content"] for answer in answers]
    return ToolResult(text=write_blocks(dict(zip(arguments.paths, contents, strict=True))))


async def search_files(session: Session, arguments: SearchFilesArguments) -> ToolResult:
    """Find files by name."""
    paths = await _ask(
        session,
        "search",
        path=arguments.path,
        pattern=arguments.pattern,
        excludes=list(arguments.exclude_patterns or ()),
    )
    return ToolResult(text=write_matches(paths))


async def get_file_change(session: Session, arguments: PathArguments) -> ToolResult:
    """Tell what changed since the last time."""
    changes = await _ask(session, "changes", path=arguments.path)
    return ToolResult(text=json.dumps([dump(_event(change)) for change in changes]))


def _event(change: Mapping[str, str]) -> ChangeEvent:
    return ChangeEvent(
        event_type=change["eventType"], path=change["path"], path_type=change["pathType"]
    )


async def _ask(session: Session, operation: str, **parameters: Any) -> Any:
    return await session.sandbox.request(f"file.{operation}", timeout=_LONGEST, **parameters)


RUNS: dict[str, Run] = {
    CREATE_DIRECTORY.name: create_directory,
    EDIT_FILE.name: edit_file,
    GET_FILE_INFO.name: get_file_info,
    LIST_DIRECTORY.name: list_directory,
    MOVE_FILE.name: move_file,
    DELETE_FILE.name: delete_file,
    READ_FILE.name: read_file,
    WRITE_FILE.name: write_file,
    READ_MULTIPLE_FILES.name: read_multiple_files,
    SEARCH_FILES.name: search_files,
    GET_FILE_CHANGE.name: get_file_change,
}
