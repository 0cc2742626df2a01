"""What file operations return."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Self

from attrs import Factory, field

from agb._wire.values import frozen
from agb.exceptions import AGBError
from agb.results.base import BoolResult, Result

Facts = Mapping[str, str | int | float | bool]
"""What is known of a file, by name."""


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
class FileStat:
    """What is known of a file or directory. What the AGB does not tell is empty.

    Attributes:
        name: Its name.
        path: Its path.
        size: Its size in bytes.
        is_directory: Whether it is a directory.
        mode: Kind and permissions, such as `-rw-r--r--`.
        owner: Name of its owner.
        group: Name of its group.
        modified: When it was last written to.
    """

    name: str = ""
    path: str = ""
    size: int = 0
    is_directory: bool = False
    mode: str = ""
    owner: str = ""
    group: str = ""
    modified: datetime | None = None

    @classmethod
    def from_facts(cls, facts: Facts) -> Self:
        """Sort facts into a `FileStat`."""
        size = facts.get("size", 0)
        texts = {name: str(facts.get(name, "")) for name in ("name", "path", "owner", "group")}
        return cls(
            size=size if isinstance(size, int) else 0,
            is_directory=facts.get("isDirectory") is True,
            mode=str(facts.get("mode", "")),
            modified=_moment(facts.get("modTime", "")),
            **texts,
        )


def _moment(fact: str | float) -> datetime | None:
    try:
        if isinstance(fact, str):
            return datetime.fromisoformat(fact)
        return datetime.fromtimestamp(fact, UTC)
    except (ValueError, OverflowError, OSError):
        return None


@frozen(kw_only=True)
class FileInfoResult(Result):
    """Facts about a file: `size` in bytes, `isDirectory`, `modTime`, `mode`, `owner`, ..."""

    file_info: Facts = Factory(dict[str, str | int | float | bool])

    @property
    def stat(self) -> FileStat:
        """The same facts, typed."""
        return FileStat.from_facts(self.file_info)


@frozen(kw_only=True)
class ExistsResult(Result):
    """Whether there is something at a path; true or false itself.

    Attributes:
        data: Whether there is. In a failed result nobody knows: the result then raises its error
            where it is asked for its truth.
    """

    data: bool = False

    def __bool__(self) -> bool:
        return self.raise_for_error().data


@frozen(kw_only=True)
class WriteBatchResult(Result):
    """Several files, each written or not.

    Attributes:
        written: Paths of those that were written, as given.
        errors: Why the others were not, by path. The first of them is the result's own.
    """

    written: Sequence[str] = ()
    errors: Mapping[str, AGBError] = Factory(dict[str, AGBError])
