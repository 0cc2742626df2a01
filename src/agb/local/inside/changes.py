"""What changed below a path since somebody last asked."""

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

from .errors import about
from .paths import Paths

State = tuple[bool, int, int, int, int]
"""Whether it is a directory, and what changes when a file's contents do."""


class Changes:
    """Remembers, for each path that was asked about, what was there."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._known: dict[str, dict[str, State]] = {}
        self._lock = threading.Lock()

    def since_last(self, path: str) -> list[dict[str, str]]:
        """Compare a file or directory with what was there at the last call.

        Returns:
            Events; none the first time. A file that is new and not empty gives `create` and
            `modify`. When the path itself has gone it gives `delete`, and is forgotten.
        """
        target = self._paths.resolve(path)
        with self._lock:
            if path not in self._known:
                with about(path):
                    target.lstat()
                self._known[path] = self._snapshot(target)
                return []
            before, now = self._known[path], self._snapshot(target)
            if now:
                self._known[path] = now
            else:
                del self._known[path]
        return list(_events(before, now))

    def _snapshot(self, target: Path) -> dict[str, State]:
        return {self._paths.show(path): state for path, state in _walk(target)}


def _walk(top: Path) -> Iterator[tuple[Path, State]]:
    """Give a path and all below it; what vanishes meanwhile is not there."""
    unseen = [top]
    while unseen:
        path = unseen.pop()
        try:
            status = path.lstat()
        except OSError:
            continue
        directory = stat.S_ISDIR(status.st_mode)
        times = status.st_mtime_ns, status.st_ctime_ns
        yield path, (directory, status.st_size, *times, status.st_ino)
        if directory:
            unseen += [path / name for name in _names(path)]


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)  # noqa: PTH208 - Path.iterdir is three times slower
    except OSError:
        return []


def _events(before: dict[str, State], now: dict[str, State]) -> Iterator[dict[str, str]]:
    for path in sorted(before.keys() | now.keys()):
        old, new = before.get(path), now.get(path)
        if old and (not new or old[0] != new[0]):
            yield _event("delete", path, old)
        if new and (not old or old[0] != new[0]):
            yield _event("create", path, new)
            if not new[0] and new[1]:
                yield _event("modify", path, new)
        elif new and old != new and not new[0]:
            yield _event("modify", path, new)


def _event(kind: str, path: str, state: State) -> dict[str, str]:
    return {"eventType": kind, "path": path, "pathType": "directory" if state[0] else "file"}
