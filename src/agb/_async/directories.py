"""Whole directories between this machine and a session: packed, moved in one stream, unpacked."""

import os
import secrets
from functools import partial
from pathlib import Path

from agb import _archives, _checks
from agb import _file_commands as commands
from agb._async.file_contents import AsyncFileContents
from agb._async.reported import reported
from agb._async.tools import AsyncTools
from agb._async.transfer import AsyncFileTransfer
from agb._concurrency import aio
from agb._file_reading import done, raise_for_command
from agb._transfers import Progress
from agb._wire import tools
from agb.results import DirectoryTransferResult


class AsyncDirectories:
    """Moves whole directories.

    Args:
        caller: The tools of the session.
        transfer: What archives go through.
    """

    def __init__(self, caller: AsyncTools, transfer: AsyncFileTransfer) -> None:
        self._tools = caller
        self._transfer = transfer
        self._contents = AsyncFileContents(caller)

    @reported
    async def upload(
        self,
        local: str | os.PathLike[str],
        remote: str,
        *,
        wait_timeout: float,
        progress: Progress | None,
    ) -> DirectoryTransferResult:
        """Copy a directory into the session; see `AsyncFileSystem.upload_directory`."""
        target = _checks.path("remote", remote)
        _checks.seconds("wait_timeout", wait_timeout)
        with _archives.workshop() as workshop:
            packed = await aio.in_whole_thread(
                partial(_archives.pack, local, workshop / _archives.NAME)
            )
            archive = await self._archive()
            try:
                sent = await self._transfer.upload(
                    workshop / _archives.NAME,
                    archive,
                    content_type=None,
                    wait=True,
                    wait_timeout=wait_timeout,
                    progress=progress,
                )
                sent.raise_for_error()
                await self._unpack(archive, target)
            except BaseException:
                await self._contents.discard(archive)
                raise
        return _moved(packed, sent.request_id)

    async def _unpack(self, archive: str, target: str) -> None:
        done(await self._tools.call(tools.CREATE_DIRECTORY, _checks.at(target)))
        folder, name = commands.place_of(target)
        unpacked = await self._contents.run(commands.unpack(archive, name), folder)
        raise_for_command(f"{target} could not be filled", unpacked)

    @reported
    async def download(
        self,
        remote: str,
        local: str | os.PathLike[str],
        *,
        overwrite: bool,
        wait_timeout: float,
        progress: Progress | None,
    ) -> DirectoryTransferResult:
        """Copy a directory to this machine; see `AsyncFileSystem.download_directory`."""
        source = _checks.path("remote", remote)
        _checks.seconds("wait_timeout", wait_timeout)
        with _archives.workshop(local) as workshop:
            archive = await self._archive()
            try:
                await self._pack(source, archive)
                got = await self._transfer.download(
                    archive,
                    workshop / _archives.NAME,
                    overwrite=False,
                    wait=True,
                    wait_timeout=wait_timeout,
                    progress=progress,
                )
                got.raise_for_error()
            finally:
                await self._contents.discard(archive)
            packed = await aio.in_whole_thread(
                partial(_archives.unpack, workshop, Path(local), overwrite=overwrite)
            )
        return _moved(packed, got.request_id)

    async def _pack(self, source: str, archive: str) -> None:
        folder = _checks.at(archive.rpartition("/")[0])
        done(await self._tools.call(tools.CREATE_DIRECTORY, folder))
        parent, name = commands.place_of(source)
        packed = await self._contents.run(commands.pack(name, archive), parent)
        raise_for_command(f"{source} could not be read", packed)

    async def _archive(self) -> str:
        folder = await self._transfer.path()
        return f"{folder.rstrip('/')}/{secrets.token_hex(8)}.tar"


def _moved(packed: _archives.Packed, request_id: str) -> DirectoryTransferResult:
    return DirectoryTransferResult(
        request_id=request_id,
        paths=tuple(packed.paths),
        bytes_moved=packed.size,
        skipped=tuple(packed.skipped),
    )
