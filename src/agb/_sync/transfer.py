# Generated from src/agb/_async/transfer.py; edit that file, then `nox -s twin`.
"""Files between this machine and a session, by way of a context that the session has for it."""

import os

from agb import _checks
from agb._concurrency import threads
from agb._context_reading import sync_failure
from agb._deadline import Deadline
from agb._secrets import hidden
from agb._sync.context_files import ContextFiles
from agb._sync.reported import reported
from agb._sync.session_context import SessionContext
from agb._sync.storage import Storage
from agb._sync.transport import Transport
from agb._transfers import Landing, Progress, folder_of, full_path, local_file
from agb._wire import context_endpoints as endpoints
from agb._wire.messages.contexts import (
    InternalContextData,
    InternalContextRequest,
    SyncContextRequest,
)
from agb.exceptions import UnexpectedResponseError
from agb.results import DownloadResult, UploadResult

_FILE_TRANSFER = "file_transfer"


class FileTransfer:
    """Streams files of any size between this machine and a session."""

    def __init__(self, transport: Transport, session_id: str, context: SessionContext) -> None:
        self._transport = transport
        self._session_id = session_id
        self._context = context
        self._files = ContextFiles(transport)
        self._storage = Storage(transport)
        self._through: InternalContextData | None = None

    def path(self) -> str:
        """Return the directory of the session that files go through."""
        return self._way().context_path

    @reported
    def upload(
        self,
        local: str | os.PathLike[str],
        remote: str,
        *,
        content_type: str | None,
        wait: bool,
        wait_timeout: float,
        progress: Progress | None,
    ) -> UploadResult:
        """Copy a file of this machine into the session; see `FileSystem.upload`."""
        _checks.path("remote", remote)
        _checks.seconds("wait_timeout", wait_timeout)
        source, size = threads.in_thread(lambda: local_file(local))
        way = self._way()
        target = full_path(remote, way.context_path)
        link = self._files.get_file_upload_url(way.context_id, target).raise_for_error()
        response = self._storage.put(
            link.url, source, size, name=target, content_type=content_type, progress=progress
        )
        folder = folder_of(remote, way.context_path)
        synced = self._sync(way.context_id, folder, "download")
        if wait:
            self._wait(wait_timeout, way.context_id, folder, "download", synced)
        return UploadResult(
            request_id=link.request_id,
            path=target,
            bytes_sent=size,
            etag=response.headers.get("etag", ""),
            http_status=response.status_code,
            request_id_upload_url=link.request_id,
            request_id_sync=synced,
        )

    @reported
    def download(
        self,
        remote: str,
        local: str | os.PathLike[str],
        *,
        overwrite: bool,
        wait: bool,
        wait_timeout: float,
        progress: Progress | None,
    ) -> DownloadResult:
        """Copy a file of the session to this machine; see `FileSystem.download`."""
        _checks.path("remote", remote)
        _checks.seconds("wait_timeout", wait_timeout)
        landing = Landing(local, overwrite=overwrite)
        try:
            threads.in_thread(landing.begin)
            way = self._way()
            target = full_path(remote, way.context_path)
            folder = folder_of(remote, way.context_path)
            synced = self._sync(way.context_id, folder, "upload")
            if wait:
                self._wait(wait_timeout, way.context_id, folder, "upload", synced)
            link = self._files.get_file_download_url(way.context_id, target)
            url = hidden(link.raise_for_error().url)
            size = self._storage.get(url, landing, name=target, progress=progress)
        finally:
            landing.discard()
        return DownloadResult(
            request_id=link.request_id,
            path=target,
            local_path=str(local),
            bytes_received=size,
            http_status=200,
            request_id_download_url=link.request_id,
            request_id_sync=synced,
        )

    def _way(self) -> InternalContextData:
        """Return the context that files go through; asked for once."""
        if self._through is None:
            request = InternalContextRequest(
                session_id=self._session_id, context_types=[_FILE_TRANSFER]
            )
            answer = self._transport.call(
                endpoints.GET_INTERNAL_CONTEXT, request, session_id=self._session_id
            )
            usable = [data for data in answer.data if data.context_id and data.context_path]
            if not usable:
                raise UnexpectedResponseError(
                    "the AGB offers no context to move files through",
                    request_id=answer.request_id,
                    status_code=answer.http_status,
                )
            self._through = usable[0]
        return self._through

    def _sync(self, context_id: str, folder: str, mode: str) -> str:
        request = SyncContextRequest(
            session_id=self._session_id, context_id=context_id, path=folder, mode=mode
        )
        answer = self._transport.call(endpoints.SYNC_CONTEXT, request, session_id=self._session_id)
        return answer.request_id

    def _wait(
        self, seconds: float, context_id: str, folder: str, mode: str, request_id: str
    ) -> None:
        """Wait for the task that a request made; the time runs from here, not from the stream."""
        deadline = Deadline(seconds)
        items = self._context.wait(deadline, context_id, folder, mode, listed=True)
        failure = sync_failure(items, request_id)
        if failure is not None:
            raise failure
