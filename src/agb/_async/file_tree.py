"""What is where in a session: looking at files and directories, finding, moving, removing them."""

from __future__ import annotations

from collections.abc import Sequence

from agb import _checks, _globs, results
from agb import _file_reading as reading
from agb._async.file_contents import AsyncFileContents
from agb._async.reported import reported
from agb._async.tools import AsyncTools
from agb._reading import text_of
from agb._wire import texts, tools
from agb.exceptions import FileError


class AsyncFileTree:
    """The part of `session.file` that is about where files are, not what is in them."""

    def __init__(self, caller: AsyncTools) -> None:
        self._tools = caller
        self._contents = AsyncFileContents(caller)

    @reported
    async def info(self, path: str) -> results.FileInfoResult:
        """Tell size, kind, mode, owner and time of a file or directory.

        Args:
            path: What to look at.
        """
        answer = await self._tools.call(tools.GET_FILE_INFO, _checks.at(path))
        return results.FileInfoResult(
            request_id=answer.request_id, file_info=reading.file_facts(answer)
        )

    @reported
    async def stat(self, path: str) -> results.OperationResult[results.FileStat]:
        """Tell what is known of a file or directory, as a `FileStat`.

        Args:
            path: What to look at. Links are followed.

        Returns:
            The facts as `data`. It failed with a `FileError` when there is nothing.
        """
        info = (await self.info(path)).raise_for_error()
        return results.OperationResult(request_id=info.request_id, data=info.stat)

    @reported
    async def exists(self, path: str) -> results.ExistsResult:
        """Tell whether there is something at a path.

        Args:
            path: Where to look. A link that leads nowhere is something, too.

        Returns:
            The answer as `data`, and as its own truth. It failed when nobody knows.
        """
        info = await self.info(path)
        if info.error is not None and not reading.is_missing(info.error):
            raise info.error
        return results.ExistsResult(request_id=info.request_id, data=info.success)

    @reported
    async def list(self, path: str, *, recursive: bool = False) -> results.DirectoryListResult:
        """List the entries of a directory.

        Args:
            path: The directory.
            recursive: Whether to list all below it, too, and not only what is right in it. Links
                are not followed then, and directories that can't be read are passed over.

        Returns:
            The entries, those of a whole tree sorted by path.
        """
        if recursive:
            found, request_id = await self._contents.walk(_checks.path("path", path))
            return reading.tree_result(path, found, request_id)
        return reading.listing_result(
            path, await self._tools.call(tools.LIST_DIRECTORY, _checks.at(path))
        )

    @reported
    async def mkdir(self, path: str) -> results.BoolResult:
        """Make a directory and its parents; one that is there is fine.

        Args:
            path: The directory.
        """
        return reading.done(await self._tools.call(tools.CREATE_DIRECTORY, _checks.at(path)))

    @reported
    async def remove(self, path: str) -> results.BoolResult:
        """Remove a file, or a directory with all it holds.

        Args:
            path: What to remove.
        """
        return reading.done(await self._tools.call(tools.DELETE_FILE, _checks.at(path)))

    @reported
    async def move(self, source: str, destination: str) -> results.BoolResult:
        """Move or rename a file or directory.

        Args:
            source: What to move.
            destination: Its new path.
        """
        arguments = tools.MoveFileArguments(
            source=_checks.path("source", source),
            destination=_checks.path("destination", destination),
        )
        return reading.done(await self._tools.call(tools.MOVE_FILE, arguments))

    @reported
    async def search(
        self, path: str, pattern: str, exclude_patterns: Sequence[str] | None = None
    ) -> results.FileSearchResult:
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
        answer = await self._tools.call(tools.SEARCH_FILES, arguments)
        return results.FileSearchResult(
            request_id=answer.request_id,
            matches=texts.read_matches(text_of(answer, FileError)),
        )

    @reported
    async def glob(self, pattern: str) -> results.FileSearchResult:
        """Find files and directories by the pattern of their paths, such as `/tmp/**/*.py`.

        `*`, `?` and `[...]` stand for what is within a name, one with a dot at its start
        included; `**` as a whole name stands for any directories, and for none. Links to
        directories are not followed.

        Args:
            pattern: What the paths look like; a relative one starts at the default directory.

        Returns:
            The paths as `matches`, sorted; none where the directory to start from is missing.
        """
        top, below = _globs.split(_checks.path("pattern", pattern))
        try:
            found, request_id = await self._contents.walk(top, _globs.depth(below))
        except FileError as error:
            if not reading.has_no_such_directory(error):
                raise
            return results.FileSearchResult(request_id=error.request_id)
        return reading.glob_result(top, below, found, request_id)

    get_file_info = info
    list_directory = list  # noqa: A003 - our own, documented
    create_directory = mkdir
    delete_file = remove
    move_file = move
    search_files = search
