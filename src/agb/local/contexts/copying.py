"""Copies single files out of a session that may be changing them."""

import errno
from pathlib import Path
from typing import BinaryIO

from attrs import define, field

from agb.local.contexts.staging import Writing
from agb.local.contexts.tree import Found, Parts, Tree
from agb.local.contexts.values import shown, split

_CHUNK = 1024 * 1024
_VANISHED = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO}
"""What it is when a file has gone meanwhile, or become something else."""
_ATTEMPTS = 3
"""How often a file that changes while it is read is read; what was read last is kept then."""


@define(kw_only=True)
class Copying:
    """Copies files of a session, and no more than there can be.

    One with holes, or with several names, takes far less of the session's disk than of ours.

    Attributes:
        tree: The session's files.
        problems: Gets what could not be read.
    """

    tree: Tree
    problems: list[str]
    _copied: int = field(default=0, init=False)

    def copy(self, base: Parts, path: bytes, staged: Path) -> tuple[Found, str, int] | None:
        """Copy a file of the session; None if it has gone, or can't be read."""
        parts = split(path)
        try:
            with self.tree.folder((*base, *parts[:-1])) as here:
                return self._copy_steady(here, parts[-1], path, staged)
        except PermissionError:
            self.problems.append(f"{shown(path)}: can't be read")
        except OSError as error:
            if error.errno not in _VANISHED:
                raise
        return None

    def _copy_steady(
        self, here: int, name: bytes, path: bytes, staged: Path
    ) -> tuple[Found, str, int] | None:
        before = self.tree.found(here, name, path)
        for attempt in range(1, _ATTEMPTS + 1):
            if before is None or before.kind != "file":
                return None
            with self.tree.reading(here, name) as content:
                sha256, size = self._write(content, staged)
            after = self.tree.found(here, name, path)
            if after == before or attempt == _ATTEMPTS:
                return before, sha256, size
            before = after
            self._copied -= size
        return None

    def _write(self, content: BinaryIO, staged: Path) -> tuple[str, int]:
        staged.unlink(missing_ok=True)
        writing = Writing(staged)
        try:
            while chunk := content.read(_CHUNK):
                self.tree.check()
                self._copied += len(chunk)
                if self._copied > self.tree.most:
                    raise OSError(errno.EFBIG, "the files are more than the session may have")
                writing.write(chunk)
            return writing.done(), writing.size
        finally:
            writing.close()
