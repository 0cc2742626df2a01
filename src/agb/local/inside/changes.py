"""What changed below a path since somebody last asked."""

import threading
from pathlib import Path

from .errors import about
from .notify import OVERFLOW, Notifier
from .paths import Paths
from .watch import Watch


class Changes:
    """Remembers, for each path that was asked about, what has happened there.

    The operating system's notices tell what comes and goes between two calls. Where it gives
    none, or has lost some, what is there is compared with what was there, so that nothing of
    lasting effect is missed.
    """

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._watches: dict[str, Watch] = {}
        self._notifier: Notifier | None = None
        self._listening: threading.Thread | None = None
        self._lock = threading.Lock()

    def since_last(self, path: str) -> list[dict[str, str]]:
        """Tell what happened to a file or directory, and below it, since the last call.

        Returns:
            Events by path, those of one path in the order in which they happened; none the first
            time. A file that is written gives `modify`, after `create` if it is new; one that is
            renamed gives `delete` and `create`. When the path itself has gone it gives `delete`,
            and is forgotten. At most `watch.MOST_EVENTS` are kept; of what happens after those
            only the outcome is told.
        """
        target = self._paths.resolve(path)
        with self._lock:
            if path not in self._watches:
                with about(path):
                    target.lstat()
                self._listen()
                self._take_in()
                self._watches[path] = Watch(str(target), self._notifier)
                return []
            self._take_in()
            watch = self._watches[path]
            events = watch.told()
            if watch.gone:
                del self._watches[path]
        return [
            {
                "eventType": event.kind,
                "path": self._paths.show(Path(event.path)),
                "pathType": "directory" if event.directory else "file",
            }
            for event in events
        ]

    def close(self) -> None:
        """Listen no more."""
        if self._notifier and self._listening:
            self._notifier.close()
            self._listening.join()
            self._notifier = self._listening = None

    def _listen(self) -> None:
        """Begin to listen, unless that is done or can't be: then every call compares."""
        if self._listening:
            return
        try:
            notifier = Notifier()
        except OSError:
            return
        thread = threading.Thread(target=self._keep_up, args=(notifier,), daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the session has used up its processes
            notifier.release()
            return
        self._notifier, self._listening = notifier, thread

    def _keep_up(self, notifier: Notifier) -> None:
        """Take notices in as they come, so that few pile up and new directories are heard."""
        try:
            while notifier.wait():
                with self._lock:
                    self._take_in()
        finally:
            notifier.release()

    def _take_in(self) -> None:
        for notice in self._notifier.read() if self._notifier else ():
            for watch in self._watches.values():
                if notice.mask & OVERFLOW:
                    watch.lose()
                else:
                    watch.take(notice)
