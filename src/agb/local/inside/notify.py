"""The operating system's notices of what happens in directories (Linux: inotify)."""

import errno
import os
import select
import struct
from typing import Any, NamedTuple

MODIFIED = 0x2
ATTRIBUTES = 0x4
WRITTEN = 0x8
MOVED_FROM = 0x40
MOVED_TO = 0x80
CREATED = 0x100
DELETED = 0x200
OVERFLOW = 0x4000
IGNORED = 0x8000
DIRECTORY = 0x40000000
"""Bits of a notice's mask, as in inotify(7)."""

MOST = 20_000
"""Directories that are listened to at one time, of those that the kernel has for a user."""

_HAPPENINGS = MODIFIED | ATTRIBUTES | WRITTEN | MOVED_FROM | MOVED_TO | CREATED | DELETED
_ONLY_DIRECTORIES, _NO_LINKS = 0x1000000, 0x2000000
_HEAD = struct.Struct("iIII")
_BLOCK = 256 * 1024


class Notice(NamedTuple):
    """Something that happened to an entry of a directory."""

    mask: int
    path: str
    """Of the entry; empty when notices have been lost."""


class Notifier:
    """Listens to directories, each by itself and not to those in it.

    Raises:
        OSError: The system has no notices, or none left for this user.
    """

    def __init__(self) -> None:
        self._libc = _libc()
        self._fd = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._told, self._tell = os.pipe()
        self._directories: dict[int, str] = {}

    def add(self, directory: str) -> None:
        """Listen to a directory, if not done already.

        Raises:
            OSError: It can't be listened to; ``ENOSPC`` when there are too many.
        """
        if len(self._directories) >= MOST:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        mask = _HAPPENINGS | _ONLY_DIRECTORIES | _NO_LINKS
        number = self._libc.inotify_add_watch(self._fd, os.fsencode(directory), mask)
        self._directories[self._checked(number)] = directory

    def drop(self, directory: str) -> None:
        """Listen no more to a directory and those below it."""
        below = directory.rstrip("/") + "/"
        for number, path in list(self._directories.items()):
            if path == directory or path.startswith(below):
                self._libc.inotify_rm_watch(self._fd, number)
                del self._directories[number]

    def wait(self) -> bool:
        """Wait until there are notices; false once this is closed."""
        poll = select.poll()
        for fd in (self._fd, self._told):
            poll.register(fd, select.POLLIN)
        ready = {fd for fd, _ in poll.poll()}
        return self._told not in ready

    def read(self) -> list[Notice]:
        """Give the notices that there are, the oldest first."""
        found: list[Notice] = []
        while True:
            try:
                block = os.read(self._fd, _BLOCK)
            except BlockingIOError:
                return found
            found += self._notices(block)

    def close(self) -> None:
        """Wake who waits, and listen no more; whoever waits must be done before `release`."""
        os.write(self._tell, b"-")

    def release(self) -> None:
        """Give everything back."""
        for fd in (self._fd, self._told, self._tell):
            os.close(fd)

    def _notices(self, block: bytes) -> list[Notice]:
        found: list[Notice] = []
        at = 0
        while at < len(block):
            number, mask, _, length = _HEAD.unpack_from(block, at)
            at += _HEAD.size
            name = os.fsdecode(block[at : at + length].rstrip(b"\0"))
            at += length
            if mask & OVERFLOW:
                found.append(Notice(OVERFLOW, ""))
            elif mask & IGNORED:
                self._directories.pop(number, None)
            elif name and number in self._directories:
                found.append(Notice(mask, f"{self._directories[number].rstrip('/')}/{name}"))
        return found

    def _checked(self, answer: int) -> int:
        if answer < 0:
            number = _errno()
            raise OSError(number, os.strerror(number))
        return answer


def _libc() -> Any:
    import ctypes  # noqa: PLC0415 - slow to import, and few sessions watch anything

    libc: Any = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "inotify_init1"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    return libc


def _errno() -> int:
    import ctypes  # noqa: PLC0415 - it is there already

    return ctypes.get_errno()
