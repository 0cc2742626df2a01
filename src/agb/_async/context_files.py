"""Files of contexts: listing them, and moving them between this machine and a context."""

import os
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath

from agb import _checks, _context_checks
from agb._async.reported import reported
from agb._async.storage import AsyncStorage
from agb._async.transport import AsyncTransport
from agb._concurrency import aio
from agb._context_reading import FOLDER, LINK, is_no_file, public_file
from agb._transfers import DirectoryProgress, Landing, Progress, inside, local_file, local_files
from agb._wire import context_endpoints as endpoints
from agb._wire.messages.contexts import ListContextFilesRequest
from agb.exceptions import InvalidRequestError
from agb.results import (
    BoolResult,
    ContextFileEntry,
    ContextFileListResult,
    DirectoryTransferResult,
    DownloadResult,
    FileUrlResult,
    UploadResult,
)


class AsyncContextFiles:
    """Files of contexts; the part of `agb.context` that is about them."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        self._storage = AsyncStorage(transport)

    @reported
    async def list_files(
        self,
        context_id: str,
        parent_folder_path: str | None = None,
        page_number: int = 1,
        page_size: int = 50,
    ) -> ContextFileListResult:
        """List the files of a folder of a context, a page at a time.

        Args:
            context_id: Identifier of the context.
            parent_folder_path: The folder. Default: the whole context's.
            page_number: Number of the page, from 1.
            page_size: Files a page at most.
        """
        request = ListContextFilesRequest(
            context_id=_checks.trimmed("context_id", context_id),
            parent_folder_path=parent_folder_path or None,
            page_number=_checks.at_least_one("page_number", page_number),
            page_size=_checks.at_least_one("page_size", page_size),
        )
        answer = await self._transport.call(endpoints.DESCRIBE_CONTEXT_FILES, request)
        return ContextFileListResult(
            request_id=answer.request_id,
            entries=tuple(public_file(line) for line in answer.data.data),
            count=answer.data.count,
        )

    async def iter_files(
        self, context_id: str, parent_folder_path: str | None = None, *, page_size: int = 100
    ) -> AsyncIterator[ContextFileEntry]:
        """Iterate over the files of a folder of a context, all pages.

        Args:
            context_id: Identifier of the context.
            parent_folder_path: The folder. Default: the whole context's.
            page_size: Files to ask for at a time.

        Raises:
            AGBError: A page can't be had.
        """
        number = 1
        while True:
            page = await self.list_files(context_id, parent_folder_path, number, page_size)
            for entry in page.raise_for_error().entries:
                yield entry
            if len(page) < page_size:
                return
            number += 1

    @reported
    async def get_file_upload_url(self, context_id: str, file_path: str) -> FileUrlResult:
        """Ask for a URL to which a file of a context can be put.

        Args:
            context_id: Identifier of the context.
            file_path: Path of the file in the context.

        Returns:
            The URL as `url`. It carries its own permission, until `expire_time`.
        """
        request = _context_checks.context_file(context_id, file_path)
        answer = await self._transport.call(endpoints.GET_CONTEXT_FILE_UPLOAD_URL, request)
        return FileUrlResult(
            request_id=answer.request_id, url=answer.data.url, expire_time=answer.data.expire_time
        )

    @reported
    async def get_file_download_url(self, context_id: str, file_path: str) -> FileUrlResult:
        """Ask for a URL from which a file of a context can be got.

        Args:
            context_id: Identifier of the context.
            file_path: Path of the file in the context.

        Returns:
            The URL as `url`. It carries its own permission, until `expire_time`.
        """
        request = _context_checks.context_file(context_id, file_path)
        answer = await self._transport.call(endpoints.GET_CONTEXT_FILE_DOWNLOAD_URL, request)
        return FileUrlResult(
            request_id=answer.request_id, url=answer.data.url, expire_time=answer.data.expire_time
        )

    @reported
    async def delete_file(self, context_id: str, file_path: str) -> BoolResult:
        """Delete a file of a context.

        Args:
            context_id: Identifier of the context.
            file_path: Path of the file in the context.
        """
        request = _context_checks.context_file(context_id, file_path)
        try:
            answer = await self._transport.call(endpoints.DELETE_CONTEXT_FILE, request)
        except InvalidRequestError as error:
            if error.attempts == 1 or not is_no_file(error):
                raise
            # An earlier attempt, whose answer was lost, has deleted it.
            return BoolResult(request_id=error.request_id)
        return BoolResult(request_id=answer.request_id)

    @reported
    async def upload_file(
        self,
        context_id: str,
        local: str | os.PathLike[str],
        file_path: str,
        *,
        content_type: str | None = None,
        progress: Progress | None = None,
    ) -> UploadResult:
        """Put a file of this machine into a context, in a stream, checked on arrival.

        Doing it again is safe: the context has the old file or the new one, never half of one.

        Args:
            context_id: Identifier of the context.
            local: File on this machine.
            file_path: Path of the file in the context.
            content_type: MIME type to store it under. Default: none.
            progress: Is told how many bytes have gone so far.
        """
        _context_checks.context_file(context_id, file_path)
        source, size = await aio.in_thread(lambda: local_file(local))
        link = (await self.get_file_upload_url(context_id, file_path)).raise_for_error()
        response = await self._storage.put(
            link.url, source, size, name=file_path, content_type=content_type, progress=progress
        )
        return UploadResult(
            request_id=link.request_id,
            path=file_path,
            bytes_sent=size,
            etag=response.headers.get("etag", ""),
            http_status=response.status_code,
            request_id_upload_url=link.request_id,
        )

    @reported
    async def download_file(
        self,
        context_id: str,
        file_path: str,
        local: str | os.PathLike[str],
        *,
        overwrite: bool = True,
        progress: Progress | None = None,
    ) -> DownloadResult:
        """Get a file of a context, in a stream, checked on arrival; whole or not at all.

        Args:
            context_id: Identifier of the context.
            file_path: Path of the file in the context.
            local: File on this machine; missing directories are made.
            overwrite: Whether to replace one that is there.
            progress: Is told how many bytes have come so far.
        """
        _context_checks.context_file(context_id, file_path)
        landing = Landing(local, overwrite=overwrite)
        try:
            await aio.in_thread(landing.begin)
            link = (await self.get_file_download_url(context_id, file_path)).raise_for_error()
            size = await self._storage.get(link.url, landing, name=file_path, progress=progress)
        finally:
            landing.discard()
        return DownloadResult(
            request_id=link.request_id,
            path=file_path,
            local_path=str(local),
            bytes_received=size,
            http_status=200,
            request_id_download_url=link.request_id,
        )

    @reported
    async def upload_directory(
        self,
        context_id: str,
        local: str | os.PathLike[str],
        folder: str = "",
        *,
        at_once: int = 4,
        progress: DirectoryProgress | None = None,
    ) -> DirectoryTransferResult:
        """Put all files below a directory of this machine into a context.

        Args:
            context_id: Identifier of the context.
            local: Directory on this machine.
            folder: Folder of the context to put them into. Default: the whole context's.
            at_once: How many files go at the same time at most.
            progress: Is told the path of each file that has gone, relative to the directory.

        Returns:
            The files as `paths`, and what is no file as `skipped`. When one fails, those that
            went before it are in the context.
        """
        _checks.trimmed("context_id", context_id)
        limit = _checks.at_least_one("at_once", at_once)
        names, skipped = await aio.in_thread(lambda: local_files(local))

        async def put(name: str) -> int:
            target = str(PurePosixPath(folder, name))
            sent = await self.upload_file(context_id, Path(local, name), target)
            size = sent.raise_for_error().bytes_sent
            if progress is not None:
                progress(name)
            return size

        sizes = await aio.map_parallel(put, names, limit=limit)
        return DirectoryTransferResult(
            paths=tuple(names), skipped=tuple(skipped), bytes_moved=sum(sizes)
        )

    @reported
    async def download_directory(
        self,
        context_id: str,
        local: str | os.PathLike[str],
        folder: str = "",
        *,
        at_once: int = 4,
        overwrite: bool = True,
        progress: DirectoryProgress | None = None,
    ) -> DirectoryTransferResult:
        """Get all files below a folder of a context.

        Args:
            context_id: Identifier of the context.
            local: Directory on this machine; made where it is missing.
            folder: Folder of the context. Default: the whole context's.
            at_once: How many files come at the same time at most.
            overwrite: Whether to replace files that are there.
            progress: Is told the path of each file that has come, relative to the folder.

        Returns:
            The files as `paths`, and links that a session left as `skipped`.
        """
        limit = _checks.at_least_one("at_once", at_once)
        found = [each async for each in self._walk(context_id, folder)]
        names = [name for name, kind in found if kind != LINK]
        skipped = [name for name, kind in found if kind == LINK]

        async def get(name: str) -> int:
            source = str(PurePosixPath(folder, name))
            got = await self.download_file(
                context_id, source, inside(local, name), overwrite=overwrite
            )
            size = got.raise_for_error().bytes_received
            if progress is not None:
                progress(name)
            return size

        sizes = await aio.map_parallel(get, names, limit=limit)
        return DirectoryTransferResult(
            paths=tuple(names), skipped=tuple(skipped), bytes_moved=sum(sizes)
        )

    async def _walk(self, context_id: str, folder: str) -> AsyncIterator[tuple[str, str]]:
        """Yield the files below a folder, by their paths relative to it, and what they are."""
        waiting = [""]
        while waiting:
            below = waiting.pop()
            parent = str(PurePosixPath(folder, below)) if folder or below else None
            async for entry in self.iter_files(context_id, parent):
                name = str(PurePosixPath(below, entry.file_name))
                if entry.file_type == FOLDER:
                    waiting.append(name)
                else:
                    yield name, entry.file_type
