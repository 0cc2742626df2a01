"""What operations on folders return: what is in them, what is found, what changes."""

from collections.abc import Iterator, Mapping, Sequence

from agb._wire.values import frozen
from agb.results.base import Result


@frozen(kw_only=True)
class DirectoryEntry(Mapping[str, str | bool]):
    """One entry of a directory, by attribute or by key (`name`, `isDirectory`).

    Attributes:
        name: Its name in its directory.
        is_directory: Whether it is a directory.
        path: Its path, below the one that was listed.
    """

    name: str
    is_directory: bool
    path: str = ""

    def __getitem__(self, key: str) -> str | bool:
        facts: dict[str, str | bool] = {"name": self.name, "isDirectory": self.is_directory}
        return facts[key]

    def __iter__(self) -> Iterator[str]:
        return iter(("name", "isDirectory"))

    def __len__(self) -> int:
        return 2


@frozen(kw_only=True)
class DirectoryListResult(Result):
    """The entries of a directory."""

    entries: Sequence[DirectoryEntry] = ()


@frozen(kw_only=True)
class FileSearchResult(Result):
    """The paths that a search found."""

    matches: Sequence[str] = ()


@frozen(kw_only=True)
class FileChangeEvent:
    """One change below a watched path.

    Attributes:
        event_type: `create`, `modify` or `delete`.
        path: Full path of what changed.
        path_type: `file` or `directory`.
    """

    event_type: str
    path: str
    path_type: str = ""


@frozen(kw_only=True)
class FileChangeResult(Result):
    """What changed below a path since it was last asked about."""

    events: Sequence[FileChangeEvent] = ()

    def has_changes(self) -> bool:
        """Tell whether anything changed."""
        return bool(self.events)

    def get_created_files(self) -> list[str]:
        """Return the paths of the files that were made."""
        return self._files("create")

    def get_modified_files(self) -> list[str]:
        """Return the paths of the files that were written to."""
        return self._files("modify")

    def get_deleted_files(self) -> list[str]:
        """Return the paths of the files that are gone."""
        return self._files("delete")

    def _files(self, event_type: str) -> list[str]:
        return [
            event.path
            for event in self.events
            if event.event_type == event_type and event.path_type == "file"
        ]
