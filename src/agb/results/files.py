"""What file operations return."""

from collections.abc import Iterator, Mapping, Sequence

from attrs import Factory, field, frozen

from agb.results.base import BoolResult, Result


@frozen(kw_only=True)
class EditResult(BoolResult):
    """What an edit changed, or would change.

    Attributes:
        diff: The change as a unified diff, where the AGB tells it.
    """

    diff: str = ""


@frozen(kw_only=True)
class FileContentResult(Result):
    """The text of a file; `str()` of it is the text, too."""

    content: str = ""

    def __str__(self) -> str:
        return self.content


@frozen(kw_only=True)
class BinaryFileContentResult(Result):
    """The bytes of a file."""

    content: bytes = field(default=b"", repr=False)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.content)


@frozen(kw_only=True)
class MultipleFileContentResult(Result):
    """The texts of several files, by path. White space around each is lost on the way."""

    contents: Mapping[str, str] = Factory(dict[str, str])


@frozen(kw_only=True)
class FileInfoResult(Result):
    """Facts about a file: `size` in bytes, `isDirectory`, `modTime`, `mode`, `owner`, ..."""

    file_info: Mapping[str, str | int | float | bool] = Factory(dict[str, str | int | float | bool])


@frozen(kw_only=True)
class DirectoryEntry(Mapping[str, str | bool]):
    """One entry of a directory, by attribute or by key (`name`, `isDirectory`)."""

    name: str
    is_directory: bool

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
