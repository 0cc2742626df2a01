"""Keeps a session to its share of the disk, by looking: few file systems count for us."""

import asyncio
import os
import stat
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path

from attrs import define, field

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 512  # bytes, as st_blocks counts
_LEAST = 4096  # bytes that anything counts for, so that names alone don't fill a disk either
_DEEPEST = 256  # folders within folders
_LOOKS_EVERY = 0.25  # seconds; a look is one system call as long as the disk gets no fuller
_STEP = 64  # so many parts of the limit the disk may have become fuller before files are counted
_one_at_a_time = threading.Lock()

Space = tuple[int, int]
"""What is free on a disk: bytes, and files that can still be made."""


@define(kw_only=True)
class DiskWatch:
    """Watches what a session's files take on the disk.

    Counting takes its time, so it is done only once the disk has become fuller. Who is over the
    limit is stopped, and then left alone until it takes still more: it may be removing files.

    Attributes:
        root: The session's folder.
        most: Bytes that it may take.
        processes: Gives the ids of the session's processes, which may hold removed files open.
        stop: Stops what the session runs.
        over: Whether it takes more than it may.
    """

    root: Path
    most: int
    processes: Callable[[], Iterable[int]]
    stop: Callable[[], Awaitable[None]]
    over: bool = False
    _bearable: int = field(default=0, init=False)
    _first: Space = field(default=(0, 0), init=False)

    async def run(self) -> None:
        """Watch for ever, or until the folder has gone."""
        with suppress(FileNotFoundError):
            counted = self._first = _free(self.root)
            while True:
                await asyncio.sleep(_LOOKS_EVERY)
                free = _free(self.root)
                if self.over or self._is_fuller(counted, free):
                    counted = free
                    await self._look_after()
                else:  # somebody else may have made room, which is not there to be filled unseen
                    counted = max(counted[0], free[0]), max(counted[1], free[1])

    @property
    def _step(self) -> int:
        return self.most // _STEP

    def _is_fuller(self, before: Space, now: Space) -> bool:
        return before[0] - now[0] >= self._step or before[1] - now[1] >= self._step // _LEAST

    async def _look_after(self) -> None:
        if not self.over:
            self.over = await self._used(self.most) > self.most
            if not self.over:
                return
        else:
            used = await self._used(sys.maxsize)
            self.over = used > self.most
            if used <= self._bearable:
                self._bearable = min(self._bearable, used + self._step)
                return
        await self.stop()
        self._bearable = await self._used(sys.maxsize) + self._step

    async def _used(self, enough: int) -> int:
        used, is_all = await asyncio.to_thread(count, self.root, self.processes, enough)
        if is_all:
            return used
        # What nobody can look into may be all that the disk has become fuller by.
        return max(used, self.most + 1) + max(0, self._first[0] - _free(self.root)[0])


def count(root: Path, processes: Callable[[], Iterable[int]], enough: int) -> tuple[int, bool]:
    """Count the bytes that the files below a folder take on its disk, holes left out.

    Args:
        root: The folder.
        processes: Gives the ids of processes whose open files count though they have no name.
        enough: Counting ends where it is more than that.

    Returns:
        The bytes, and whether they are all: not if folders are so deep, or closed, that nobody
        can tell.
    """
    with _one_at_a_time:
        counted = _Counted(enough)
        with suppress(OverflowError):
            counted.folders(root)
            counted.removed(root.stat().st_dev, processes())
        return counted.bytes, counted.is_all


class _Counted:
    def __init__(self, enough: int) -> None:
        self.bytes = 0
        self.is_all = True
        self._enough = enough
        self._linked: set[int] = set()

    def folders(self, root: Path) -> None:
        """Count what is below a folder.

        Raises:
            OverflowError: It is enough.
        """
        todo: list[tuple[str, ...]] = [()]
        while todo:
            parts = todo.pop()
            if len(parts) > _DEEPEST:
                self.is_all = False
                continue
            try:
                todo += [(*parts, name) for name in self._folder(root, parts)]
            except PermissionError:
                self.is_all = False
            except (FileNotFoundError, NotADirectoryError):
                pass  # it has gone, or become something else

    def _folder(self, root: Path, parts: tuple[str, ...]) -> list[str]:
        """Count what is right in a folder, and name the folders there."""
        here = os.open(root, _FOLDER)
        try:
            for part in parts:
                inner = os.open(part, _FOLDER, dir_fd=here)
                os.close(here)
                here = inner
            return [name for name in os.listdir(here) if self._entry(here, name)]  # noqa: PTH208 - an open folder
        finally:
            os.close(here)

    def _entry(self, folder: int, name: str) -> bool:
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        self._add(status)
        return stat.S_ISDIR(status.st_mode)

    def _add(self, status: os.stat_result) -> None:
        if status.st_nlink != 1 and not stat.S_ISDIR(status.st_mode):
            if status.st_ino in self._linked:
                return
            self._linked.add(status.st_ino)
        self.bytes += max(status.st_blocks * _BLOCK, _LEAST)
        if self.bytes > self._enough:
            raise OverflowError

    def removed(self, device: int, processes: Iterable[int]) -> None:
        """Count files that have no name any more but are held open."""
        for pid in processes:
            with suppress(OSError):  # it has ended, or is none of our business
                for name in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - names only
                    with suppress(OSError):
                        status = Path(f"/proc/{pid}/fd/{name}").stat()
                        if status.st_nlink == 0 and status.st_dev == device:
                            self._add(status)


def _free(root: Path) -> Space:
    space = os.statvfs(root)
    return space.f_bfree * space.f_frsize, space.f_ffree
