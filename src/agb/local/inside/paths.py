"""Which file of the host a path of the session means, and back."""

import os
import posixpath
from pathlib import Path

from .errors import OperationError

HOME = "/home/user"

DRAFT = ".agb-draft-"
"""What the names of files begin with that take the place of another one in a moment."""


class Paths:
    """The session's view of paths.

    Args:
        root: The host folder that is the session's ``/``. Behind a file system of its own that is
            ``/`` itself; otherwise every path is mapped below `root` and must stay there.
        home: The session path that relative paths start from.
    """

    def __init__(self, root: str = "/", home: str = HOME) -> None:
        self.root: Path = Path(root)
        self.home = home
        self._mapped = self.root != Path("/")
        self._real_root = self.root.resolve()

    def resolve(self, path: str, *, follow: bool = True) -> Path:
        """Give the host path that `path` means.

        Args:
            path: A session path; relative ones start at the home.
            follow: Whether the file that a final symbolic link points to is meant, not the link.

        Raises:
            OperationError: ``Path.Invalid``; ``Path.OutsideSandbox`` if a link leads out.
        """
        absolute = posixpath.join(self.home, _checked(path))
        if not self._mapped:
            return Path(absolute)
        inner = posixpath.normpath(absolute).lstrip("/")
        host = self.root / inner
        checked = host if follow or not inner else host.parent
        if not checked.resolve().is_relative_to(self._real_root):
            raise OperationError("Path.OutsideSandbox", f"{path}: leads out of the sandbox")
        return host

    def show(self, path: Path) -> str:
        """Give the session path of a host path, in characters that any encoding can carry."""
        inner = str(Path("/") / path.relative_to(self.root)) if self._mapped else str(path)
        return printable(inner)


def printable(name: str) -> str:
    """Replace what is not UTF-8 in a file name."""
    return os.fsencode(name).decode("utf-8", "replace")


def _checked(path: str) -> str:
    if not path:
        raise OperationError("Path.Invalid", "a path must not be empty")
    if "\0" in path:
        raise OperationError("Path.Invalid", f"{path!r}: a path must not hold a NUL character")
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        raise OperationError("Path.Invalid", f"{path!r}: {error.reason}") from error
    return path
