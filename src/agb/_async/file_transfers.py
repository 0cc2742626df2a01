"""Files and directories between this machine and a session."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from agb import results
from agb._async.tools import AsyncTools
from agb._transfers import Progress
from agb.exceptions import AGBError

if TYPE_CHECKING:
    from agb._async.directories import AsyncDirectories
    from agb._async.session import AsyncBaseSession
    from agb._async.transfer import AsyncFileTransfer


class AsyncFileTransfers:
    """The part of `session.file` that moves files between this machine and the session."""

    def __init__(self, session: AsyncBaseSession, caller: AsyncTools) -> None:
        self._session = session
        self._caller = caller

    # Both of these need what contexts need, which reading and writing do not.

    @cached_property
    def _transfer(self) -> AsyncFileTransfer:
        from agb._async.transfer import AsyncFileTransfer  # noqa: PLC0415

        session = self._session
        return AsyncFileTransfer(session.transport, session.session_id, session.context)

    @cached_property
    def _directories(self) -> AsyncDirectories:
        from agb._async.directories import AsyncDirectories  # noqa: PLC0415

        return AsyncDirectories(self._caller, self._transfer)

    async def upload(
        self,
        local: str | os.PathLike[str],
        remote: str,
        content_type: str | None = None,
        wait: bool = True,
        wait_timeout: float = 300.0,
        *,
        progress_cb: Progress | None = None,
    ) -> results.UploadResult:
        """Copy a file of this machine into the session, in a stream.

        Args:
            local: File on this machine.
            remote: Absolute path in the session; a bare name is in `transfer_path()`.
            content_type: MIME type to store it under on its way. Default: none.
            wait: Whether to wait until it has arrived in the session.
            wait_timeout: Seconds to wait for that.
            progress_cb: Is told how many bytes have gone so far.
        """
        return await self._transfer.upload(
            local,
            remote,
            content_type=content_type,
            wait=wait,
            wait_timeout=wait_timeout,
            progress=progress_cb,
        )

    async def download(
        self,
        remote: str,
        local: str | os.PathLike[str],
        overwrite: bool = True,
        wait: bool = True,
        wait_timeout: float = 300.0,
        *,
        progress_cb: Progress | None = None,
    ) -> results.DownloadResult:
        """Copy a file of the session to this machine, in a stream; whole or not at all.

        Args:
            remote: Absolute path in the session; a bare name is in `transfer_path()`.
            local: File on this machine; missing directories are made.
            overwrite: Whether to replace one that is there.
            wait: Whether to wait until the file, as it is now, has left the session.
            wait_timeout: Seconds to wait for that.
            progress_cb: Is told how many bytes have come so far.
        """
        return await self._transfer.download(
            remote,
            local,
            overwrite=overwrite,
            wait=wait,
            wait_timeout=wait_timeout,
            progress=progress_cb,
        )

    async def upload_directory(
        self,
        local: str | os.PathLike[str],
        remote: str,
        *,
        wait_timeout: float = 300.0,
        progress_cb: Progress | None = None,
    ) -> results.DirectoryTransferResult:
        """Copy a directory of this machine with all it holds into the session, in one stream.

        Permissions, times and empty directories go along, and symbolic links as links. What is in
        the directory of the session already stays, unless it has the name of a file that comes.

        Args:
            local: Directory on this machine.
            remote: Directory in the session; made where it is missing.
            wait_timeout: Seconds to wait until the stream has arrived in the session.
            progress_cb: Is told how many bytes have gone so far.

        Returns:
            The files as `paths`; pipes, sockets and devices are left out, as `skipped`. When it
            failed, doing it again is safe.
        """
        return await self._directories.upload(
            local, remote, wait_timeout=wait_timeout, progress=progress_cb
        )

    async def download_directory(
        self,
        remote: str,
        local: str | os.PathLike[str],
        *,
        overwrite: bool = True,
        wait_timeout: float = 300.0,
        progress_cb: Progress | None = None,
    ) -> results.DirectoryTransferResult:
        """Copy a directory of the session with all it holds to this machine, in one stream.

        Each file appears whole, and none before all have arrived. The session is not trusted: a
        name that leads out of the directory fails all of it, and a symbolic link that does is left
        out, as `skipped`; so are pipes and devices. Nobody but the owner may write to what comes.

        Args:
            remote: Directory in the session.
            local: Directory on this machine; made where it is missing.
            overwrite: Whether to replace files that are there.
            wait_timeout: Seconds to wait until the stream has left the session.
            progress_cb: Is told how many bytes have come so far.

        Returns:
            The files as `paths`.
        """
        return await self._directories.download(
            remote,
            local,
            overwrite=overwrite,
            wait_timeout=wait_timeout,
            progress=progress_cb,
        )

    async def transfer_path(self) -> str | None:
        """Return the directory of the session that `upload` and `download` go through.

        Returns:
            The directory; None when the AGB offers none.
        """
        try:
            return await self._transfer.path()
        except AGBError:
            return None

    upload_file = upload
    download_file = download
    get_file_transfer_context_path = transfer_path
