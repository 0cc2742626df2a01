"""Removing what a session has left, however it has left it."""

import errno
import itertools
import os
import secrets
import stat
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ATTEMPTS = 5
"""A folder whose processes are just dying may gain files while it is removed."""


def remove_tree(folder: Path) -> None:
    """Remove a folder with all it holds, whatever its modes and however deep it is.

    What folders hold is moved up to the first one before it is looked at. So nothing depends on
    how long a path can be or how many folders can be open, and no link is ever followed.

    Raises:
        OSError: Something in it can't be removed.
    """
    try:
        top = _opened(str(folder), None)
    except FileNotFoundError:
        return
    try:
        _empty(top)
    finally:
        os.close(top)
    folder.rmdir()


def _empty(top: int) -> None:
    """Remove all that is in an open folder."""
    prefix = f".gone-{secrets.token_hex(8)}-"
    names = (f"{prefix}{number}" for number in itertools.count())
    for attempt in range(1, _ATTEMPTS + 1):
        waiting = [name for name in os.listdir(top) if not _unlinked(name, top)]
        try:
            while waiting:
                folder = waiting.pop()
                inner = _opened(folder, top)
                try:
                    for name in os.listdir(inner):  # noqa: PTH208 - likewise
                        if not _unlinked(name, inner):
                            waiting.append(next(names))
                            _move(name, inner, waiting[-1], top)
                finally:
                    os.close(inner)
                os.rmdir(folder, dir_fd=top)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.ENOENT} or attempt == _ATTEMPTS:
                raise
        else:
            return


def _unlinked(name: str, folder: int) -> bool:
    """Remove what is in an open folder unless it is a folder itself."""
    if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        return False
    os.unlink(name, dir_fd=folder)
    return True


def _opened(name: str, folder: int | None) -> int:
    """Open a folder so that what is in it can be removed."""
    try:
        opened = os.open(name, _FOLDER, dir_fd=folder)
    except PermissionError:
        _open_up(name, folder)
        opened = os.open(name, _FOLDER, dir_fd=folder)
    os.fchmod(opened, stat.S_IRWXU)
    return opened


def _move(name: str, folder: int, new: str, top: int) -> None:
    """Move a folder, which its owner may only do who may write to it."""
    try:
        os.rename(name, new, src_dir_fd=folder, dst_dir_fd=top)
    except PermissionError:
        _open_up(name, folder)
        os.rename(name, new, src_dir_fd=folder, dst_dir_fd=top)


def _open_up(name: str, folder: int | None) -> None:
    if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        os.chmod(name, stat.S_IRWXU, dir_fd=folder)
