"""Pure: what is below a watched path, and what has become of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from agb import results
from agb._file_commands import Found
from agb._session_reading import is_gone
from agb.exceptions import (
    AGBError,
    APIConnectionError,
    ClientClosedError,
    RateLimitError,
    ServerError,
)

_TOLD = "changed since it was looked at"


def is_passing(error: AGBError) -> bool:
    """Tell whether asking again may help."""
    return isinstance(error, (APIConnectionError, RateLimitError, ServerError))


def is_over(error: AGBError) -> bool:
    """Tell whether there is nothing left to watch: the session has ended, or the client has."""
    said = error.message.lower()
    told = "session" in said and ("expired" in said or "invalid" in said)
    return told or is_gone(error) or isinstance(error, ClientClosedError)


class Known:
    """What is known to be below a path.

    Args:
        top: The path.
        found: What is there now.
    """

    def __init__(self, top: str, found: Iterable[Found]) -> None:
        self._top = str(PurePosixPath(top))
        self._there = self._states(found)

    def _states(self, found: Iterable[Found]) -> dict[str, tuple[bool, str]]:
        base = self._top.rstrip("/")
        return {
            f"{base}/{each.path}" if each.path else self._top: (each.is_directory, each.state)
            for each in found
        }

    def note(self, events: Iterable[results.FileChangeEvent]) -> None:
        """Note what was told, so that it counts as known."""
        for event in events:
            if event.event_type == "delete":
                self._there.pop(event.path, None)
            else:
                self._there[event.path] = (event.path_type == "directory", _TOLD)

    def compare(
        self, found: Iterable[Found], told: Sequence[results.FileChangeEvent]
    ) -> list[results.FileChangeEvent]:
        """Return all that was told and all that has changed besides.

        What was told since the last comparison can't be told from what has changed once more: it
        is reported again.

        Args:
            found: What is there now.
            told: Events since an answer was lost.
        """
        before, self._there = self._there, self._states(found)
        seen = {(event.event_type, event.path) for event in told}
        return [
            *told,
            *(e for e in _events(before, self._there) if (e.event_type, e.path) not in seen),
        ]


def _events(
    before: dict[str, tuple[bool, str]], now: dict[str, tuple[bool, str]]
) -> Iterable[results.FileChangeEvent]:
    for path in sorted(before.keys() | now.keys()):
        old, new = before.get(path), now.get(path)
        kinds_differ = bool(old and new and old[0] != new[0])
        if old and (not new or kinds_differ):
            yield _event("delete", path, is_directory=old[0])
        if new and (not old or kinds_differ):
            yield _event("create", path, is_directory=new[0])
        if new and not new[0] and old != new:
            yield _event("modify", path, is_directory=False)


def _event(kind: str, path: str, *, is_directory: bool) -> results.FileChangeEvent:
    return results.FileChangeEvent(
        event_type=kind, path=path, path_type="directory" if is_directory else "file"
    )
