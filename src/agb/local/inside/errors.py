"""The one way in which an operation fails: a stable code and a sentence that names its object."""

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

_CODES = {
    errno.ENOENT: "File.NotFound",
    errno.EISDIR: "File.IsDirectory",
    errno.ENOTDIR: "File.NotDirectory",
    errno.EEXIST: "File.Exists",
    errno.EACCES: "File.PermissionDenied",
    errno.EPERM: "File.PermissionDenied",
    errno.EROFS: "File.PermissionDenied",
    errno.EBUSY: "File.PermissionDenied",
    errno.ENOSPC: "File.NoSpace",
    errno.EDQUOT: "File.NoSpace",
    errno.EFBIG: "File.TooLarge",
    errno.ENAMETOOLONG: "Path.Invalid",
    errno.ELOOP: "Path.Invalid",
}


class OperationError(Exception):
    """An operation ran inside the sandbox and failed there.

    Args:
        code: A stable name for the cause, such as ``File.NotFound``.
        message: What happened, for a person; it names the path or program it is about.
        details: Whatever else is known, as JSON values.
    """

    def __init__(self, code: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details: dict[str, Any] = details or {}

    def __repr__(self) -> str:
        return f"OperationError(code={self.code!r}, message={self.message!r})"


@contextmanager
def about(path: str) -> Generator[None]:
    """Turn what the operating system refuses into an `OperationError` that names `path`."""
    try:
        yield
    except OSError as error:
        number = error.errno or errno.EIO
        code = _CODES.get(number, "File.Failed")
        raise OperationError(code, f"{path}: {os.strerror(number)}") from error
