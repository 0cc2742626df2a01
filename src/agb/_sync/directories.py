# Generated from src/agb/_async/directories.py; edit that file, then `nox -s twin`.
"""Whole directories between this machine and a session: packed, moved in one stream, unpacked."""

import os
import secrets
from functools import partial
from pathlib import Path

from agb import _archives, _checks
from agb import _file_commands as commands
from agb._concurrency import threads
from agb._file_reading import done, raise_for_command
from agb._sync.file_contents import FileContents
from agb._sync.reported import reported
from agb._sync.tools import Tools
from agb._sync.transfer import FileTransfer
from agb._transfers import Progress
from agb._wire import tools
from agb.results import DirectoryTransferResult


class Directories:
    """Moves whole directories.

    Args:
        caller: The tools of the session.
        transfer: What archives go through.
    """

    def __init__(self, caller: Tools, transfer: FileTransfer) -> None:
        self._tools = caller
        self._transfer = transfer
        self._contents = FileContents(caller)

    @reported
    def upload(
        self,
        local: str | os.PathLike[str],
        remote: str,
        *,
        wait_timeout: float,
        progress: Progress | None,
    ) -> DirectoryTransferResult:
        """Copy a directory into the session; see `FileSystem.upload_directory`."""
        target = _checks.path("remote", remote)
        _checks.seconds("wait_timeout", wait_timeout)
        with _archives.workshop() as workshop:
            packed = threads.in_whole_thread(
                partial(_archives.pack, local, workshop / _archives.NAME)
            )
            archive = self._archive()
            try:
                sent = self._transfer.upload(
                    workshop / _archives.NAME,
                    archive,
                    content_type=None,
                    wait=True,
                    wait_timeout=wait_timeout,
                    progress=progress,
                )
                sent.raise_for_error()
                self._unpack(archive, target)
            except BaseException:
                self._contents.discard(archive)
                raise
        return _moved(packed, sent.request_id)

    def _unpack(self, archive: str, target: str) -> None:
        done(self._tools.call(tools.CREATE_DIRECTORY, _checks.at(target)))
        folder, name = commands.place_of(target)
        unpacked = self._contents.run(commands.unpack(archive, name), folder)
        raise_for_command(f"{target} could not be filled", unpacked)

    @reported
    def download(
        self,
        remote: str,
        local: str | os.PathLike[str],
        *,
        overwrite: bool,
        wait_timeout: float,
        progress: Progress | None,
    ) -> DirectoryTransferResult:
        """Copy a directory to this machine; see `FileSystem.download_directory`."""
        source = _checks.path("remote", remote)
        _checks.seconds("wait_timeout", wait_timeout)
        with _archives.workshop(local) as workshop:
            archive = self._archive()
            try:
                self._pack(source, archive)
                got = self._transfer.download(
                    archive,
                    workshop / _archives.NAME,
                    overwrite=False,
                    wait=True,
                    wait_timeout=wait_timeout,
                    progress=progress,
                )
                got.raise_for_error()
            finally:
                self._contents.discard(archive)
            packed = threads.in_whole_thread(
                partial(_archives.unpack, workshop, Path(local), overwrite=overwrite)
            )
        return _moved(packed, got.request_id)

    def _pack(self, source: str, archive: str) -> None:
        folder = _checks.at(archive.rpartition("/")[0])
        done(self._tools.call(tools.CREATE_DIRECTORY, folder))
        parent, name = commands.place_of(source)
        packed = self._contents.run(commands.pack(name, archive), parent)
        raise_for_command(f"{source} could not be read", packed)

    def _archive(self) -> str:
        folder = self._transfer.path()
        return f"{folder.rstrip('/')}/{secrets.token_hex(8)}.tar"


def _moved(packed: _archives.Packed, request_id: str) -> DirectoryTransferResult:
    return DirectoryTransferResult(
        request_id=request_id,
        paths=tuple(packed.paths),
        bytes_moved=packed.size,
        skipped=tuple(packed.skipped),
    )
