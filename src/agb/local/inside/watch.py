"""What is known of one path and all below it, and what has happened there."""

import errno
import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from . import notify
from .notify import Notice, Notifier
from .paths import DRAFT

MOST_EVENTS = 100_000
"""Events that are kept until somebody asks."""

_GONE = {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM}
"""Why a directory is not listened to though there is nothing to miss in it."""


class State(NamedTuple):
    """What changes when a file's contents do."""

    directory: bool
    size: int = 0
    modified: int = 0
    changed: int = 0
    number: int = 0


class Event(NamedTuple):
    """Something that happened."""

    kind: str
    path: str
    directory: bool


class Watch:
    """Follows a file or directory, and all below it.

    Args:
        target: The path on the host.
        notifier: Where notices come from; None compares instead.
    """

    def __init__(self, target: str, notifier: Notifier | None) -> None:
        self._target = target
        self._below = target.rstrip("/") + "/"
        self._notifier = notifier
        self._known: dict[str, State] = {}
        self._events: list[Event] = []
        self._created: set[str] = set()
        self._modified: set[str] = set()
        self._writing: set[str] = set()
        self._found: set[str] = set()
        self._blind = False
        self._lost = False
        self._anchor = self._anchored()
        self._known = dict(self._walk(target))

    @property
    def gone(self) -> bool:
        """Whether there is nothing left to follow."""
        return self._target not in self._known

    def told(self) -> list[Event]:
        """Give what has happened, and begin anew."""
        if self._lost or self._blind or not self._notifier or self._anchor != self._anchored():
            self._compare()
        events = sorted(self._events, key=lambda event: event.path)
        self._events = []
        for seen in (self._created, self._modified, self._writing, self._found):
            seen.clear()
        return events

    def lose(self) -> None:
        """Note that notices have been lost."""
        self._lost = True

    def take(self, notice: Notice) -> None:
        """Take in a notice, which may be about something else."""
        path, mask = notice.path, notice.mask
        if self._lost or not (path == self._target or path.startswith(self._below)):
            return
        if path.rpartition("/")[2].startswith(DRAFT):
            return
        if mask & (notify.CREATED | notify.MOVED_TO):
            self._appears(path, mask)
        elif mask & (notify.DELETED | notify.MOVED_FROM):
            self._vanishes(path)
        elif not mask & notify.DIRECTORY:
            self._is_written(path, mask)
        elif mask & notify.ATTRIBUTES:  # it may be one that can be looked into only now
            self._enter(path)
        self._lost |= len(self._events) > MOST_EVENTS

    def _appears(self, path: str, mask: int) -> None:
        state = _state(path)
        directory = bool(mask & notify.DIRECTORY)
        if not state or state.directory != directory:  # it is something else by now
            state = State(directory)
        old = self._known.get(path)
        if old and old.directory != directory:
            self._vanishes(path)
            old = None
        if old is None:
            self._finds(path, state, whole=bool(mask & notify.MOVED_TO))
        elif mask & notify.MOVED_TO and not directory and self._has_changed(path, state):
            self._modifies(path, state)
        if directory:
            self._enter(path)

    def _enter(self, directory: str) -> None:
        """Look into a directory: what came into it before it was listened to gave no notice."""
        for path, state in self._walk(directory):
            if path not in self._known:
                self._finds(path, state, whole=True)
                self._found.add(path)

    def _finds(self, path: str, state: State, *, whole: bool) -> None:
        """Note something new.

        Args:
            path: Where it is.
            state: How it is.
            whole: Whether its contents are there, so that no notice of them is to come.
        """
        self._tell("create", path, state)
        self._known[path] = state
        self._created.add(path)
        if whole and not state.directory and state.size:
            self._modifies(path, state)

    def _vanishes(self, path: str) -> None:
        state = self._known.get(path)
        if not state:
            return
        if not state.directory:
            self._forget(path)
            return
        if self._notifier:
            self._notifier.drop(path)
        below = path + "/"
        for each in [each for each in self._known if each == path or each.startswith(below)]:
            self._forget(each)

    def _forget(self, path: str) -> None:
        self._tell("delete", path, self._known.pop(path))
        for seen in (self._created, self._modified, self._writing, self._found):
            seen.discard(path)

    def _is_written(self, path: str, mask: int) -> None:
        """Tell of a file once each time that it is opened and written, or has been touched."""
        state = _state(path)
        if path not in self._known or not state or state.directory:
            state = self._known.get(path)  # what it is by now, another notice tells
        if not state:
            return
        if mask & notify.MODIFIED and path not in self._writing:
            if self._has_changed(path, state):
                self._modifies(path, state)
            self._writing.add(path)
        elif mask & notify.WRITTEN:
            self._writing.discard(path)
            self._found.discard(path)
        elif mask & notify.ATTRIBUTES and not self._is_news(path):
            self._modifies(path, state)
        self._known[path] = state

    def _has_changed(self, path: str, state: State) -> bool:
        """Tell whether a notice is news: those of what was found by looking may come late."""
        return path not in self._found or state != self._known[path]

    def _is_news(self, path: str) -> bool:
        return path in self._created or path in self._modified

    def _modifies(self, path: str, state: State) -> None:
        self._tell("modify", path, state)
        self._known[path] = state
        self._modified.add(path)

    def _tell(self, kind: str, path: str, state: State) -> None:
        self._events.append(Event(kind, path, state.directory))

    def _compare(self) -> None:
        """Find out by looking what no notice told."""
        self._lost = False
        self._anchor = self._anchored()
        before, now = self._known, dict(self._walk(self._target))
        for path in sorted(before.keys() | now.keys()):
            old, new = before.get(path), now.get(path)
            if old and (not new or old.directory != new.directory):
                self._tell("delete", path, old)
            if new and (not old or old.directory != new.directory):
                self._tell("create", path, new)
                if not new.directory and new.size:
                    self._tell("modify", path, new)
            elif new and old != new and not new.directory:
                self._tell("modify", path, new)
        self._known = now
        if self.gone and self._notifier:
            self._notifier.drop(self._target)

    def _anchored(self) -> tuple[str, int, int] | None:
        """Tell which directory is listened to for the target: by its name it may be another."""
        try:
            status = os.lstat(self._target)
            directory = self._target
            if not stat.S_ISDIR(status.st_mode):
                directory = os.path.dirname(self._target)  # noqa: PTH120 - paths are texts here
                status = os.stat(directory)  # noqa: PTH116 - likewise
        except OSError:
            return None
        if directory != self._target:
            self._listen(directory)
        return directory, status.st_dev, status.st_ino

    def _walk(self, top: str) -> Iterator[tuple[str, State]]:
        """Give a path and all below it, listening from now on; what vanishes is not there."""
        unseen = [top]
        while unseen:
            path = unseen.pop()
            state = _state(path)
            if not state:
                continue
            if state.directory:
                self._listen(path)  # first, so that nothing can come in between
                unseen += [f"{path.rstrip('/')}/{name}" for name in _names(path)]
            yield path, state

    def _listen(self, directory: str) -> None:
        if not self._notifier or self._blind:
            return
        try:
            self._notifier.add(directory)
        except OSError as error:
            self._blind |= error.errno not in _GONE


def _state(path: str) -> State | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    times = status.st_mtime_ns, status.st_ctime_ns
    return State(stat.S_ISDIR(status.st_mode), status.st_size, *times, status.st_ino)


def _names(directory: str) -> list[str]:
    try:
        names = os.listdir(directory)  # noqa: PTH208 - Path.iterdir is three times slower
    except OSError:
        return []
    return [name for name in names if not name.startswith(DRAFT)]
